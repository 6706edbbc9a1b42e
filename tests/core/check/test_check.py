"""One check from text to report, against real servers, and stopped at every moment."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from clearline.core.check import course, this_computer
from clearline.core.check.check import check, farewells
from clearline.core.check.preparation import prepared
from clearline.core.check.request import Patience, Permits, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.driver import client as client_module
from clearline.core.driver.events import DriverEvent
from clearline.core.facts.whole import SILENCE_S
from clearline.core.findings import Certainty, Severity, Stage
from clearline.core.profiles.profile import Pool, Profile, SecretSource, Seeds, Tls, patched
from clearline.core.report.report import Report, Status, Verdict, to_json
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.tls import trust
from clearline.core.uri.connection_string import read
from clearline.core.watch.session import Session
from lab import deployments, dns_server, loops, peers
from lab.certificates import Authority
from lab.deployment import Deployment
from lab.mongo_peer import SILENCE, Answer, Command, Failure, MongoPeer, hello, member_hello
from lab.relay import Relay


def run_check(
    text: str | None = None,
    *,
    profile: Profile | None = None,
    secrets: dict[str, Secret] | None = None,
    emit: Callable[[Report], None] = lambda _report: None,
    on_event: Callable[[DriverEvent], None] | None = None,
    may_run: Callable[[str], bool] | None = None,
    **patience: float,
) -> Report:
    request = Request(profile or Profile(), secrets or {}, text, Patience(**patience), Permits(may_run=may_run))

    async def checked() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        report = await check(request, emit, on_event=on_event)
        await farewells()
        return report

    return loops.run(checked())


def causes(report: Report) -> list[str]:
    return [finding.cause for finding in report.findings]


def headline(report: Report) -> str:
    assert report.diagnosis is not None, causes(report)
    return report.diagnosis.cause


# ---------------------------------------------------------------- deployments that work


def test_a_healthy_server_is_connected_without_any_failure_or_warning(standalone: Deployment) -> None:
    report = run_check(standalone.uri())
    assert report.verdict is Verdict.CONNECTED
    assert [f for f in report.findings if f.severity is not Severity.NOTE] == []
    assert report.driver.exception is None
    assert report.deployment is not None
    assert (report.deployment.kind, report.deployment.version) == ("standalone", "6.0.5")
    assert report.verdict_ms is not None
    assert report.verdict_ms <= report.elapsed_ms


def test_a_login_shows_who_is_logged_in(login_server: Deployment) -> None:
    report = run_check(login_server.uri(deployments.APP, path="appdb"))
    assert report.verdict is Verdict.CONNECTED
    assert report.identity is not None
    assert report.identity.user == "app@admin"
    assert report.identity.mechanism == "SCRAM-SHA-256"
    assert [f for f in report.findings if f.severity is not Severity.NOTE] == []


def test_all_members_of_a_set_are_examined_from_one_seed(replica_set: Deployment) -> None:
    report = run_check(replica_set.uri(hosts=replica_set.addresses[:1], replicaSet="rs0"))
    assert report.verdict is Verdict.CONNECTED
    assert {s.address for s in report.servers} == set(replica_set.addresses)
    assert [s.seed for s in report.servers].count(True) == 1
    assert sorted(s.role or "" for s in report.servers) == ["primary", "secondary", "secondary"]
    assert all(s.cells["hello"].status is Status.PASSED for s in report.servers)


def test_tls_is_verified_and_its_chain_is_told(tls_server: Deployment, authority: Authority) -> None:
    report = run_check(tls_server.uri(tls="true", tlsCAFile=str(authority.ca_file)))
    assert report.verdict is Verdict.CONNECTED
    tls = report.servers[0].tls
    assert tls is not None
    assert tls.version in ("TLSv1.3", "TLSv1.2")
    assert "Lab CA" in tls.chain[0].issuer


def test_a_profile_and_its_vault_are_as_good_as_a_text(login_server: Deployment) -> None:
    text = login_server.uri(deployments.APP)
    reading = read(text)
    report = run_check(profile=reading.profile, secrets={PASSWORD: Secret("pass")})
    assert report.verdict is Verdict.CONNECTED


# ---------------------------------------------------------------- the plain causes


def test_a_broken_text_is_named_without_contacting_a_server(standalone: Deployment) -> None:
    report = run_check("mongodb://app:one@two@127.0.0.1/")
    assert report.verdict is Verdict.FAILED
    assert headline(report) == "uri.unescaped-credentials"
    assert report.servers == ()
    assert report.driver.exception == "pymongo.errors.InvalidURI"


def test_a_closed_port_is_refused_at_once() -> None:
    with peers.closed_port() as closed:
        report = run_check(f"mongodb://127.0.0.1:{closed}/")
    assert headline(report) == "tcp.refused"
    assert report.verdict_ms is not None
    assert report.verdict_ms < SILENCE_S * 1000
    assert report.driver.exception is not None


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("resetting", "tcp.reset-on-connect"),
        ("closing", "tcp.closed-on-connect"),
        ("reset_after_data", "tcp.reset-after-data"),
        ("close_after_data", "tcp.closed-after-data"),
        ("http_server", "hello.http-server"),
        ("ssh_server", "hello.other-service"),
        ("silent", "hello.no-answer"),
    ],
)
def test_what_answers_instead_of_mongodb_is_named(peer: str, expected: str) -> None:
    with getattr(peers, peer)() as other:
        patience = {"silence_s": 0.6, "late_s": 0.7} if peer == "silent" else {}
        report = run_check(f"mongodb://{other.address}/", **patience)
    assert headline(report) == expected


def test_tls_expected_and_not_expected_are_told_apart(standalone: Deployment, tls_server: Deployment) -> None:
    assert headline(run_check(tls_server.uri(tls=None, tlsCAFile=None))) == "tls.required"
    assert headline(run_check(standalone.uri(tls="true"))) == "tls.not-offered"


def test_an_unknown_issuer_is_named_by_name(tls_server: Deployment) -> None:
    report = run_check(tls_server.uri(tlsCAFile=None))
    assert headline(report) == "tls.unknown-ca"
    assert report.diagnosis is not None
    assert "Lab CA" in report.diagnosis.summary


def test_a_missing_client_certificate_is_named(mutual_tls_server: Deployment, authority: Authority) -> None:
    report = run_check(mutual_tls_server.uri(tls="true", tlsCAFile=str(authority.ca_file)))
    assert headline(report) == "tls.client-certificate-required"


def test_a_wrong_set_name_offers_the_right_one(replica_set: Deployment) -> None:
    report = run_check(replica_set.uri(replicaSet="wrong"))
    assert headline(report) == "topology.wrong-set-name"
    assert report.diagnosis is not None
    assert report.diagnosis.remedies[0].patch == {"seeds": {"replicaSet": "rs0"}}


def test_a_wrong_password_is_tried_exactly_once() -> None:
    with deployments.with_login() as server:
        report = run_check(server.uri("app", "wrong"))
        attempts = [user for user, passed in server.logins() if not passed]
    assert headline(report) == "auth.wrong-password"
    assert attempts == ["app"]
    assert report.verdict_ms is not None
    assert report.verdict_ms < SILENCE_S * 1000


def test_a_missing_login_is_a_failure_although_ping_would_succeed(login_server: Deployment) -> None:
    report = run_check(login_server.uri())
    assert report.verdict is Verdict.FAILED
    assert headline(report) == "auth.credentials-missing"


def test_a_missing_right_is_a_warning(login_server: Deployment) -> None:
    report = run_check(login_server.uri(deployments.APP, path="other"))
    assert report.verdict is Verdict.CONNECTED
    assert "access.no-privilege" in causes(report)


def test_a_missing_srv_name_is_named() -> None:
    with dns_server.DnsServer({}) as server, dns_server.resolver_at(server):
        report = run_check("mongodb+srv://c0.lab.test/")
    assert headline(report) == "dns.srv-not-found"
    assert report.verdict_ms is not None
    assert report.verdict_ms < SILENCE_S * 1000


def test_silence_costs_one_deadline() -> None:
    with peers.silent() as silent:
        report = run_check(f"mongodb://{silent.address}/", silence_s=1.5, late_s=1.6)
    assert headline(report) == "hello.no-answer"
    assert report.verdict_ms is not None
    assert 1400 < report.verdict_ms < 2200


def test_a_server_that_answers_late_upgrades_the_verdict() -> None:
    with deployments.standalone() as server:
        server.server.freeze()
        verdicts: list[Verdict | None] = []

        def emit(report: Report) -> None:
            verdicts.append(report.verdict)
            if report.verdict is Verdict.FAILED:
                server.server.thaw()

        report = run_check(server.uri(), emit=emit, silence_s=0.4)
    assert Verdict.FAILED in verdicts
    assert report.verdict is Verdict.CONNECTED


def test_a_server_that_ends_in_the_middle_of_a_check_went_away() -> None:
    with ExitStack() as running:
        server = running.enter_context(MongoPeer({"find": SILENCE}))

        def end_soon(event: DriverEvent) -> None:
            if event.name == "CommandStarted" and event.command == "find":
                # Late enough for the probes to have seen the server alive: they start after 30 ms.
                asyncio.get_running_loop().call_later(0.3, running.close)

        report = run_check(f"mongodb://{server.address}/?retryReads=false", on_event=end_soon)
    assert headline(report) == "pool.server-went-away"


def test_a_time_out_of_the_users_own_is_named_when_it_ran_out() -> None:
    with deployments.standalone() as server, Relay(server.address, delay_s=0.2) as slow:
        report = run_check(f"mongodb://{slow.address}/?connectTimeoutMS=150&serverSelectionTimeoutMS=1000")
    assert headline(report) == "tcp.too-slow"
    assert report.diagnosis is not None
    assert "connectTimeoutMS=150" in report.diagnosis.detail


def test_the_fix_for_a_server_that_demands_an_api_version_works() -> None:
    demand = ("enableTestCommands=1", "requireApiVersion=true")
    with deployments.standalone(*(word for value in demand for word in ("--setParameter", value))) as strict:
        report = run_check(strict.uri())
        assert headline(report) == "hello.api-version-required"
        assert report.diagnosis is not None
        patch = next(r.patch for r in report.diagnosis.remedies if r.patch)
        fixed = run_check(profile=patched(read(strict.uri()).profile, patch))
    assert fixed.verdict is Verdict.CONNECTED


# ---------------------------------------------------------------- events, snapshots, secrets


def test_the_verdict_is_told_before_the_whole_report(replica_set: Deployment) -> None:
    seen: list[Report] = []
    report = run_check(replica_set.uri(), emit=seen.append)
    assert seen[-1] == report
    assert len(seen) > 1
    verdicts = [r.verdict for r in seen]
    assert verdicts == sorted(verdicts, key=lambda verdict: verdict is not None)


def test_a_check_that_waits_shows_what_it_is_doing() -> None:
    seen: list[Report] = []
    with peers.silent() as silent:
        run_check(f"mongodb://{silent.address}/", emit=seen.append, silence_s=0.4, late_s=0.5)
    waiting = [r.servers[0].cells for r in seen if r.verdict is None and r.servers]
    assert any(c["tcp"].status is Status.PASSED and c["hello"].status is Status.RUNNING for c in waiting)


def test_driver_events_are_handed_on(standalone: Deployment) -> None:
    events: list[DriverEvent] = []
    run_check(standalone.uri(), on_event=events.append)
    assert {"ConnectionCreated", "ServerHeartbeatSucceeded", "CommandSucceeded"} <= {e.name for e in events}


def test_no_secret_is_in_the_report(login_server: Deployment) -> None:
    secret = "correct-horse-battery"
    events: list[DriverEvent] = []
    seen: list[Report] = []
    run_check(login_server.uri("app", secret), emit=seen.append, on_event=events.append)
    everything = "".join(to_json(r) for r in seen) + repr(events)
    assert secret not in everything


def test_the_report_has_every_stage_and_is_plain_json(standalone: Deployment) -> None:
    document = json.loads(to_json(run_check(standalone.uri())))
    assert [s["stage"] for s in document["stages"]] == [stage.value for stage in Stage]
    assert document["format"] == "clearline-report"
    assert document["version"] == 1


# ---------------------------------------------------------------- Stop


async def _stopped_after(text: str, wait_s: float) -> tuple[Report, float]:
    """Start a check and stop it after ``wait_s``; its report and the seconds that Stop took."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(DaemonExecutor())
    task = loop.create_task(check(Request(text=text), lambda _report: None))
    await asyncio.wait({task}, timeout=wait_s)
    stopped = time.perf_counter()
    task.cancel()
    report = await task
    seconds = time.perf_counter() - stopped
    await farewells()
    return report, seconds


def _moments() -> list[tuple[str, str]]:
    return [
        ("refused", "mongodb://127.0.0.1:1/?connectTimeoutMS=5000"),
        ("resolving", "mongodb+srv://c0.lab.test/"),
        ("silent", "mongodb://{silent}/"),
        ("handshake", "mongodb://{silent}/?tls=true"),
        ("frozen", "mongodb://{frozen}/"),
    ]


@pytest.mark.parametrize(("state", "text"), _moments())
def test_stop_ends_a_check_at_once_in_every_state(state: str, text: str) -> None:
    with ExitStack() as stack:
        silent = stack.enter_context(peers.silent())
        frozen = stack.enter_context(deployments.standalone())
        frozen.server.freeze()
        stack.callback(frozen.server.thaw)
        zone: dict[Any, Any] = {("*", "SRV"): dns_server.SILENT, ("*", "TXT"): dns_server.SILENT}
        server = stack.enter_context(dns_server.DnsServer(zone))
        stack.enter_context(dns_server.resolver_at(server))
        address = text.format(silent=silent.address, frozen=frozen.address)

        # Long enough for the driver and the probes to be in the middle of it: the head start is 30 ms.
        report, seconds = loops.run(_stopped_after(address, 0.12))
    if state == "refused":
        assert report.verdict in (Verdict.CANCELLED, Verdict.FAILED)
    else:
        assert report.verdict is Verdict.CANCELLED
    assert seconds < 0.25


def test_a_stop_is_told_before_what_it_cuts_off_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    async def stopped() -> None:
        begun = asyncio.Event()

        async def never_answers(*_arguments: Any, **_keywords: Any) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                order.append("cut off")

        monkeypatch.setattr(this_computer, "asked", never_answers)
        task = asyncio.get_running_loop().create_task(check(Request(text="mongodb://127.0.0.1:9/"), lambda _: None))
        task.add_done_callback(lambda _: order.append("told"))
        await begun.wait()
        task.cancel()
        assert (await task).verdict is Verdict.CANCELLED
        await farewells()

    loops.run(stopped())
    assert order == ["told", "cut off"]


def test_stop_before_the_first_step_gives_a_cancelled_report(standalone: Deployment) -> None:
    report, _ = loops.run(_stopped_after(standalone.uri(), 0))
    assert report.verdict is Verdict.CANCELLED


def test_nothing_is_left_running_after_a_check(standalone: Deployment) -> None:
    async def leftovers() -> set[asyncio.Task[Any]]:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        await check(Request(Profile(seeds=Seeds(hosts=(standalone.address,)))), lambda _report: None)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:  # the client's goodbye, bounded to a second
            await asyncio.wait(others, timeout=2)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert loops.run(leftovers()) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="counts the entries of /proc/self/fd")
def test_no_socket_is_left_open_after_a_check(replica_set: Deployment) -> None:
    def open_sockets() -> int:
        gc.collect()
        found = 0
        for entry in Path("/proc/self/fd").iterdir():
            try:
                found += str(entry.readlink()).startswith("socket:")
            except OSError:  # the entry of the listing itself, which is over
                continue
        return found

    run_check(replica_set.uri())
    before = open_sockets()
    for _ in range(3):
        run_check(replica_set.uri())
        run_check(replica_set.uri(tls="true"))
    assert open_sockets() <= before


def test_the_core_runs_without_qt() -> None:
    code = (
        "import sys; import clearline.core.check.check, clearline.cli.check;"
        "import clearline.core.storage.store, clearline.core.keyring.vault;"
        "print([m for m in sys.modules if m.startswith('PySide6')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


# ---------------------------------------------------------------- references, commands, trust, consent


def test_a_profile_with_references_connects_and_the_report_keeps_them(login_server: Deployment, tmp_path: Path) -> None:
    user, password = deployments.APP.name, deployments.APP.password
    host, _, port = login_server.address.partition(":")
    (tmp_path / "team.env").write_text(f"DB_USER={user}\nDB_PW='{password}'\nDB_PORT={port}\n", encoding="utf-8")
    profile = Profile(env_file=str(tmp_path / "team.env"))
    text = f"mongodb://${{DB_USER}}:${{DB_PW}}@{host}:${{DB_PORT}}/appdb?authSource=admin"
    report = run_check(text, profile=profile)
    assert report.verdict is Verdict.CONNECTED, causes(report)
    assert report.target.uri == text


def test_an_undefined_reference_is_told_before_anything_is_contacted(standalone: Deployment) -> None:
    report = run_check(f"mongodb://{standalone.address}/?replicaSet=${{CLEARLINE_NOWHERE}}")
    assert report.verdict is Verdict.FAILED
    assert headline(report) == "uri.not-set"
    assert report.diagnosis is not None
    assert "${CLEARLINE_NOWHERE}" in report.diagnosis.summary
    assert (
        "CLEARLINE_NOWHERE is not set for this program: it stands nowhere in the environment" in report.diagnosis.detail
    )
    assert all(server.cells == {} for server in report.servers) or report.servers == ()


def test_a_wrong_password_from_the_environment_is_redacted(
    login_server: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARLINE_TEST_PW", "Wr0ng-Horse-Battery")
    report = run_check(f"mongodb://{deployments.APP.name}:${{CLEARLINE_TEST_PW}}@{login_server.address}/")
    assert headline(report) == "auth.wrong-password"
    assert "Wr0ng" not in to_json(report)


def test_a_command_that_was_agreed_to_logs_in(login_server: Deployment) -> None:
    user, password = deployments.APP.name, deployments.APP.password
    command = f"{sys.executable} -c \"print('{password}')\""
    profile = Profile(secrets={PASSWORD: SecretSource(place="command", command=command)})
    text = f"mongodb://{user}@{login_server.address}/"
    refused = run_check(text, profile=profile)
    assert headline(refused) == "uri.bad-value"
    report = run_check(text, profile=profile, may_run=lambda _command: True)
    assert report.verdict is Verdict.CONNECTED, causes(report)


def test_a_failing_command_is_named_by_its_exit_code() -> None:
    command = f'{sys.executable} -c "import sys; sys.exit(7)"'
    profile = Profile(secrets={PASSWORD: SecretSource(place="command", command=command)})
    report = run_check("mongodb://app@127.0.0.1:1/", profile=profile, may_run=lambda _command: True)
    assert report.diagnosis is not None
    assert "exit code 7" in report.diagnosis.summary


def test_stop_while_a_command_runs_is_an_answer() -> None:
    command = f'{sys.executable} -c "import time; time.sleep(60)"'
    profile = Profile(secrets={PASSWORD: SecretSource(place="command", command=command)})

    async def stopped() -> tuple[Report, float]:
        asked = asyncio.Event()

        def may_run(_command: str) -> bool:
            asked.set()
            return True

        text = "mongodb://app@127.0.0.1:1/"
        request = Request(profile, text=text, permits=Permits(may_run=may_run))
        task = asyncio.create_task(check(request, lambda _report: None))
        await asked.wait()
        began = time.perf_counter()
        task.cancel()
        return await task, time.perf_counter() - began

    report, elapsed_s = loops.run(stopped())
    assert report.verdict is Verdict.CANCELLED
    assert elapsed_s < 2


def test_whom_the_profile_trusts_is_whom_driver_and_probes_trust(
    tls_server: Deployment, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"mongodb://{tls_server.address}/?tls=true"
    assert headline(run_check(text)) == "tls.unknown-ca"
    monkeypatch.setattr(trust, "_SYSTEM_FILES", (str(authority.ca_file),))
    monkeypatch.setattr(sys, "platform", "linux")
    report = run_check(text, profile=Profile(tls=Tls(trust="system")))
    assert report.verdict is Verdict.CONNECTED, causes(report)
    bundled = run_check(text, profile=Profile(tls=Tls(trust="bundled")))
    assert headline(bundled) == "tls.unknown-ca"
    assert bundled.diagnosis is not None
    (remedy,) = [r for r in bundled.diagnosis.remedies if r.patch is not None]
    assert remedy.patch == {"tls": {"caFile": None, "trust": "system"}}


@pytest.fixture
def led_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[MongoPeer, MongoPeer]]:
    """A server here that calls one elsewhere the primary of its set, and that one (on another loopback address)."""

    def here(address: str) -> bool:
        return address.startswith("127.0.0.1:")

    monkeypatch.setattr(client_module, "is_loopback", here)
    monkeypatch.setattr(course, "is_loopback", here)
    with MongoPeer() as near, MongoPeer(host="127.0.0.2") as far:
        hosts = [near.address, far.address]
        near.answers["hello"] = member_hello("rs", hosts, me=near.address, primary=far.address)
        far.answers["hello"] = member_hello("rs", hosts, me=far.address, role="primary")
        yield near, far


def test_a_server_on_this_computer_cannot_lead_a_readable_login_elsewhere(
    led_away: tuple[MongoPeer, MongoPeer],
) -> None:
    near, far = led_away
    text = f"mongodb://u:p@{near.address}/?authMechanism=PLAIN&authSource=%24external&replicaSet=rs&minPoolSize=2"
    report = run_check(text, silence_s=0.3, late_s=0.3)
    assert far.login_attempts == 0
    assert headline(report) == "auth.password-in-clear"
    agreed = patched(Profile(), {"auth": {"allowPlainWithoutTLS": True}})
    run_check(text, profile=agreed, silence_s=0.3, late_s=0.3)
    assert far.login_attempts > 0


@pytest.mark.parametrize("overrides", [None, Pool(min_pool_size=5, max_pool_size=20)], ids=["watch", "exercise"])
def test_a_watch_and_an_exercise_cannot_be_led_elsewhere_with_a_readable_login_either(
    led_away: tuple[MongoPeer, MongoPeer], overrides: Pool | None
) -> None:
    near, far = led_away

    async def play() -> None:
        text = f"mongodb://u:p@{near.address}/?authMechanism=PLAIN&authSource=%24external&replicaSet=rs&minPoolSize=2"
        ready = await prepared(Request(text=text))
        session = Session(
            ready,
            started=0.0,
            on_event=lambda _event: None,
            on_refused_login=lambda *_: None,
            log=False,
            overrides=overrides,
        )
        await session.build()
        await session.open()
        for server in (None, far.address):
            await asyncio.wait_for(asyncio.gather(_asked(session, server)), 60)
        await session.close_soon()

    async def _asked(session: Session, server: str | None) -> None:
        try:
            async with asyncio.timeout(0.5):
                await session.ask(server, lambda _server: True)
        except TimeoutError:
            pass

    loops.run(play())
    assert far.received_commands("hello")  # it is watched all the same
    assert far.login_attempts == 0


@pytest.mark.parametrize(
    "text",
    [
        "mongodb://u:p@192.0.2.1/?authMechanism=PLAIN",
        "mongodb://192.0.2.1/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s",
    ],
)
def test_a_readable_password_or_token_needs_the_users_consent(text: str) -> None:
    report = run_check(text, silence_s=0.2, late_s=0.2)
    assert headline(report) == "auth.password-in-clear"
    assert report.diagnosis is not None
    patches = [remedy.patch for remedy in report.diagnosis.remedies]
    assert patches == [{"tls": {"enabled": True}}, {"auth": {"allowPlainWithoutTLS": True}}]
    agreed = patched(Profile(), {"auth": {"allowPlainWithoutTLS": True}})
    report = run_check(text, profile=agreed, silence_s=0.2, late_s=0.2)
    assert headline(report) != "auth.password-in-clear"
    assert "auth.password-in-clear" in causes(report)


_SALT = base64.b64encode(b"salt" * 4).decode()


def _impostor(first: Callable[[str], str], final: bytes = b"") -> MongoPeer:
    """A server that plays SCRAM without knowing the password. ``first`` makes its first message of the nonce."""

    def start(command: Command) -> Answer:
        nonce = bytes(command.document["payload"]).decode().partition("r=")[2]
        return {"ok": 1, "conversationId": 1, "done": False, "payload": first(nonce).encode()}

    answers = {"saslStart": start, "saslContinue": {"ok": 1, "conversationId": 1, "done": True, "payload": final}}
    return MongoPeer(answers)


@pytest.mark.parametrize(
    ("first", "final"),
    [
        (lambda nonce: f"r={nonce}x,s={_SALT},i=15000", b"v=" + base64.b64encode(b"0" * 32)),
        (lambda nonce: f"r={nonce}x,s={_SALT},i=15000", b"v="),
        (lambda nonce: f"r={nonce}x,s={_SALT},i=15000", b""),
        (lambda nonce: f"r={nonce}x,s={_SALT},i=1", b""),
        (lambda nonce: f"r={nonce}x,s={_SALT},i=-5", b""),
        (lambda _nonce: f"r=another,s={_SALT},i=15000", b""),
    ],
    ids=["signature", "no-signature", "empty", "one-iteration", "negative", "nonce"],
)
@pytest.mark.parametrize("mechanism", ["", "&authMechanism=SCRAM-SHA-256", "&authMechanism=SCRAM-SHA-1"])
def test_a_server_that_cannot_prove_that_it_knows_the_password_is_named(
    first: Callable[[str], str], final: bytes, mechanism: str
) -> None:
    with _impostor(first, final) as peer:
        report = run_check(f"mongodb://app:pw@{peer.address}/?directConnection=true{mechanism}", silence_s=1)
    assert headline(report) == "auth.server-not-genuine"
    assert report.diagnosis is not None
    assert report.diagnosis.certainty is Certainty.PROVEN


def test_a_password_that_scram_cannot_take_is_no_fault_of_the_server() -> None:
    with _impostor(lambda nonce: f"r={nonce}x,s={_SALT},i=15000", b"v=x") as peer:
        report = run_check(
            f"mongodb://app:p%00w@{peer.address}/?directConnection=true&authMechanism=SCRAM-SHA-256", silence_s=1
        )
    assert headline(report) != "auth.server-not-genuine"


@pytest.mark.parametrize(("code", "name"), [(91, "ShutdownInProgress"), (8, "UnknownError")])
def test_a_first_hello_answered_with_an_error_is_no_lost_one(code: int, name: str) -> None:
    first = iter([Failure(code, "not yet", name)])
    with MongoPeer({"hello": lambda _command: next(first, None) or hello()}) as peer:
        report = run_check(f"mongodb://{peer.address}/?directConnection=true")
    assert report.verdict is Verdict.CONNECTED
    assert "tcp.unsteady" not in causes(report)


def test_a_trust_store_that_blocks_does_not_hold_the_verdict(
    standalone: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(this_computer, "trusted_roots", lambda _ca_file: released.wait(60) and None)
    monkeypatch.setattr(this_computer, "INSPECTION_S", 0.2)
    began = time.monotonic()
    try:
        report = run_check(standalone.uri())
    finally:
        released.set()
    assert report.verdict is Verdict.CONNECTED
    assert report.computer is not None
    assert report.computer.system  # what else is known of this computer is told
    assert time.monotonic() - began < 10
