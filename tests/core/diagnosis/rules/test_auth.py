from __future__ import annotations

from typing import Any

import pytest

from clearline.core.diagnosis.rules import auth
from clearline.core.facts.computer import ComputerFacts
from clearline.core.facts.login import DriverFacts, DriverState, LoginFacts
from clearline.core.facts.servers import Hello, Reach, ServerExtras
from clearline.core.facts.text import PasswordTraits
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Severity
from lab.hand_made_facts import HELLO, certificate, driver, facts, file, inside, member, plain

SCRAM = ("SCRAM-SHA-1", "SCRAM-SHA-256")
GENUINE = ServerExtras(genuine=True, open_read_code=13)
CLOSED, OPEN = ServerExtras(open_read_code=13), ServerExtras(open_read_code=0)


def findings(known: Facts) -> list[Finding]:
    return [f for rule in auth.RULES for f in rule(known)]


def refused(
    step: str | None = "saslContinue",
    code: int | None = 18,
    *,
    mechanism: str | None = None,
    database: str = "admin",
    user: str | None = "app",
    mechs: dict[str, tuple[str, ...]] | None = None,
    extras: ServerExtras = CLOSED,
    password: PasswordTraits | None = None,
    options: dict[str, Any] | None = None,
    parts: tuple[Any, ...] = (plain(HELLO),),
    words: str | None = None,
    **changes: Any,
) -> Finding:
    login = LoginFacts(
        mechanism=mechanism,
        database=database,
        user=user,
        attempted=True,
        failed_step=step,
        code=code,
        server="db1:27017",
    )
    known = facts(
        member(*parts, extras=extras),
        user=user,
        password=password or PasswordTraits(given=True),
        options={**({"authMechanism": mechanism} if mechanism else {}), **(options or {})},
        login=login,
        user_mechanisms=mechs or {},
        driver=DriverFacts(state=DriverState.RAISED, code=code, words=words, raised_by="login"),
        **changes,
    )
    failures = [f for f in findings(known) if f.severity is Severity.FAILURE]
    assert len(failures) == 1, [f.cause for f in failures]
    return failures[0]


# ---------------------------------------------------------------- SCRAM


def test_a_reason_of_the_servers_own_is_told_in_place_of_a_wrong_password() -> None:
    known = {"admin.app": SCRAM}
    assert refused(mechs=known, words="Authentication failed.").cause == "auth.wrong-password"
    found = refused(mechs=known, words="Account is locked")
    assert (found.cause, found.certainty) == ("auth.login-refused", Certainty.LIKELY)
    assert "Account is locked" in found.summary


def test_a_wrong_password_looks_like_a_restriction_to_certain_addresses() -> None:
    found = refused(mechs={"admin.app": SCRAM})
    assert (found.cause, found.certainty) == ("auth.wrong-password", Certainty.LIKELY)
    assert found.remedies[0].action == "ask-password"
    assert "certain addresses" in found.detail, "the restriction to addresses looks the same and is mentioned"


def test_a_server_that_does_not_list_mechanisms_leaves_doubt() -> None:
    for mechs in ({}, {"admin.app": ()}):
        found = refused(mechs=mechs)
        assert (found.cause, found.certainty) == ("auth.wrong-password", Certainty.LIKELY)
        assert "knows the user in" not in found.detail


def test_an_unknown_user_is_proven_by_empty_lists() -> None:
    mechs: dict[str, tuple[str, ...]] = {"admin.nobody": (), "appdb.nobody": ()}
    found = refused("saslStart", mechs=mechs, user="nobody", extras=ServerExtras(genuine=True))
    assert (found.cause, found.certainty) == ("auth.unknown-user", Certainty.PROVEN)
    assert "appdb" in found.detail
    foreign = refused("saslStart", mechs=mechs, user="nobody", extras=ServerExtras(genuine=False))
    assert foreign.certainty is Certainty.LIKELY, "only MongoDB is known to list the mechanisms of every user"


def test_another_product_that_refuses_the_first_step_is_quoted() -> None:
    ferret = ServerExtras(ferretdb=True, product="FerretDB", genuine=False)
    found = refused("saslStart", mechs={"admin.app": ()}, extras=ferret)
    assert (found.cause, found.certainty) == ("auth.mechanism-not-supported", Certainty.LIKELY)
    assert "PLAIN over TLS" in found.remedies[0].text


def test_a_password_may_be_a_text_that_was_encoded() -> None:
    def remedies(**traits: bool) -> list[str | None]:
        found = refused(mechs={"admin.app": SCRAM}, password=PasswordTraits(given=True, **traits))
        return [remedy.action for remedy in found.remedies]

    assert remedies() == ["ask-password"]
    assert remedies(base64_text=True) == ["ask-password", "decode-password"]
    assert remedies(escaped=True) == ["ask-password", "keep-percent"]


@pytest.mark.parametrize(
    ("traits", "cause", "action"),
    [
        ({"control_from_escape": True, "escaped": True}, "auth.percent-in-password", "keep-percent"),
        ({"control_from_escape": True, "line_break_ends": True}, "auth.control-character", "trim-password"),
        ({}, "auth.control-character", "ask-password"),
    ],
)
def test_a_character_that_no_password_may_hold_tells_where_it_came_from(
    traits: dict[str, bool], cause: str, action: str
) -> None:
    known = facts(
        member(plain(HELLO)),
        user="app",
        password=PasswordTraits(given=True, control_character="U+000A", **traits),
        login=LoginFacts(attempted=True, refused_here=True),
        driver=DriverFacts(state=DriverState.RAISED, raised_by="login"),
    )
    found = [f for f in findings(known) if f.severity is Severity.FAILURE]
    assert [(f.cause, f.remedies[0].action) for f in found] == [(cause, action)]


def test_an_unknown_user_is_likely_by_the_step_alone() -> None:
    found = refused("saslStart", user="nobody")
    assert (found.cause, found.certainty) == ("auth.unknown-user", Certainty.LIKELY)


def test_a_user_of_another_database_gets_its_auth_source() -> None:
    found = refused("saslStart", mechs={"admin.app": (), "appdb.app": SCRAM}, database="admin")
    assert found.cause == "auth.wrong-authsource"
    assert found.remedies[0].patch == {"auth": {"source": "appdb"}}
    back = refused("saslStart", mechs={"appdb.app": (), "admin.app": SCRAM}, database="appdb")
    assert back.remedies[0].patch == {"auth": {"source": "admin"}}


def test_admin_is_proposed_first_when_the_user_is_in_several() -> None:
    known = {"shop.app": (), "b.app": SCRAM, "admin.app": SCRAM}
    found = refused("saslStart", mechs=known, database="shop", extras=GENUINE)
    assert [r.patch for r in found.remedies] == [{"auth": {"source": "admin"}}, {"auth": {"source": "b"}}]
    assert found.certainty is Certainty.LIKELY, "which of the two accounts is meant, no server can say"


def test_a_user_whose_methods_are_all_switched_off_is_there_all_the_same() -> None:
    for step, code in (("saslStart", 18), ("saslStart", 334)):
        known = {"admin.app": (), "$external.app": ()}
        found = refused(step, code, mechs=known, extras=GENUINE, users_without_mechanism=("admin.app",))
        assert (found.cause, found.certainty) == ("auth.mechanism-disabled", Certainty.PROVEN)
        assert "knows user app" in found.summary
        assert found.remedies[0].patch is None, "the address cannot mend it"
    nobody = refused("saslStart", 18, mechs={"admin.app": ()}, extras=GENUINE)
    assert nobody.cause == "auth.unknown-user"
    by_certificate = refused(
        "saslStart", mechs={"$external.app": ()}, database="$external", users_without_mechanism=("$external.app",)
    )
    assert by_certificate.cause != "auth.mechanism-disabled", "users of $external log in by other means than SCRAM"


def test_a_user_name_with_a_dot_belongs_to_its_database() -> None:
    found = refused("saslStart", user="a.b", mechs={"admin.a.b": (), "shop.a.b": SCRAM})
    assert found.remedies[0].patch == {"auth": {"source": "shop"}}


def test_a_user_name_in_other_letters_is_corrected() -> None:
    found = refused("saslStart", user="App", mechs={"admin.App": (), "admin.app": SCRAM})
    assert found.cause == "auth.user-name-case"
    assert found.remedies[0].patch == {"auth": {"user": "app"}}
    elsewhere = refused("saslStart", user="App", mechs={"admin.App": (), "shop.app": SCRAM})
    assert elsewhere.remedies[0].patch == {"auth": {"user": "app", "source": "shop"}}


def test_a_space_around_the_user_name_is_corrected() -> None:
    found = refused("saslStart", user="app ", mechs={"admin.app ": (), "admin.app": SCRAM})
    assert found.remedies[0].patch == {"auth": {"user": "app"}}
    assert "space" in found.detail


@pytest.mark.parametrize("step", ["saslStart", "saslContinue"])
def test_a_mechanism_that_the_user_lacks_is_removed(step: str) -> None:
    found = refused(step, mechanism="SCRAM-SHA-256", mechs={"admin.app": ("SCRAM-SHA-1",)})
    assert found.cause == "auth.mechanism-not-for-user"
    assert found.remedies[0].patch == {"auth": {"mechanism": None}}


def test_a_mechanism_that_the_server_has_off_is_told_by_its_code() -> None:
    found = refused("saslStart", 334, mechanism="SCRAM-SHA-256", mechs={"admin.app": ("SCRAM-SHA-1",)})
    assert found.cause == "auth.mechanism-disabled"
    assert "SCRAM-SHA-1" in found.detail


def test_a_mechanism_that_the_driver_chose_cannot_be_taken_out_of_the_address() -> None:
    login = LoginFacts(
        mechanism="SCRAM-SHA-1", database="admin", user="app", attempted=True, failed_step="saslStart", code=334
    )
    known = facts(member(plain(HELLO), extras=CLOSED), user="app", password=PasswordTraits(given=True), login=login)
    [found] = findings(known)
    assert found.cause == "auth.mechanism-disabled"
    assert found.remedies[0].patch is None
    assert "Remove authMechanism" not in found.remedies[0].text


def test_a_password_for_a_user_of_external_lacks_the_method() -> None:
    login = LoginFacts(
        mechanism="SCRAM-SHA-1", database="$external", user="CN=a", attempted=True, failed_step="saslStart", code=334
    )
    known = facts(member(plain(HELLO), extras=CLOSED), user="CN=a", password=PasswordTraits(given=True), login=login)
    [found] = findings(known)
    assert found.cause == "uri.mechanism-mismatch"
    assert "MONGODB-X509" in found.remedies[0].text


@pytest.mark.parametrize("user", ["admin.app", "app@admin"])
def test_a_user_as_it_is_listed_is_taken_apart(user: str) -> None:
    found = refused("saslStart", user=user, mechs={f"admin.{user}": ()})
    assert {"auth": {"user": "app", "source": "admin"}} in [remedy.patch for remedy in found.remedies]


@pytest.mark.parametrize("mechanism", ["PLAIN", "GSSAPI", "MONGODB-AWS", "MONGODB-OIDC"])
def test_a_mechanism_of_another_edition_is_not_supported(mechanism: str) -> None:
    found = refused("saslStart", 334, mechanism=mechanism, database="$external")
    assert found.cause == "auth.mechanism-not-supported"


def test_leaving_ldap_also_leaves_its_database() -> None:
    found = refused("saslStart", 334, mechanism="PLAIN", database="$external", options={"authSource": "$external"})
    assert found.remedies[0].patch == {"auth": {"mechanism": None, "source": None}}


def test_a_server_without_access_control_is_told_by_an_open_read() -> None:
    found = refused("saslStart", mechs={"admin.app": ()}, extras=OPEN)
    assert found.cause == "auth.no-access-control"
    assert found.remedies[0].patch == {"auth": {"user": None, "mechanism": None, "source": None}}


def test_an_open_server_that_knows_the_user_refused_the_password() -> None:
    assert refused(mechs={"admin.app": SCRAM}, extras=OPEN).cause == "auth.wrong-password"
    elsewhere = refused("saslStart", mechs={"admin.app": (), "shop.app": SCRAM}, extras=OPEN)
    assert elsewhere.cause == "auth.wrong-authsource"


@pytest.mark.parametrize(
    ("traits", "code"),
    [
        (PasswordTraits(given=True, literal_plus=True), "auth.plus-in-password"),
        (PasswordTraits(given=True, needless_escape=True), "auth.percent-in-password"),
        (PasswordTraits(given=True, outer_space="ends"), "auth.space-in-password"),
        (PasswordTraits(given=True, literal_plus=True, outer_space="ends"), "auth.plus-in-password"),
    ],
)
def test_the_text_of_a_refused_password_may_explain_it(traits: PasswordTraits, code: str) -> None:
    found = refused(mechs={"admin.app": SCRAM}, password=traits)
    assert (found.cause, found.certainty) == (code, Certainty.LIKELY)


def test_odd_text_does_not_explain_a_user_who_is_not_there() -> None:
    odd = PasswordTraits(given=True, literal_plus=True, outer_space="ends")
    assert refused("saslStart", mechs={"admin.app": ()}, password=odd).cause == "auth.unknown-user"


def test_a_plus_in_the_user_name_is_named() -> None:
    odd = PasswordTraits(given=True, user_literal_plus=True)
    found = refused("saslStart", user="a b", mechs={"admin.a b": ()}, password=odd)
    assert found.cause == "auth.plus-in-password"
    assert "user name" in found.detail


def test_a_control_character_never_left_this_computer() -> None:
    known = facts(
        member(plain(HELLO)),
        user="app",
        password=PasswordTraits(given=True, control_character="U+0007"),
        login=LoginFacts(attempted=True, refused_here=True),
    )
    (found,) = findings(known)
    assert found.cause == "auth.control-character"
    assert "U+0007" in found.summary


def test_atlas_has_its_own_code() -> None:
    assert refused("saslStart", 8000).cause == "auth.atlas-bad-auth"


def test_an_arbiter_is_explained_by_being_one() -> None:
    known = facts(
        member(plain(Hello(set_name="rs0", arbiter_only=True))),
        user="app",
        login=LoginFacts(attempted=True, failed_step="saslStart", code=18, server="db1:27017"),
    )
    assert findings(known) == []


def test_a_login_under_way_or_done_is_no_failure() -> None:
    for login in (LoginFacts(), LoginFacts(attempted=True), LoginFacts(attempted=True, succeeded=True)):
        assert findings(facts(member(plain(HELLO), extras=CLOSED), user="app", login=login)) == []


# ---------------------------------------------------------------- identities from elsewhere

MINE = certificate("CN=batch,OU=Batch,O=Lab")
SERVER = certificate("CN=db1,OU=Servers,O=Lab")


def x509(code: int, *, user: str | None = None, own: Any = MINE, server: Any = SERVER, **handshake: Any) -> Finding:
    return refused(
        "authenticate",
        code,
        mechanism="MONGODB-X509",
        database="$external",
        user=user,
        options={"tls": True, **({"tlsCertificateKeyFile": "/me.pem"} if own else {})},
        parts=(driver(chain=(server,), **{"certificate_requested": True, **handshake}), inside(HELLO)),
        files=(file("tlsCertificateKeyFile", own, key_present=True),) if own else (),
    )


def test_a_subject_without_a_user_is_shown() -> None:
    found = x509(11)
    assert (found.cause, found.certainty) == ("auth.x509-unknown-subject", Certainty.PROVEN)
    assert "CN=batch,OU=Batch,O=Lab" in found.summary
    guarded = x509(18)
    assert (guarded.cause, guarded.certainty) == ("auth.x509-unknown-subject", Certainty.LIKELY)


def test_x509_without_a_certificate_is_named() -> None:
    assert x509(18, own=None).cause == "auth.x509-no-certificate"


def test_a_user_name_that_is_not_the_subject_is_removed() -> None:
    found = x509(18, user="CN=other,O=Lab")
    assert found.cause == "auth.x509-name-differs"
    assert found.remedies[0].patch == {"auth": {"user": None}}


def test_a_user_name_that_is_the_subject_in_other_spelling_does_not_differ() -> None:
    assert x509(11, user="cn=batch, ou=Batch, o=Lab").cause == "auth.x509-unknown-subject"


def test_a_certificate_of_the_servers_organisation_and_unit_is_a_members() -> None:
    twin = certificate("CN=batch,OU=Servers,O=Lab")
    assert x509(18, own=twin).cause == "auth.x509-member-certificate"
    bare, its = certificate("CN=batch"), certificate("CN=db1")
    assert x509(18, own=bare, server=its).cause == "auth.x509-unknown-subject", (
        "without O, OU and DC nobody is a member"
    )


def test_a_server_that_asks_for_no_certificate_sees_no_name() -> None:
    assert x509(18, certificate_requested=False).cause == "auth.mechanism-disabled"


@pytest.mark.parametrize("mechanism", ["MONGODB-AWS", "GSSAPI", "MONGODB-OIDC"])
def test_an_outside_identity_that_is_refused_is_an_unknown_user(mechanism: str) -> None:
    assert refused("saslContinue", 18, mechanism=mechanism, database="$external").cause == "auth.unknown-user"


def refused_here(mechanism: str, **changes: Any) -> list[str]:
    properties = changes.pop("properties", None)
    options = {"authMechanism": mechanism, **({"authMechanismProperties": properties} if properties else {})}
    known = facts(
        member(plain(HELLO)),
        options=options,
        login=LoginFacts(mechanism=mechanism, attempted=True, refused_here=True),
        **changes,
    )
    return [f.cause for f in findings(known)]


def test_aws_without_credentials_is_told_apart_from_a_missing_package() -> None:
    assert refused_here("MONGODB-AWS") == ["auth.aws-no-credentials"]
    assert refused_here("MONGODB-AWS", computer=ComputerFacts(missing_packages=("pymongo_auth_aws",))) == []


def test_a_missing_oidc_token_names_the_environment() -> None:
    lost = DriverFacts(state=DriverState.RAISED, exception="FileNotFoundError")
    assert refused_here("MONGODB-OIDC", properties={"ENVIRONMENT": "k8s"}, driver=lost) == ["auth.oidc-token-missing"]


# ---------------------------------------------------------------- no login


@pytest.mark.parametrize(
    "known",
    [
        facts(member(plain(HELLO), extras=CLOSED)),
        facts(member(plain(HELLO)), driver=DriverFacts(state=DriverState.RAISED, code=13, raised_by="read")),
    ],
)
def test_missing_credentials_are_proven_by_code_13(known: Facts) -> None:
    (found,) = findings(known)
    assert (found.cause, found.certainty) == ("auth.credentials-missing", Certainty.PROVEN)


def test_atlas_says_it_with_its_own_code() -> None:
    (found,) = findings(facts(member(plain(HELLO), extras=ServerExtras(open_read_code=8000))))
    assert (found.cause, found.certainty) == ("auth.credentials-missing", Certainty.LIKELY)


def test_credentials_that_are_given_are_not_missing() -> None:
    assert findings(facts(member(plain(HELLO), extras=CLOSED), user="app")) == []
    assert findings(facts(member(plain(HELLO), extras=CLOSED), options={"authMechanism": "MONGODB-X509"})) == []
    assert findings(facts(member(plain(HELLO), extras=CLOSED), connected=True)) == []
    arbiter = member(plain(Hello(set_name="rs0", arbiter_only=True, max_wire_version=17)), extras=CLOSED)
    assert findings(facts(arbiter)) == []


def test_an_open_server_is_noted() -> None:
    (found,) = findings(facts(member(plain(HELLO), extras=OPEN), connected=True))
    assert (found.cause, found.severity) == ("auth.open-server", Severity.NOTE)


def test_a_server_that_cannot_be_used_is_not_called_open() -> None:
    unused = member(plain(Reach.CLOSED), extras=OPEN)
    assert findings(facts(unused)) == []


def test_no_secret_and_no_part_of_it_is_in_the_sentences() -> None:
    found = refused(mechs={"admin.app": SCRAM}, password=PasswordTraits(given=True, needless_escape=True))
    assert "A % with two digits" in found.summary


def test_the_password_and_the_name_tell_how_they_were_written() -> None:
    quoted = refused(mechs={"admin.app": SCRAM}, password=PasswordTraits(given=True, outer_quotes=True))
    assert any("--env-file" in r.text for r in quoted.remedies)
    latin = refused("saslStart", user="\ufffdva", mechs={"admin.\ufffdva": ()}, extras=GENUINE)
    assert "UTF-8" in latin.detail
    listed = refused("saslStart", user="admin.app", mechs={"admin.admin.app": ()}, extras=GENUINE)
    assert listed.remedies[1].patch == {"auth": {"user": "app", "source": "admin"}}
    dotted = refused("saslStart", user="jo.doe", mechs={"admin.jo.doe": ()}, extras=GENUINE)
    assert all(r.patch is None for r in dotted.remedies), "a dot alone names no database"
