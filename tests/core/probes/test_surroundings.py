"""What a computer runs in is read from marks that the tests lay out; this computer's own are hidden."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from clearline.core.facts.computer import Pod, SurroundingFacts
from clearline.core.probes.surroundings import has_desktop_settings, look_around


def around(root: Path, files: dict[str, str], **environ: str) -> SurroundingFacts:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return look_around(root, environ)


def test_without_marks_there_is_nothing_around(tmp_path: Path) -> None:
    found = around(tmp_path, {"proc/1/cgroup": "0::/\n"})
    assert (found.container, found.pod, found.wsl, found.vm, found.ci, found.platform) == (None,) * 6
    assert (found.proxies, found.resolvers, found.hosts_names) == ({}, (), ())


@pytest.mark.parametrize(
    ("files", "container"),
    [
        ({".dockerenv": ""}, "Docker"),
        ({"run/.containerenv": 'engine="podman-5.0"\n'}, "Podman"),
        ({"proc/1/cgroup": "12:cpu:/docker/0123abcd\n"}, "Docker"),
        ({"proc/self/cgroup": "0::/kubepods.slice/kubepods-pod1.slice\n"}, "Kubernetes"),
        ({"proc/self/mountinfo": "1 2 8:1 /var/lib/docker/containers/ab/hostname /etc/hostname rw\n"}, "Docker"),
    ],
)
def test_a_container_is_known_by_any_of_its_marks(tmp_path: Path, files: dict[str, str], container: str) -> None:
    assert around(tmp_path, files).container == container


def test_a_pod_tells_its_namespace_and_domain(tmp_path: Path) -> None:
    account = "var/run/secrets/kubernetes.io/serviceaccount"
    found = around(
        tmp_path,
        {
            f"{account}/namespace": "orders",
            f"{account}/token": "a token that nobody reads",
            "etc/resolv.conf": "search orders.svc.cluster.local svc.cluster.local cluster.local\n"
            "nameserver 10.96.0.10\noptions ndots:5\n",
            "etc/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.1\n',
        },
        KUBERNETES_SERVICE_HOST="10.96.0.1",
    )
    assert found.pod == Pod(namespace="orders", service_account=True, cluster_domain="cluster.local")
    assert (found.ndots, found.image, found.container) == (5, "alpine 3.20.1", "Kubernetes")
    assert [(r.address, r.kind) for r in found.resolvers] == [("10.96.0.10", "the cluster's")]


def test_resolvers_are_told_apart_by_their_address(tmp_path: Path) -> None:
    text = "nameserver 127.0.0.53\nnameserver 8.8.8.8\nnameserver 192.168.1.1\nnameserver 203.0.113.5\n"
    found = around(tmp_path, {"etc/resolv.conf": text})
    assert [r.kind for r in found.resolvers][:3] == ["systemd-resolved", "public", "in this network"]


def test_a_proxys_password_stays_out(tmp_path: Path) -> None:
    found = around(tmp_path, {}, HTTPS_PROXY="http://me:hunter2@proxy.example.com:3128")
    assert found.proxies == {"HTTPS_PROXY": "http://proxy.example.com:3128"}


def test_a_subsystem_a_machine_and_a_runner_are_named(tmp_path: Path) -> None:
    found = around(
        tmp_path,
        {
            "proc/sys/kernel/osrelease": "5.15.90.1-microsoft-standard-WSL2\n",
            "sys/class/dmi/id/sys_vendor": "QEMU\n",
            "etc/hosts": "127.0.0.1 localhost\n192.168.65.254 host.docker.internal\n",
        },
        GITHUB_ACTIONS="true",
    )
    assert (found.wsl, found.vm, found.ci) == ("WSL 2", "QEMU/KVM", "GitHub Actions")
    assert found.hosts_names == ("host.docker.internal",)


@pytest.mark.parametrize("value", ["http://[::1", "http://x:99999999", "http://[", "://", "\udcff\udcfe", "a b c:x"])
def test_a_proxy_that_is_no_address_is_no_bug(tmp_path: Path, value: str) -> None:
    assert around(tmp_path, {}, HTTPS_PROXY=value).proxies.keys() == {"HTTPS_PROXY"}


@pytest.mark.parametrize("place", ["", "home/.config/dconf/user", "home/.config/kioslaverc", "etc/dconf/profile/user"])
def test_a_desktop_s_settings_are_looked_for_only_where_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr("clearline.core.probes.surroundings.sys.platform", "linux")
    if place:
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).touch()
    environ = {"HOME": str(tmp_path / "home")}
    assert has_desktop_settings(environ, root=tmp_path) is bool(place)
    assert has_desktop_settings({**environ, "XDG_CONFIG_HOME": "/nowhere"}, root=tmp_path) is place.startswith("etc")


@pytest.mark.skipif(sys.platform == "win32", reason="reads what Linux has")
def test_folders_that_may_not_be_looked_into_hold_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: object, *_more: object, **_options: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "denied", str(path))

    monkeypatch.setattr("clearline.core.probes.surroundings.sys.platform", "linux")
    monkeypatch.setattr(os, "stat", refused)
    assert has_desktop_settings({"HOME": "/root"}, root=tmp_path) is False
    assert look_around(tmp_path, {}).pod is None
