"""Hops that break off, talk nonsense or mean harm: each ends in one error, in time, and no secret is told."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncssh
import msgspec
import pytest

from clearline.core.check.check import check, farewells
from clearline.core.check.request import Patience, Permits, Request
from clearline.core.daemon_threads import DaemonExecutor
from clearline.core.driver.events import DriverEvent
from clearline.core.facts.hops import HopFacts, HopFailure, Trouble
from clearline.core.hops.asking import Agreed, Question, ShownKey
from clearline.core.hops.hop_log import Terms
from clearline.core.hops.known_hosts import HostKeys
from clearline.core.hops.proxy_login import challenges
from clearline.core.hops.trouble import HopError
from clearline.core.hops.way import Way, lay
from clearline.core.profiles.hop import Hop, HttpProxy, KubernetesForward, ProxyLogin, Socks5Proxy, SshServer
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.report.report import Report, to_json
from clearline.core.secrets.secret import Secret, Secrets, hop_password
from clearline.core.watch.watch import Watch
from lab import kubernetes_api, loops, peers, proxies, ssh_server
from lab.deployment import Deployment
from lab.peer import Conversation, Peer
from lab.peers import closed_port
from lab.relay import CutOff
from lab.ssh_server import USER, Keys, Server, make_keys, sshd
from lab.stops import stopped_again_and_again

pytestmark = [
    pytest.mark.skipif(ssh_server.unavailable() is not None, reason=str(ssh_server.unavailable())),
    pytest.mark.xdist_group("ssh"),
]

HERE = "127.0.0.1"
QUICK = Terms(deadline_s=0.3, late_s=0.3)
SECRET = "s3cret\r\nof the hop"
"""A password may hold anything."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def bastion(keys: Keys) -> Iterator[Server]:
    with sshd(keys) as server:
        yield server


@dataclass(frozen=True)
class Kind:
    """A way to one server through one hop, whose own address is given when it is gone."""

    place: str
    """Where the real hop listens."""
    hop: Callable[[int], Hop]
    target: tuple[str, int]
    secrets: Mapping[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def kinds(bastion: Server, keys: Keys, standalone: Deployment, lab_folder: Path) -> Iterator[Mapping[str, Kind]]:
    host, _, port = standalone.address.rpartition(":")
    target = (host, int(port))
    with ExitStack() as stack:
        socks = stack.enter_context(proxies.microsocks(login=True))
        squid = stack.enter_context(proxies.squid(login=True))
        pods = stack.enter_context(Peer(kubernetes_api.leading_to(standalone.address, [])))
        secret = {hop_password(0): proxies.PASSWORD}

        def kubernetes(port: int) -> Hop:
            folder = lab_folder / f"kubernetes-{port}"
            folder.mkdir(exist_ok=True)
            return KubernetesForward(kubeconfig=kubernetes_api.kubeconfig(folder, port))

        def of_ssh(port: int) -> Hop:
            return SshServer(host=HERE, port=port, user=USER, login=("key",), key_file=str(keys.known))

        yield {
            "socks5": Kind(
                f"{HERE}:{socks}", lambda p: Socks5Proxy(host=HERE, port=p, user=proxies.USER), target, secret
            ),
            "http": Kind(
                f"{HERE}:{squid}",
                lambda p: HttpProxy(host=HERE, port=p, user=proxies.USER, login="basic"),
                target,
                secret,
            ),
            "ssh": Kind(f"{HERE}:{bastion.port}", of_ssh, target),
            "kubernetes": Kind(f"{HERE}:{pods.port}", kubernetes, ("mongo-0", target[1])),
        }


def in_loop(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run it on the program's loop, to which nothing must be reported."""
    told: list[dict[str, Any]] = []

    async def go() -> Any:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(DaemonExecutor())
        loop.set_exception_handler(lambda _, context: told.append(context))
        result = await work()
        for _ in range(3):
            await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:
            await asyncio.wait(left, timeout=1)
        assert {str(task.get_coro()) for task in left if not task.done()} == set()
        return result

    result = loops.run(go())
    assert told == []
    return result


@dataclass(frozen=True)
class Tried:
    """What one line came to."""

    error: BaseException | None
    facts: tuple[HopFacts, ...]
    took_s: float

    @property
    def told(self) -> str:
        """All that others get to see."""
        cause = getattr(self.error, "failure", None)
        known = msgspec.json.encode([*self.facts, *([cause] if isinstance(cause, HopFailure) else [])]).decode()
        return f"{self.error} {self.error!r} {known}"


def opened(
    hops: Sequence[Hop],
    target: tuple[str, int],
    secrets: Mapping[str, str],
    trusted: asyncssh.SSHKey | None = None,
    terms: Terms = QUICK,
) -> Tried:
    """Open a line; one that opens is read from for a moment, and closed."""
    accepted = frozenset() if trusted is None else frozenset({trusted.get_fingerprint()})
    known = {name: Secret(text) for name, text in secrets.items()}

    async def work() -> Tried:
        way = await lay(hops, known, terms=terms, agreed=Agreed(HostKeys(None, accepted)))
        began = time.perf_counter()
        error: BaseException | None = None
        try:
            line = await way.open(*target)
            line.close()
        except Exception as problem:
            error = problem
        finally:
            way.close()
        return Tried(error, way.facts, time.perf_counter() - began)

    result: Tried = in_loop(work)
    return result


def good(tried: Tried, secrets: Mapping[str, str], longest_s: float = 2.5) -> None:
    assert tried.error is None or isinstance(tried.error, HopError), repr(tried.error)
    assert tried.took_s < longest_s
    for secret in secrets.values():
        assert secret not in tried.told


# ---------------------------------------------------------------- broken off at every stage


@pytest.mark.parametrize("how", ["closed", "reset", "silent"])
@pytest.mark.parametrize("kind", ["socks5", "http", "ssh", "kubernetes"])
def test_one_that_breaks_off_at_any_stage(kind: str, how: str, kinds: Mapping[str, Kind], keys: Keys) -> None:
    one = kinds[kind]
    of_ssh = [0, 1, 12, 41, 300, 1100, 1300, 1700, 2200, 2600, 3000]
    ends = of_ssh if kind == "ssh" else [0, 1, 2, 3, 4, 5, 8, 12, 39, 60, 92, 120]
    for after in ends if how != "silent" else ends[::2]:
        with CutOff(one.place, after, how) as relay:
            tried = opened([one.hop(relay.port)], one.target, one.secrets, keys.host)
        good(tried, one.secrets)
        assert after > 8 or tried.error is not None


# ---------------------------------------------------------------- nonsense


def _nonsense(kind: str, dice: random.Random) -> bytes:
    """Bytes that begin as an answer of that protocol might."""
    begins = {
        "socks5": [b"", b"\x05", b"\x05\x00", b"\x05\x02\x01\x00", b"\x05\x00\x05\x00\x00\x03\xff"],
        "http": [
            b"",
            b"HTTP/1.1 ",
            b"HTTP/1.1 200\r\n",
            b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n",
            b"HTTP/9 \xb2",
        ],
        "ssh": [
            b"",
            b"SSH-2.0-x\r\n",
            b"SSH-2.0-x\r\n\x00\x00\x00\x0c\x0a\x14",
            b"SSH-1.5-x\r\n",
            b"hello\r\nSSH-2.0-",
        ],
        "kubernetes": [b"", b"HTTP/1.1 101 x\r\n\r\n", b"HTTP/1.1 101 x\r\n\r\n\x82\x7f", b"HTTP/1.1 101 \r\n"],
    }
    return dice.choice(begins[kind]) + dice.randbytes(dice.choice([0, 1, 7, 64, 700]))


@pytest.mark.parametrize("kind", ["socks5", "http", "ssh", "kubernetes"])
def test_one_that_answers_nonsense(kind: str, kinds: Mapping[str, Kind], keys: Keys) -> None:
    one, dice = kinds[kind], random.Random(kind)
    ends = True

    async def script(line: Conversation) -> None:
        if kind != "ssh":
            await line.read()
        await line.write(_nonsense(kind, dice))
        if ends:
            line.close()
        else:
            await line.until_closed()

    with Peer(script) as peer:
        for number in range(40):
            ends = number % 4 != 0
            tried = opened([one.hop(peer.port)], one.target, one.secrets, keys.host)
            good(tried, one.secrets)


def headline(hop: Hop, patience: Patience | None = None) -> tuple[str, float, Report]:
    """The cause that a check names, and how long it took."""

    async def checked() -> Report:
        profile = Profile(hops=(hop,), seeds=Seeds(hosts=("db.example.com:27017",)))
        report = await check(Request(profile, patience=patience or Patience()), lambda _: None)
        await farewells()
        return report

    began = time.perf_counter()
    report: Report = in_loop(checked)
    assert report.diagnosis is not None
    return report.diagnosis.cause, time.perf_counter() - began, report


def test_an_answer_without_an_end() -> None:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(b"HTTP/1.1 200 Connection established\r\n")
        for _ in range(160):
            await line.write(b"X-Padding: " + b"x" * 65536 + b"\r\n")

    with Peer(script) as peer:
        cause, took_s, report = headline(HttpProxy(host=HERE, port=peer.port))
    assert cause == "proxy.failed"
    assert report.diagnosis is not None
    assert "no end" in report.diagnosis.summary
    assert took_s < 3


def test_an_answer_that_breaks_off_opens_nothing() -> None:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(b"HTTP/1.1 200 Connection established\r\nVia: 1")
        line.close()

    with Peer(script) as peer:
        assert headline(HttpProxy(host=HERE, port=peer.port))[0] == "hop.closed"


DIGITS = "9" * 5000
"""More than Python reads as a number."""


@pytest.mark.parametrize("login", ["none", "basic", "ntlm"])
@pytest.mark.parametrize(
    "head",
    [
        f"HTTP/1.1 {DIGITS} Bad",
        "HTTP/1.1 \u0664\u0660\u0667 Bad",
        f"HTTP/1.1 407 Login\r\nContent-Length: {DIGITS}\r\nProxy-Authenticate: NTLM",
        f"HTTP/1.1 503 Bad\r\nX-Squid-Error: ERR_CONNECT_FAIL {DIGITS}",
        "HTTP/1.1 407 Login\r\nContent-Length: 0\r\nProxy-Authenticate: NTLM =a=",
    ],
    ids=["status", "arabic", "length", "errno", "challenge"],
)
def test_numbers_and_challenges_that_are_none_are_the_proxys_fault(
    head: str, login: ProxyLogin, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(line: Conversation) -> None:
        await line.read()
        await line.write(f"{head}\r\n\r\n".encode())
        line.close()

    with Peer(script) as peer:
        hop = HttpProxy(host=HERE, port=peer.port, login=login, user=None if login == "none" else "me")
        cause, took_s, _ = headline(hop)
    assert cause.partition(".")[0] in ("proxy", "hop")
    assert took_s < 3
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    ("challenge", "token"), [("a", ""), ("\xff", ""), ("====", ""), ("YQ==", "YQ=="), ("YQ==, Basic realm=x", "YQ==")]
)
def test_only_a_token_is_taken_for_a_challenge(challenge: str, token: str) -> None:
    assert challenges([f"Negotiate {challenge}"]).get("Negotiate", "") == token


@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy, SshServer])
def test_one_byte_now_and_then_is_no_answer(kind: Callable[..., Hop]) -> None:
    said = {Socks5Proxy: b"\x05\x00" + b"\x05\x00\x00\x03\xff" + b"x" * 300, HttpProxy: b"HTTP/1.1 200 " + b"y" * 999}

    async def script(line: Conversation) -> None:
        for byte in said.get(kind, b"#" * 999):  # type: ignore[call-overload]
            await line.write(bytes([byte]))
            await asyncio.sleep(0.12)

    with Peer(script) as peer:
        cause, took_s, _ = headline(kind(host=HERE, port=peer.port), Patience(0.3, 0.6))
    assert cause in ("hop.far-silent", "hop.hangs", "ssh.silent")
    assert took_s < 4


def test_a_greeting_of_ten_megabytes() -> None:
    async def script(line: Conversation) -> None:
        for _ in range(160):
            await line.write(b"z" * 65536)

    with Peer(script) as peer:
        cause, took_s, report = headline(SshServer(host=HERE, port=peer.port))
    assert cause == "hop.wrong-service"
    assert len(to_json(report)) < 20_000
    assert took_s < 3


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["a\x00b", "a\r\nX: y", "a b", "a\u2028b", "", "x" * 70, "é" * 70])
@pytest.mark.parametrize("kind", ["socks5", "http", "ssh", "kubernetes"])
def test_a_name_that_cannot_be_sent_is_not_sent(kind: str, name: str, kinds: Mapping[str, Kind], keys: Keys) -> None:
    if len(name) == 70 and name.isascii():
        name = "é" + name  # a label that IDNA has no room for
    one = kinds[kind]
    with CutOff(one.place, 1 << 20, "closed") as relay:
        tried = opened([one.hop(relay.port)], (name, 27017), one.secrets, keys.host)
        assert isinstance(tried.error, HopError)
        assert tried.error.failure.trouble in (Trouble.NO_TARGET, Trouble.UNMAPPED)
        assert relay.connections == 0


def test_the_next_hop_has_no_such_name_either(kinds: Mapping[str, Kind]) -> None:
    one = kinds["http"]
    with CutOff(one.place, 1 << 20, "closed") as relay:
        inner = HttpProxy(host="gate:1 HTTP/1.1\r\nX-Other: request\r\n\r\n")
        tried = opened([one.hop(relay.port), inner], one.target, one.secrets)
        assert isinstance(tried.error, HopError)
        assert tried.error.failure.trouble is Trouble.NO_TARGET
        assert relay.connections == 0


@pytest.mark.parametrize(
    "name",
    [
        "victim/exec?command=id&stdin=1&x=",
        "../../secrets/x",
        "a%2f..%2fb",
        "mongo-0#",
        "mongo-0.mongo.a/b.svc",
        "MONGO",
    ],
)
def test_a_member_whose_name_is_another_request_is_no_pod(name: str, kinds: Mapping[str, Kind]) -> None:
    """With the user's rights it would be asked of the API server, and the server says what its members are called."""
    one = kinds["kubernetes"]
    with CutOff(one.place, 1 << 20, "closed") as relay:
        tried = opened([one.hop(relay.port)], (name, 27017), {})
        assert isinstance(tried.error, HopError)
        assert tried.error.failure.trouble is Trouble.UNMAPPED
        assert relay.connections == 0


# ---------------------------------------------------------------- secrets


@pytest.mark.parametrize("kind", ["socks5", "http", "ssh"])
def test_a_secret_is_in_nothing_that_is_told(
    kind: str, keys: Keys, bastion: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)

    async def parrot(line: Conversation) -> None:
        """Says again whatever it hears, as part of its answers."""
        said = await line.read()
        if kind == "socks5":
            await line.write(b"\x05\x02")
            await line.read()
            await line.write(b"\x01\x01")
        else:
            answer = b"HTTP/1.1 407 " + said.replace(b"\r\n", b" ") + b"\r\nProxy-Authenticate: Basic\r\nServer: "
            await line.write(answer + said.replace(b"\r\n", b" ") + b"\r\nContent-Length: 0\r\n\r\n")
        await line.until_closed()

    events: list[DriverEvent] = []
    with Peer(parrot) as peer:
        hops: dict[str, Hop] = {
            "socks5": Socks5Proxy(host=HERE, port=peer.port, user="me"),
            "http": HttpProxy(host=HERE, port=peer.port, user="me", login="basic"),
            "ssh": bastion.hop(login=("password",)),
        }
        request = Request(
            Profile(hops=(hops[kind],), seeds=Seeds(hosts=("db:27017",))),
            {hop_password(0): Secret(SECRET)},
            permits=Permits(way=Agreed(HostKeys(None, frozenset({keys.host.get_fingerprint()})))),
        )

        async def told() -> str:
            partial: list[Report] = []
            report = await check(request, partial.append, on_event=events.append)
            await farewells()
            return " ".join(map(to_json, (*partial, report)))

        text = in_loop(told) + repr(events) + caplog.text
    encoded = json.dumps(SECRET)[1:-1]
    assert SECRET not in text
    assert encoded not in text
    assert base64.b64encode(f"me:{SECRET}".encode()).decode() not in text


# ---------------------------------------------------------------- a key that changes in the middle


class Human:
    """Says yes to the first key, and counts what is asked."""

    def __init__(self) -> None:
        self.shown: list[ShownKey] = []

    async def answers(self, question: Question) -> tuple[Secret, ...] | None:
        return None

    async def trusts(self, key: ShownKey) -> bool:
        self.shown.append(key)
        return True


def test_a_host_key_that_changes_between_two_logins_of_one_check(
    keys: Keys, standalone: Deployment, tmp_path: Path
) -> None:
    """The first was agreed to a moment ago; the other is not even asked about."""
    host, _, port = standalone.address.rpartition(":")
    human, own = Human(), tmp_path / "known_hosts"
    other = replace(keys, host=asyncssh.generate_private_key("ssh-ed25519"))
    with closed_port() as number:
        pass

    async def work() -> HopError:
        hop = SshServer(
            host=HERE,
            port=number,
            user=USER,
            login=("key",),
            key_file=str(keys.known),
            known_hosts=str(tmp_path / "no"),
        )
        agreed = Agreed(HostKeys(own), human)
        way: Way
        with sshd(keys, port=number) as server:
            way = await lay([hop], {}, terms=Terms(5, 10), agreed=agreed)
            line = await way.open(host, int(port))
            server.end_sessions()
            with pytest.raises(HopError):
                await line.receive()
        with sshd(other, port=number):
            with pytest.raises(HopError) as raised:
                await way.open(host, int(port))
        way.close()
        return raised.value

    error: HopError = in_loop(work)
    assert error.failure.trouble is Trouble.HOST_KEY_CHANGED
    assert len(human.shown) == 1


# ---------------------------------------------------------------- Stop at any moment


class Undecided:
    """Never answers."""

    async def answers(self, question: Question) -> tuple[Secret, ...] | None:
        await asyncio.Event().wait()
        raise AssertionError

    async def trusts(self, key: ShownKey) -> bool:
        await asyncio.Event().wait()
        raise AssertionError


@contextmanager
def stopping(kind: str, kinds: Mapping[str, Kind], keys: Keys, folder: Path) -> Iterator[tuple[Hop, Secrets, Agreed]]:
    trusted = Agreed(HostKeys(None, frozenset({keys.host.get_fingerprint()})), Undecided())
    with ExitStack() as stack:
        match kind:
            case "asked for an answer":
                server = stack.enter_context(
                    sshd(
                        keys,
                        UsePAM="yes",
                        KbdInteractiveAuthentication="yes",
                        AuthenticationMethods="keyboard-interactive",
                    )
                )
                yield server.hop(login=("interactive",)), {}, trusted
            case "asked about a key":
                server = stack.enter_context(sshd(keys))
                yield server.hop(known_hosts=folder / "no"), {}, Agreed(HostKeys(), Undecided())
            case "key exchange":
                peer = stack.enter_context(peers.ssh_server())
                yield SshServer(host=HERE, port=peer.port), {}, trusted
            case "program":
                yield SshServer(host=HERE, proxy_command="sleep 60"), {}, trusted
            case _:
                one = kinds[kind]
                secrets = {name: Secret(text) for name, text in one.secrets.items()}
                yield one.hop(int(one.place.rpartition(":")[2])), secrets, trusted


@pytest.mark.parametrize(
    "kind",
    ["socks5", "http", "ssh", "kubernetes", "asked for an answer", "asked about a key", "key exchange", "program"],
)
def test_stopped_at_any_moment(
    kind: str, kinds: Mapping[str, Kind], keys: Keys, standalone: Deployment, tmp_path: Path
) -> None:
    place = "mongo-0:27017" if kind == "kubernetes" else standalone.address
    with stopping(kind, kinds, keys, tmp_path) as (hop, secrets, agreed):
        profile = Profile(hops=(hop,), seeds=Seeds(hosts=(place,)))
        permits = Permits(way=agreed, may_run=lambda _: True)
        request = Request(profile, secrets, permits=permits)
        stopped_again_and_again(lambda tell: check(request, tell), times=12, latest_s=0.3, seed=kind)
        stopped_again_and_again(
            lambda tell: Watch(request, emit=tell, interval_s=0.05).run(), times=5, latest_s=0.4, seed=kind
        )
