"""A program inside of what looks like a container: a root of its own, with the marks that runtimes leave (Linux, root).

The root is a tmpfs with the folders of this computer mounted in, in a mount namespace that ends with the program. So
the marks are there for that program alone, and those of a build machine that is a container itself are not.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.namespaces import Network

_ACCOUNT = "run/secrets/kubernetes.io/serviceaccount"
_ENTER = """
set -e
mount --make-rprivate /
base=$(mktemp -d)
mount -t tmpfs none $base
root=$base/root
mkdir $root
for path in /*; do
  name=${path#/}
  case $name in run|lost+found|old_root) continue;; esac
  if [ -L "$path" ]; then cp -P "$path" $root/
  elif [ -d "$path" ]; then mkdir $root/$name; mount --rbind "$path" $root/$name
  fi
done
mkdir -m 755 $root/run
"""


@dataclass(frozen=True)
class Container:
    """What the root of a container holds: files by their paths below it, those of ``/etc`` over the real ones."""

    files: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)

    def check(self, network: Network, uri: str) -> dict[str, Any]:
        """The JSON report of ``clearline check``, run in this root in a network."""
        program = [sys.executable, "-m", "clearline", "check", uri, "--json"]
        environ = [f"{name}={value}" for name, value in self.environ.items()]
        inside = shlex.join(["/usr/bin/env", "-u", "container", "-u", "KUBERNETES_SERVICE_HOST", *environ, *program])
        script = f"{_ENTER}{''.join(map(self._written, self.files))}exec chroot $root {inside}\n"
        done = network.run(["unshare", "--mount", "--cgroup", "sh", "-c", script])
        try:
            report = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"no report; exit code {done.returncode}; {done.stderr}") from None
        assert isinstance(report, dict)
        return report

    def _written(self, path: str) -> str:
        text = shlex.quote(self.files[path])
        if path.startswith("etc/"):
            return f"printf %s {text} > $base/over\nmount --bind $base/over $root/{path}\nrm -f $base/over\n"
        folder = path.rpartition("/")[0]
        return f"mkdir -p $root/{folder}\nprintf %s {text} > $root/{path}\n"


def docker(*, hosts: str = "", nameserver: str = "127.0.0.11") -> Container:
    """A container of Docker in a network of its own, which has Docker's name server."""
    return Container(
        {
            ".dockerenv": "",
            "etc/resolv.conf": f"nameserver {nameserver}\nsearch .\noptions edns0 trust-ad ndots:0\n",
            "etc/hosts": f"127.0.0.1 localhost\n172.18.0.3 5f1c2d3e4a5b\n{hosts}",
        }
    )


def podman(nameserver: str) -> Container:
    """A rootless container of Podman."""
    marks = {"run/.containerenv": 'engine="podman-5.2.2"\nname="app"\nrootless=1\n'}
    return Container({**marks, "etc/resolv.conf": f"nameserver {nameserver}\n", "etc/hosts": "127.0.0.1 localhost\n"})


def pod(nameserver: str, *, namespace: str = "shop", domain: str = "cluster.local") -> Container:
    """A pod of Kubernetes, with its service account, the cluster's name server and the search list of its namespace."""
    search = f"{namespace}.svc.{domain} svc.{domain} {domain}"
    return Container(
        {
            f"{_ACCOUNT}/namespace": namespace,
            f"{_ACCOUNT}/token": "not a token",
            "etc/resolv.conf": f"search {search}\nnameserver {nameserver}\noptions ndots:5\n",
            "etc/hosts": "127.0.0.1 localhost\n10.244.1.7 app-6c9f\n",
        },
        {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"},
    )
