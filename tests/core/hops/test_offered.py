"""Hosts and contexts that this computer's files describe, read without following or running anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearline.core.exchange.imported import NotRecognised
from clearline.core.exchange.reading import read_text
from clearline.core.hops.offered import kube_contexts, ssh_hosts
from clearline.core.profiles.hop import KubernetesForward, SshServer

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: prod
contexts:
- name: dev
  context: {cluster: c1, user: u1}
- name: prod
  context: {cluster: c2, user: u2, namespace: db}
- name: 7
- nonsense
users:
- name: u2
  user:
    exec: {command: touch, args: [MARKER], apiVersion: client.authentication.k8s.io/v1}
"""


def test_the_hosts_of_a_configuration(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "more").write_text("Host inner\n  HostName inner.example.com\n")
    config = tmp_path / "config"
    config.write_text(
        "# mine\nInclude work/*\n"
        "Host bastion gate\n\tHostName=%h.example.com\n  User deploy\n"
        'Host "second"\n  ProxyJump bastion\n  IdentityFile ~/x\n'
        "Host *.internal !bad ?\n  User nobody-sees\n"
        f'Match exec "touch {marker}"\n  User other\n'
        "Host bastion\n  User too-late\n"
        "Host 'open quote\n"
    )
    offers = ssh_hosts(config)
    assert [(offer.hop.host, offer.words) for offer in offers] == [
        ("inner", "inner.example.com"),
        ("bastion", "deploy@bastion.example.com"),
        ("gate", "deploy@gate.example.com"),
        ("second", "second through bastion"),
    ]
    assert offers[1].hop == SshServer(host="bastion", config_alias="bastion")
    assert not marker.exists()


def test_a_configuration_that_includes_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("Include config\nHost a\n")
    assert [offer.hop.host for offer in ssh_hosts(tmp_path / "config")] == ["a"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"Host\nUser\nInclude\nInclude /\n"])
def test_what_is_no_configuration_offers_nothing(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "config").write_bytes(content)
    assert ssh_hosts(tmp_path / "config") == ()


def test_the_contexts_of_kubectl_the_current_one_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "ran"
    file = tmp_path / "config"
    file.write_text(KUBECONFIG.replace("MARKER", str(marker)))
    monkeypatch.setenv("KUBECONFIG", str(file))
    offers = kube_contexts()
    assert [(offer.hop, offer.words) for offer in offers] == [
        (KubernetesForward(context="prod"), "namespace db, the current one"),
        (KubernetesForward(context="dev"), "namespace default"),
    ]
    assert not marker.exists()


@pytest.mark.parametrize("content", [None, "[1, 2", "- a\n", "contexts: 7\n"])
def test_what_is_no_kubeconfig_offers_nothing(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config").write_text(content)
    assert kube_contexts(tmp_path / "config") == ()


@pytest.mark.parametrize("text", ["Host bastion\n  User deploy\n", KUBECONFIG], ids=["ssh", "kubectl"])
def test_such_a_file_given_to_the_import_is_told_where_it_helps(text: str) -> None:
    with pytest.raises(NotRecognised, match="Way"):
        read_text(text)
