"""Profiles from elsewhere whose way runs a program of this computer: one that leaves a mark, should it ever run.

Each is real: a ProxyCommand, a ``Match exec`` of the home's ``~/.ssh/config``, a sign-in program of a kubeconfig file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clearline.core.profiles.hop import Hop, KubernetesForward, SshServer
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.storage import store

KINDS = ("proxy command", "match exec", "named kubeconfig", "own kubeconfig")


@dataclass(frozen=True)
class Planted:
    """A profile's file, and where its program leaves its mark."""

    file: Path
    marker: Path
    words: str
    """What the question about it has to say."""
    environ: Mapping[str, str]
    """The home in which the program of the check runs."""

    @property
    def ran(self) -> bool:
        """Whether the program was run."""
        return self.marker.exists()


def plant(kind: str, folder: Path, server: str = "127.0.0.1:27017") -> Planted:
    """A profile file of one of `KINDS`. Whatever it leads to, its hop cannot be reached."""
    home, marker = folder / "home", folder / "ran"
    (home / ".ssh").mkdir(parents=True)
    program = folder / "program"
    program.write_text(f'#!/bin/sh\ntouch "{marker}"\nexit 1\n')
    program.chmod(0o755)
    environ = {"HOME": str(home), "USERPROFILE": str(home), "KUBECONFIG": str(home / "kube")}
    config = folder / "from-elsewhere.yaml"
    hop: Hop
    match kind:
        case "proxy command":
            hop, words = SshServer(host="bastion", user="me", proxy_command=str(program)), str(program)
        case "match exec":
            text = f'Match exec "{program}"\n  User other\nHost bastion\n  HostName 127.0.0.1\n  Port 1\n'
            (home / ".ssh" / "config").write_text(text)
            hop, words = SshServer(host="bastion", config_alias="bastion"), "~/.ssh/config"
        case "named kubeconfig":
            _kubeconfig(config, program)
            hop, words = KubernetesForward(kubeconfig=str(config)), str(config)
        case _:
            _kubeconfig(home / "kube", program)
            hop, words = KubernetesForward(context="prod"), "Kubernetes (prod)"
    profile = Profile(name="Sent", hops=(hop,), seeds=Seeds(hosts=(server,)))
    store.save(profile, folder / "sent.json")
    return Planted(folder / "sent.json", marker, words, environ)


def _kubeconfig(file: Path, program: Path) -> None:
    file.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: prod\n"
        "contexts: [{name: prod, context: {cluster: c, user: u}}]\n"
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users:\n- name: u\n  user:\n    exec:\n"
        f"      apiVersion: client.authentication.k8s.io/v1\n      command: {program}\n"
    )
