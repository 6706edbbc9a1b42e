"""Checks through a real OpenSSH server: every way to log in, its faults, and what it says of a target."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from msgspec.structs import replace

from clearline.core.check import outcome
from clearline.core.check.check import check, farewells
from clearline.core.check.request import Patience, Permits, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.diagnosis.rules.hops import hop_fails
from clearline.core.facts.hops import HopFacts, HopFailure, HopStage, Trouble
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Stage
from clearline.core.hops import ssh_config
from clearline.core.hops.asking import Agreed, Question, ShownKey
from clearline.core.hops.hop_log import Terms
from clearline.core.hops.known_hosts import HostKeys
from clearline.core.hops.trouble import HopError
from clearline.core.hops.way import Way, lay
from clearline.core.profiles.hop import Hop, HttpProxy, Socks5Proxy, SshServer
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Report, Status, Verdict, to_json
from clearline.core.secrets.secret import Secret, Secrets, hop_passphrase, hop_password
from clearline.core.uri.connection_string import read
from clearline.core.watch.watch import Watch
from lab import loops, peers, proxies, ssh_server
from lab.deployment import Deployment
from lab.peer import Conversation, Peer
from lab.relay import Relay
from lab.ssh_server import PASSPHRASE, PASSWORD, USER, Keys, Server, make_key, make_keys, sshd

pytestmark = [
    pytest.mark.skipif(ssh_server.unavailable() is not None, reason=str(ssh_server.unavailable())),
    pytest.mark.xdist_group("ssh"),
]


UNHURRIED = Patience(silence_s=5.0, late_s=10.0)
"""A busy computer is no silent server."""


class Human:
    """Answers what is asked, and remembers it."""

    def __init__(self, *answers: str, trusts: bool = False) -> None:
        self.given = list(answers)
        self.trusting = trusts
        self.questions: list[Question] = []
        self.shown: list[ShownKey] = []

    async def answers(self, question: Question) -> tuple[Secret, ...] | None:
        self.questions.append(question)
        if not self.given:
            return None
        return tuple(Secret(self.given.pop(0)) for _ in question.prompts)

    async def trusts(self, key: ShownKey) -> bool:
        self.shown.append(key)
        return self.trusting


def run(
    hops: Sequence[Hop],
    *hosts: str,
    secrets: Secrets | None = None,
    profile: Profile | None = None,
    human: Human | None = None,
    keys: HostKeys | None = None,
    patience: Patience = UNHURRIED,
    agreed: bool = True,
) -> Report:
    base = profile or Profile(seeds=Seeds(hosts=hosts))
    behind = Profile(hops=tuple(hops), seeds=base.seeds, auth=base.auth, tls=base.tls)
    way = Agreed(host_keys=keys or HostKeys(), asker=human)
    permits = Permits(way=way, may_run=lambda _command: agreed)

    async def checked() -> Report:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        report = await check(Request(behind, secrets or {}, patience=patience, permits=permits), lambda _: None)
        await farewells()
        return report

    return loops.run(checked())


def cause(report: Report, certainty: Certainty | None = None) -> str:
    assert report.diagnosis is not None, report.findings
    assert report.verdict is Verdict.FAILED
    assert report.diagnosis.stage is Stage.HOP
    assert certainty in (None, report.diagnosis.certainty), report.diagnosis
    assert "{" not in report.diagnosis.summary
    return report.diagnosis.cause


def summary(report: Report) -> str:
    assert report.diagnosis is not None
    return report.diagnosis.summary


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def bastion(keys: Keys) -> Iterator[Server]:
    with sshd(keys) as server:
        yield server


@pytest.fixture(scope="module")
def only_keys(keys: Keys) -> Iterator[Server]:
    with sshd(keys, AuthenticationMethods="publickey") as server:
        yield server


@pytest.fixture(scope="module")
def asking(keys: Keys) -> Iterator[Server]:
    with sshd(
        keys, UsePAM="yes", PasswordAuthentication="no", KbdInteractiveAuthentication="yes", PubkeyAuthentication="no"
    ) as server:
        yield server


@pytest.fixture(scope="module")
def two_factors(keys: Keys) -> Iterator[Server]:
    methods = "publickey,keyboard-interactive"
    with sshd(keys, UsePAM="yes", KbdInteractiveAuthentication="yes", AuthenticationMethods=methods) as server:
        yield server


def connected(report: Report) -> None:
    assert report.verdict is Verdict.CONNECTED, report.findings
    assert [f.cause for f in report.findings if f.severity.value != "note"] == []


# ---------------------------------------------------------------- ways in


def test_every_member_is_reached_by_key(bastion: Server, replica_set: Deployment) -> None:
    report = run([bastion.hop()], profile=read(replica_set.uri()).profile)
    connected(report)
    assert len(report.servers) == len(replica_set.servers)
    [hop] = report.hops
    assert [stage.stage for stage in hop.stages] == [
        "name", "tcp", "banner", "key-exchange", "host-key", "login", "channel",
    ]  # fmt: skip
    assert all(stage.status is Status.PASSED for stage in hop.stages)


def test_names_are_verified_over_tls(bastion: Server, tls_server: Deployment) -> None:
    connected(run([bastion.hop()], profile=read(tls_server.uri()).profile))


def test_by_password_which_is_in_no_report(bastion: Server, standalone: Deployment) -> None:
    hop = bastion.hop(login=("password",))
    report = run([hop], standalone.address, secrets={hop_password(0): Secret(PASSWORD)})
    connected(report)
    assert PASSWORD not in to_json(report)


def test_by_the_password_that_is_asked_for(asking: Server, standalone: Deployment) -> None:
    hop = asking.hop(login=("password",))
    connected(run([hop], standalone.address, secrets={hop_password(0): Secret(PASSWORD)}))


def test_by_a_key_with_a_passphrase(bastion: Server, keys: Keys, standalone: Deployment) -> None:
    hop = bastion.hop(key=keys.protected)
    connected(run([hop], standalone.address, secrets={hop_passphrase(0): Secret(PASSPHRASE)}))
    human = Human(PASSPHRASE)
    connected(run([hop], standalone.address, human=human))
    assert [prompt.echo for question in human.questions for prompt in question.prompts] == [False]


def test_by_agent(bastion: Server, keys: Keys, standalone: Deployment) -> None:
    with ssh_server.agent(keys.stranger, keys.known) as place:
        connected(run([bastion.hop(login=("agent",), agent=place)], standalone.address))


def test_by_a_certificate(bastion: Server, keys: Keys, standalone: Deployment, tmp_path: Path) -> None:
    certificate = keys.authority.generate_user_certificate(
        asyncssh.read_private_key(keys.stranger), "walker", principals=[USER]
    )
    certificate.write_certificate(tmp_path / "cert.pub")
    hop = bastion.hop(key=keys.stranger, certificate_file=str(tmp_path / "cert.pub"))
    connected(run([hop], standalone.address))


def test_a_human_answers_the_second_question(two_factors: Server, standalone: Deployment) -> None:
    human = Human(PASSWORD)
    connected(run([two_factors.hop(login=("key", "interactive"))], standalone.address, human=human))
    assert len(human.questions) == 1
    assert human.questions[0].prompts[0].echo is False


def test_a_human_may_take_longer_than_any_check(
    two_factors: Server, standalone: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Human):
        async def answers(self, question: Question) -> tuple[Secret, ...] | None:
            await asyncio.sleep(4.2)
            return await super().answers(question)

    monkeypatch.setattr(outcome, "LONGEST_S", 4.0)
    hop = two_factors.hop(login=("key", "interactive"))
    connected(run([hop], standalone.address, human=Slow(PASSWORD), patience=Patience(4.0, 4.0)))


def test_a_chain_of_jumps(bastion: Server, only_keys: Server, standalone: Deployment) -> None:
    report = run([bastion.hop(), only_keys.hop()], standalone.address)
    connected(report)
    assert [hop.server for hop in report.hops] == [f"127.0.0.1:{bastion.port}", f"127.0.0.1:{only_keys.port}"]


def test_behind_other_hops(bastion: Server, standalone: Deployment) -> None:
    with proxies.microsocks() as port:
        connected(run([Socks5Proxy(host="127.0.0.1", port=port), bastion.hop()], standalone.address))
        connected(run([bastion.hop(), Socks5Proxy(host="127.0.0.1", port=port)], standalone.address))


def test_by_a_program(bastion: Server, standalone: Deployment) -> None:
    relay = "import socket,sys,threading,os\ns=socket.create_connection((sys.argv[1],int(sys.argv[2])))\n"
    relay += "def up():\n while (d:=os.read(0,65536)): s.sendall(d)\nthreading.Thread(target=up,daemon=True).start()\n"
    relay += "while (d:=s.recv(65536)): os.write(1,d)\n"
    command = f"python3 -c 'exec(bytes.fromhex(\"{relay.encode().hex()}\"))' %h %p"
    connected(run([bastion.hop(proxy_command=command)], standalone.address))
    gc.collect()  # the program has ended with the loop: nothing is told as still running


def test_the_users_configuration_fills_what_is_not_set(
    bastion: Server, only_keys: Server, keys: Keys, standalone: Deployment, home: Path
) -> None:
    (home / ".ssh" / "config").write_text(
        f"Host jump\n HostName 127.0.0.1\n Port {bastion.port}\n User {USER}\n IdentityFile {keys.known}\n"
        f"Host inner\n HostName 127.0.0.1\n Port {only_keys.port}\n User {USER}\n IdentityFile {keys.known}\n"
        " ProxyJump jump\n"
        f"Match host 127.0.0.1\n UserKnownHostsFile {bastion.known_hosts} {only_keys.known_hosts}\n"
    )
    report = run([SshServer(host="inner", config_alias="inner")], standalone.address)
    connected(report)
    assert [hop.server for hop in report.hops] == [f"127.0.0.1:{bastion.port}", f"127.0.0.1:{only_keys.port}"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".ssh").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path


# ---------------------------------------------------------------- host keys


def test_an_unknown_key_is_asked_about_and_remembered(bastion: Server, standalone: Deployment, tmp_path: Path) -> None:
    own = tmp_path / "known_hosts"
    hop = bastion.hop(known_hosts=tmp_path / "none")
    refused = run([hop], standalone.address, keys=HostKeys(own))
    assert cause(refused, Certainty.PROVEN) == "ssh.host-key-unknown"
    fingerprint = bastion.keys.host.get_fingerprint()
    assert fingerprint in summary(refused)
    assert cause(run([hop], standalone.address, keys=HostKeys(own), human=Human())) == "ssh.host-key-unknown"
    human = Human(trusts=True)
    connected(run([hop], standalone.address, keys=HostKeys(own), human=human))
    assert [shown.fingerprint for shown in human.shown] == [fingerprint]
    connected(run([hop], standalone.address, keys=HostKeys(own)))


def test_a_fingerprint_can_be_agreed_to_beforehand(bastion: Server, standalone: Deployment, tmp_path: Path) -> None:
    hop, own = bastion.hop(known_hosts=tmp_path / "none"), tmp_path / "known_hosts"
    wrong = HostKeys(own, frozenset({"SHA256:another"}))
    assert cause(run([hop], standalone.address, keys=wrong)) == "ssh.host-key-unknown"
    right = HostKeys(own, frozenset({bastion.keys.host.get_fingerprint()}))
    connected(run([hop], standalone.address, keys=right))
    assert own.read_text().startswith(f"[127.0.0.1]:{bastion.port} ssh-ed25519 ")


def known(tmp_path: Path, server: Server, key: asyncssh.SSHKey, marker: str = "") -> Path:
    path = tmp_path / "known"
    path.write_text(f"cut off\n{marker}[127.0.0.1]:{server.port} {key.export_public_key().decode()}")
    return path


def test_a_changed_key_is_never_accepted(bastion: Server, standalone: Deployment, tmp_path: Path) -> None:
    path = known(tmp_path, bastion, asyncssh.generate_private_key("ssh-ed25519"))
    accepted = HostKeys(None, frozenset({bastion.keys.host.get_fingerprint()}))
    human = Human(trusts=True)
    report = run([bastion.hop(known_hosts=path)], standalone.address, human=human, keys=accepted)
    assert cause(report) == "ssh.host-key-changed"
    assert report.diagnosis is not None
    assert f"line 2 of {path}" in report.diagnosis.remedies[0].text
    assert human.shown == []


def test_a_revoked_key(bastion: Server, standalone: Deployment, tmp_path: Path) -> None:
    path = known(tmp_path, bastion, bastion.keys.host, "@revoked ")
    assert cause(run([bastion.hop(known_hosts=path)], standalone.address)) == "ssh.host-key-revoked"


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "endless"])
def test_known_hosts_that_cannot_be_read_may_revoke_the_key(
    bastion: Server, standalone: Deployment, tmp_path: Path, kind: str
) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / "known"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "endless":
        with path.open("wb") as file:
            file.truncate(1 << 30)
    accepted = HostKeys(None, frozenset({bastion.keys.host.get_fingerprint()}))
    report = run([bastion.hop(known_hosts=path)], standalone.address, keys=accepted)
    assert cause(report, Certainty.PROVEN) == "ssh.config-broken"
    assert str(path) in summary(report)


def test_the_null_device_and_an_absent_file_know_no_host(
    bastion: Server, standalone: Deployment, tmp_path: Path
) -> None:
    for path in (Path(os.devnull), tmp_path / "known" / "none"):
        assert cause(run([bastion.hop(known_hosts=path)], standalone.address)) == "ssh.host-key-unknown"


# ---------------------------------------------------------------- refused logins


def test_keys_that_are_not_accepted(only_keys: Server, keys: Keys) -> None:
    report = run([only_keys.hop(key=keys.stranger)], "db:27017")
    assert cause(report, Certainty.PROVEN) == "ssh.key-refused"
    assert str(keys.stranger) in summary(report)


def test_a_key_that_is_accepted_and_not_enough(keys: Keys) -> None:
    """Its signature is asked for: it was not declined, whatever else is wanted."""
    proofs = {"publickey,password": Certainty.PROVEN, "publickey,publickey": Certainty.LIKELY}
    for wanted, certainty in proofs.items():
        with sshd(keys, AuthenticationMethods=wanted) as server:
            report = run([server.hop()], "db:27017")
            assert cause(report, certainty) == "ssh.key-not-enough"
            assert report.diagnosis is not None
            assert f"It takes {wanted.rpartition(',')[2]} now" in report.diagnosis.detail
            declined = run([server.hop(key=keys.stranger)], "db:27017")
            assert cause(declined, Certainty.PROVEN) == "ssh.key-refused"


def test_a_key_whose_agent_does_not_sign(bastion: Server, keys: Keys) -> None:
    """Its user has to confirm (``ssh-add -c``), and nothing here can ask: the server has refused nothing."""
    with ssh_server.agent() as place:
        around = {**os.environ, "SSH_AUTH_SOCK": place}
        subprocess.run(["ssh-add", "-q", "-c", str(keys.known)], check=True, env=around, stderr=subprocess.DEVNULL)
        report = run([bastion.hop(login=("agent",), agent=place)], "db:27017")
    assert cause(report, Certainty.PROVEN) == "ssh.key-unsigned"


def test_an_account_that_has_expired_is_told_in_the_servers_words(keys: Keys) -> None:
    expired = f"root:*:19000::::::\n{USER}:*:19000:0:99999:7::1:\n"
    with sshd(keys, UsePAM="yes", files={"/etc/shadow": expired}) as server:
        report = run([server.hop()], "db:27017")
    assert cause(report, Certainty.LIKELY) == "ssh.login-ended"
    assert report.diagnosis is not None
    assert "Its words: " in report.diagnosis.detail


def test_wrong_passwords(bastion: Server, only_keys: Server, asking: Server) -> None:
    wrong = {hop_password(0): Secret("wrong-password")}
    assert cause(run([bastion.hop(login=("password",))], "db:27017", secrets=wrong)) == "ssh.password-refused"
    assert cause(run([asking.hop(login=("password",))], "db:27017", secrets=wrong)) == "ssh.password-refused"
    report = run([only_keys.hop(login=("password",))], "db:27017", secrets=wrong)
    assert cause(report) == "ssh.password-not-offered"
    assert "publickey" in summary(report)


def test_a_password_is_tried_once_for_however_many_members(keys: Keys) -> None:
    tries: list[str] = []

    class Counting(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            tries.append(username)
            return False

    secrets = {hop_password(0): Secret("wrong-password")}
    report = scripted(keys, Counting, ("a:1", "b:1", "c:1"), secrets=secrets)
    assert cause(report) == "ssh.password-refused"
    assert len(tries) == 1


def test_questions_without_an_answer(two_factors: Server, asking: Server) -> None:
    assert cause(run([two_factors.hop(login=("key", "interactive"))], "db:27017")) == "ssh.second-factor-needed"
    assert cause(run([asking.hop(login=("interactive",))], "db:27017")) == "ssh.answer-needed"
    wrong = Human("wrong-answer")
    assert cause(run([asking.hop(login=("interactive",))], "db:27017", human=wrong)) == "ssh.answer-refused"


def test_too_many_keys_of_an_agent(keys: Keys, tmp_path: Path) -> None:
    others = [make_key(tmp_path / str(n)) for n in range(3)]
    with sshd(keys, MaxAuthTries="2") as server, ssh_server.agent(*others, keys.known) as place:
        report = run([server.hop(login=("agent",), agent=place)], "db:27017")
        assert cause(report) == "ssh.too-many-keys"
        connected_by_file = run([server.hop()], "db:27017")
        assert cause(connected_by_file) == "ssh.far-name-unknown"


def test_key_files_that_are_none(bastion: Server, keys: Keys, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(keys.known.read_bytes()[:-40])
    putty = tmp_path / "key.ppk"
    putty.write_text("PuTTY-User-Key-File-3: ssh-ed25519\n")
    for path, expected in (
        (keys.protected, "ssh.key-encrypted"),
        (Path(f"{keys.known}.pub"), "ssh.key-is-public"),
        (cut, "ssh.key-format"),
        (putty, "ssh.key-format"),
        (tmp_path / "absent", "ssh.key-missing"),
        (tmp_path, "ssh.key-unreadable"),
    ):
        report = run([bastion.hop(key=path)], "db:27017")
        assert cause(report) == expected
        assert str(path) in summary(report)
    wrong = {hop_passphrase(0): Secret("wrong-passphrase")}
    assert cause(run([bastion.hop(key=keys.protected)], "db:27017", secrets=wrong)) == "ssh.passphrase-wrong"


def test_a_missing_key_beside_another_way_in_is_no_fault(
    bastion: Server, tmp_path: Path, standalone: Deployment
) -> None:
    hop = bastion.hop(login=("key", "password"), key=tmp_path / "absent")
    connected(run([hop], standalone.address, secrets={hop_password(0): Secret(PASSWORD)}))


def test_agents_that_are_not_there(bastion: Server, tmp_path: Path) -> None:
    gone = bastion.hop(login=("agent",), agent=str(tmp_path / "gone"))
    assert cause(run([gone], "db:27017")) == "ssh.agent-unavailable"
    with ssh_server.agent() as place:
        assert cause(run([bastion.hop(login=("agent",), agent=place)], "db:27017")) == "ssh.agent-unavailable"


def test_nothing_to_show(bastion: Server, home: Path) -> None:
    report = run([bastion.hop(login=("password",))], "db:27017")
    assert cause(report) == "ssh.login-refused"
    assert "password and publickey" in summary(report)


def test_a_type_of_key_that_is_not_accepted(keys: Keys) -> None:
    with sshd(keys, PubkeyAcceptedAlgorithms="ssh-ed25519") as server:
        report = run([server.hop(key=keys.rsa)], "db:27017")
    assert cause(report) == "ssh.key-refused"  # OpenSSH names what it was built with, not what it is told to accept
    assert report.diagnosis is not None
    assert "PubkeyAcceptedAlgorithms" in report.diagnosis.detail

    class ByKey(asyncssh.SSHServer):
        def public_key_auth_supported(self) -> bool:
            return True

    report = scripted(keys, ByKey, key=keys.rsa, signature_algs=["ssh-ed25519"])
    assert cause(report) == "ssh.key-type-refused"
    assert "takes ssh-ed25519" in summary(report)


def scripted(
    keys: Keys,
    factory: type[asyncssh.SSHServer],
    hosts: Sequence[str] = ("db:27017",),
    *,
    secrets: Secrets | None = None,
    key: Path | None = None,
    **options: Any,
) -> Report:
    """A check through a server of the library's own, where OpenSSH cannot be made to do it."""
    with ssh_server.by_asyncssh(keys, factory, **options) as server:
        return run([server.hop(login=("key", "password"), key=key)], *hosts, secrets=secrets)


# ---------------------------------------------------------------- before the login


def test_no_algorithm_in_common(keys: Keys) -> None:
    with sshd(keys, KexAlgorithms="diffie-hellman-group1-sha1") as server:
        report = run([server.hop()], "db:27017")
    assert cause(report) == "ssh.no-common-algorithm"
    assert "diffie-hellman-group1-sha1" in summary(report)
    assert "key exchange" in summary(report)


def speaking(words: bytes, *, ends: bool) -> Callable[[Conversation], Any]:
    async def script(line: Conversation) -> None:
        if words:
            await line.write(words)
        if not ends:
            while await line.read():
                pass
        line.close()

    return script


@pytest.mark.parametrize(
    ("words", "ends", "expected"),
    [
        (b"", False, "ssh.silent"),
        (b"", True, "ssh.closed-early"),
        (b"Exceeded MaxStartups\r\n", True, "ssh.closed-early"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False, "ssh.handshake-hangs"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", True, "hop.closed"),
        (b"220 mail.example.com ESMTP\r\n", False, "hop.wrong-service"),
    ],
)
def test_servers_that_do_not_get_so_far(words: bytes, ends: bool, expected: str) -> None:
    with Peer(speaking(words, ends=ends)) as peer:
        report = run([SshServer(host="127.0.0.1", port=peer.port)], "db:27017", patience=Patience(0.3, 0.3))
    assert cause(report, Certainty.PROVEN if expected == "hop.wrong-service" else Certainty.LIKELY) == expected


def test_a_silent_hop_is_told_at_its_deadline_and_may_still_answer(bastion: Server, standalone: Deployment) -> None:
    with peers.silent() as peer:
        report = run([SshServer(host="127.0.0.1", port=peer.port)], "db:27017", patience=Patience(0.3, 4.0))
    assert cause(report) == "ssh.silent"
    assert report.verdict_ms is not None
    assert report.verdict_ms < 3000
    trusted = HostKeys(None, frozenset({bastion.keys.host.get_fingerprint()}))
    with Relay(f"127.0.0.1:{bastion.port}", delay_s=0.25) as slow:
        hop = replace(bastion.hop(), port=slow.port)
        report = run([hop], standalone.address, keys=trusted, patience=Patience(0.3, 9.0))
    assert report.verdict is Verdict.CONNECTED, report.findings


@pytest.mark.parametrize("kind", [SshServer, Socks5Proxy, HttpProxy])
def test_the_database_itself_where_the_hop_should_be(
    standalone: Deployment, kind: type[SshServer | Socks5Proxy | HttpProxy]
) -> None:
    host, _, port = standalone.address.rpartition(":")
    report = run([kind(host=host, port=int(port))], "db:27017")
    assert cause(report, Certainty.PROVEN) == "hop.wrong-service"
    assert f"{standalone.address} is a MongoDB server, and not " in summary(report)
    assert report.diagnosis is not None
    assert "take the hop out" in report.diagnosis.remedies[0].text
    assert report.verdict_ms is not None
    assert report.verdict_ms < 4000


def test_an_http_proxy_where_the_socks_proxy_should_be() -> None:
    with proxies.squid() as port:
        report = run([Socks5Proxy(host="127.0.0.1", port=port)], "db:27017")
    assert cause(report, Certainty.PROVEN) == "hop.wrong-service"
    assert "web server or HTTP proxy, and not a SOCKS" in summary(report)


def test_a_proxy_where_the_ssh_server_should_be() -> None:
    with proxies.squid() as port:
        report = run([SshServer(host="127.0.0.1", port=port)], "db:27017")
        assert cause(report) == "hop.wrong-service"
        assert "web server or HTTP proxy" in summary(report)
    with proxies.microsocks() as port:
        report = run([SshServer(host="127.0.0.1", port=port)], "db:27017")
        assert "a SOCKS5 proxy" in summary(report)
    with peers.closed_port() as port:
        assert cause(run([SshServer(host="127.0.0.1", port=port)], "db:27017")) == "hop.refused"


def test_programs_that_do_not_lead_there(bastion: Server) -> None:
    missing = run([bastion.hop(proxy_command="no-such-program-here %h")], "db:27017")
    assert cause(missing) == "ssh.proxy-command-missing"
    assert "no-such-program-here" in summary(missing)
    through_shell = run([bastion.hop(proxy_command="no-such-program-here %h | cat")], "db:27017")
    assert cause(through_shell) in ("ssh.proxy-command-missing", "ssh.proxy-command-failed")
    failing = run([bastion.hop(proxy_command="sh -c 'echo TargetNotConnected >&2; exit 254'")], "db:27017")
    assert cause(failing) == "ssh.proxy-command-failed"
    assert "exit status 254: TargetNotConnected" in summary(failing)


def test_what_a_program_says_is_not_said_of_the_servers_port(bastion: Server) -> None:
    page = run([bastion.hop(proxy_command="sh -c 'echo HTTP/1.1 403 Forbidden; sleep 60'")], "db:27017")
    assert cause(page, Certainty.PROVEN) == "hop.wrong-service"
    assert "the far end of sh is a web server" in summary(page)
    ended = run([bastion.hop(proxy_command="sh -c 'echo SSH-2.0-OpenSSH_9.2; echo gone >&2; exit 3'")], "db:27017")
    assert cause(ended) == "ssh.proxy-command-failed"
    assert "exit status 3: gone" in summary(ended)


def test_a_long_notice_before_the_greeting_is_read(bastion: Server, keys: Keys) -> None:
    notice = b"this computer is watched\r\n" * 1000
    hops = []
    for end in (b"SSH-2.0-OpenSSH_9.2\r\n", notice * 10):
        with Peer(speaking(notice + end, ends=False)) as peer:
            hop = SshServer(host="127.0.0.1", port=peer.port)
            hops.append(cause(run([hop], "db:27017", patience=Patience(0.5, 0.5)), Certainty.LIKELY))
    assert hops == ["ssh.handshake-hangs", "hop.wrong-service"]


def test_a_certificate_of_another_name_is_not_valid(keys: Keys, tmp_path: Path) -> None:
    for_another = keys.authority.generate_host_certificate(keys.host, "host", principals=["other.example.com"])
    for_another.write_certificate(tmp_path / "host-cert.pub")
    with sshd(keys, HostCertificate=str(tmp_path / "host-cert.pub")) as server:
        path = known(tmp_path, server, keys.authority, "@cert-authority ")
        report = run([server.hop(known_hosts=path)], "db:27017")
    assert cause(report) == "ssh.host-key-revoked"
    assert report.diagnosis is not None
    assert "other names" in report.diagnosis.detail


def test_a_program_that_hangs_is_no_server_that_accepts(bastion: Server) -> None:
    hanging = run([bastion.hop(proxy_command="sh -c 'echo waiting >&2; sleep 60'")], "db:27017")
    assert cause(hanging, Certainty.LIKELY) == "ssh.proxy-command-silent"
    assert "sh runs" in summary(hanging)
    assert "accepts" not in summary(hanging)


def test_a_program_of_the_profile_runs_only_when_it_was_agreed_to(bastion: Server, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    report = run([bastion.hop(proxy_command=f"touch {mark}")], "db:27017", agreed=False)
    assert cause(report) == "ssh.proxy-command-not-agreed"
    assert not mark.exists()


def test_a_name_never_becomes_a_command(tmp_path: Path, home: Path) -> None:
    mark = tmp_path / "mark"
    hop = SshServer(host=f"$(touch {mark})", proxy_command="echo %h; cat")
    assert cause(run([hop], "db:27017")) == "ssh.unsafe-name"
    (home / ".ssh" / "config").write_text("Host *\n ProxyCommand echo %n; cat\n")
    named = SshServer(host="h", config_alias=f"$(touch {mark})")
    assert cause(run([named], "db:27017")) == "ssh.unsafe-name"
    assert not mark.exists()


def test_a_broken_configuration(home: Path) -> None:
    (home / ".ssh" / "config").write_text("Host *\n Port many\n")
    assert cause(run([SshServer(host="h", config_alias="h")], "db:27017")) == "ssh.config-broken"


# ---------------------------------------------------------------- what is said of a target


def test_forwarding_that_is_prohibited(keys: Keys, standalone: Deployment) -> None:
    with sshd(keys, AllowTcpForwarding="no") as server:
        report = run([server.hop()], standalone.address)
        assert cause(report, Certainty.LIKELY) == "ssh.forwarding-prohibited"


def test_a_target_that_is_prohibited(keys: Keys, standalone: Deployment) -> None:
    with sshd(keys, PermitOpen=standalone.address) as server:
        report = run([server.hop()], standalone.address, "db.example.com:27018")
    prohibited = [f for f in report.findings if f.cause == "ssh.target-prohibited"]
    assert [(f.server, f.certainty) for f in prohibited] == [("db.example.com:27018", Certainty.PROVEN)]


def test_targets_that_the_server_does_not_reach(bastion: Server) -> None:
    assert cause(run([bastion.hop()], "no-such-name.invalid:27017")) == "ssh.far-name-unknown"
    with peers.closed_port() as port:
        assert cause(run([bastion.hop()], f"127.0.0.1:{port}")) == "hop.localhost-is-remote"
        own = peers_own_address()
        if own is not None:
            assert cause(run([bastion.hop()], f"{own}:{port}")) == "ssh.far-refused"


def peers_own_address() -> str | None:
    """An address of this computer that is no loopback; nothing leaves it on the way there."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(sock.getsockname()[0])


@pytest.mark.parametrize(
    ("code", "words", "expected", "certainty"),
    [
        (2, "No route to host", "ssh.far-silent", Certainty.LIKELY),
        (2, "Connection timed out", "ssh.far-silent", Certainty.LIKELY),
        (2, "Connection refused", "ssh.far-refused", Certainty.LIKELY),
        (2, "quelque chose", "ssh.far-failed", Certainty.PROVEN),
        (3, "unknown channel type", "ssh.no-forwarding-support", Certainty.PROVEN),
    ],
)
def test_what_a_server_answers(code: int, words: str, expected: str, certainty: Certainty, keys: Keys) -> None:
    class Refusing(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return False

        def connection_requested(self, host: str, port: int, orig_host: str, orig_port: int) -> Any:
            raise asyncssh.ChannelOpenError(code, words)

    report = scripted(keys, Refusing, server_version="OpenSSH_9.2")
    assert cause(report, certainty) == expected


# ---------------------------------------------------------------- manners


class Line:
    """A way through one server, in the loop of the test, with what it notes of itself."""

    def __init__(self, *hops: Hop, human: Human | None = None, terms: Terms | None = None) -> None:
        self.hops, self.human, self.terms = hops, human, terms or Terms()
        self.changed = asyncio.Event()

    async def __aenter__(self) -> Way:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        agreed = Agreed(asker=self.human)
        self.way = await lay(self.hops, {}, terms=self.terms, changed=self.changed.set, agreed=agreed)
        return self.way

    async def __aexit__(self, *_: object) -> None:
        self.way.close()

    async def until(self, trouble: Trouble) -> HopFailure:
        while True:
            self.changed.clear()
            for hop in self.way.facts:
                if hop.failure is not None and hop.failure.trouble is trouble:
                    return hop.failure
            await asyncio.wait_for(self.changed.wait(), 10)


def test_one_login_serves_all_lines(bastion: Server, standalone: Deployment) -> None:
    host, _, port = standalone.address.rpartition(":")

    async def opened() -> None:
        async with Line(bastion.hop()) as way:
            lines = await asyncio.gather(*(way.open(host, int(port)) for _ in range(20)))
            assert len({id(line) for line in lines}) == 20
            assert len(bastion.children()) == 1

    loops.run(opened())


def test_no_port_is_opened_here(bastion: Server, standalone: Deployment) -> None:
    host, _, port = standalone.address.rpartition(":")

    async def opened() -> None:
        before = listening()
        async with Line(bastion.hop()) as way:
            await way.open(host, int(port))
            assert listening() == before

    loops.run(opened())


def listening() -> int:
    """Sockets of this process that listen (state 0A)."""
    own = {fd.readlink().name for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()}
    tables = [Path(f"/proc/self/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [row.split() for table in tables for row in table]
    return sum(row[3] == "0A" and f"socket:[{row[9]}]" in own for row in rows)


def test_a_lost_session_takes_its_lines_along_and_heals(keys: Keys, standalone: Deployment) -> None:
    host, _, port = standalone.address.rpartition(":")

    async def lost(server: Server) -> None:
        line = Line(server.hop())
        async with line as way:
            stream = await way.open(host, int(port))
            server.end_sessions()
            with pytest.raises(HopError) as raised:
                await stream.receive()
            assert raised.value.failure.trouble is Trouble.LOST
            assert (await line.until(Trouble.LOST)).stage is HopStage.LOGIN
            await way.open(host, int(port))  # by itself, with a new login
            assert way.facts[0].failure is None

    with sshd(keys) as server:
        loops.run(lost(server))


def test_a_lost_session_is_named(bastion: Server) -> None:
    failure = HopFailure(hop=0, kind="ssh", host="b", port=22, stage=HopStage.LOGIN, trouble=Trouble.LOST)
    silent = replace(failure, trouble=Trouble.KEEPALIVE_LOST, elapsed_ms=20000.0)
    for found, expected in ((failure, "ssh.lost"), (silent, "ssh.keepalive-lost")):
        [finding] = hop_fails(Facts(hops=(HopFacts(kind="ssh", host="b", port=22, failure=found),)))
        assert (finding.cause, finding.certainty) == (expected, Certainty.PROVEN)
    assert "20 seconds" in finding.summary


def test_a_server_that_falls_silent_is_given_up(keys: Keys, standalone: Deployment) -> None:
    host, _, port = standalone.address.rpartition(":")

    async def silent(server: Server) -> None:
        line = Line(server.hop(keep_alive_s=1))
        async with line as way:
            stream = await way.open(host, int(port))
            for child in server.all_of_them():
                os.kill(child, signal.SIGSTOP)
            with pytest.raises(HopError):
                await asyncio.wait_for(stream.receive(), 15)
            await line.until(Trouble.KEEPALIVE_LOST)

    with sshd(keys) as server:
        loops.run(silent(server))


@pytest.mark.parametrize("phase", ["silent address", "banner", "key exchange", "asking", "channel", "up"])
def test_stop_ends_every_phase_at_once(
    phase: str, two_factors: Server, bastion: Server, standalone: Deployment
) -> None:
    class Waiting(Human):
        async def answers(self, question: Question) -> tuple[Secret, ...] | None:
            await asyncio.Event().wait()
            raise AssertionError

    host, _, port = standalone.address.rpartition(":")

    async def stopped(hop: Hop, *, enters: bool) -> None:
        async with Line(hop, human=Waiting(), terms=Terms(30, 60)) as way:
            if enters:
                await way.enter()
                await way.open(host, int(port))
            asking = asyncio.ensure_future(way.open("192.0.2.1" if enters else host, int(port)))
            await asyncio.sleep(0.3)
            before = set(asyncio.all_tasks())
            began = time.perf_counter()
            asking.cancel()
            way.close()
            await asyncio.gather(asking, return_exceptions=True)
            assert time.perf_counter() - began < 0.05
            await asyncio.sleep(0.05)
            left = {task for task in before & set(asyncio.all_tasks()) if task is not asyncio.current_task()}
            assert {task.get_coro().__qualname__ for task in left} == set()

    match phase:
        case "silent address":
            loops.run(stopped(SshServer(host="192.0.2.1", port=22), enters=False))
        case "banner":
            with peers.silent() as peer:
                loops.run(stopped(SshServer(host="127.0.0.1", port=peer.port), enters=False))
        case "key exchange":
            with Peer(speaking(b"SSH-2.0-OpenSSH_9.2\r\n", ends=False)) as peer:
                loops.run(stopped(SshServer(host="127.0.0.1", port=peer.port), enters=False))
        case "asking":
            loops.run(stopped(two_factors.hop(login=("key", "interactive")), enters=False))
        case "channel" | "up":
            loops.run(stopped(bastion.hop(), enters=phase == "channel"))


def test_a_watch_outlives_a_lost_session(keys: Keys, standalone: Deployment) -> None:
    async def watched(server: Server) -> None:
        asyncio.get_running_loop().set_default_executor(DaemonExecutor())
        pings = asyncio.Queue[None]()
        profile = Profile(hops=(server.hop(),), seeds=Seeds(hosts=(standalone.address,)))
        watch = Watch(
            Request(profile),
            emit=lambda state: pings.put_nowait(None) if state.health.pings else None,
            log=False,
            interval_s=0.1,
        )
        task = asyncio.create_task(watch.run())
        await asyncio.wait_for(pings.get(), 10)
        server.end_sessions()
        healed = asyncio.get_running_loop().time() + 10
        while not server.children():
            await asyncio.sleep(0.02)
            assert asyncio.get_running_loop().time() < healed
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with sshd(keys) as server:
        loops.run(watched(server))


def test_a_configuration_that_includes_itself_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    config = tmp_path / ".ssh" / "config"
    config.write_text(f"Include {config}\nHost *\n  User x\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ssh_config.ConfigProblem, match="includes itself"):
        ssh_config._config(SshServer(host="bastion", config_alias="bastion"))
