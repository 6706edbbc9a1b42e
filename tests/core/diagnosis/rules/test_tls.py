from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from clearline.core.diagnosis.compose import diagnose
from clearline.core.diagnosis.rules import hello, tls
from clearline.core.facts.computer import ComputerFacts
from clearline.core.facts.servers import Hello, Listening, MemberFacts, Reach, TcpFacts, TlsFacts, TlsKind
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity, Stage
from clearline.core.profiles.profile import Profile, patched
from clearline.core.uri.connection_string import read
from lab.hand_made_facts import (
    HELLO,
    LEAF,
    ROOT,
    certificate,
    driver,
    facts,
    file,
    handshake,
    inside,
    look,
    member,
    plain,
)

TLS = {"tls": True}
WITH_CA = {"tls": True, "tlsCAFile": "/ca.pem"}
WITH_CLIENT = {"tls": True, "tlsCertificateKeyFile": "/me.pem"}
INTERMEDIATE = certificate("CN=Lab Intermediate CA", "CN=Lab CA", is_ca=True)
SERVERS, CLIENTS = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
NO_OLD = handshake(TlsKind.OLD_VERSIONS, Reach.CLOSED)
NO_WIDE = handshake(TlsKind.WIDE_CIPHERS, Reach.CLOSED)


def explained(known: Facts) -> Finding | None:
    """What the rules say of the first member, asked in the order of the stages' priority."""
    rules = (*hello.MEMBER_RULES, *tls.MEMBER_RULES)
    return next((f for rule in rules if (f := rule(known, known.members[0]))), None)


def cause(*parts: Any, options: dict[str, Any] = TLS, host: str = "db1", **changes: Any) -> str | None:
    found = explained(facts(member(*parts, host=host), options=options, **changes))
    return found.cause if found else None


def warnings(known: Facts) -> dict[str, Finding]:
    return {f.cause: f for rule in tls.RULES for f in rule(known)}


def refused(code: int, *chain: Any, **changes: Any) -> TlsFacts:
    return driver(Reach.VERIFY_FAILED, verify_code=code, chain=chain or (LEAF, ROOT), **changes)


# ---------------------------------------------------------------- which protocol


def test_a_tls_only_server_is_named_and_switching_tls_on_is_the_fix() -> None:
    known = facts(member(plain(Reach.CLOSED), look(), inside(HELLO)), options={})
    found = explained(known)
    assert found is not None
    assert found.cause == "tls.required"
    assert found.certainty is Certainty.PROVEN
    assert found.remedies[0].patch == {"tls": {"enabled": True}}


@pytest.mark.parametrize(
    "parts",
    [
        (plain(Reach.RESET), look()),
        (plain(Reach.CLOSED), look(Reach.TLS_ALERT, alert=40, server_hello=True)),
        (plain(Reach.NOT_MONGODB, first_bytes="\\x15\\x03\\x01\\x00\\x02\\x02\\x16"), look()),
        (plain(Reach.CLOSED), look(certificate_requested=True, closed_after=True)),
        (plain(Reach.SILENT), look(), inside(HELLO)),
    ],
)
def test_tls_is_required_whatever_way_plain_text_is_turned_down(parts: tuple[Any, ...]) -> None:
    assert cause(*parts, options={}) == "tls.required"


def test_a_firewall_that_lets_tls_alone_through_makes_a_demand_for_it_likely_at_most() -> None:
    far = explained(facts(member(plain(Reach.SILENT), look(), inside(HELLO)), options={}))
    assert far is not None
    assert (far.cause, far.certainty) == ("tls.required", Certainty.LIKELY)
    assert "a firewall" in far.detail
    near = TcpFacts(address="127.0.0.1", family="ipv4", reach=Reach.OK, loopback=True)
    here = explained(facts(member(plain(Reach.SILENT), look(), inside(HELLO), near), options={}))
    assert here is not None
    assert here.certainty is Certainty.PROVEN, "nothing stands between this computer and itself"


def test_tls_is_not_switched_on_for_a_deployment_that_speaks_it_in_part() -> None:
    demanding, open_to_all = member(plain(Reach.CLOSED), look(), inside(HELLO)), member(plain(HELLO), host="db2")
    found = explained(facts(demanding, open_to_all, options={}))
    assert found is not None
    assert found.cause == "tls.required"
    assert found.remedies[0].patch is None, "the driver would be shut out of the other one"
    assert "db2:27017 speaks plain" in found.detail


def test_tls_at_a_plain_server_is_not_weakened_by_the_first_remedy() -> None:
    known = facts(member(driver(Reach.CLOSED), plain(HELLO)), options={**WITH_CA, "tlsInsecure": True})
    found = explained(known)
    assert found is not None
    assert found.cause == "tls.not-offered"
    assert found.remedies[0].patch is None
    assert found.remedies[1].patch == {"tls": {"enabled": False, "caFile": None, "insecure": None}}


@pytest.mark.parametrize("reach", [Reach.RESET, Reach.SILENT, Reach.NOT_MONGODB])
def test_a_plain_server_may_end_the_handshake_in_any_way(reach: Reach) -> None:
    assert cause(driver(reach), plain(HELLO)) == "tls.not-offered"


def test_an_srv_address_asks_for_tls_by_itself() -> None:
    assert cause(driver(Reach.CLOSED), plain(HELLO), options={}, srv=True) == "tls.not-offered"


# ---------------------------------------------------------------- trust


def test_an_unknown_authority_is_named() -> None:
    found = explained(facts(member(refused(19)), options=TLS))
    assert found is not None
    assert found.cause == "tls.unknown-ca"
    assert "Lab CA" in found.summary


def test_the_look_shows_the_chain_when_the_verifying_handshake_does_not() -> None:
    bare = driver(Reach.VERIFY_FAILED, verify_code=20, chain=())
    found = explained(facts(member(bare, look(), inside(HELLO)), options=TLS))
    assert found is not None
    assert found.cause == "tls.unknown-ca"


def test_an_authority_is_not_proven_by_certificates_that_cannot_be_read() -> None:
    at_home = TcpFacts(address="127.0.0.1", family="ipv4", reach=Reach.OK, loopback=True)
    unread = driver(Reach.VERIFY_FAILED, verify_code=20, chain=(), unreadable=True)
    found = explained(facts(member(unread, inside(HELLO), tcp=(at_home,)), options=TLS))
    assert found is not None
    assert (found.cause, found.certainty) == ("tls.unknown-ca", Certainty.LIKELY)


def test_a_ca_file_of_another_authority_is_compared_with_the_chain() -> None:
    other = certificate("CN=Other CA", "CN=Other CA", is_ca=True)
    found = explained(facts(member(refused(19)), options=WITH_CA, files=(file("tlsCAFile", other),)))
    assert found is not None
    assert found.cause == "tls.wrong-ca-file"
    assert "Other CA" in found.summary
    assert "Lab CA" in found.summary


def test_an_authority_made_anew_has_the_same_name_and_another_key() -> None:
    old = certificate("CN=Lab CA", "CN=Lab CA", is_ca=True, key_id="old")
    for code in (7, 19, 20):
        found = explained(facts(member(refused(code)), options=WITH_CA, files=(file("tlsCAFile", old),)))
        assert found is not None
        assert (found.cause, found.certainty) == ("tls.wrong-ca-file", Certainty.LIKELY)
        assert "another key" in found.summary
        assert "a machine on the way" in found.detail.lower(), "it can call its authority the same"
        near = TcpFacts(address="127.0.0.1", family="ipv4", reach=Reach.OK, loopback=True)
        here = explained(facts(member(refused(code), near), options=WITH_CA, files=(file("tlsCAFile", old),)))
        assert here is not None
        assert here.certainty is Certainty.PROVEN


def test_a_file_with_the_intermediate_alone_lacks_the_authority_above() -> None:
    known = facts(
        member(refused(2, certificate(issuer=INTERMEDIATE.subject))),
        options=WITH_CA,
        files=(file("tlsCAFile", INTERMEDIATE),),
    )
    found = explained(known)
    assert found is not None
    assert found.cause == "tls.wrong-ca-file"
    assert "without the authority above" in found.summary


def test_the_servers_own_certificate_is_no_ca_file() -> None:
    found = explained(facts(member(refused(20, LEAF)), options=WITH_CA, files=(file("tlsCAFile", LEAF),)))
    assert found is not None
    assert found.cause == "tls.wrong-ca-file"
    assert "the server's own certificate" in found.summary


@pytest.mark.parametrize("code", [20, 21])
def test_a_lone_certificate_below_an_intermediate_misses_it(code: int) -> None:
    lone = certificate(issuer="CN=Lab Intermediate CA")
    known = facts(member(refused(code, lone)), options=WITH_CA, files=(file("tlsCAFile", ROOT),))
    found = explained(known)
    assert found is not None
    assert found.cause == "tls.missing-intermediate"
    assert found.certainty is Certainty.LIKELY


def test_the_authorities_that_the_server_accepts_tell_an_intermediate_from_a_foreign_root() -> None:
    lone = certificate(issuer="CN=Servers 3,O=Acme")
    ours = file("tlsCAFile", certificate("CN=Acme Root", "CN=Acme Root", is_ca=True))
    below = refused(20, lone, certificate_requested=True, requested_authorities=("CN=Acme Root",))
    foreign = refused(20, lone, certificate_requested=True, requested_authorities=("CN=Servers 3,O=Acme",))
    assert cause(below, options=WITH_CA, files=(ours,)) == "tls.missing-intermediate"
    assert cause(foreign, options=WITH_CA, files=(ours,)) == "tls.wrong-ca-file"


def test_the_same_organisation_makes_an_intermediate_likely() -> None:
    lone = certificate(issuer="CN=Servers 3,O=Acme")
    of_acme = file("tlsCAFile", certificate("CN=Top,O=Acme", "CN=Top,O=Acme", is_ca=True))
    of_others = file("tlsCAFile", certificate("CN=Top,O=Others", "CN=Top,O=Others", is_ca=True))
    assert cause(refused(20, lone), options=WITH_CA, files=(of_acme,)) == "tls.missing-intermediate"
    assert cause(refused(20, lone), options=WITH_CA, files=(of_others,)) == "tls.wrong-ca-file"


def test_a_lone_certificate_of_a_public_authority_misses_its_intermediate() -> None:
    public = certificate(issuer="CN=R11,O=Let's Encrypt,C=US")
    assert cause(refused(20, public)) == "tls.missing-intermediate"
    assert cause(refused(20, certificate(issuer="CN=Acme Servers"))) == "tls.unknown-ca"


@pytest.mark.parametrize("name", ["CN=TRAEFIK DEFAULT CERT", "CN=Kubernetes Ingress Controller Fake Certificate"])
def test_a_router_without_a_route_shows_its_default_certificate(name: str) -> None:
    found = explained(facts(member(refused(18, certificate(name, name))), options=TLS))
    assert found is not None
    assert (found.cause, found.certainty) == ("tls.default-certificate", Certainty.LIKELY)


def test_a_self_signed_server_is_named() -> None:
    own = certificate("CN=db1", "CN=db1")
    assert cause(refused(18, own)) == "tls.self-signed"
    assert cause(refused(18, own), options=WITH_CA, files=(file("tlsCAFile", ROOT),)) == "tls.self-signed"


@pytest.mark.parametrize(
    "issuer",
    [
        "CN=Zscaler-like Inspection CA",
        "CN=Zscaler Intermediate Root CA (zscalertwo.net),O=Zscaler Inc.",
        "CN=FGT60F,O=Fortinet",
        "CN=FortiGate CA",
        "O=Netskope",
        "CN=mitmproxy,O=mitmproxy",
        "CN=ACME TLS Inspection",
        "CN=Corporate SSL Proxy 2",
        "CN=ESET SSL Filter CA",
        "CN=Kaspersky Anti-Virus Personal Root Certificate",
        "CN=Cisco Umbrella Root CA",
    ],
)
def test_inspection_products_are_known_by_their_issuer(issuer: str) -> None:
    leaf, top = certificate(issuer=issuer), certificate(issuer, issuer, is_ca=True)
    assert cause(refused(19, leaf, top)) == "tls.intercepted"
    assert cause(refused(20, leaf)) == "tls.intercepted"


@pytest.mark.parametrize("issuer", ["CN=Acme Root CA", "CN=Esetra CA", "CN=Checkers CA", "CN=Squidward CA,O=Havastar"])
def test_a_companys_own_authority_is_no_interception(issuer: str) -> None:
    top = certificate(issuer, issuer, is_ca=True)
    assert cause(refused(19, certificate(issuer=issuer), top)) == "tls.unknown-ca"


def test_a_private_issuer_for_an_atlas_host_is_an_interception() -> None:
    host = "c0-shard-00-00.abcde.mongodb.net"
    found = explained(facts(member(refused(19), host=host), options=TLS))
    assert found is not None
    assert found.cause == "tls.intercepted"
    assert found.certainty is Certainty.LIKELY
    public = refused(20, certificate(issuer="CN=R11,O=Let's Encrypt"), certificate("CN=R11,O=Let's Encrypt", "CN=X1"))
    assert cause(public, host=host) == "tls.unknown-ca"


def test_an_empty_trust_store_outranks_the_unknown_authority() -> None:
    empty = ComputerFacts(trusted_roots=0)
    found = explained(facts(member(refused(19)), options=TLS, computer=empty))
    assert found is not None
    assert (found.cause, found.stage) == ("env.empty-trust-store", Stage.TLS)
    with_file = cause(refused(19), options=WITH_CA, files=(file("tlsCAFile", ROOT),), computer=empty)
    assert with_file == "tls.wrong-ca-file"
    assert cause(refused(18, certificate("CN=db1", "CN=db1")), computer=empty) == "tls.self-signed"


def test_public_roots_that_accept_the_certificate_make_the_ca_file_needless() -> None:
    known = facts(
        member(refused(20), handshake(TlsKind.BUNDLED_ROOTS)),
        options=WITH_CA,
        files=(file("tlsCAFile", certificate("CN=Other CA", "CN=Other CA")),),
    )
    found = explained(known)
    assert found is not None
    assert found.remedies[1].patch == {"tls": {"caFile": None, "trust": "bundled"}}


@pytest.mark.parametrize(("kind", "trust"), [(TlsKind.OS_ROOTS, "system"), (TlsKind.BUNDLED_ROOTS, "bundled")])
def test_who_trusts_the_certificate_can_be_trusted_by_one_click(kind: TlsKind, trust: str) -> None:
    found = explained(facts(member(refused(20), handshake(kind)), options=TLS))
    assert found is not None
    patch = found.remedies[1].patch
    assert patch is not None
    changed = patched(Profile(), patch)
    assert (changed.tls.trust, changed.tls.ca_file) == (trust, None)


# ---------------------------------------------------------------- dates, names, strength, revocation


def test_an_expired_certificate_is_the_servers_fault_when_the_clock_is_right() -> None:
    found = explained(facts(member(refused(10, certificate(ends=-3), ROOT), inside(HELLO)), options=TLS))
    assert found is not None
    assert found.cause == "tls.certificate-expired"
    assert found.certainty is Certainty.PROVEN
    assert "2026-11-17" in found.summary


def test_without_the_servers_time_an_expired_certificate_is_likely() -> None:
    found = explained(facts(member(refused(10, certificate(ends=-3), ROOT)), options=TLS))
    assert found is not None
    assert found.certainty is Certainty.LIKELY


def test_an_expired_authority_is_named_instead_of_the_server() -> None:
    old_root = certificate("CN=Lab CA", "CN=Lab CA", ends=-10)
    in_chain = explained(facts(member(refused(10, LEAF, old_root)), options=TLS))
    in_file = explained(
        facts(member(refused(10, LEAF)), options=WITH_CA, files=(file("tlsCAFile", old_root),)),
    )
    for found in (in_chain, in_file):
        assert found is not None
        assert found.cause == "tls.certificate-expired"
        assert "the authority Lab CA" in found.summary


def test_a_clock_ahead_makes_good_certificates_look_expired() -> None:
    skewed = Hello(max_wire_version=17, clock_skew_s=-800 * 86400.0)
    chain = (certificate(starts=-1165, ends=-435), certificate("CN=Lab CA", "CN=Lab CA", starts=-2000, ends=900))
    found = explained(facts(member(refused(10, *chain), inside(skewed)), options=TLS))
    assert found is not None
    assert (found.cause, found.stage) == ("env.clock-wrong", Stage.TLS)
    assert "800 days" in found.summary


def test_a_clock_behind_makes_good_certificates_look_unborn() -> None:
    skewed = Hello(max_wire_version=17, clock_skew_s=20 * 86400.0)
    assert cause(refused(9, certificate(starts=10, ends=300)), inside(skewed)) == "env.clock-wrong"


def test_a_wrong_clock_does_not_excuse_a_certificate_that_is_expired_anyway() -> None:
    an_hour = Hello(max_wire_version=17, clock_skew_s=-3600.0)
    assert cause(refused(10, certificate(ends=-3)), inside(an_hour)) == "tls.certificate-expired"
    other_way = Hello(max_wire_version=17, clock_skew_s=3600.0)
    assert cause(refused(10, certificate(ends=-3)), inside(other_way)) == "tls.certificate-expired"


def test_another_members_clock_counts_when_this_one_does_not_tell() -> None:
    mute = member(refused(10, certificate(starts=-900, ends=-435)))
    other = member(driver(), inside(Hello(max_wire_version=17, clock_skew_s=-800 * 86400.0)), host="db2")
    found = explained(facts(mute, other, options=TLS))
    assert found is not None
    assert found.cause == "env.clock-wrong"


def test_a_certificate_of_the_future_is_named_with_its_date() -> None:
    found = explained(facts(member(refused(9, certificate(starts=5)), inside(HELLO)), options=TLS))
    assert found is not None
    assert found.cause == "tls.certificate-not-yet-valid"
    assert "2026-11-25" in found.summary


def test_names_of_a_foreign_certificate_are_listed() -> None:
    leaf = certificate(names=("db.prod.lab", "*.prod.lab"))
    found = explained(facts(member(refused(62, leaf, server_name="localhost"), host="localhost"), options=TLS))
    assert found is not None
    assert found.cause == "tls.name-mismatch"
    assert "db.prod.lab and *.prod.lab" in found.summary


def test_a_wildcard_covers_one_part_only() -> None:
    leaf = certificate(names=("*.prod.lab",))
    host = "a.b.prod.lab"
    found = explained(facts(member(refused(62, leaf, server_name=host), host=host), options=TLS))
    assert found is not None
    assert "one part" in found.detail


def test_an_address_that_the_certificate_cannot_vouch_for_gets_its_name_as_a_fix() -> None:
    leaf = certificate(names=("localhost",))
    here = TcpFacts(address="127.0.0.1", family="ipv4", reach=Reach.OK, loopback=True)
    known = facts(member(refused(64, leaf, server_name=None), here, host="127.0.0.1"), options=TLS)
    found = explained(known)
    assert found is not None
    assert found.cause == "tls.ip-not-in-certificate"
    assert found.remedies[0].patch == {"seeds": {"hosts": ["localhost:27017"]}}


def test_a_certificate_for_other_addresses_only_is_a_name_mismatch() -> None:
    leaf = certificate(names=(), addresses=("10.0.0.9",))
    assert cause(refused(64, leaf, server_name=None), host="10.0.0.8") == "tls.name-mismatch"


def test_a_name_in_the_old_place_only_fails_as_missing_san() -> None:
    old_style = certificate(names=(), has_san=False, common_name="db1")
    assert cause(refused(62, old_style)) == "tls.no-san"
    elsewhere = certificate(names=(), has_san=False, common_name="db9")
    assert cause(refused(62, elsewhere)) == "tls.name-mismatch"


def test_a_weak_key_is_named_with_its_size() -> None:
    found = explained(facts(member(refused(66, certificate(key_bits=1024))), options=TLS))
    assert found is not None
    assert found.cause == "tls.weak-certificate"
    assert "1024 bits" in found.summary


@pytest.mark.parametrize("code", [13, 14, 24, 26, 32, 67, 68, 79])
def test_a_certificate_that_is_unfit_is_said_to_be(code: int) -> None:
    assert cause(refused(code)) == "tls.weak-certificate"


@pytest.mark.parametrize(
    ("code", "leaf", "words"),
    [
        (26, {"purposes": (CLIENTS,)}, "it is not meant for servers"),
        (26, {"purposes": (SERVERS,)}, "an authority in its chain"),
        (26, {"purposes": ()}, "an authority in its chain"),
        (68, {"signature_hash": "sha1"}, "it is signed with SHA1"),
        (68, {}, "an authority in its chain is signed with SHA1"),
    ],
)
def test_what_makes_a_certificate_unfit_may_be_an_authority_of_its_chain(
    code: int, leaf: dict[str, Any], words: str
) -> None:
    chain = (certificate(**leaf), replace(INTERMEDIATE, signature_hash="sha1"), ROOT)
    found = explained(facts(member(refused(code, *chain)), options=TLS))
    assert found is not None
    assert words in found.summary


def test_a_certificate_without_any_name_leaves_no_name_to_connect_by() -> None:
    found = explained(facts(member(refused(62, certificate(names=()))), options=TLS))
    assert found is not None
    assert "db1 in its subjectAltName" in found.remedies[0].text


@pytest.mark.parametrize(
    ("code", "expected"),
    [(23, "tls.revoked"), (12, "tls.crl-expired"), (3, "tls.crl-missing"), (8, "tls.crl-missing")],
)
def test_revocation_lists_are_told_apart(code: int, expected: str) -> None:
    lists = file("tlsCRLFile", crl_count=1, crl_expired=True, crl_next_update="2026-11-01T00:00:00+00:00")
    options = {**TLS, "tlsCRLFile": lists.path}
    assert cause(refused(code), inside(HELLO), options=options, files=(lists,)) == expected


def test_a_list_that_only_a_wrong_clock_makes_old_is_the_clocks_fault() -> None:
    lists = file("tlsCRLFile", crl_count=1, crl_expired=True, crl_next_update="2026-11-01T00:00:00+00:00")
    for days, expected in ((-60, "env.clock-wrong"), (-2, "tls.crl-expired")):
        skewed = Hello(max_wire_version=17, clock_skew_s=days * 86400.0)
        assert cause(refused(12), inside(skewed), options=TLS, files=(lists,)) == expected


def test_trust_is_explained_before_a_client_certificate() -> None:
    demanding = refused(19, certificate_requested=True, requested_authorities=("CN=Lab CA",))
    assert cause(demanding, inside(Reach.CLOSED)) == "tls.unknown-ca"


# ---------------------------------------------------------------- alerts and ends


def alerted(number: int, **changes: Any) -> TlsFacts:
    return driver(Reach.TLS_ALERT, alert=number, **changes)


def test_alert_80_is_the_access_list_at_atlas_and_unclear_elsewhere() -> None:
    host = "c0-shard-00-00.abcde.mongodb.net"
    found = explained(facts(member(alerted(80), host=host), options=TLS))
    assert found is not None
    assert (found.cause, found.certainty) == ("tcp.atlas-access-list", Certainty.LIKELY)
    assert cause(alerted(80)) == "tls.internal-error-alert"
    assert cause(alerted(80, server_hello=True), host=host) == "tls.handshake-refused"
    assert cause(alerted(80), host="mongodb.net.example.com") == "tls.internal-error-alert"


def test_an_old_server_is_told_by_a_trial_with_old_versions() -> None:
    old = handshake(TlsKind.OLD_VERSIONS, version="TLSv1")
    for first in (alerted(70), driver(Reach.TLS_ERROR, openssl_reason="UNSUPPORTED_PROTOCOL"), driver(Reach.CLOSED)):
        found = explained(facts(member(first, old, NO_WIDE, plain(Reach.CLOSED)), options=TLS))
        assert found is not None
        assert found.cause == "tls.old-protocol"
        assert "TLS 1.0" in found.summary
    silent_about_it = driver(Reach.TLS_ERROR, openssl_reason="UNSUPPORTED_PROTOCOL")
    assert cause(silent_about_it, NO_OLD, NO_WIDE) == "tls.old-protocol"


def test_what_turns_every_version_down_is_not_called_old() -> None:
    assert cause(alerted(70), NO_OLD, NO_WIDE) == "tls.handshake-refused"


def test_a_look_that_agrees_on_an_old_version_tells_it_too() -> None:
    assert cause(alerted(70), look(version="TLSv1.1")) == "tls.old-protocol"


def test_no_common_cipher_is_told_by_a_trial_with_all_ciphers() -> None:
    wide = handshake(TlsKind.WIDE_CIPHERS, version="TLSv1.2", cipher="AES128-SHA")
    also_old = handshake(TlsKind.OLD_VERSIONS, version="TLSv1.1", cipher="AES128-SHA")
    assert cause(alerted(40), also_old, wide) == "tls.no-common-cipher"
    assert cause(alerted(71), NO_OLD, NO_WIDE) == "tls.no-common-cipher"
    weak_dh = driver(Reach.TLS_ERROR, openssl_reason="DH_KEY_TOO_SMALL", server_hello=True)
    assert cause(weak_dh, NO_OLD, NO_WIDE) == "tls.no-common-cipher"


@pytest.mark.parametrize("alert", [40, 47, 10])
def test_an_alert_in_every_trial_is_a_refusal(alert: int) -> None:
    trials = [handshake(k, Reach.TLS_ALERT, alert=alert) for k in (TlsKind.OLD_VERSIONS, TlsKind.WIDE_CIPHERS)]
    found = explained(facts(member(alerted(alert), look(Reach.TLS_ALERT, alert=alert), *trials), options=TLS))
    assert found is not None
    assert found.cause == "tls.handshake-refused"
    assert f"alert {alert}" in found.summary
    assert found.certainty is Certainty.LIKELY, "what stands in between can send an alert as well"


@pytest.mark.parametrize(("reason", "why"), [("EXCESSIVE_MESSAGE_SIZE", "longer than"), ("BAD_EXTENSION", "mistake")])
def test_what_openssl_turns_down_here_is_no_refusal_of_the_server(reason: str, why: str) -> None:
    found = explained(
        facts(member(driver(Reach.TLS_ERROR, openssl_reason=reason, server_hello=True), NO_OLD, NO_WIDE), options=TLS)
    )
    assert found is not None
    assert (found.cause, found.certainty) == ("tls.handshake-refused", Certainty.LIKELY)
    assert found.summary.startswith("This computer's OpenSSL gives up")
    assert reason in found.summary
    assert why in found.detail


def test_the_refusal_waits_for_the_trials() -> None:
    assert cause(alerted(40)) == "tls.handshake-refused"
    running = member(alerted(40), finished=False)
    assert explained(facts(running, options=TLS)) is None


def test_a_proxy_that_needs_the_name_is_named() -> None:
    assert cause(alerted(112), host="127.0.0.1") == "tls.host-name-needed"
    other = handshake(TlsKind.OTHER_NAME, server_name="db1.example.com")
    nameless = driver(Reach.TLS_ALERT, alert=40, server_name=None)
    refusals = (NO_OLD, NO_WIDE, look(Reach.TLS_ALERT, alert=40, server_name=None))
    assert cause(nameless, other, *refusals, host="192.0.2.7") == "tls.host-name-needed"
    assert cause(nameless, *refusals, host="192.0.2.7") == "tls.handshake-refused"


# ---------------------------------------------------------------- the client's certificate


DEMANDING = {"certificate_requested": True, "requested_authorities": ("CN=Lab CA",)}
MINE = certificate("CN=app,OU=Clients,O=Lab")


def with_client(*parts: Any, own: Any = MINE) -> str | None:
    return cause(*parts, options=WITH_CLIENT, files=(file("tlsCertificateKeyFile", own, key_present=True),))


@pytest.mark.parametrize(
    "parts",
    [
        (driver(**DEMANDING, closed_after=True),),
        (driver(**DEMANDING), inside(Reach.CLOSED)),
        (driver(**DEMANDING), inside(Reach.RESET)),
        (driver(**DEMANDING, closed_after=True, after_alert=116),),
        (driver(certificate_requested=None, closed_after=True, after_alert=116),),
        (alerted(116),),
        (alerted(40, server_hello=True, **DEMANDING),),
        (alerted(42, server_hello=True, **DEMANDING),),
        (driver(), handshake(TlsKind.TLS12_SNIFF, Reach.CLOSED, **DEMANDING), inside(Reach.CLOSED)),
    ],
)
def test_a_client_certificate_that_is_demanded_and_missing_is_named(parts: tuple[Any, ...]) -> None:
    assert cause(*parts) == "tls.client-certificate-required"


def test_the_accepted_authorities_are_told() -> None:
    found = explained(facts(member(driver(**DEMANDING), inside(Reach.CLOSED)), options=TLS))
    assert found is not None
    assert "Lab CA" in found.detail


def test_a_request_alone_is_no_fault() -> None:
    known = facts(member(driver(**DEMANDING), inside(HELLO)), options=TLS, connected=True)
    assert explained(known) is None
    assert warnings(known) == {}


def test_a_client_certificate_of_another_authority_is_compared_with_the_request() -> None:
    foreign = certificate("CN=app", "CN=Other CA")
    assert with_client(driver(**DEMANDING), inside(Reach.CLOSED), own=foreign) == "tls.client-certificate-wrong-ca"
    assert with_client(alerted(48, server_hello=True, **DEMANDING), own=foreign) == "tls.client-certificate-wrong-ca"
    assert with_client(driver(after_alert=48, closed_after=True)) == "tls.client-certificate-wrong-ca"


def test_an_intermediate_in_the_client_file_can_lead_to_an_accepted_authority() -> None:
    mine = certificate("CN=app", "CN=Clients 3")
    between = certificate("CN=Clients 3", "CN=Lab CA", is_ca=True)
    both = file("tlsCertificateKeyFile", mine, between, key_present=True)
    ended = (driver(**DEMANDING), inside(Reach.CLOSED))
    assert cause(*ended, options=WITH_CLIENT, files=(both,)) == "tls.client-certificate-rejected"


def test_an_expired_client_certificate_is_named() -> None:
    old = certificate("CN=app", ends=-1)
    assert with_client(driver(**DEMANDING), inside(Reach.CLOSED), own=old) == "tls.client-certificate-expired"
    assert with_client(driver(after_alert=45, closed_after=True), own=old) == "tls.client-certificate-expired"


def test_the_servers_clock_decides_whether_a_client_certificate_is_expired() -> None:
    mine = file("tlsCertificateKeyFile", certificate("CN=app", ends=10), key_present=True)
    ahead = Hello(max_wire_version=17, clock_skew_s=30 * 86400.0)
    asking = member(driver(**DEMANDING, after_alert=45, closed_after=True))
    other = member(driver(), inside(ahead), host="db2")
    found = explained(facts(asking, other, options=WITH_CLIENT, files=(mine,)))
    assert found is not None
    assert found.cause == "tls.client-certificate-expired"


@pytest.mark.parametrize("alert", [None, 42, 43, 44, 45, 46, 49])
def test_a_certificate_that_fits_and_is_turned_down_is_rejected(alert: int | None) -> None:
    ended = driver(**DEMANDING, closed_after=True, after_alert=alert)
    assert with_client(ended, inside(Reach.CLOSED)) == "tls.client-certificate-rejected"


def test_a_revoked_certificate_is_only_likely_when_the_server_just_closes() -> None:
    mine = file("tlsCertificateKeyFile", MINE, key_present=True)
    silent_end = member(driver(**DEMANDING), inside(Reach.CLOSED))
    found = explained(facts(silent_end, options=WITH_CLIENT, files=(mine,)))
    assert found is not None
    assert found.certainty is Certainty.LIKELY


# ---------------------------------------------------------------- silence


def test_a_silent_port_is_silent_in_both_protocols() -> None:
    assert cause(driver(Reach.SILENT), plain(Reach.SILENT)) == "tls.no-answer"


@pytest.mark.parametrize(
    "parts",
    [
        (driver(Reach.SILENT), plain(Reach.CLOSED)),
        (driver(Reach.SILENT), plain(Reach.RESET)),
        (driver(Reach.SILENT, server_hello=True, received_bytes=90), plain(Reach.SILENT)),
        (driver(Reach.SILENT), plain(Reach.SILENT), handshake(TlsKind.OLD_VERSIONS, Reach.TLS_ALERT, alert=70)),
    ],
)
def test_a_server_whose_short_answers_pass_loses_its_large_packets(parts: tuple[Any, ...]) -> None:
    assert cause(*parts) == "tcp.large-packets-lost"


def test_a_close_after_the_handshake_without_a_request_is_a_proxy_without_servers() -> None:
    assert cause(driver(), inside(Reach.CLOSED)) == "tls.closed-after-handshake"
    assert cause(driver(closed_after=True)) == "tls.closed-after-handshake"
    for requested, certainty in ((False, Certainty.LIKELY), (None, Certainty.POSSIBLE)):
        ended = member(driver(certificate_requested=requested), inside(Reach.CLOSED))
        found = explained(facts(ended, options=TLS))
        assert found is not None
        assert found.certainty is certainty


@pytest.mark.parametrize("record", ["\\x15\\x03\\x03", "\\x16\\x03\\x01"])
def test_tls_inside_tls_is_told_from_a_proxy_without_servers(record: str) -> None:
    found = explained(facts(member(driver(), inside(Reach.NOT_MONGODB, first_bytes=record)), options=TLS))
    assert found is not None
    assert (found.cause, found.certainty) == ("tls.closed-after-handshake", Certainty.LIKELY)
    assert "once more" in found.summary


def test_while_the_probes_run_nothing_is_claimed() -> None:
    for parts in ((driver(Reach.CLOSED),), (driver(Reach.SILENT),), (alerted(40),), ()):
        running = member(*parts, finished=False)
        assert explained(facts(running, options=TLS)) is None


# ---------------------------------------------------------------- what works and deserves a word


def working(*parts: Any, options: dict[str, Any] = WITH_CA, **changes: Any) -> dict[str, Finding]:
    chain = changes.pop("chain", (LEAF, ROOT))
    known = facts(
        member(driver(chain=chain), inside(HELLO), *parts, **changes),
        options=options,
        files=(file("tlsCAFile", ROOT),) if "tlsCAFile" in options else (),
        connected=True,
    )
    assert explained(known) is None
    return warnings(known)


def test_healthy_tls_gives_nothing() -> None:
    assert working() == {}
    assert working(look(), handshake(TlsKind.TLS12_SNIFF), ocsp_reach={"http://ocsp.lab": Reach.OK}) == {}


@pytest.mark.parametrize(("days", "warned"), [(5, True), (30, True), (31, False), (-1, False)])
def test_a_certificate_that_ends_within_a_month_is_told(days: int, warned: bool) -> None:
    assert ("tls.certificate-expires-soon" in working(chain=(certificate(ends=days), ROOT))) is warned


def test_an_authority_that_ends_soon_is_told_by_name() -> None:
    found = working(chain=(LEAF, certificate("CN=Lab CA", "CN=Lab CA", ends=9)))["tls.certificate-expires-soon"]
    assert "the authority Lab CA" in found.summary
    assert "9 days" in found.summary


def test_a_working_certificate_without_san_is_a_warning() -> None:
    found = working(chain=(certificate(has_san=False, names=()), ROOT))["tls.no-san"]
    assert found.severity is Severity.WARNING


def test_must_staple_is_possible_when_no_staple_could_be_seen() -> None:
    chain = (certificate(must_staple=True), ROOT)
    found = working(chain=chain)["tls.must-staple"]
    assert (found.severity, found.certainty) == (Severity.WARNING, Certainty.POSSIBLE)
    assert "tls.must-staple" not in working(handshake(TlsKind.TLS12_SNIFF, stapled=True), chain=chain)


def test_a_revocation_service_that_does_not_answer_is_told_unless_it_is_not_asked() -> None:
    silent = {"http://ocsp.lab/": Reach.SILENT}
    assert "tls.ocsp-unreachable" in working(ocsp_reach=silent)
    assert working(ocsp_reach=silent, options={**WITH_CA, "tlsDisableOCSPEndpointCheck": True}) == {}


def test_an_interception_that_is_trusted_is_a_warning() -> None:
    top = certificate("CN=Zscaler Root CA", "CN=Zscaler Root CA", is_ca=True)
    known = facts(member(driver(chain=(certificate(issuer=top.subject), top)), inside(HELLO)), options=TLS)
    assert warnings(known)["tls.intercepted"].severity is Severity.WARNING


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ((LEAF, ROOT), "issued by Lab CA"),
        ((certificate("CN=db1", "CN=db1"),), "signed it itself"),
        ((certificate(ends=-4), certificate("CN=X", "CN=Lab CA", is_ca=True)), "expired on 2026-11-16"),
        ((certificate(names=("db9",)), certificate("CN=X", "CN=Lab CA", is_ca=True)), "not for db1"),
    ],
)
def test_validation_off_says_what_a_check_would_say(chain: tuple[Any, ...], reason: str) -> None:
    found = working(chain=chain, options={**TLS, "tlsAllowInvalidCertificates": True})["tls.validation-off"]
    assert reason in found.detail
    assert "tlsAllowInvalidCertificates" in found.detail
    assert found.remedies[0].patch is None


@pytest.mark.parametrize(("tried", "reason"), [((), "was not tried"), ((13,), "no date"), ((10,), "code is 10")])
def test_validation_off_is_told_of_a_certificate_that_cannot_be_read(tried: tuple[int, ...], reason: str) -> None:
    strict = [handshake(TlsKind.OS_ROOTS, Reach.VERIFY_FAILED, verify_code=code, chain=()) for code in tried]
    found = working(*strict, chain=(), options={**TLS, "tlsInsecure": True})["tls.validation-off"]
    assert reason in found.detail


def test_a_check_that_passes_makes_the_option_needless() -> None:
    found = working(handshake(TlsKind.OS_ROOTS), options={**TLS, "tlsInsecure": True})["tls.validation-off"]
    assert found.remedies[0].patch == {"tls": {"insecure": None}}


def test_what_a_verifying_handshake_said_counts_first() -> None:
    tried = handshake(TlsKind.BUNDLED_ROOTS, Reach.VERIFY_FAILED, verify_code=62)
    chain = (certificate(names=("db9",)),)
    found = working(tried, chain=chain, options={**TLS, "tlsInsecure": True})["tls.validation-off"]
    assert "not for db1" in found.detail


def test_plain_text_is_noted_only_when_it_leaves_this_computer() -> None:
    far = facts(member(plain(HELLO)), options={}, connected=True)
    assert warnings(far)["tls.not-encrypted"].severity is Severity.NOTE
    for near in (
        TcpFacts(address="127.0.0.1", family="ipv4", reach=Reach.OK, loopback=True),
        TcpFacts(address="10.0.0.3", family="ipv4", reach=Reach.OK, own=True),
        TcpFacts(address="/tmp/mongodb-27017.sock", family="unix", reach=Reach.OK),
    ):
        assert warnings(facts(member(plain(HELLO), near), options={}, connected=True)) == {}


def test_a_member_that_is_not_heard_yet_is_not_explained() -> None:
    waiting = MemberFacts(address="db1:27017", host="db1", port=27017, listening=Listening(reach=Reach.SILENT))
    assert explained(facts(waiting, options=TLS)) is None


# ---------------------------------------------------------------- other situations with the same evidence


def test_a_name_that_differs_at_the_near_end_of_a_tunnel_keeps_to_the_tunnel() -> None:
    near = TcpFacts(address="127.0.0.1", family="ipv4", reach=Reach.OK, loopback=True, elapsed_ms=1.0)
    leaf = certificate(names=("db1.example.com",))
    known = facts(member(near, refused(64, leaf, ROOT, server_name="127.0.0.1"), host="127.0.0.1"), options=WITH_CA)
    found = explained(known)
    assert found is not None
    assert found.cause == "tls.ip-not-in-certificate"
    assert "hosts file" in found.remedies[0].text
    assert found.remedies[-1].patch == {"tls": {"allowInvalidHostnames": True}}
    far = explained(facts(member(refused(64, leaf, ROOT, server_name="192.0.2.7"), host="192.0.2.7"), options=WITH_CA))
    assert far is not None
    assert all("hosts file" not in remedy.text for remedy in far.remedies)


def test_a_certificate_for_servers_shown_by_a_client_is_named_by_its_purpose() -> None:
    asking = driver(Reach.TLS_ALERT, alert=43, server_hello=True, certificate_requested=True)

    def said(*purposes: str) -> str | None:
        own = certificate("CN=app", purposes=purposes)
        known = facts(member(asking), options=WITH_CLIENT, files=(file("tlsCertificateKeyFile", own),))
        found = explained(known)
        return found.cause if found else None

    assert said("1.3.6.1.5.5.7.3.1") == "tls.server-certificate-as-client"
    assert said("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2") == "tls.client-certificate-rejected"
    assert said() == "tls.client-certificate-rejected"


def test_an_alert_at_our_first_word_says_nothing_about_a_certificate_that_was_not_shown() -> None:
    for number in (42, 44, 45, 46, 48, 49):
        assert cause(alerted(number)) == "tls.handshake-refused"
        assert with_client(alerted(number)) == "tls.handshake-refused"
    own = certificate("CN=app", "CN=Lab CA")
    for asking in (alerted(116), alerted(42, server_hello=True, certificate_requested=False)):
        known = facts(
            member(asking), options=WITH_CLIENT, files=(file("tlsCertificateKeyFile", own, key_present=True),)
        )
        found = explained(known)
        assert found is not None
        assert (found.cause, found.certainty) == ("tls.client-certificate-rejected", Certainty.LIKELY)
    missing = explained(facts(member(alerted(116)), options=TLS))
    assert missing is not None
    assert (missing.cause, missing.certainty) == ("tls.client-certificate-required", Certainty.LIKELY)
    shown = explained(facts(member(alerted(116, server_hello=True)), options=TLS))
    assert shown is not None
    assert shown.certainty is Certainty.PROVEN


def test_tls_that_holds_no_hello_is_no_proof_of_a_server_that_demands_it() -> None:
    ended = member(plain(Reach.CLOSED), look(Reach.OK))
    found = explained(facts(ended))
    assert found is not None
    assert (found.cause, found.certainty) == ("tls.required", Certainty.LIKELY)


def test_an_old_option_and_the_failure_for_want_of_it_are_one_story() -> None:
    reading = read("mongodb://db1/?ssl=true&ssl_ca_certs=/ca.pem")
    known = facts(member(refused(19)), options=TLS, mistakes=reading.facts.mistakes)
    found = diagnose(known)
    assert [f.cause for f in found] == ["tls.unknown-ca"]
    assert "tlsCAFile" in found[0].detail
    assert found[0].remedies[0].action == "replace-option:ssl_ca_certs:tlsCAFile=/ca.pem"


def test_a_dot_behind_the_host_is_what_the_certificate_lacks() -> None:
    leaf = certificate(names=("db1.example.com",))
    known = member(refused(62, leaf, server_name="db1.example.com."), host="db1.example.com.")
    found = explained(facts(known, options=TLS))
    assert found is not None
    assert (found.cause, found.remedies[0].patch) == (
        "tls.name-mismatch",
        {"seeds": {"hosts": ["db1.example.com:27017"]}},
    )
    other = explained(facts(member(refused(62, leaf, server_name="db2."), host="db2."), options=TLS))
    assert other is not None
    assert "dot" not in other.summary


def test_an_address_among_the_dns_names_vouches_for_nothing() -> None:
    leaf = certificate(names=("127.0.0.1", "db1"))
    found = explained(facts(member(refused(64, leaf, server_name="127.0.0.1"), host="127.0.0.1"), options=TLS))
    assert found is not None
    assert found.cause == "tls.ip-not-in-certificate"
    assert "as a DNS name" in found.summary


@pytest.mark.parametrize(
    ("code", "word"),
    [(3, "none for"), (33, "none for"), (8, "not signed"), (35, "key usage"), (44, "scope"), (54, "traced")],
)
def test_a_list_that_is_there_and_of_no_use_is_not_said_to_be_missing(code: int, word: str) -> None:
    found = explained(facts(member(refused(code)), options=TLS))
    assert found is not None
    assert found.cause == "tls.crl-missing"
    assert word in found.summary
