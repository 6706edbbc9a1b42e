"""TLS probes meet real mongods and real OpenSSL servers with every wrong certificate, version and demand."""

from __future__ import annotations

import asyncio
import datetime
import errno
import gc
import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pymongo.ssl_support import get_ssl_context

from clearline.core.facts.servers import Exchange, Reach, TlsFacts, TlsKind
from clearline.core.hops.tls_handshake import MOST_HANDSHAKE_BYTES
from clearline.core.probes import tls, tls_records
from clearline.core.probes.connection import Connection
from clearline.core.probes.hello import say_hello
from clearline.core.probes.tcp import open_connection
from clearline.core.probes.tls_records import Transcript
from lab import loops, peers
from lab.certificates import DAY, Authority, Identity, self_signed, server_context
from lab.deployment import Deployment
from lab.mongo_peer import MongoPeer
from lab.namespaces import OUTSIDE, Network
from lab.peer import Conversation, Peer
from lab.relay import Relay

V = ssl.TLSVersion


async def opened(port: int, host: str = "127.0.0.1") -> Connection:
    facts, connection = await open_connection(host, port, deadline_s=2)
    assert connection is not None, facts
    return connection


def shake(port: int, context: ssl.SSLContext, server_name: str | None = "localhost", **options: Any) -> TlsFacts:
    async def probe() -> TlsFacts:
        line = await opened(port)
        settings = {"kind": TlsKind.LOOK, "deadline_s": 2.0, **options}
        return await tls.handshake(line, context=context, server_name=server_name, **settings)

    return loops.run(probe())


def say(port: int, context: ssl.SSLContext, **options: Any) -> tuple[TlsFacts, Exchange | None, TlsFacts | None]:
    """The handshake, the hello inside it, and the handshake's facts after that hello."""

    async def probe() -> tuple[TlsFacts, Exchange | None, TlsFacts | None]:
        settings = {"kind": TlsKind.LOOK, "deadline_s": 2.0, "server_name": "localhost", **options}
        facts, line = await tls.open_tls(await opened(port), context=context, **settings)
        if line is None:
            return facts, None, None
        exchange = await say_hello(line, tls=True, deadline_s=2)
        line.close()
        return facts, exchange, line.facts

    return loops.run(probe())


def drivers_context(ca_file: Path | None = None, certificate: Path | None = None, crl: Path | None = None) -> Any:
    """What PyMongo would use."""
    paths = [str(path) if path else None for path in (certificate, ca_file, crl)]
    return get_ssl_context(paths[0], None, paths[1], paths[2], False, False, False, False)


def drivers(port: int, ca_file: Path | None = None, server_name: str = "localhost", **files: Path) -> TlsFacts:
    return shake(port, drivers_context(ca_file, **files), server_name, kind=TlsKind.DRIVER)


@pytest.fixture(params=[V.TLSv1_2, V.TLSv1_3], ids=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    return ssl.TLSVersion(request.param)


def test_mongod_shows_its_chain_and_answers_hello_inside_tls(tls_server: Deployment, authority: Authority) -> None:
    port = tls_server.server.port
    facts, exchange, after = say(port, drivers_context(authority.ca_file), kind=TlsKind.DRIVER)
    assert (facts.reach, facts.kind, facts.server_name) == (Reach.OK, TlsKind.DRIVER, "localhost")
    assert facts.version == "TLSv1.3"
    assert facts.cipher is not None
    assert facts.server_hello
    assert facts.received_bytes > 500
    assert [c.common_name for c in facts.chain] == ["localhost", "Lab CA"]
    assert facts.chain[0].names == ("localhost",)
    assert facts.certificate_requested is True  # mongod asks whenever it has a CA file, without insisting
    assert not facts.closed_after
    assert exchange is not None
    assert (exchange.reach, exchange.tls) == (Reach.OK, True)
    assert exchange.hello is not None
    assert exchange.hello.kind == "standalone"
    assert after == facts


def test_a_look_verifies_nothing(tls_server: Deployment) -> None:
    facts = shake(tls_server.server.port, tls.look_context(), None)
    assert (facts.reach, facts.verify_code, facts.server_name) == (Reach.OK, None, None)


def test_mongod_hangs_up_after_the_handshake_without_a_client_certificate(mutual_tls_server: Deployment) -> None:
    facts = shake(mutual_tls_server.server.port, tls.look_context())
    assert (facts.reach, facts.closed_after, facts.after_alert) == (Reach.OK, True, None)
    assert facts.certificate_requested is True
    assert facts.requested_authorities == ("O=Lab,CN=Lab CA",)


def test_a_client_certificate_that_fits_keeps_the_line_open(
    mutual_tls_server: Deployment, authority: Authority
) -> None:
    context = drivers_context(authority.ca_file, certificate=authority.client().certificate_key_file)
    facts, exchange, _ = say(mutual_tls_server.server.port, context, kind=TlsKind.DRIVER)
    assert (facts.reach, facts.closed_after) == (Reach.OK, False)
    assert exchange is not None
    assert exchange.reach is Reach.OK


def test_the_accepted_authorities_are_readable_up_to_tls_12(mutual_tls_server: Deployment) -> None:
    facts = shake(mutual_tls_server.server.port, tls.tls12_context(), kind=TlsKind.TLS12_SNIFF)
    assert facts.version == "TLSv1.2"
    assert facts.requested_authorities == ("O=Lab,CN=Lab CA",)
    assert facts.closed_after


def test_a_server_without_interest_in_certificates_is_known_at_once(authority: Authority, version: V) -> None:
    context = server_context(authority.server(), versions=(version, version))
    with MongoPeer(tls=context) as peer:
        facts, exchange, _ = say(peer.port, tls.look_context(), after_s=30)
    assert (facts.certificate_requested, facts.requested_authorities) == (False, ())
    assert exchange is not None
    assert exchange.reach is Reach.OK


@pytest.mark.parametrize(
    ("make", "alerts"),
    [
        (lambda _own, _other: None, {V.TLSv1_2: 40, V.TLSv1_3: 116}),
        (lambda _own, other: other.client(), {V.TLSv1_2: 48, V.TLSv1_3: 48}),
        (lambda own, _other: own.client(ends=-3 * DAY), {V.TLSv1_2: 45, V.TLSv1_3: 45}),
    ],
    ids=["none", "of another authority", "expired"],
)
def test_a_refused_client_certificate_shows_in_the_alert(
    authority: Authority,
    other_authority: Authority,
    version: V,
    make: Callable[[Authority, Authority], Identity | None],
    alerts: dict[V, int],
) -> None:
    identity = make(authority, other_authority)
    context = server_context(
        authority.server(), client_ca=authority.ca_file, client_certificate=True, versions=(version, version)
    )
    own = drivers_context(authority.ca_file, certificate=identity.certificate_key_file if identity else None)
    with MongoPeer(tls=context) as peer:
        facts = shake(peer.port, own, kind=TlsKind.DRIVER)
    assert facts.certificate_requested is True
    if version is V.TLSv1_2:
        assert (facts.reach, facts.alert, facts.closed_after) == (Reach.TLS_ALERT, alerts[version], False)
    else:
        assert (facts.reach, facts.closed_after, facts.after_alert) == (Reach.OK, True, alerts[version])


def test_what_the_wait_did_not_see_is_met_by_the_next_exchange(authority: Authority) -> None:
    context = server_context(authority.server(), client_ca=authority.ca_file, client_certificate=True)
    with MongoPeer(tls=context) as peer, Relay(peer.address, delay_s=0.05) as relay:
        facts, exchange, after = say(relay.port, tls.look_context(), after_s=0)
    assert not facts.closed_after
    assert exchange is not None
    assert exchange.reach in (Reach.TLS_ALERT, Reach.CLOSED, Reach.RESET)
    assert after is not None
    assert after.closed_after


def test_a_server_that_closes_after_the_handshake_is_told(authority: Authority) -> None:
    async def script(line: Conversation) -> None:
        await line.read()

    with Peer(script, tls=server_context(authority.server())) as peer:
        facts, exchange, after = say(peer.port, tls.look_context())
    assert (facts.reach, facts.closed_after) == (Reach.OK, False)
    assert exchange is not None
    assert exchange.reach is Reach.CLOSED
    assert after is not None
    assert (after.closed_after, after.after_alert) == (True, None)


def certificate_cases(authority: Authority, folder: Path) -> dict[str, tuple[Identity, int]]:
    chain = authority.intermediate()
    return {
        "expired": (authority.server(ends=-3 * DAY), 10),
        "not yet valid": (authority.server(starts=5 * DAY), 9),
        "other names": (authority.server("db.prod.lab", "*.prod.lab"), 62),
        "self-signed": (self_signed(folder), 18),
        "weak": (authority.server(rsa_bits=1024), 66),
        "intermediate missing": (chain.server(send_chain=False), 20),
    }


@pytest.mark.parametrize(
    "case", ["expired", "not yet valid", "other names", "self-signed", "weak", "intermediate missing"]
)
def test_a_certificate_that_fails_shows_its_code_and_its_chain(
    case: str, authority: Authority, tmp_path: Path, version: V
) -> None:
    identity, code = certificate_cases(authority, tmp_path)[case]
    with MongoPeer(tls=server_context(identity, versions=(version, version))) as peer:
        facts = drivers(peer.port, authority.ca_file)
    assert (facts.reach, facts.verify_code) == (Reach.VERIFY_FAILED, code)
    assert facts.openssl_reason == "CERTIFICATE_VERIFY_FAILED"
    assert facts.alert is None
    assert len(facts.chain) == 1
    leaf = facts.chain[0]
    assert leaf.serial == format(identity.certificate.serial_number, "x")
    match case:
        case "expired":
            assert leaf.days_left == pytest.approx(-3, abs=0.01)
        case "not yet valid":
            assert leaf.not_yet_valid
        case "self-signed":
            assert leaf.self_signed
        case "weak":
            assert (leaf.key_type, leaf.key_bits) == ("RSA", 1024)


def test_an_unknown_authority_an_ip_address_and_a_revocation_have_codes_of_their_own(
    authority: Authority, other_authority: Authority
) -> None:
    identity = authority.server("localhost")
    with MongoPeer(tls=server_context(identity)) as peer:
        assert drivers(peer.port, other_authority.ca_file).verify_code in (19, 20)
        assert drivers(peer.port, authority.ca_file, server_name="127.0.0.1").verify_code == 64
        assert drivers(peer.port, authority.ca_file, crl=authority.crl(identity)).verify_code == 23
        assert drivers(peer.port, authority.ca_file, crl=authority.crl(next_update=-DAY)).verify_code == 12
        assert drivers(peer.port, authority.ca_file, crl=other_authority.crl()).verify_code == 3


def test_a_whole_chain_is_shown_from_the_server_up(authority: Authority, version: V) -> None:
    identity = authority.intermediate().server()
    with MongoPeer(tls=server_context(identity, versions=(version, version))) as peer:
        facts = drivers(peer.port, authority.ca_file)
    assert facts.reach is Reach.OK
    assert [(c.common_name, c.is_ca) for c in facts.chain] == [("localhost", False), ("Lab Intermediate CA", True)]


@pytest.mark.parametrize("number", [40, 70, 80, 112, 116, 120])
def test_an_alert_instead_of_a_handshake_is_told_by_its_number(number: int) -> None:
    with peers.tls_alert(number) as peer:
        facts = shake(peer.port, tls.look_context())
    assert (facts.reach, facts.alert, facts.server_hello) == (Reach.TLS_ALERT, number, False)
    assert (facts.received_bytes, facts.first_bytes) == (7, "")


def test_a_server_that_wants_a_name_says_so(authority: Authority) -> None:
    with MongoPeer(tls=server_context(authority.server(), needs_sni=True)) as peer:
        without = shake(peer.port, tls.look_context(), None, kind=TlsKind.WITHOUT_NAME)
        assert (without.reach, without.alert) == (Reach.TLS_ALERT, 112)
        assert shake(peer.port, tls.look_context()).reach is Reach.OK


def test_old_versions_are_found_out_by_trying(authority: Authority) -> None:
    with MongoPeer(tls=server_context(authority.server(), versions=(V.TLSv1, V.TLSv1))) as peer:
        refused = drivers(peer.port, authority.ca_file)
        assert (refused.reach, refused.alert) == (Reach.TLS_ALERT, 70)
        old = tls.old_versions_context()
        assert old is not None
        assert shake(peer.port, old, kind=TlsKind.OLD_VERSIONS).version == "TLSv1"
        looked = shake(peer.port, tls.look_context())
        assert (looked.reach, looked.version, len(looked.chain)) == (Reach.OK, "TLSv1", 1)


def test_rare_ciphers_are_found_out_by_trying(authority: Authority) -> None:
    identity = authority.server(rsa_bits=2048)
    with MongoPeer(tls=server_context(identity, versions=(V.TLSv1_2, V.TLSv1_2), ciphers="AES128-SHA")) as peer:
        refused = drivers(peer.port, authority.ca_file)
        assert (refused.reach, refused.alert) == (Reach.TLS_ALERT, 40)
        wide = shake(peer.port, tls.wide_ciphers_context(), kind=TlsKind.WIDE_CIPHERS)
        assert (wide.reach, wide.cipher) == (Reach.OK, "AES128-SHA")


@pytest.mark.parametrize(
    ("server", "first_bytes"),
    [(peers.http_server, "HTTP/1.1 400"), (peers.ssh_server, "SSH-2.0-"), (lambda: peers.answering(b"no"), "no")],
)
def test_a_server_that_speaks_no_tls_is_quoted(server: Callable[[], Peer], first_bytes: str) -> None:
    with server() as peer:
        facts = shake(peer.port, tls.look_context())
    assert (facts.reach, facts.server_hello, facts.alert) == (Reach.NOT_MONGODB, False, None)
    assert facts.first_bytes.startswith(first_bytes)


def test_a_plain_mongod_hangs_up_on_a_client_hello(standalone: Deployment) -> None:
    facts = shake(standalone.server.port, tls.look_context())
    assert facts.reach in (Reach.CLOSED, Reach.RESET)
    assert (facts.server_hello, facts.received_bytes) == (False, 0)


@pytest.mark.parametrize(
    ("server", "reach", "number"),
    [
        (peers.close_after_data, Reach.CLOSED, None),
        (peers.reset_after_data, Reach.RESET, errno.ECONNRESET),
        (peers.silent, Reach.SILENT, None),
        (lambda: peers.answering(b"\x16\x03\x03\x00\x7a\x02"), Reach.CLOSED, None),
    ],
)
def test_a_line_that_ends_or_stays_silent_is_told(server: Callable[[], Peer], reach: Reach, number: int | None) -> None:
    with server() as peer:
        facts = shake(peer.port, tls.look_context(), deadline_s=0.2)
    assert (facts.reach, facts.errno, facts.server_hello) == (reach, number, False)
    assert (facts.elapsed_ms >= 200) is (reach is Reach.SILENT)


def test_broken_tls_is_an_error_with_openssls_reason() -> None:
    with peers.answering(b"\x16\x03\x03\x00\x04\x63\x00\x00\x00") as peer:
        facts = shake(peer.port, tls.look_context())
    assert facts.reach is Reach.TLS_ERROR
    assert facts.openssl_reason is not None
    assert facts.openssl_reason.isupper()


def test_a_late_handshake_comes_after_early_silence(tls_server: Deployment) -> None:
    early: list[TlsFacts] = []
    with Relay(tls_server.address, delay_s=0.2) as relay:
        facts = shake(relay.port, tls.look_context(), deadline_s=0.2, late_s=5, on_early=early.append, after_s=0)
    assert [(f.reach, f.late, f.server_hello) for f in early] == [(Reach.SILENT, False, False)]
    assert (facts.reach, facts.late) == (Reach.OK, True)


def test_lost_large_packets_leave_the_server_unheard(authority: Authority) -> None:
    identity = authority.intermediate().server()

    async def probe() -> TlsFacts:
        line = await opened(27017, OUTSIDE)
        return await tls.handshake(
            line, kind=TlsKind.LOOK, context=tls.look_context(), server_name="localhost", deadline_s=0.4
        )

    with Network() as network, MongoPeer(listener=network.listen(27017), tls=server_context(identity)):
        network.drop_larger_than(600)
        facts = network.call(lambda: loops.run(probe()))
    assert (facts.reach, facts.server_hello, facts.received_bytes) == (Reach.SILENT, False, 0)


def test_a_name_that_tls_cannot_carry_is_an_answer_too(tls_server: Deployment) -> None:
    for name in (".lab", "ü" * 300, "a\0b"):
        assert shake(tls_server.server.port, tls.look_context(), name).reach is Reach.TLS_ERROR


def test_an_encrypted_client_key_never_prompts(authority: Authority) -> None:
    file = authority.client().encrypted("geheim")
    with pytest.raises(ssl.SSLError):
        tls.tls12_context(file)
    with pytest.raises(ssl.SSLError):
        tls.tls12_context(file, "falsch")
    assert tls.tls12_context(file, "geheim").maximum_version is V.TLSv1_2


def test_roots_of_a_file_verify_certificate_and_name(tls_server: Deployment, authority: Authority) -> None:
    own = tls.context_with_roots(authority.ca_file)
    assert shake(tls_server.server.port, own, kind=TlsKind.BUNDLED_ROOTS).reach is Reach.OK
    assert shake(tls_server.server.port, own, "elsewhere.lab").verify_code == 62
    assert shake(tls_server.server.port, tls.context_with_roots(), kind=TlsKind.OS_ROOTS).verify_code in (19, 20)


def test_without_pythons_hook_the_readable_records_and_the_leaf_remain(
    mutual_tls_server: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "write_down", lambda *_: None)
    port = mutual_tls_server.server.port
    facts = shake(port, tls.look_context())
    assert (facts.version, facts.closed_after, facts.certificate_requested) == ("TLSv1.3", True, None)
    assert [c.common_name for c in facts.chain] == ["localhost"]
    sniffed = shake(port, tls.tls12_context())
    assert sniffed.requested_authorities == ("O=Lab,CN=Lab CA",)


def test_alerts_have_numbers_without_pythons_hook(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "write_down", lambda *_: None)
    context = server_context(authority.server(), client_ca=authority.ca_file, client_certificate=True)
    with MongoPeer(tls=context) as peer:
        assert shake(peer.port, tls.look_context()).after_alert == 116


def test_records_may_arrive_byte_by_byte_and_broken_ones_end_quietly() -> None:
    transcript = Transcript()
    hello = b"\x02\x00\x00\x02\x03\x03"
    for byte in b"\x16\x03\x03\x00\x06" + hello + b"\x15\x03\x03\x00\x02\x02\x50":
        transcript.on_bytes(bytes([byte]))
    assert (transcript.server_hello, transcript.alert, transcript.not_tls) == (True, 80, False)
    broken = Transcript()
    broken.on_bytes(b"\x16\x03\x03\x00\x08" + b"\x0b\x00\x00\x04\x00\x00\xff\x00" + b"\x14\x03\x03\x00\x01\x01")
    broken.on_bytes(b"GET /")
    assert (broken.chain, broken.not_tls) == ((), False)


@pytest.mark.parametrize("number", [0, 90])
def test_a_polite_goodbye_is_no_alert(number: int) -> None:
    transcript = Transcript()
    transcript.on_alert(bytes((1, number)))
    transcript.on_alert(bytes((2, number)))
    transcript.on_alert(bytes((1, 112)))  # a warning
    assert transcript.alert is None


def test_every_alert_that_openssl_names_has_its_number() -> None:
    import _ssl

    names: dict[tuple[int, int], str] = getattr(_ssl, "err_codes_to_names", {})
    if not names:
        pytest.skip("Python 3.13 and newer keep OpenSSL's names to themselves")
    alerts = {name: code - 1000 for (library, code), name in names.items() if library == 20 and code >= 1000}
    assert len(alerts) > 25
    for name, number in alerts.items():
        error = ssl.SSLError(1, "übersetzt")
        error.reason = name
        assert tls_records.alert_of(error) == number, name


def test_cancelling_hangs_up_at_once() -> None:
    async def probe() -> float:
        task = asyncio.create_task(
            tls.handshake(
                await opened(peer.port),
                kind=TlsKind.LOOK,
                context=tls.look_context(),
                server_name="localhost",
                deadline_s=30,
            )
        )
        await asyncio.sleep(0.05)
        return await loops.cancelled_in_s(task)

    with peers.silent() as peer:
        assert loops.run(probe()) < 0.02
    gc.collect()


def test_contexts_warn_of_nothing_and_are_made_once() -> None:
    code = (
        "from clearline.core.probes.tls import *\n"
        "look_context(), old_versions_context(), wide_ciphers_context(), tls12_context()\n"
        "assert look_context() is look_context()\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_days_of_a_certificate_count_from_now(authority: Authority) -> None:
    with MongoPeer(tls=server_context(authority.server(ends=datetime.timedelta(days=5)))) as peer:
        facts = drivers(peer.port, authority.ca_file)
    assert facts.chain[0].days_left == pytest.approx(5, abs=0.01)


HELLO_REQUEST = b"\x16\x03\x03\x00\x04" + bytes(4)


def test_a_flood_of_records_costs_no_more_than_their_number() -> None:
    heard = Transcript()
    for _ in range(100):
        heard.on_bytes(HELLO_REQUEST * 7000)
    assert len(heard._records) < len(HELLO_REQUEST)


def test_a_handshake_without_end_is_ended_and_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        with suppress(OSError):
            await reader.read(1)
            while True:
                writer.write(HELLO_REQUEST * 1000)
                sent += 9000
                await writer.drain()

    async def probe() -> TlsFacts:
        server = await asyncio.start_server(flood, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        line = await opened(port)
        try:
            return await tls.handshake(
                line, kind=TlsKind.LOOK, context=tls.look_context(), server_name=None, deadline_s=30
            )
        finally:
            server.close()

    facts = loops.run(probe())
    assert facts.reach is not Reach.OK
    assert facts.received_bytes <= MOST_HANDSHAKE_BYTES + 65536
