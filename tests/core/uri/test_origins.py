"""Where a value came from: what programs, shells and templates leave in an address, and what mends it there."""

from __future__ import annotations

import pytest

from clearline.core.diagnosis.catalogue import fix_of, title_of
from clearline.core.facts.text import Mistake
from clearline.core.findings import Certainty, Severity
from clearline.core.options.names import successor
from clearline.core.uri.connection_string import read
from clearline.core.uri.parts import take_apart
from clearline.core.uri.password import password_traits
from clearline.core.uri.remedies import remedied, weakens


def first(text: str) -> Mistake:
    return read(text).mistakes[0]


def mended(text: str) -> str | None:
    return remedied(read(text), first(text))


# ---------------------------------------------------------------- given once for every host


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        (
            "mongodb://app:secretPw1@h1:27017,app:secretPw1@h2:27017,app:secretPw1@h3:27017/shop",
            "mongodb://app:secretPw1@h1:27017,h2:27017,h3:27017/shop",
        ),
        ("mongodb://h1:27017/db,h2:27017/db,h3:27017/db", "mongodb://h1:27017,h2:27017,h3:27017/db"),
        ("mongodb://h1,mongodb://h2/db?w=1", "mongodb://h1,h2/db?w=1"),
        (
            "mongodb://app:pw@h1/db?replicaSet=rs0,mongodb://app:pw@h2/db?replicaSet=rs0",
            "mongodb://app:pw@h1,h2/db?replicaSet=rs0",
        ),
    ],
)
def test_what_is_repeated_is_given_once_and_no_host_is_lost(text: str, repaired: str) -> None:
    assert first(text).cause == "uri.repeated-per-host"
    assert mended(text) == repaired


def test_two_passwords_are_both_covered_and_left_to_their_owner() -> None:
    reading = read("mongodb://app:secretA1@h1:27017,app:secretB2@h2:27017/")
    assert (first(reading.text).cause, first(reading.text).certainty) == ("uri.repeated-per-host", Certainty.LIKELY)
    assert mended(reading.text) is None
    assert "secretA1" not in reading.facts.redacted
    assert "secretB2" not in reading.facts.redacted


@pytest.mark.parametrize("text", ["mongodb://h1/a,b", "mongodb://app:p,x@h1/", "mongodb://app:p@x,y@h1/"])
def test_a_comma_in_a_name_or_password_repeats_nothing(text: str) -> None:
    assert "uri.repeated-per-host" not in [m.cause for m in read(text).mistakes]


def test_hosts_behind_the_database_are_a_doubt_where_pymongo_takes_the_text() -> None:
    text = "mongodb://h1/db,h2:27017"
    assert (first(text).cause, first(text).severity) == ("uri.repeated-per-host", Severity.WARNING)
    assert mended(text) == "mongodb://h1,h2:27017/db"


# ---------------------------------------------------------------- never set


@pytest.mark.parametrize(
    "text",
    [
        "undefined",
        "mongodb://undefined",
        "mongodb://null:27017/",
        "mongodb://None/",
        "mongodb://[object Object]/",
        "mongodb://{{ .Values.host }}:27017/",
        "mongodb://<no value>:27017/db",
        "mongodb://{{ .Values.user }}:pw@h1/",
        "mongodb://undefined:undefined@h1/",
        "mongodb://app:{{ vault.password }}@h1/",
        "mongodb://h1:NaN/",
        "mongodb://h1:undefined/db",
        "mongodb://$HOST:27017/",
        "mongodb://%DB_HOST%/",
        "mongodb://${{ secrets.DB_HOST }}/",
        "mongodb://h1/?replicaSet=undefined",
    ],
)
def test_what_a_program_writes_for_want_of_a_value_is_refused(text: str) -> None:
    assert (first(text).cause, first(text).severity) == ("uri.not-set", Severity.FAILURE)


@pytest.mark.parametrize("password", ["None", "null", "$SECRET", "NaN", "{{hunter2}}"])
def test_a_password_may_really_be_that_word(password: str) -> None:
    reading = read(f"mongodb://app:{password}@h1/")
    assert reading.usable
    assert (first(reading.text).cause, first(reading.text).certainty) == ("uri.not-set", Certainty.LIKELY)
    assert "hunter2" not in title_of(first(reading.text))
    assert "SECRET" not in title_of(first(reading.text))


def test_a_host_that_only_begins_like_such_a_word_is_a_host() -> None:
    assert read("mongodb://null-island.example.com,nonesuch/").mistakes == ()


def test_a_port_that_kubernetes_made_an_address_of_is_named_for_what_it_is() -> None:
    text = "mongodb://mongo:tcp://10.96.0.7:27017/db"
    assert [m.cause for m in read(text).mistakes] == ["uri.bad-port"]
    assert "Kubernetes" in first(text).detail
    assert mended(text) == "mongodb://mongo:27017/db"


# ---------------------------------------------------------------- shells, charts, encodings


@pytest.mark.parametrize(
    ("text", "cause", "repaired"),
    [
        ("mongodb://app:pw@h1:27017\\,h2:27019/", "uri.host-separator", "mongodb://app:pw@h1:27017,h2:27019/"),
        ("mongodb://app:pw@h1/db\\?w=1", "uri.stray-characters", "mongodb://app:pw@h1/db?w=1"),
        ("mongodb://app:pw@h1/db&authSource=admin", "uri.malformed-options", "mongodb://app:pw@h1/db?authSource=admin"),
        ("mongodb://h1:27017&authSource=admin", "uri.malformed-options", "mongodb://h1:27017/?authSource=admin"),
        ("bW9uZ29kYjovL2gxOjI3MDE3L2Ri", "uri.bad-scheme", "mongodb://h1:27017/db"),
    ],
)
def test_what_a_shell_a_chart_or_a_secret_did_is_taken_back(text: str, cause: str, repaired: str) -> None:
    assert first(text).cause == cause
    assert mended(text) == repaired


def test_an_ampersand_in_a_database_name_is_no_option() -> None:
    assert read("mongodb://h1/a&b=c").mistakes == ()


def test_the_traits_of_a_password_tell_its_origin() -> None:
    def traits(password: str) -> dict[str, object]:
        found = read(f"mongodb://app:{password}@h/").facts.password
        return {n: getattr(found, n) for n in ("control_from_escape", "line_break_ends", "escaped", "base64_text")}

    plain = {"control_from_escape": False, "line_break_ends": False, "escaped": False, "base64_text": False}
    assert traits("hunter2") == plain
    assert traits("Co387mA%10x9") == plain | {"control_from_escape": True, "escaped": True}
    assert traits("secret%0A") == plain | {"line_break_ends": True, "escaped": True}
    assert traits("secret%07") == plain | {"escaped": True}
    assert traits("p%23ss") == plain | {"escaped": True}
    assert traits("c2VjcmV0UHcx") == plain | {"base64_text": True}


# ---------------------------------------------------------------- names of other drivers and ages


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ssl_ca_certs=/ca.pem", "tlsCAFile=/ca.pem"),
        ("connect=direct", "directConnection=true"),
        ("connect=replicaSet", "directConnection=false"),
        ("ssl_cert_reqs=CERT_NONE", "tlsAllowInvalidCertificates=true"),
        ("sslVerifyCertificate=false", "tlsAllowInvalidCertificates=true"),
        ("ssl_match_hostname=true", "tlsAllowInvalidHostnames=false"),
        ("sslAllowInvalidHostnames=true", "tlsAllowInvalidHostnames=true"),
        ("slaveOk=true", "readPreference=secondaryPreferred"),
        ("authenticationDatabase=admin", "authSource=admin"),
    ],
)
def test_an_old_option_is_replaced_by_what_says_the_same_today(old: str, new: str) -> None:
    text = f"mongodb://h1/?{old}"
    assert first(text).cause == "uri.unknown-option"
    assert new.partition("=")[0] in fix_of(first(text))
    assert mended(text) == f"mongodb://h1/?{new}"
    assert weakens(first(text)) is (new.startswith("tlsAllow") and new.endswith("true"))


def test_a_key_in_a_file_of_its_own_has_no_successor() -> None:
    assert successor("ssl_keyfile", "/key.pem") is None
    assert "one PEM file" in fix_of(first("mongodb://h1/?ssl_keyfile=/key.pem"))


def test_the_options_of_studio_3t_are_one_note_that_names_its_way() -> None:
    reading = read("mongodb://h1/?3t.ssh=true&3t.sshAddress=bastion.example.com&3t.sshPort=2222&3t.databases=a,b")
    assert [m.cause for m in reading.mistakes] == ["uri.unknown-option"]
    assert "bastion.example.com:2222" in fix_of(reading.mistakes[0])


@pytest.mark.parametrize(
    ("text", "certainty"),
    [
        ("mongodb://app:one@two-Qx7@db1/", Certainty.PROVEN),
        ("mongodb://app:pw-Qx7@db1.example.com@db2.example.com/", Certainty.LIKELY),
        ("mongodb://app:pw-Qx7@db1:27017@db2:27017/", Certainty.LIKELY),
        ("mongodb://arn:aws:iam::1:user@db1/", Certainty.LIKELY),
        ("mongodb://app:one%two-Qx7@db1/", Certainty.PROVEN),
    ],
)
def test_a_character_that_can_belong_elsewhere_is_likely_and_says_where(text: str, certainty: Certainty) -> None:
    found = first(text)
    assert (found.cause, found.certainty) == ("uri.unescaped-credentials", certainty)
    assert bool(found.detail) is (certainty is Certainty.LIKELY)


@pytest.mark.parametrize(
    ("text", "named", "place", "certainty", "doubt"),
    [
        ("mongodb://app:p@ss/w%rd@db1/", ("@, / and %", "%40, %2F and %25"), "@ss/w%", Certainty.PROVEN, ""),
        ("mongodb://app:p@s:s/w@db1/", ("@ and /", "%40 and %2F"), "@s:s/", Certainty.PROVEN, "the : belongs"),
        ("mongodb://app:a/b@c.example.com/d@db1/", ("/", "%2F"), "/", Certainty.PROVEN, "another host"),
        (
            "mongodb://app:pw@c.example.com/d@db1/",
            ("@ and /", "%40 and %2F"),
            "@c.example.com/",
            Certainty.LIKELY,
            "a comma",
        ),
    ],
)
def test_one_part_with_several_characters_to_escape_is_one_mistake(
    text: str, named: tuple[str, str], place: str, certainty: Certainty, doubt: str
) -> None:
    (mistake,) = read(text).mistakes
    assert (mistake.blanks["character"], mistake.blanks["escaped"]) == named
    assert (mistake.certainty, text[mistake.start : mistake.end]) == (certainty, place)
    assert doubt in mistake.detail
    assert bool(doubt) is bool(mistake.detail)
    assert not read(mended(text) or "").mistakes, "one click repairs all of it"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("mongodb://app:ENC(abcdefQx7)@db1/", "store of secrets"),
        ("mongodb://app:op://vault/Qx7item/password@db1/", "store of secrets"),
        ("mongodb://app:vault:secret/data/Qx7#pw@db1/", "store of secrets"),
        ("mongodb://app:[REDACTED]@db1/", "A log or a report"),
        ("mongodb://app:%(password)s@db1/", "format of a program"),
        ("mongodb://app:__DB_PASSWORD__@db1/", "template"),
        ("mongodb://db1:${PORT:-27017}/", "template"),
    ],
)
def test_where_a_value_that_was_never_filled_in_came_from_is_said(text: str, origin: str) -> None:
    found = first(text)
    assert found.cause == "uri.not-set"
    assert origin in found.blanks["origin"]
    assert "Qx7" not in str(found)  # it may be a password all the same


def test_an_address_that_was_escaped_as_a_whole_is_said_to_be() -> None:
    found = first("mongodb%3A%2F%2Fapp%3Apw%40db1")
    assert found.cause == "uri.bad-scheme"
    assert "percent-encoded" in found.blanks["scheme"]


def test_a_password_that_a_person_may_have_chosen_is_a_likely_template() -> None:
    assert first("mongodb://app:xxxxx@db1/").certainty is Certainty.LIKELY
    assert first("mongodb://app:<password>@db1/").certainty is Certainty.PROVEN


# ---------------------------------------------------------------- copied past what reads it


@pytest.mark.parametrize(
    "text",
    [
        "mongodb:\\/\\/app:pw@h1:27017\\/shop?w=1",
        "mongodb\\://app\\:pw@h1\\:27017/shop?w\\=1",
        "mongodb\\:\\/\\/app:pw@h1:27017/shop?w=1",
    ],
)
def test_backslashes_of_json_and_of_properties_are_one_mistake_with_a_button(text: str) -> None:
    (mistake,) = read(text).mistakes
    assert mistake.cause == "uri.bad-scheme"
    assert mended(text) == "mongodb://app:pw@h1:27017/shop?w=1"


def test_a_backslash_in_a_password_is_none_of_them() -> None:
    assert all(m.cause != "uri.bad-scheme" for m in read("mongodb://app:pa\\:ss@h1/").mistakes)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql+pymysql", "redis", "jdbc:mysql", "amqp", "sqlserver"])
def test_an_address_of_another_service_is_named_and_not_made_one_of_mongodb(scheme: str) -> None:
    mistake = first(f"{scheme}://app:pw@h1:5432/shop")
    assert mistake.cause == "uri.bad-scheme"
    assert "It is the address of" in mistake.detail
    assert (mistake.action, mistake.patch) == (None, None), "nothing says that a MongoDB server is there"
    assert first("https://h1:27017/").action is not None


@pytest.mark.parametrize(
    "password", ["$(cat /run/secrets/pw)", "`cat pw`", "${DB_PASSWORD:-x}", "${DB_PASSWORD:?gone}"]
)
def test_what_a_shell_was_to_put_there_is_no_character_to_escape(password: str) -> None:
    mistake = first(f"mongodb://app:{password}@h1/")
    assert (mistake.cause, mistake.certainty) == ("uri.not-set", Certainty.LIKELY)
    assert "DB_PASS" not in title_of(mistake)
    assert first("mongodb://app:pa`ss:word@h1/").cause == "uri.unescaped-credentials"


@pytest.mark.parametrize(
    ("text", "database"),
    [
        ("mongodb://h1/\n  ?w=1", None),
        ("mongodb://h1/shop\n  ?w=1", "shop"),
        ("mongodb://h1/shop\r\n?w=1", "shop"),
    ],
)
def test_an_address_that_was_folded_into_lines_keeps_its_database(text: str, database: str | None) -> None:
    mistake = first(text)
    assert mistake.cause == "uri.stray-characters"
    assert mistake.patch == {"seeds": {"database": database}}


def test_a_path_of_several_words_is_not_made_a_database() -> None:
    mistake = first("mongodb://h1:27017/ 127.0.0.1:27018")
    assert (mistake.cause, mistake.patch) == ("uri.bad-database-name", None)
    assert first("mongodb://h1/%2Fshop").patch == {"seeds": {"database": "shop"}}


@pytest.mark.parametrize(
    ("option", "today"),
    [
        ("readPreference=Secondary", "readPreference=secondary"),
        ("retryWrites=False", "retryWrites=false"),
        ("retryReads=0", "retryReads=false"),
        ("tlsInsecure=True", "tlsInsecure=true"),
        ("compressors=ZSTD,Snappy", "compressors=zstd,snappy"),
        ("readConcernLevel=Majority", "readConcernLevel=majority"),
    ],
)
def test_a_value_in_another_letter_case_is_written_as_it_counts(option: str, today: str) -> None:
    text = f"mongodb://h1/?{option}"
    assert fix_of(first(text)) == f"Write {today}."
    assert mended(text) == f"mongodb://h1/?{today}"
    assert weakens(first(text)) is option.startswith("tlsInsecure")


def test_what_is_no_value_in_any_letter_case_is_only_removed() -> None:
    mistake = first("mongodb://h1/?retryWrites=perhaps")
    assert (mistake.action, mistake.fix) == ("remove-option:retryWrites", "")


def test_brackets_around_no_ipv6_address_are_taken_away() -> None:
    for host in ("127.0.0.1:27017", "db1.example.com:27017"):
        assert first(f"mongodb://[{host}]/").cause == "uri.stray-characters"
        assert mended(f"mongodb://[{host}]/") == f"mongodb://{host}/"
    assert read("mongodb://[::1]:27017/").mistakes == ()
    cut = first("mongodb://[::1:27017/")
    assert cut.cause == "uri.ipv6-brackets"
    assert "[in the host list]" not in fix_of(cut)
    zone = first("mongodb://fe80::1%eth0:27018/")
    assert "[fe80::1%eth0]:27018" in fix_of(zone)


def test_a_backslash_behind_the_hosts_is_no_separator() -> None:
    assert first("mongodb://h1:27017\\/shop").cause == "uri.stray-characters"
    assert first("mongodb://h1:27017\\,h2:27017/").cause == "uri.host-separator"


def test_quotation_marks_round_a_password_are_a_trait() -> None:
    assert password_traits(take_apart("mongodb://app:%22pw%22@h1/")).outer_quotes
    assert not password_traits(take_apart("mongodb://app:%22pw@h1/")).outer_quotes
    assert not password_traits(take_apart("mongodb://app:%22%22@h1/")).outer_quotes
