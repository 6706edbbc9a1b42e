"""The port-forward of a scripted API server: what is asked, what comes of it, and how it is signed in to."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Patience, Permits, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.findings import Stage
from clearline.core.hops import kubeconfig as kubeconfig_module
from clearline.core.hops.kubeconfig import KubeconfigProblem
from clearline.core.profiles.hop import KubernetesForward
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Report, Verdict, to_json
from lab import loops
from lab.deployment import Deployment
from lab.held_pipe import HeldPipe
from lab.kubernetes_api import TOKEN, answering, kubeconfig, leading_to
from lab.peer import Conversation, Peer


def run(hop: KubernetesForward, *hosts: str, agreed: bool = True) -> Report:
    permits = Permits(may_run=lambda _command: agreed)
    profile = Profile(hops=(hop,), seeds=Seeds(hosts=hosts, direct_connection=True if len(hosts) == 1 else None))

    async def checked() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        report = await check(Request(profile, patience=Patience(5, 10), permits=permits), lambda _: None)
        await farewells()
        return report

    return loops.run(checked())


def cause(report: Report) -> str:
    assert report.diagnosis is not None, report.findings
    assert report.verdict is Verdict.FAILED
    assert report.diagnosis.stage is Stage.HOP
    assert "{" not in report.diagnosis.summary
    return report.diagnosis.cause


def test_a_pod_is_reached_by_its_members_name(standalone: Deployment, tmp_path: Path) -> None:
    asked: list[bytes] = []
    with Peer(leading_to(standalone.address, asked)) as peer:
        hop = KubernetesForward(kubeconfig=kubeconfig(tmp_path, peer.port))
        report = run(hop, "mongo-0.mongo.orders.svc.cluster.local:27017")
    assert report.verdict is Verdict.CONNECTED, report.findings
    assert asked[0].startswith(b"GET /api/v1/namespaces/orders/pods/mongo-0/portforward?ports=27017 HTTP/1.1\r\n")
    assert b"Sec-WebSocket-Protocol: v4.channel.k8s.io" in asked[0]
    assert f"Authorization: Bearer {TOKEN}".encode() in asked[0]
    assert TOKEN not in to_json(report)


def test_a_status_that_tells_nothing(tmp_path: Path) -> None:
    with Peer(answering("500 Oh")) as peer:
        hop = KubernetesForward(kubeconfig=kubeconfig(tmp_path, peer.port))
        assert cause(run(hop, "mongo-0:27017")) == "k8s.failed"


def test_another_service_at_its_address(tmp_path: Path) -> None:
    async def script(line: Conversation) -> None:
        await line.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await line.read()
        line.close()

    with Peer(script) as peer:
        report = run(KubernetesForward(kubeconfig=kubeconfig(tmp_path, peer.port)), "mongo-0:27017")
    assert cause(report) == "hop.wrong-service"


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    assert cause(run(KubernetesForward(kubeconfig=str(tmp_path / "none")), "p:1")) == "k8s.config-broken"
    bomb = "a: &a [x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghijkl"))
    bombs = (
        bomb + "current-context: *l",
        bomb + "current-context: c\ncontexts:\n- {name: c, context: {cluster: *l, user: *l}}",
        "contexts: 1",
        "contexts: {name: c}",
    )
    for text in ("a: [", "!!python/object/apply:os.system ['true']", "- 1", "x: &a [*a]", *bombs):
        (tmp_path / "config").write_text(text)
        assert cause(run(KubernetesForward(kubeconfig=str(tmp_path / "config")), "p:1")) == "k8s.config-broken"
    config = kubeconfig(tmp_path, 1)
    report = run(KubernetesForward(kubeconfig=config, context="other"), "p:1")
    assert "no context other" in report.diagnosis.summary if report.diagnosis else False


@pytest.mark.parametrize("sign_in", [{"token": TOKEN}, {"tokenFile": "token"}, {"exec": {"command": "unknown"}}])
def test_without_tls_no_token_goes_to_another_computer(tmp_path: Path, sign_in: dict[str, Any]) -> None:
    config = Path(kubeconfig(tmp_path, 1, sign_in))
    config.write_text(config.read_text().replace("127.0.0.1", "192.0.2.1"))
    (tmp_path / "token").write_text(TOKEN)
    report = run(KubernetesForward(kubeconfig=str(config)), "mongo-0:27017")
    assert cause(report) == "k8s.config-broken"
    assert report.diagnosis is not None
    assert "no TLS" in report.diagnosis.summary


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
@pytest.mark.parametrize("script", ["yes", "cat {pipe} & cat {pipe}", "echo '[[[['", "exit 3"])
def test_a_sign_in_program_that_goes_on_or_makes_no_sense_is_ended(
    tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubeconfig_module, "_PLUGIN_S", 0.2)
    with HeldPipe(tmp_path / "pipe") as pipe:
        plugin = {"exec": {"command": "/bin/sh", "args": ["-c", script.format(pipe=pipe.path)]}}
        with pytest.raises(KubeconfigProblem, match="gives no token"):
            kubeconfig_module.read(None, None, kubeconfig(tmp_path, 1, plugin), may_run=True)
        pipe.assert_no_reader_is_left()


def test_a_sign_in_program_runs_only_when_it_was_agreed_to(standalone: Deployment, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    said = json.dumps({"status": {"token": TOKEN}})
    code = f"import pathlib; pathlib.Path({str(mark)!r}).touch(); print({said!r})"
    plugin = {
        "exec": {"command": sys.executable, "args": ["-c", code], "apiVersion": "client.authentication.k8s.io/v1"}
    }
    asked: list[bytes] = []
    with Peer(leading_to(standalone.address, asked)) as peer:
        hop = KubernetesForward(kubeconfig=kubeconfig(tmp_path, peer.port, plugin))
        assert cause(run(hop, "mongo-0:27017", agreed=False)) == "k8s.command-not-agreed"
        assert not mark.exists()
        assert run(hop, "mongo-0:27017").verdict is Verdict.CONNECTED
    assert mark.exists()
    assert f"Bearer {TOKEN}".encode() in asked[-1]
