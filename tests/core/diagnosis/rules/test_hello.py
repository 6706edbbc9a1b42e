from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from clearline.core.diagnosis.compose import diagnose
from clearline.core.diagnosis.rules import hello, tls
from clearline.core.diagnosis.server_selection import has_failed
from clearline.core.facts.login import AccessFacts, DriverFacts, DriverState, LoginFacts
from clearline.core.facts.servers import Hello, Listening, Reach, RttFacts, ServerExtras, TcpFacts, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.probes.connection import shown_bytes
from lab.hand_made_deployments import tcp
from lab.hand_made_facts import HELLO, certificate, driver, facts, handshake, inside, look, member, plain

TLS = {"tls": True}
ATLAS = "c0-shard-00-00.abcde.mongodb.net"


def explained(known: Facts) -> Finding | None:
    """What the rules say of the first member, asked in the order of the stages' priority."""
    rules = (*hello.MEMBER_RULES, *tls.MEMBER_RULES)
    return next((f for rule in rules if (f := rule(known, known.members[0]))), None)


def cause(*parts: Any, options: dict[str, Any] | None = None, host: str = "db1", **changes: Any) -> str | None:
    found = explained(facts(member(*parts, host=host, **changes), options=options or {}))
    return found.cause if found else None


def notes(known: Facts) -> dict[str, Finding]:
    return {f.cause: f for rule in hello.RULES for f in rule(known)}


# ---------------------------------------------------------------- who answers

GREETINGS = [
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "SSH"),
    (b"J\x00\x00\x00\x0a8.0.36\x00\x0c\x00\x00\x00caching_sha2_password", "MySQL"),
    (b"\x5b\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\x00", "MariaDB"),
    (b"G\x00\x00\x00\xffj\x04Host '10.0.0.1' is not allowed", "MySQL"),
    (b"-ERR unknown command\r\n", "Redis"),
    (b"-NOAUTH Authentication required.\r\n", "Redis"),
    (b"E\x00\x00\x00\x90SFATAL\x00VFATAL\x00C0A000\x00", "PostgreSQL"),
    (b"E\x00\x00\x00\x90SSCHWERWIEGEND\x00VFATAL\x00C0A000\x00", "PostgreSQL"),
    (b"220 mail.example.com ESMTP Postfix\r\n", "SMTP"),
    (b"220 (vsFTPd 3.0.3)\r\n", "FTP"),
    (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "IMAP"),
    (b"+OK POP3 ready\r\n", "POP3"),
    (b"AMQP\x00\x00\x09\x01", "RabbitMQ"),
    (b"RFB 003.008\n", "VNC"),
    (b"ERROR\r\n", "Memcached"),
    (b'INFO {"server_id":"N"}\r\n', "NATS"),
    (b"\xff\xfd\x18\xff\xfd\x20", "Telnet"),
]


@pytest.mark.parametrize(("data", "service"), GREETINGS)
def test_other_services_are_known_by_their_greeting_or_their_answer(data: bytes, service: str) -> None:
    greeting = Listening(reach=Reach.NOT_MONGODB, first_bytes=shown_bytes(data))
    unprompted = explained(facts(member(greeting, plain(Reach.NOT_MONGODB), look(Reach.NOT_MONGODB))))
    asked = explained(facts(member(plain(Reach.NOT_MONGODB, first_bytes=shown_bytes(data)), look(Reach.CLOSED))))
    with_tls = member(driver(Reach.NOT_MONGODB, first_bytes=shown_bytes(data)), plain(Reach.CLOSED))
    for found in (unprompted, asked, explained(facts(with_tls, options=TLS))):
        assert found is not None
        assert found.cause == "hello.other-service"
        assert service in found.summary


@pytest.mark.parametrize(
    ("parts", "options"),
    [
        ((plain(Reach.NOT_MONGODB, first_bytes="HTTP/1.1 400 Bad Request\\r\\n"), look(Reach.NOT_MONGODB)), {}),
        ((driver(Reach.NOT_MONGODB, first_bytes="HTTP/1.1 400 Bad Request"), plain(Reach.CLOSED)), TLS),
        ((driver(), inside(Reach.NOT_MONGODB, first_bytes="HTTP/1.1 400 Bad Request")), TLS),
        ((plain(Reach.NOT_MONGODB, first_bytes="HTTP/1.1 400"), look()), {}),
        ((driver(Reach.VERIFY_FAILED, verify_code=62), inside(Reach.NOT_MONGODB, first_bytes="HTTP/1.0 400")), TLS),
        ((plain(Reach.NOT_MONGODB, first_bytes="<!DOCTYPE html>"), look(Reach.CLOSED)), {}),
    ],
)
def test_a_web_server_is_known_with_and_without_tls(parts: tuple[Any, ...], options: dict[str, Any]) -> None:
    assert cause(*parts, options=options) == "hello.http-server"


def test_a_proxys_block_page_is_an_interception() -> None:
    top = certificate("CN=Zscaler Root CA", "CN=Zscaler Root CA", is_ca=True)
    shown = driver(Reach.VERIFY_FAILED, verify_code=19, chain=(certificate(issuer=top.subject), top))
    assert cause(shown, inside(Reach.NOT_MONGODB, first_bytes="HTTP/1.1 403"), options=TLS) == "tls.intercepted"


def test_mongodb_that_answers_elsewhere_is_no_other_service() -> None:
    http = plain(Reach.NOT_MONGODB, first_bytes="HTTP/1.1 400 Bad Request")
    assert cause(http, look(), inside(HELLO)) == "tls.required"


def test_unknown_bytes_are_a_likely_other_service() -> None:
    found = explained(facts(member(plain(Reach.NOT_MONGODB, first_bytes="\\x01\\x02\\x03"), look(Reach.CLOSED))))
    assert found is not None
    assert (found.cause, found.certainty) == ("hello.other-service", Certainty.LIKELY)


# ---------------------------------------------------------------- cut off


def heard(reach: Reach, *attempts: str) -> Listening:
    return Listening(reach=reach, attempts=attempts)


@pytest.mark.parametrize("options", [{}, TLS])
@pytest.mark.parametrize("end", [Reach.RESET, Reach.CLOSED])
def test_an_end_before_a_word_is_said(end: Reach, options: dict[str, Any]) -> None:
    parts = (heard(end, end.value, end.value), plain(end), driver(end) if options else look(end))
    assert cause(*parts, options=options) == f"tcp.{'reset' if end is Reach.RESET else 'closed'}-on-connect"


def test_a_server_that_lets_some_in_is_at_its_connection_limit() -> None:
    found = explained(facts(member(heard(Reach.CLOSED, "closed", "silent", "closed"), plain(Reach.CLOSED))))
    assert found is not None
    assert (found.cause, found.stage) == ("pool.connection-limit", Stage.HELLO)
    answered_once = (heard(Reach.CLOSED, "closed", "closed"), driver(Reach.CLOSED), plain(HELLO))
    assert cause(*answered_once, options=TLS) == "pool.connection-limit"


def test_atlas_cuts_off_whom_it_does_not_let_in() -> None:
    for end, certainty in ((Reach.RESET, Certainty.LIKELY), (Reach.CLOSED, Certainty.POSSIBLE)):
        at_once = member(heard(end), driver(end), plain(end), host=ATLAS)
        at_tls = member(driver(end), plain(end), host=ATLAS)
        for cut in (at_once, at_tls):
            found = explained(facts(cut, options=TLS))
            assert found is not None
            assert (found.cause, found.certainty) == ("tcp.atlas-access-list", certainty)


@pytest.mark.parametrize("end", [Reach.RESET, Reach.CLOSED])
def test_an_end_at_our_first_bytes_in_both_protocols(end: Reach) -> None:
    code = f"tcp.{'reset' if end is Reach.RESET else 'closed'}-after-data"
    trials = (handshake(TlsKind.OLD_VERSIONS, end), handshake(TlsKind.WIDE_CIPHERS, end))
    assert cause(plain(end), look(end)) == code
    assert cause(driver(end), plain(end), *trials, options=TLS) == code
    eof = driver(Reach.TLS_ERROR, openssl_reason="UNEXPECTED_EOF_WHILE_READING")
    assert cause(eof, plain(end), *trials, options=TLS) == "tcp.closed-after-data"


def test_a_cut_is_not_explained_before_the_other_protocol_was_tried() -> None:
    assert cause(plain(Reach.CLOSED), finished=False) is None
    assert cause(driver(Reach.CLOSED), plain(Reach.CLOSED), options=TLS, finished=False) is None


# ---------------------------------------------------------------- slow and silent


def test_silence_in_both_protocols_is_a_server_that_does_not_answer() -> None:
    assert cause(plain(Reach.SILENT), look(Reach.SILENT)) == "hello.no-answer"
    assert cause(driver(), inside(Reach.SILENT), plain(Reach.CLOSED), options=TLS) == "hello.no-answer"


def test_a_silent_server_that_ends_other_exchanges_loses_large_packets() -> None:
    assert cause(plain(Reach.SILENT), look(Reach.CLOSED)) == "tcp.large-packets-lost"


def test_a_hello_that_comes_late_is_a_slow_line() -> None:
    late = replace(plain(HELLO), late=True, elapsed_ms=6000.0, first_byte_ms=6000.0)
    found = explained(facts(member(late)))
    assert found is not None
    assert found.cause == "tcp.too-slow"
    assert "6.0 s" in found.summary
    assert "tcp.too-slow" in notes(facts(member(late)))
    measured = member(late, rtt=RttFacts(samples_ms=(6000.0, 6001.0)))
    assert notes(facts(measured)) == {}, "measured round trips say it better"


def test_connections_that_open_late_make_silence_a_slow_line() -> None:
    tcp = TcpFacts(address="192.0.2.7", family="ipv4", reach=Reach.OK, elapsed_ms=4000.0, late=True)
    assert cause(tcp, plain(Reach.SILENT), look(Reach.SILENT)) == "tcp.too-slow"
    assert cause(tcp, driver(Reach.SILENT), plain(Reach.SILENT), options=TLS) == "tcp.too-slow"


def test_an_answer_that_comes_at_once_and_stops_is_no_thin_line() -> None:
    begun = plain(Reach.SILENT, received_bytes=4, first_byte_ms=1.0, elapsed_ms=1500.0, pieces=1)
    found = explained(facts(member(begun, look(Reach.NOT_MONGODB, first_bytes="\\x50\\x01"))))
    assert found is not None
    assert (found.cause, found.certainty) == ("hello.no-answer", Certainty.LIKELY)
    assert "stops after 4 bytes" in found.summary
    greeting = Listening(reach=Reach.OK, first_bytes="\\x00")
    spoke = explained(facts(member(begun, look(Reach.NOT_MONGODB, first_bytes="\\x00"), greeting)))
    assert spoke is not None
    assert spoke.cause == "hello.other-service", "no MongoDB server says a word before the client does"


def test_an_answer_that_trickles_is_a_thin_line() -> None:
    trickle = plain(Reach.SILENT, received_bytes=450, first_byte_ms=100.0, elapsed_ms=1600.0)
    found = explained(facts(member(trickle, look(Reach.SILENT))))
    assert found is not None
    assert found.cause == "tcp.low-bandwidth"
    assert "300 bytes" in found.summary


# ---------------------------------------------------------------- the answer itself


@pytest.mark.parametrize(("others", "told"), [(0, []), (1, ["hello.too-old"])])
def test_a_member_without_versions_stops_the_driver_that_went_by_another_one(others: int, told: list[str]) -> None:
    bare = member(plain(Hello(max_wire_version=0, fields=("ok",))), host="db2")
    known = facts(*[member(plain(HELLO))] * others, bare, connected=True)
    assert [f.cause for f in [hello.wire_version(known, bare)] if f is not None] == told


def test_servers_out_of_the_drivers_range_are_named() -> None:
    old = explained(facts(member(plain(Hello(max_wire_version=8)))))
    assert old is not None
    assert old.cause == "hello.too-old"
    assert "4.2" in old.summary
    told = member(plain(Hello(max_wire_version=6)), extras=ServerExtras(version="3.6.23", genuine=True))
    found = explained(facts(told))
    assert found is not None
    assert "3.6.23" in found.summary
    assert cause(plain(Hello(min_wire_version=40, max_wire_version=50))) == "hello.too-new"


@pytest.mark.parametrize("version", [9, 17, 29])
def test_servers_in_range_need_no_explanation(version: int) -> None:
    assert cause(plain(Hello(max_wire_version=version))) is None


def test_an_error_in_answer_to_hello_is_shown() -> None:
    found = explained(facts(member(plain(Hello(ok=False, code=6, message="host unreachable")))))
    assert found is not None
    assert found.cause == "hello.member-error"
    assert "host unreachable (code 6)" in found.summary


API = 498870


@pytest.mark.parametrize(
    "known",
    [
        facts(member(plain(HELLO)), driver=DriverFacts(state=DriverState.RAISED, code=API)),
        facts(member(plain(HELLO)), login=LoginFacts(attempted=True, code=API)),
        facts(member(plain(HELLO)), access=AccessFacts(read_code=API)),
        facts(member(plain(HELLO), extras=ServerExtras(open_read_code=API))),
        facts(member(plain(Hello(ok=False, code=API)))),
    ],
)
def test_a_demanded_api_version_is_known_by_its_code(known: Facts) -> None:
    found = notes(known)["hello.api-version-required"]
    assert found.remedies[0].patch == {"options": {"server_api": "1"}}
    assert explained(known) is None


def test_a_declared_api_version_is_not_demanded_again() -> None:
    probed = member(plain(HELLO), extras=ServerExtras(open_read_code=API))
    assert notes(facts(probed, connected=True)) == {}
    assert notes(facts(probed, declares_api=True)) == {}


# ---------------------------------------------------------------- products


def of_version(version: str | None, hello: Hello = HELLO, **changes: Any) -> dict[str, Finding]:
    return notes(facts(member(plain(hello), extras=ServerExtras(version=version)), connected=True, **changes))


@pytest.mark.parametrize(
    ("version", "date"), [("4.4.29", "2024-02"), ("5.0.30", "2024-10"), ("6.0.5", "2025-07"), ("6.3.1", "2023-08")]
)
def test_releases_without_updates_are_noted(version: str, date: str) -> None:
    assert date in of_version(version)["hello.end-of-life"].summary


@pytest.mark.parametrize("version", ["7.0.5", "8.0.0", "8.2.1", "9.0.0", None, "", "unknown"])
def test_releases_with_updates_are_not(version: str | None) -> None:
    assert of_version(version) == {}


LATER = Hello(max_wire_version=21, is_writable_primary=True, local_time="2028-01-05T00:00:00+00:00", clock_skew_s=-3.0)


def test_the_servers_date_tells_later_ends() -> None:
    assert "hello.end-of-life" in of_version("7.0.5", LATER)


@pytest.mark.parametrize("version", ["7.0.5", None, "", "unknown", "9.0.0"])
def test_a_wrong_clock_ends_no_release(version: str | None) -> None:
    for skew_s in (None, 4e7, -4e7):
        assert "hello.end-of-life" not in of_version(version, replace(LATER, clock_skew_s=skew_s))
    far = replace(LATER, local_time="9999-12-31T23:59:59+00:00", clock_skew_s=0.0)
    assert ("hello.end-of-life" in of_version(version, far)) is (version == "7.0.5")


def test_a_set_of_one_version_gets_one_note() -> None:
    members = [member(plain(HELLO), host=h, extras=ServerExtras(version="4.4.1")) for h in ("a", "b", "c")]
    known = facts(*members, connected=True)
    assert [f.server for rule in hello.RULES for f in rule(known)] == ["a:27017"]


PRIMARY = Hello(is_writable_primary=True, set_name="rs0", max_wire_version=17)


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("db.cluster-x1.eu-west-1.docdb.amazonaws.com", "hello.documentdb"),
        ("db.eu-west-1.docdb-elastic.amazonaws.com", "hello.documentdb"),
        ("acc.mongo.cosmos.azure.com", "hello.cosmosdb"),
        ("ACC.DOCUMENTS.AZURE.COM", "hello.cosmosdb"),
    ],
)
def test_clouds_are_known_by_their_host_names(host: str, code: str) -> None:
    known = facts(member(plain(PRIMARY), host=host, extras=ServerExtras(version="4.4.0")), connected=True)
    found = notes(known)
    assert set(found) == {code, "hello.no-retryable-writes"}
    assert found[code].remedies[0].patch == {"options": {"retryWrites": False}}
    off = notes(facts(member(plain(PRIMARY), host=host), options={"retryWrites": False}, connected=True))
    assert set(off) == {code}


def test_a_standalone_behind_such_a_name_is_not_warned_of_writes() -> None:
    known = facts(member(plain(HELLO), host="x.cosmos.azure.com"), connected=True)
    assert set(notes(known)) == {"hello.cosmosdb"}


def test_look_alike_names_are_no_cloud() -> None:
    assert notes(facts(member(plain(PRIMARY), host="docdb.amazonaws.com.example.org"), connected=True)) == {}


def test_ferretdb_is_known_by_its_build_info() -> None:
    by_probe = facts(member(plain(HELLO), extras=ServerExtras(version="7.0.77", ferretdb=True)), connected=True)
    by_driver = facts(member(plain(HELLO)), access=AccessFacts(ferretdb=True), connected=True)
    assert set(notes(by_probe)) == set(notes(by_driver)) == {"hello.ferretdb"}


def test_a_server_without_build_info_is_only_compatible() -> None:
    unknown = facts(member(plain(HELLO), extras=ServerExtras(build_info_code=59)), connected=True)
    sparse = facts(member(plain(HELLO)), access=AccessFacts(build_info_fields=("version", "ok")), connected=True)
    guarded = facts(member(plain(HELLO), extras=ServerExtras(build_info_code=13)), connected=True)
    full = facts(
        member(plain(HELLO)), access=AccessFacts(build_info_fields=("version", "versionArray")), connected=True
    )
    strange = facts(member(plain(HELLO), extras=ServerExtras(version="7.0.5", genuine=False)), connected=True)
    for known in (unknown, sparse, strange):
        [(code, found)] = notes(known).items()
        assert (code, found.certainty) == ("hello.compatible-server", Certainty.LIKELY)
    assert notes(guarded) == notes(full) == {}


def test_a_healthy_server_gives_nothing() -> None:
    assert notes(facts(member(plain(HELLO), extras=ServerExtras(version="7.0.5", open_read_code=13)))) == {}
    assert cause(plain(HELLO), look(Reach.CLOSED)) is None
    assert cause(driver(), inside(HELLO), plain(Reach.CLOSED), options=TLS) is None


# ---------------------------------------------------------------- other situations with the same evidence


def test_a_server_that_answers_hello_alone_is_named_at_its_first_silence() -> None:
    mute = member(plain(HELLO), extras=ServerExtras(silent_at="find"))
    known = facts(mute)
    found = diagnose(known)
    assert has_failed(known)
    assert [(f.cause, f.server) for f in found if f.severity is Severity.FAILURE] == [
        ("hello.answers-nothing-else", mute.address)
    ]


@pytest.mark.parametrize(
    "known",
    [
        facts(member(plain(HELLO), extras=ServerExtras(silent_at="find")), connected=True),
        facts(member(plain(HELLO), extras=ServerExtras(silent_at="buildInfo"))),
        facts(member(plain(HELLO), extras=ServerExtras(silent_at="find")), login=LoginFacts(succeeded=True)),
        facts(member(plain(HELLO, late=True), extras=ServerExtras(silent_at="find"))),
    ],
)
def test_a_slow_line_or_a_driver_that_gets_on_is_no_mute_server(known: Facts) -> None:
    assert "hello.answers-nothing-else" not in [f.cause for f in diagnose(known)]


def test_an_error_in_answer_to_hello_is_quoted_and_no_old_version() -> None:
    refusing = Hello(ok=False, code=13, code_name="Unauthorized", message="not here")
    found = diagnose(facts(member(plain(refusing))))
    assert found[0].cause == "hello.member-error"
    assert "not here" in found[0].summary
    assert refusing.kind == "unknown"


def test_a_forwarder_without_a_server_looks_like_a_balancer_without_one() -> None:
    cut = member(tcp(Reach.OK, "127.0.0.1", loopback=True), Listening(reach=Reach.CLOSED, attempts=("closed",)))
    found = diagnose(facts(cut))[0]
    assert (found.cause, found.certainty) == ("tcp.closed-on-connect", Certainty.LIKELY)
    assert "port-forward" in found.remedies[1].text
