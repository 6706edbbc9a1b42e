"""A profile from elsewhere runs nothing of this computer before it was agreed to, on a terminal or without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.storage import store
from lab import planted, ssh_server
from lab.ssh_server import make_keys, sshd
from lab.terminals import on_a_terminal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shell scripts and pseudo-terminals")


def environment(tmp_path: Path, one: planted.Planted) -> dict[str, str]:
    return {**os.environ, **one.environ, "CLEARLINE_HOME": str(tmp_path / "clearline")}


@pytest.mark.parametrize("kind", planted.KINDS)
def test_without_a_terminal_nothing_runs_unless_it_is_agreed_to(tmp_path: Path, kind: str) -> None:
    one = planted.plant(kind, tmp_path)

    def check(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "clearline", "check", str(one.file), *options]
        around = environment(tmp_path, one)
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=around)

    refused = check()
    assert refused.returncode == 2
    assert one.words in refused.stderr
    assert not one.ran
    assert check("--yes").returncode != 2
    assert one.ran, "the program is real: it runs once it was agreed to"


@pytest.mark.parametrize("kind", ["proxy command", "own kubeconfig"])
def test_a_terminal_is_asked_and_no_is_no(tmp_path: Path, kind: str) -> None:
    one = planted.plant(kind, tmp_path)
    around = environment(tmp_path, one)
    code, said = on_a_terminal("check", str(one.file), answers=[("[y/N]", "n")], environ=around)
    assert code == 2
    assert one.words in said.replace("\r\n", "")
    assert not one.ran
    code, _ = on_a_terminal("check", str(one.file), answers=[("[y/N]", "y")], environ=around)
    assert code != 2
    assert one.ran


# ---------------------------------------------------------------- the key of a server never seen


@pytest.mark.skipif(ssh_server.unavailable() is not None, reason=str(ssh_server.unavailable()))
@pytest.mark.xdist_group("ssh")
def test_a_key_never_seen_is_told_and_taken_by_its_fingerprint_alone(tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    (tmp_path / "empty").write_text("")
    own = keys.host.get_fingerprint()
    with sshd(keys) as server:
        hop = server.hop(known_hosts=tmp_path / "empty")
        store.save(Profile(name="Sent", hops=(hop,), seeds=Seeds(hosts=("127.0.0.1:1",))), tmp_path / "sent.json")
        around = {**os.environ, "HOME": str(tmp_path), "CLEARLINE_HOME": str(tmp_path / "clearline")}

        def check(*options: str) -> tuple[int, str, bool]:
            """Exit code, what was said, and whether a key was kept."""
            given = ("check", str(tmp_path / "sent.json"), *options)
            code, said = on_a_terminal(*given, answers=[("[y/N]", "y")], environ=around)
            kept = (tmp_path / "clearline").rglob("known_hosts*")
            return code, said, any(path.read_text().strip() for path in kept)

        for options in ((), ("--accept-host-key", "SHA256:another")):
            _, said, kept = check(*options)
            assert own in said
            assert "ssh.host-key-unknown" in said
            assert not kept
        _, said, kept = check("--accept-host-key", own)
    assert "ssh.far-refused" in said or "hop.localhost-is-remote" in said, "it went on to the server"
    assert kept
    assert (tmp_path / "empty").read_text() == "", "the user's own file is only read"
