"""For each rule that once said *proven*: the situation that gives the same evidence by another cause.

There the certainty falls and the finding names the other reading; where the evidence splits the two it stays.
"""

from __future__ import annotations

import errno
from typing import Any

import pytest

from clearline.core.diagnosis.compose import diagnose
from clearline.core.facts.computer import ComputerFacts, SurroundingFacts
from clearline.core.facts.fact import replace
from clearline.core.facts.hops import HopFacts
from clearline.core.facts.login import AccessFacts, DriverFacts, DriverState, Heard, LoginFacts, Privilege
from clearline.core.facts.names import DnsOutcome, Lookup
from clearline.core.facts.servers import Hello, Listening, MemberFacts, Reach, RttFacts, ServerExtras, TcpFacts, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding
from clearline.core.probes.connection import shown_bytes
from lab.hand_made_deployments import CLUSTER, GHOST, PRIMARY, ROUTER, SRV, dead, live, names, question, tcp
from lab.hand_made_facts import HELLO, certificate, driver, facts, file, handshake, inside, look, member, plain

GIVEN_UP = DriverFacts(state=DriverState.GIVEN_UP)
HERE = TcpFacts(address="127.0.0.1", family="ipv4", reach=Reach.OK, loopback=True, own=True, elapsed_ms=0.1)
AWAY = TcpFacts(address="198.51.100.7", family="ipv4", reach=Reach.OK, elapsed_ms=12.0)
PROVEN, LIKELY = Certainty.PROVEN, Certainty.LIKELY


def found(known: Facts, cause: str) -> Finding:
    return next(f for f in diagnose(known) if f.cause == cause)


def causes(known: Facts) -> set[str]:
    return {f.cause for f in diagnose(known)}


def failed(*members: MemberFacts, **changes: Any) -> Facts:
    return facts(*members, **{"driver": GIVEN_UP, **changes})


def with_tls(*members: MemberFacts, **changes: Any) -> Facts:
    return failed(*members, **{"options": {"tls": True}, **changes})


# ---------------------------------------------------------------- the way to the server


def test_no_route_here_or_no_route_at_a_near_router() -> None:
    own = failed(dead("db1", Reach.NETWORK_UNREACHABLE, errno=101, elapsed_ms=0.1, source="0.0.0.0"))
    assert found(own, "tcp.network-unreachable").certainty is PROVEN
    routers = failed(dead("db1", Reach.NETWORK_UNREACHABLE, errno=101, elapsed_ms=0.4, source="10.0.0.2"))
    other = found(routers, "tcp.network-unreachable")
    assert other.certainty is LIKELY
    assert "router" in other.detail


def test_no_route_or_no_local_port_left() -> None:
    known = failed(dead("db1", Reach.NETWORK_UNREACHABLE, errno=errno.EADDRNOTAVAIL, elapsed_ms=0.1))
    assert found(known, "env.no-free-port").certainty is LIKELY
    assert "tcp.network-unreachable" not in causes(known)


@pytest.mark.parametrize(("number", "sure"), [(errno.EMFILE, PROVEN), (errno.ENFILE, LIKELY), (errno.ENOBUFS, LIKELY)])
def test_this_programs_limit_or_that_of_all_together(number: int, sure: Certainty) -> None:
    one = found(failed(dead("db1", Reach.NO_HANDLES, errno=number)), "env.file-handles")
    assert one.certainty is sure
    assert ("all programs" in one.summary) is (number != errno.EMFILE)


def test_mongod_on_loopback_alone_or_a_tunnel_there() -> None:
    refused = tcp(Reach.REFUSED, "192.0.2.7", errno=111, own=True, listening=False)
    one = found(failed(member(refused, loopback=HERE)), "tcp.bind-address")
    assert (one.certainty, one.remedies[0].patch) == (LIKELY, None)
    assert "tunnel" in one.detail


def test_a_socket_left_over_or_one_of_another_system() -> None:
    attempt = tcp(Reach.REFUSED, "/run/m.sock", "unix", errno=errno.ECONNREFUSED, own=True, loopback=True)
    one = found(failed(member(attempt, host="/run/m.sock", port=None, lookup=None)), "tcp.socket-missing")
    assert one.certainty is LIKELY
    assert "virtual machine" in one.detail


def test_dead_ipv6_or_two_lost_packets() -> None:
    silent = tcp(Reach.SILENT, "2001:db8::7", "ipv6")
    known = facts(member(plain(HELLO), AWAY, silent), connected=True)
    assert found(known, "tcp.ipv6-dead").certainty is LIKELY


def round_trips(ms: float, opened_ms: float) -> Facts:
    opened = tcp(Reach.OK, "198.51.100.7", elapsed_ms=opened_ms)
    return facts(member(plain(HELLO), opened, rtt=RttFacts(samples_ms=(ms,) * 10)), connected=True)


def test_a_far_server_or_a_busy_one_near() -> None:
    far = found(round_trips(200.0, 195.0), "tcp.high-latency")
    assert far.certainty is PROVEN
    busy = found(round_trips(200.0, 2.0), "tcp.high-latency")
    assert busy.certainty is LIKELY
    assert "region" not in busy.remedies[0].text
    assert "slow to answer" in busy.detail


def test_lost_packets_or_late_ones() -> None:
    rtt = RttFacts(samples_ms=(5.0,) * 8 + (420.0, 430.0), retransmits=2)
    assert found(facts(member(plain(HELLO), rtt=rtt), connected=True), "tcp.packet-loss").certainty is LIKELY


# ---------------------------------------------------------------- names


def about_srv(*questions: Any) -> Facts:
    return facts(dns=names(*questions), driver=GIVEN_UP, **SRV)


CONTROL = question("control", DnsOutcome.NXDOMAIN)


def test_an_ordinary_host_or_records_that_are_hidden() -> None:
    known = about_srv(question("srv", DnsOutcome.NODATA), question("bare", DnsOutcome.ANSWERED, "192.0.2.1"), CONTROL)
    one = found(known, "dns.no-srv-record")
    assert one.certainty is LIKELY
    assert "hides" in one.detail


def test_srv_turned_down_or_all_of_that_domain() -> None:
    refused = question("srv", DnsOutcome.REFUSED)
    kind = about_srv(refused, question("bare", DnsOutcome.ANSWERED, "192.0.2.1"), CONTROL)
    assert found(kind, "dns.srv-blocked").certainty is PROVEN
    domain = about_srv(refused, question("bare", DnsOutcome.REFUSED), CONTROL)
    one = found(domain, "dns.srv-blocked")
    assert one.certainty is LIKELY
    assert "domain" in one.detail


def test_tcp_refused_or_only_silent() -> None:
    cut = question("srv", DnsOutcome.ANSWERED, truncated=True, transport="udp")
    for outcome, sure in ((DnsOutcome.PORT_CLOSED, PROVEN), (DnsOutcome.SILENT, LIKELY)):
        known = about_srv(cut, question("srv", outcome, transport="tcp"), CONTROL)
        assert found(known, "dns.tcp-blocked").certainty is sure


def test_a_sign_in_page_or_a_provider_that_answers_for_unknown_names() -> None:
    one = member(plain(Reach.CLOSED), lookup=Lookup(host="db1", addresses=("10.1.1.1",)))
    portal = found(failed(one, dns=names(question("control", DnsOutcome.ANSWERED, "10.1.1.1"))), "dns.captive-portal")
    assert portal.certainty is LIKELY
    assert "there is no db1" in portal.detail


def test_a_dead_name_server_or_a_lost_packet() -> None:
    def asked(outcome: DnsOutcome, *purposes: str) -> Facts:
        first = [question(purpose, outcome) for purpose in purposes]
        others = [question(purpose, DnsOutcome.NODATA, server=1) for purpose in purposes]
        return about_srv(*first, *others)

    for outcome, purposes in (
        (DnsOutcome.SILENT, ("srv",)),
        (DnsOutcome.SILENT, ("srv", "txt", "bare")),  # one that answers after two seconds is not heard either
        (DnsOutcome.PORT_CLOSED, ("srv",)),  # a firewall that rejects answers the same
    ):
        assert found(asked(outcome, *purposes), "dns.first-resolver-dead").certainty is LIKELY


def test_a_wrong_name_in_txt_or_a_seed_that_would_have_it() -> None:
    answers = (
        question("srv", DnsOutcome.ANSWERED, "0 0 27017 db1.example.com"),
        question("txt", DnsOutcome.ANSWERED, "replicaSet=rs9"),
    )
    whole = facts(live(PRIMARY), dns=names(*answers), driver=GIVEN_UP, **SRV)
    assert found(whole, "dns.txt-wrong-set").certainty is PROVEN
    part = facts(live(PRIMARY), dead("db2"), dns=names(*answers), driver=GIVEN_UP, **SRV)
    assert found(part, "dns.txt-wrong-set").certainty is LIKELY
    assert CLUSTER in found(part, "dns.txt-wrong-set").summary


# ---------------------------------------------------------------- TLS


def test_no_tls_there_or_a_firewall_that_lets_none_through() -> None:
    cut = driver(Reach.CLOSED)
    here = found(with_tls(member(cut, look(Reach.CLOSED), plain(HELLO), HERE)), "tls.not-offered")
    assert here.certainty is PROVEN
    away = found(with_tls(member(cut, look(Reach.CLOSED), plain(HELLO), AWAY)), "tls.not-offered")
    assert away.certainty is LIKELY
    assert "firewall" in away.detail


def test_a_long_first_message_that_is_lost_is_no_proof_of_a_plain_server() -> None:
    silent = with_tls(member(driver(Reach.SILENT), look(Reach.SILENT), plain(HELLO), HERE))
    assert found(silent, "tls.not-offered").certainty is LIKELY


def refused(code: int, *chain: Any, at: TcpFacts) -> MemberFacts:
    changes: dict[str, Any] = {"chain": chain} if chain else {}
    return member(driver(Reach.VERIFY_FAILED, verify_code=code, **changes), look(**changes), at)


@pytest.mark.parametrize(("at", "sure"), [(HERE, PROVEN), (AWAY, LIKELY)])
def test_a_private_authority_or_a_machine_on_the_way(at: TcpFacts, sure: Certainty) -> None:
    other = certificate("CN=Other CA", "CN=Other CA", is_ca=True)
    alone = certificate("CN=db1", "CN=db1")
    cases = {
        "tls.unknown-ca": with_tls(refused(19, at=at)),
        "tls.self-signed": with_tls(refused(18, alone, at=at)),
        "tls.wrong-ca-file": with_tls(
            refused(19, at=at), options={"tls": True, "tlsCAFile": "/ca.pem"}, files=(file("tlsCAFile", other),)
        ),
    }
    for cause, known in cases.items():
        one = found(known, cause)
        assert one.certainty is sure, cause
        assert ("machine on the way" in one.detail) is (sure is LIKELY)


def test_the_certificates_date_or_a_wrong_clock_of_both() -> None:
    old = certificate(ends=-3)
    for at, sure in ((HERE, LIKELY), (AWAY, PROVEN)):
        one = member(driver(Reach.VERIFY_FAILED, verify_code=10, chain=(old,)), look(chain=(old,)), inside(HELLO), at)
        dated = found(with_tls(one), "tls.certificate-expired")
        assert dated.certainty is sure
        assert ("clock" in dated.detail) is (sure is LIKELY)


def test_an_empty_trust_store_or_a_private_authority_beside_it() -> None:
    computer = ComputerFacts(trusted_roots=0)
    private = found(with_tls(refused(20, at=AWAY), computer=computer), "env.empty-trust-store")
    assert private.certainty is LIKELY
    assert "tlsCAFile" in private.detail
    public = certificate(issuer="CN=R11,O=Let's Encrypt,C=US")
    known = with_tls(refused(20, public, at=AWAY), computer=computer)
    assert found(known, "env.empty-trust-store").certainty is PROVEN


def test_a_rejected_client_certificate_or_an_alert_of_many_meanings() -> None:
    files = (file("tlsCertificateKeyFile", certificate("CN=app"), key_present=True, key_opens=True, key_matches=True),)
    options = {"tls": True, "tlsCertificateKeyFile": "/home/me/app.pem"}
    for alert, sure in ((42, PROVEN), (40, LIKELY), (80, LIKELY)):
        end = driver(Reach.TLS_ALERT, alert=alert, server_hello=True, certificate_requested=True)
        known = with_tls(member(end, look(Reach.TLS_ALERT, alert=alert)), options=options, files=files)
        assert found(known, "tls.client-certificate-rejected").certainty is sure


def test_no_common_cipher_or_two_servers_behind_one_address() -> None:
    end = driver(Reach.TLS_ALERT, alert=40)
    wide = handshake(TlsKind.WIDE_CIPHERS, cipher="AES128-SHA", version="TLSv1.2")
    ciphers = with_tls(member(end, look(Reach.TLS_ALERT, alert=40), wide))
    assert found(ciphers, "tls.no-common-cipher").certainty is PROVEN
    balanced = with_tls(member(end, look()))
    assert found(balanced, "tls.no-common-cipher").certainty is LIKELY


def test_an_old_server_or_a_device_that_cuts_new_versions() -> None:
    old = handshake(TlsKind.OLD_VERSIONS, version="TLSv1")
    closed = handshake(TlsKind.WIDE_CIPHERS, Reach.CLOSED)
    one = with_tls(member(driver(Reach.CLOSED), look(Reach.CLOSED), closed, old, plain(Reach.CLOSED)))
    assert found(one, "tls.old-protocol").certainty is LIKELY
    told = with_tls(member(driver(Reach.TLS_ALERT, alert=70), old, closed, plain(Reach.CLOSED)))
    assert found(told, "tls.old-protocol").certainty is PROVEN


def test_alert_80_before_or_after_the_server_showed_itself() -> None:
    before = with_tls(member(driver(Reach.TLS_ALERT, alert=80), look(Reach.TLS_ALERT, alert=80)))
    assert found(before, "tls.internal-error-alert").certainty is LIKELY
    after = with_tls(member(driver(Reach.TLS_ALERT, alert=80, server_hello=True), look(Reach.TLS_ALERT, alert=80)))
    assert "tls.internal-error-alert" not in causes(after)


def test_plain_text_on_the_wire_or_inside_a_tunnel() -> None:
    through = tcp(Reach.OK, "10.8.0.7", source="10.8.0.2", elapsed_ms=9.0)
    around = SurroundingFacts(tunnels=("wg0",), interfaces={"10.8.0.2": "wg0", "192.0.2.2": "eth0"})
    vpn = facts(member(plain(HELLO), through), connected=True, computer=ComputerFacts(surroundings=around))
    one = found(vpn, "tls.not-encrypted")
    assert one.certainty is LIKELY
    assert "wg0" in one.detail
    bare = facts(member(plain(HELLO), tcp(Reach.OK, source="192.0.2.2")), connected=True, computer=vpn.computer)
    assert found(bare, "tls.not-encrypted").certainty is PROVEN
    hop = HopFacts(kind="ssh", host="bastion", port=22, up=True)
    assert (
        found(facts(member(plain(HELLO), AWAY), connected=True, hops=(hop,)), "tls.not-encrypted").certainty is LIKELY
    )


# ---------------------------------------------------------------- who answers


@pytest.mark.parametrize(
    ("said", "service", "sure"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH", PROVEN),
        (b"ERROR\r\n", "Memcached", LIKELY),
        (b"ERROR\nmessage:Illegal frame", "STOMP", LIKELY),
        (b"220 ready\r\n", "mail or file", LIKELY),
        (b"\x03\x00\x00\x13", "Remote Desktop", LIKELY),
        (b"\x84\x00\x00\x00\x00\x00\x00\x00\x20", "Cassandra", LIKELY),
    ],
)
def test_a_greeting_names_itself_or_is_a_few_bytes(said: bytes, service: str, sure: Certainty) -> None:
    greeting = Listening(reach=Reach.NOT_MONGODB, first_bytes=shown_bytes(said))
    one = found(failed(member(greeting, plain(Reach.NOT_MONGODB), look(Reach.NOT_MONGODB))), "hello.other-service")
    assert service in one.summary
    assert one.certainty is sure


@pytest.mark.parametrize("genuine", [True, False])
def test_an_old_mongodb_or_another_product_of_that_protocol(genuine: bool) -> None:
    extras = ServerExtras(version="3.6.0", genuine=genuine)
    one = found(failed(live(Hello(max_wire_version=6), extras=extras)), "hello.too-old")
    assert ("runs MongoDB" in one.summary) is genuine


def test_the_server_stops_or_one_behind_the_router() -> None:
    extras = ServerExtras(open_read_code=91)
    assert found(failed(live(PRIMARY, extras=extras)), "pool.server-went-away").certainty is PROVEN
    one = found(failed(live(ROUTER, extras=extras)), "pool.server-went-away")
    assert one.certainty is LIKELY
    assert "router" in one.detail


def test_a_set_never_initiated_or_a_member_that_lost_its_data() -> None:
    one = found(failed(live(GHOST, extras=ServerExtras(repl_status_code=94))), "topology.not-initiated")
    assert one.certainty is LIKELY
    assert "do not initiate" in one.detail


def test_a_wrong_set_name_or_the_wrong_set() -> None:
    one = found(failed(live(PRIMARY), options={"replicaSet": "rs9"}), "topology.wrong-set-name")
    assert "lead to another one" in one.detail


@pytest.mark.parametrize(("genuine", "sure"), [(True, PROVEN), (False, LIKELY), (None, LIKELY)])
def test_what_holds_for_mongodb_or_only_for_its_protocol(genuine: bool | None, sure: Certainty) -> None:
    extras = ServerExtras(open_read_code=0, genuine=genuine)
    assert found(facts(live(HELLO, extras=extras), connected=True), "auth.open-server").certainty is sure
    if genuine is not False:
        known = facts(live(HELLO, extras=extras), connected=True)
        assert found(known, "topology.no-transactions").certainty is sure
    refused_login = LoginFacts(attempted=True, failed_step="saslStart", code=18, server="db1:27017", user="app")
    raised = DriverFacts(state=DriverState.RAISED, code=18, raised_by="login")
    known = facts(live(HELLO, extras=extras), login=refused_login, driver=raised, user="app")
    one = found(known, "auth.no-access-control")
    assert one.certainty is LIKELY
    assert "transitionToAuth" in one.detail


def test_a_set_of_another_name_or_another_server_at_the_same_name() -> None:
    doors = tuple(tcp(Reach.OK, address) for address in ("192.0.2.7", "192.0.2.8"))
    one = found(failed(replace(live(PRIMARY), tcp=doors), options={"replicaSet": "rs9"}), "topology.wrong-set-name")
    assert one.certainty is LIKELY
    assert "several addresses" in one.detail
    assert all(remedy.patch is None for remedy in one.remedies)


# ---------------------------------------------------------------- login, rights, operations


def test_bad_credentials_or_anything_else_that_atlas_turns_down() -> None:
    refused_login = LoginFacts(attempted=True, failed_step="saslStart", code=8000, server="db1:27017", user="app")
    raised = DriverFacts(state=DriverState.RAISED, code=8000, raised_by="login", words="cluster is being moved")
    one = found(facts(live(PRIMARY), login=refused_login, driver=raised, user="app"), "auth.atlas-bad-auth")
    assert one.certainty is LIKELY
    assert "cluster is being moved" in one.detail


def test_no_right_to_read_or_one_right_for_everything() -> None:
    every = Privilege(database="", collection="", actions=("anyAction",), any_resource=True)
    access = AccessFacts(user="app@admin", roles=("everything@admin",), privileges=(every,), asked=True, read_code=0)
    known = facts(live(PRIMARY, extras=ServerExtras(genuine=True)), connected=True, access=access, database="shop")
    assert not {c for c in causes(known) if c.startswith("access.no-privilege") or c == "access.read-only"}


def test_a_limit_of_the_users_or_one_of_the_server() -> None:
    raised = DriverFacts(
        state=DriverState.RAISED, code=50, raised_by="read", exception="pymongo.errors.ExecutionTimeout"
    )
    known = facts(live(PRIMARY), driver=raised, options={"timeoutMS": 2000})
    assert found(known, "pool.operation-timeout").certainty is LIKELY


def test_ended_by_an_administrator_or_by_something_else() -> None:
    raised = DriverFacts(state=DriverState.RAISED, code=11601, raised_by="read")
    one = found(facts(live(PRIMARY), driver=raised), "pool.operation-killed")
    assert one.certainty is LIKELY
    assert "killOp" not in one.summary


# ---------------------------------------------------------------- answers and addresses of a seldom form


def test_one_server_or_one_of_several_behind_a_name() -> None:
    page = plain(Reach.NOT_MONGODB, first_bytes="HTTP/1.1 400 Bad Request")
    alone = found(failed(member(HERE, page)), "hello.http-server")
    v6 = TcpFacts(address="::1", family="ipv6", reach=Reach.OK, loopback=True, own=True)
    several = found(failed(member(HERE, v6, page)), "hello.http-server")
    assert (alone.certainty, several.certainty) == (PROVEN, LIKELY)
    assert "::1" in several.detail
    assert "several addresses" not in alone.detail


def test_an_old_mongodb_or_a_server_that_names_no_version() -> None:
    told = found(failed(member(plain(Hello(max_wire_version=8, fields=("maxWireVersion",))))), "hello.too-old")
    untold = found(failed(member(plain(Hello(fields=("ok", "ismaster"))))), "hello.too-old")
    assert (told.certainty, untold.certainty) == (PROVEN, LIKELY)
    assert "another product" in untold.detail


def test_a_malformed_hello_that_the_driver_takes_all_the_same() -> None:
    odd = Hello(max_wire_version=21, malformed=("primary (a number)",))
    assert found(failed(member(plain(odd))), "hello.malformed").certainty is PROVEN
    assert "hello.malformed" not in causes(facts(member(plain(odd)), connected=True))


def test_slow_name_servers_or_a_busy_computer() -> None:
    late = Lookup(host="db1", addresses=("192.0.2.7",), elapsed_ms=1200.0)
    prompt = [question("host", DnsOutcome.NODATA, name="db1", type=kind, elapsed_ms=2.0) for kind in ("A", "AAAA")]
    one = facts(member(plain(HELLO), lookup=late, host="db1"), dns=names(prompt[1]), connected=True)
    assert found(one, "dns.slow").certainty is LIKELY
    assert "IPv4 (A)" in found(one, "dns.slow").detail
    both = facts(member(plain(HELLO), lookup=late, host="db1"), dns=names(*prompt), connected=True)
    assert "dns.slow" not in causes(both)


@pytest.mark.parametrize(("address", "sure"), [("255.255.255.255", PROVEN), ("ff02::1", PROVEN), ("240.0.0.1", LIKELY)])
def test_an_address_that_no_server_can_have_or_one_of_a_closed_network(address: str, sure: Certainty) -> None:
    family = "ipv6" if ":" in address else "ipv4"
    silent = TcpFacts(address=address, family=family, reach=Reach.SILENT)
    assert found(failed(member(silent)), "tcp.unusable-address").certainty is sure


def test_a_hosts_entry_is_advised_for_whole_names_alone() -> None:
    def remedies(*names: str, at: TcpFacts = HERE) -> str:
        shown = look(chain=(certificate("db", names=names),))
        wrong = driver(
            Reach.VERIFY_FAILED, verify_code=62, server_name="localhost", chain=(certificate("db", names=names),)
        )
        one = found(with_tls(member(at, wrong, shown)), "tls.name-mismatch")
        return " ".join(remedy.text for remedy in one.remedies)

    assert "point db1.lab to 127.0.0.1" in remedies("db1.lab")
    assert "point a name that *.lab stands for to 127.0.0.1" in remedies("*.lab")
    assert "hosts file" not in remedies("db*.lab")
    over_v6 = TcpFacts(address="::1", family="ipv6", reach=Reach.OK, loopback=True, own=True)
    assert "point db1.lab to ::1" in remedies("db1.lab", at=over_v6)


def test_a_server_that_is_gone_or_one_that_cuts_some_connections() -> None:
    cut = dead("db1", Reach.RESET, errno=errno.ECONNRESET)
    served = DriverFacts(state=DriverState.CONNECTED, server=cut.address)
    assert found(facts(cut, driver=served), "tcp.unsteady").certainty is LIKELY
    assert not causes(facts(cut, driver=served)) & {"topology.member-unreachable", "tcp.reset-on-connect"}


@pytest.mark.parametrize(
    ("set_name", "lost", "told"), [(None, 1, True), ("rs0", 1, False), ("rs0", 2, True), (None, 0, False)]
)
def test_a_server_that_loses_connections_or_a_member_that_ended_its_lines(
    set_name: str | None, lost: int, told: bool
) -> None:
    server = member(plain(replace(HELLO, set_name=set_name)))
    through = DriverFacts(
        state=DriverState.CONNECTED,
        server=server.address,
        elapsed_ms=600.0,
        heard={server.address: Heard()},
        unheard={server.address: lost} if lost else {},
    )
    assert ("tcp.unsteady" in causes(facts(server, driver=through))) is told


@pytest.mark.parametrize("others_let_in", [False, True])
def test_atlas_access_list_or_one_member_alone(others_let_in: bool) -> None:
    alert = driver(Reach.TLS_ALERT, alert=80)
    first = member(alert, host="a.abcde.mongodb.net")
    second = member(driver(), inside(HELLO), host="b.abcde.mongodb.net") if others_let_in else member(alert, host="b.x")
    known = causes(with_tls(first, second))
    assert ("tcp.atlas-access-list" in known) is not others_let_in


@pytest.mark.parametrize("genuine", [None, True])
def test_a_false_server_or_a_product_with_words_of_its_own(genuine: bool | None) -> None:
    known = failed(
        member(plain(HELLO)), login=LoginFacts(unproven=True), access=AccessFacts(genuine=genuine), user="app"
    )
    one = found(known, "auth.server-not-genuine")
    assert one.certainty is PROVEN, "it has proven nothing, for whatever reason"
    assert ("other than MongoDB" in one.detail) is (genuine is None)


def test_a_read_that_cannot_be_read() -> None:
    def ended(exception: str, **more: Any) -> set[str]:
        state = DriverFacts(state=DriverState.RAISED, exception=exception, raised_by="read", **more)
        return causes(facts(member(plain(HELLO)), driver=state))

    assert "hello.malformed" in ended("TypeError")
    assert "hello.malformed" in ended("pymongo.errors.ProtocolError")
    assert "hello.malformed" not in ended("pymongo.errors.AutoReconnect")


def test_a_web_server_or_a_proxy_that_answers_for_all() -> None:
    page = plain(Reach.NOT_MONGODB, first_bytes="HTTP/1.1 403 Forbidden")
    one = found(failed(member(AWAY, page)), "hello.http-server")
    both = found(failed(member(AWAY, page), member(AWAY, page, host="db2")), "hello.http-server")
    assert (one.certainty, both.certainty) == (LIKELY, LIKELY)
    assert "another network decides" in one.detail
    assert "So do the other hosts" in both.detail
    verified = inside(Reach.NOT_MONGODB, first_bytes="HTTP/1.1 400 Bad Request")
    assert found(with_tls(member(AWAY, driver(), verified)), "hello.http-server").certainty is PROVEN


def test_a_server_without_tls_or_a_set_of_two_minds() -> None:
    bare = member(driver(Reach.CLOSED), plain(HELLO))
    alone = found(with_tls(bare), "tls.not-offered")
    assert any(remedy.patch for remedy in alone.remedies)
    beside = found(with_tls(bare, member(driver(), inside(HELLO), host="db2")), "tls.not-offered")
    assert not any(remedy.patch for remedy in beside.remedies)
    assert "db2:27017 speaks TLS only" in beside.remedies[0].text


def test_a_set_for_localhost_or_one_of_several_names() -> None:
    lost = dead("127.0.0.1", Reach.REFUSED, errno=111, seed=False)
    inner = Hello(set_name="rs0", is_writable_primary=True, hosts=(lost.address,), me=lost.address, max_wire_version=17)
    plainly = failed(member(AWAY, plain(inner)), lost)
    by_name = with_tls(member(AWAY, driver(), inside(inner)), lost)
    assert found(plainly, "topology.loopback-names").certainty is PROVEN
    told = found(by_name, "topology.loopback-names")
    assert told.certainty is LIKELY
    assert any("horizons" in remedy.text for remedy in told.remedies)


def test_methods_switched_off_or_a_server_that_tells_none() -> None:
    def known(*users: str) -> Facts:
        asked = {"admin.app": (), "$external.app": ()}
        refused_at = LoginFacts(attempted=True, failed_step="saslContinue", code=18, mechanism="SCRAM-SHA-256")
        return failed(
            member(plain(HELLO)), login=refused_at, user="app", user_mechanisms=asked, users_without_mechanism=users
        )

    assert "auth.mechanism-disabled" in causes(known("admin.app"))
    assert "auth.wrong-password" in causes(known("admin.app", "$external.app"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"You are not welcome to use mongod from 10.0.0.1.\r\n", "You are not welcome"),
        (b"\x00\x01\x02 not welcome", ""),
        (b"hm\r\n", ""),
    ],
)
def test_an_unknown_service_is_quoted_where_it_speaks_in_words(said: bytes, words: str) -> None:
    heard = Listening(reach=Reach.OK, first_bytes=shown_bytes(said))
    one = found(failed(member(HERE, heard)), "hello.other-service")
    assert ("Its own words" in one.detail) is bool(words)
    assert words in one.detail


def test_a_secondary_by_its_own_name_or_at_the_near_end_of_a_tunnel() -> None:
    def remedy(*hosts: str) -> tuple[object, str]:
        hello = Hello(set_name="rs0", secondary=True, hosts=hosts, me=hosts[0], primary=hosts[1], max_wire_version=17)
        known = facts(member(plain(hello)), options={"directConnection": True}, connected=True)
        first = found(known, "topology.direct-to-secondary").remedies[0]
        return first.patch, first.text

    assert remedy("db1:27017", "db2:27017")[0] is not None
    patch, text = remedy("a.corp.test:27017", "b.corp.test:27017")
    assert patch is None
    assert "Connect to b.corp.test:27017" in text
