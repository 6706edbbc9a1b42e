"""Text to profile and back: PyMongo reads the rebuilt text as it read the first one, and no secret stays behind."""

from __future__ import annotations

import asyncio
import json
import warnings
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pymongo.uri_parser_shared import _validate_uri

from clearline.core.check.check import check
from clearline.core.check.request import Request
from clearline.core.profiles.profile import Auth, Profile, Seeds, Tls, Unread, patched
from clearline.core.report.report import to_json
from clearline.core.secrets.redaction import redact
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, KEY_PASSWORD, PASSWORD, Secret
from clearline.core.storage.profile_file import encode
from clearline.core.uri.connection_string import build, read
from clearline.core.uri.remedies import remedied
from clearline.core.uri.unset import unset
from examples import examples


def as_pymongo(text: str) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = _validate_uri(text, warn=True)
    return {**parsed, "options": dict(parsed["options"])}


def rebuilt(text: str) -> str:
    reading = read(text)
    return build(reading.profile, reading.secrets, show="plain")


VALID = [
    "mongodb://localhost",
    "mongodb://LOCALHOST:27018/",
    "mongodb://h1:1,h2,[::1]:3,[fe80::1%25eth0]:4,%2Ftmp%2Fmongodb-27017.sock/db",
    "mongodb://[::1]",
    "mongodb://a%2Fb%2Bc.sock/",
    "mongodb://user:p%40s%3As%2Fw%25rd@h/",
    "mongodb://us+er:pa+ss@h/",
    "mongodb://us%2Ber:pa%2Bss@h/",
    "mongodb://user@h/?authMechanism=GSSAPI",
    "mongodb://user:@h/?authMechanism=GSSAPI",
    "mongodb://us%FFer:p%C3%A9@h/",
    "mongodb://user:a#b[c] d@h/",
    "mongodb://!$&'()*+,;=:!$&'()*+,;=@h/",
    "mongodb://h/db.coll.with.dots",
    "mongodb://h/d%C3%A9",
    "mongodb://h/$cmd".replace("$", "-"),
    "mongodb://h?tls=true",
    "mongodb://h/?w=3&w=majority",
    "mongodb://h/?w=majority&w=-1",
    "mongodb://h/?w=-1&w=majority",
    "mongodb://h/?w=my mode&journal=false".replace(" ", "%20"),
    "mongodb://h/?foo=b%20r+x&foo=2&bar=",
    "mongodb://h/?appName=a%26b%3Dc+d%2B",
    "mongodb://h/?connectTimeoutMS=2.5&socketTimeoutMS=0&maxIdleTimeMS=1e3&localThresholdMS=0",
    "mongodb://h/?connectTimeoutMS=5s&retryWrites=1",
    "mongodb://h/?maxPoolSize=99999999999999999999999",
    "mongodb://h/?readPreference=secondary&readPreferenceTags=dc:ny%2Cx,r:1&readPreferenceTags=a%3Ab:c&readPreferenceTags=",
    "mongodb://h/?readPreference=nearest&readPreferenceTags=bad&readPreferenceTags=dc:ny",
    "mongodb://h/?compressors=zlib,foo,snappy&zlibCompressionLevel=9",
    "mongodb://h/?compressors=",
    "mongodb://h/?replicaSet=&appName=",
    "mongodb://h/?ssl=true",
    "mongodb://h/?ssl=true&tls=true",
    "mongodb://h/?ssl=maybe",
    "mongodb://h/?tlsInsecure=true",
    "mongodb://h/?tlsAllowInvalidCertificates=true&tlsAllowInvalidHostnames=true",
    "mongodb://h/?tlsCertificateKeyFilePassword=p%26w",
    "mongodb://u@h/?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:a%3Ab,CANONICALIZE_HOST_NAME:forward",
    "mongodb://k:s@h/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:a%2Bb%3D%3D",
    "mongodb://u:p@h/?authMechanismProperties=FOO:bar&authMechanism=foo",
    "mongodb://u:p@h/?authMechanismProperties=",
    "mongodb://h/?uuidRepresentation=standard&tz_aware=true&unicode_decode_error_handler=ignore&datetime_conversion=2",
    "mongodb://h/?connect=false&fsync=true&waitQueueMultiple=5&driver=x&server_api=1",
    "mongodb://h/?maxStalenessSeconds=120&readPreference=nearest&readConcernLevel=majority",
    "mongodb://h/?proxyHost=p&proxyPassword=pw&apiToken=x",
    "mongodb://h/?w=1;journal=true",
    "mongodb+srv://u:p@Cluster0.Example.test/db?srvServiceName=customer&srvMaxHosts=2&srvAllowedHostsSuffix=example.test",
    "mongodb+srv://c.example.test/?tls=false",
]


@pytest.mark.parametrize("text", VALID)
def test_the_rebuilt_text_means_the_same_to_pymongo(text: str) -> None:
    assert as_pymongo(rebuilt(text)) == as_pymongo(text)


@pytest.mark.parametrize("text", VALID)
def test_the_rebuilt_text_is_read_to_the_same_profile(text: str) -> None:
    first = read(text)
    second = read(first.repaired, profile=first.profile)
    assert second.profile == first.profile
    assert second.secrets == first.secrets


@pytest.mark.parametrize("text", VALID)
def test_a_profile_survives_its_file(text: str) -> None:
    profile = read(text).profile
    assert msgspec.json.decode(msgspec.json.encode(profile), type=Profile) == profile


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_HOST = st.from_regex(r"[a-zA-Z0-9_]([a-z0-9.\-]{0,8}[a-z0-9])?(:[1-9][0-9]{0,3})?", fullmatch=True)
_PROFILES = st.builds(
    Profile,
    seeds=st.builds(
        Seeds,
        hosts=st.lists(st.one_of(_HOST, st.just("[::1]:5"), st.just("/tmp/a b.sock")), min_size=1, max_size=3).map(
            tuple
        ),
        database=st.none() | _TEXT.filter(lambda t: not set(t) & set('/\\ "$.\0')),
        replica_set=st.none() | _TEXT,
    ),
    auth=st.builds(Auth, user=st.none() | _TEXT, source=st.none() | _TEXT),
    tls=st.builds(Tls, enabled=st.none() | st.booleans(), ca_file=st.none() | _TEXT),
)


@examples(200)
@given(_PROFILES, _TEXT)
def test_any_profile_comes_back_from_its_text(profile: Profile, password: str) -> None:
    secrets = {PASSWORD: Secret(password)} if profile.auth.user is not None else {}
    reading = read(build(profile, secrets, show="plain"), profile=profile)
    assert reading.profile == profile
    assert reading.secrets == secrets


@examples(200)
@given(_TEXT, _TEXT)
def test_credentials_reach_pymongo_unchanged(user: str, password: str) -> None:
    profile = Profile(seeds=Seeds(hosts=("h",)), auth=Auth(user=user))
    parsed = as_pymongo(build(profile, {PASSWORD: Secret(password)}, show="plain"))
    assert (parsed["username"], parsed["password"]) == (user, password)


def test_the_profile_holds_what_the_text_says() -> None:
    reading = read("mongodb://app:s3cr%40t@h1:27018,H2/orders?replicaSet=rs0&tls=true&maxPoolSize=5&appName=x")
    profile = reading.profile
    assert profile.seeds == Seeds(hosts=("h1:27018", "H2"), database="orders", replica_set="rs0")
    assert profile.auth == Auth(user="app")
    assert profile.tls == Tls(enabled=True)
    assert profile.pool.max_pool_size == 5
    assert profile.options.app_name == "x"
    assert reading.secrets == {PASSWORD: Secret("s3cr@t")}


def test_the_facts_say_what_pymongo_understands() -> None:
    facts = read("mongodb+srv://app:pw@C.example.test/a.b?tlsInsecure=true&w=1&foo=2&retryWrites=maybe").facts
    assert facts.srv
    assert facts.hosts == ("c.example.test",)
    assert (facts.user, facts.database) == ("app", "a")
    assert facts.options == {
        "tls": True,
        "tlsInsecure": True,
        "tlsAllowInvalidCertificates": True,
        "tlsAllowInvalidHostnames": True,
        "tlsDisableOCSPEndpointCheck": True,
        "w": 1,
    }


def test_seeds_are_in_lower_case_with_their_port() -> None:
    facts = read("mongodb://H1,h2:5,[::1],%2Ftmp%2FX.sock/").facts
    assert facts.hosts == ("h1:27017", "h2:5", "[::1]:27017", "/tmp/X.sock")


def test_tls_is_on_when_only_a_tls_file_is_named() -> None:
    assert read("mongodb://h/?tlsCAFile=ca.pem").facts.options["tls"] is True
    assert read("mongodb://h/").facts.options == {}


def test_the_given_profile_keeps_its_name() -> None:
    mine = Profile(name="Orders", colour="red", notes="n", seeds=Seeds(hosts=("old",)))
    profile = read("mongodb://new/", profile=mine).profile
    assert (profile.id, profile.name, profile.colour, profile.notes) == (mine.id, "Orders", "red", "n")
    assert profile.seeds.hosts == ("new",)


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ("localhost:27018", "mongodb://localhost:27018"),
        (' "mongodb://h/" \n', "mongodb://h/"),
        ("mongodb://h/?appName=a b&w=1", "mongodb://h/?appName=a b&w=1"),
        ("http://h/", "http://h/"),
    ],
)
def test_the_driver_gets_the_text_without_what_stands_around_it(typed: str, given: str) -> None:
    assert read(typed).driver_text == given


@pytest.mark.parametrize(
    ("broken", "repaired"),
    [
        ("mongo://h/db", "mongodb://h/db"),
        ("MongoDB+SRV://c.example.test/", "mongodb+srv://c.example.test/"),
        ('mongosh "mongodb://h/db"', "mongodb://h/db"),
        ("MONGODB_URI='mongodb://h/db'", "mongodb://h/db"),
        ('client = MongoClient("mongodb://h/db", tls=True)', "mongodb://h/db"),
        ("mongodb://app:one@two/th?ree@h1:5/db?w=1", "mongodb://app:one%40two%2Fth%3Free@h1:5/db?w=1"),
        ("mongodb://app:100%@h/", "mongodb://app:100%25@h/"),
        ("mongodb://h1:1;h2:2/", "mongodb://h1:1,h2:2/"),
        ("mongodb://h1:1,\n h2:2/", "mongodb://h1:1,h2:2/"),
        ("mongodb://h1,,h2,/", "mongodb://h1,h2/"),
        ("mongodb://::1:28001/", "mongodb://[::1]:28001/"),
        ("mongodb://https://c.example.test/", "mongodb://c.example.test/"),
        ("mongodb:///tmp/mongodb-27017.sock/db", "mongodb://%2Ftmp%2Fmongodb-27017.sock/db"),
        ("mongodb://h/?w=1&amp;journal=true", "mongodb://h/?w=1&journal=true"),
        ("mongodb://h/?w=1;", "mongodb://h/?w=1"),
        ("app:pw@h:1/db", "mongodb://app:pw@h:1/db"),
    ],
)
def test_the_repaired_text(broken: str, repaired: str) -> None:
    assert read(broken).repaired == repaired


def test_masked_text_shows_where_the_secrets_are() -> None:
    reading = read("mongodb://app:hunter2@h/?tlsCertificateKeyFilePassword=opensesame&apiKey=k3y")
    masked = build(reading.profile, reading.secrets)
    assert masked == "mongodb://app:***@h/?apiKey=***&tlsCertificateKeyFilePassword=***"
    assert build(reading.profile, reading.secrets, show="none") == "mongodb://app@h/"
    assert build(reading.profile) == "mongodb://app@h/"


def test_whatever_looks_secret_goes_to_the_vault() -> None:
    text = (
        "mongodb://k:pw@h/?tlsCertificateKeyFilePassword=a1&proxyPassword=b2&myApiToken=c3&clientSecret=d4"
        "&authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:e5"
    )
    reading = read(text)
    assert {name: secret.reveal() for name, secret in reading.secrets.items()} == {
        PASSWORD: "pw",
        KEY_PASSWORD: "a1",
        "proxyPassword": "b2",
        "myApiToken": "c3",
        "clientSecret": "d4",
        AWS_SESSION_TOKEN: "e5",
    }
    assert reading.profile.unread == (
        Unread(name="proxyPassword", value=None),
        Unread(name="myApiToken", value=None),
        Unread(name="clientSecret", value=None),
    )
    kept = msgspec.json.encode((reading.profile, reading.facts)).decode()
    for secret in ("a1", "b2", "c3", "d4", "e5"):
        assert f'"{secret}"' not in kept


_SECRET = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=16).filter(
    lambda text: len(set(text)) > 3 and not set(text) & set("<>{}*$•")
)


@examples(300)
@given(
    _SECRET,
    st.sampled_from(
        [
            "mongodb://app:{}@cluster.example.test/orders",
            "mongodb+srv://app:{}@cluster.example.test:27017/?foo=1",
            "mongo://app:{}@h/orders?tls=yes",
            "app:{}@cluster.example.test/",
            '"mongodb://app:{}@h/"',
            "mongodb://h/?tlsCertificateKeyFilePassword={}",
            "mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:{}",
            "mongodb://h/?sessionToken={}&foo",
        ]
    ),
    st.booleans(),
)
def test_nothing_that_leaves_a_reading_holds_the_secret(secret: str, template: str, escaped: bool) -> None:
    written = quote(secret, safe="") if escaped or "?" in template else secret
    text = template.format(written)
    if not escaped and ("?" not in template) and set(secret) & set(" \t\n\r\"'`“”‘’"):
        return
    other = read(template.format("Z9"))
    if any(part in repr((other, other.facts, other.profile, template)) for part in (secret, written)):
        return
    reading = read(text)
    word = unset(secret)
    if reading.facts.password.placeholder == secret or (word is not None and word.shown):  # a blank, and no secret
        return
    shown = [repr(reading), repr(reading.facts), repr(reading.profile), build(reading.profile, reading.secrets)]
    for place in shown:
        assert secret not in place
        assert written not in place


def test_a_reading_prints_without_its_secrets() -> None:
    reading = read("mongodb://app:hunter2@h/")
    assert repr(reading) == "Reading('mongodb://app:***@h/', usable=True)"
    assert "hunter2" not in str(reading.secrets)


@pytest.mark.parametrize(
    ("text", "trait", "value"),
    [
        ("mongodb://app:a+b@h/", "literal_plus", True),
        ("mongodb://app:a%2Bb@h/", "literal_plus", False),
        ("mongodb://a+b:pw@h/", "user_literal_plus", True),
        ("mongodb://app:one%41two@h/", "needless_escape", True),
        ("mongodb://app:one%30two@h/", "needless_escape", True),
        ("mongodb://app:one%7Atwo@h/", "needless_escape", True),
        ("mongodb://app:one%40two%5B%60%7B@h/", "needless_escape", False),
        ("mongodb://app:pw%20@h/", "outer_space", "ends"),
        ("mongodb://app:%20pw@h/", "outer_space", "begins"),
        ("mongodb://app:+pw%09@h/", "outer_space", "begins and ends"),
        ("mongodb://app:p%20w@h/", "outer_space", None),
        ("mongodb://app:p%07w@h/", "control_character", "U+0007"),
        ("mongodb://app:p%EE%80%80w@h/", "control_character", "U+E000"),
        ("mongodb://app:p%C2%A0w%C2%AD@h/", "control_character", None),
        ("mongodb://app:<password>@h/", "placeholder", "<password>"),
        ("mongodb://app:%3Cdb_password%3E@h/", "placeholder", "<db_password>"),
    ],
)
def test_the_traits_of_a_password(text: str, trait: str, value: object) -> None:
    password = read(text).facts.password
    assert password.given
    assert getattr(password, trait) == value


def test_a_forbidden_character_is_what_pymongo_forbids() -> None:
    from pymongo.saslprep import saslprep

    for code in [*range(1, 0x250), 0x200B, 0x2028, 0xE000, 0xFFFD, 0xFDD0, 0x1F511]:
        text = f"a{chr(code)}a"
        try:
            saslprep(text)
        except ValueError:
            refused = True
        else:
            refused = False
        found = read(
            build(Profile(seeds=Seeds(hosts=("h",)), auth=Auth(user="u")), {PASSWORD: Secret(text)}, show="plain")
        )
        assert (found.facts.password.control_character is not None) == refused, hex(code)


def test_a_patch_changes_a_profile() -> None:
    profile = read("mongodb://h1,h2/db?directConnection=true&foo=1").profile
    changed = patched(
        profile, {"seeds": {"directConnection": None, "replicaSet": "rs0"}, "tls": {"enabled": True}, "unread": []}
    )
    assert build(changed) == "mongodb://h1,h2/db?replicaSet=rs0&tls=true"
    assert changed.id == profile.id


def test_a_patch_that_makes_no_profile_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        patched(Profile(), {"pool": {"maxPoolSize": "ten"}})
    with pytest.raises(msgspec.ValidationError):
        patched(Profile(), {"colour": "octarine"})


def test_every_patch_of_a_mistake_fits_its_profile() -> None:
    for text in [
        "mongodb://h1,h2/?directConnection=true&loadBalanced=true&replicaSet=a",
        "mongodb://h/a.b?tls=yes&minPoolSize=200&foo=1&password=x",
        "mongodb://h/?authMechanism=MONGODB-X509&authSource=admin",
        "mongodb+srv://c.example.test:1/?srvMaxHosts=1&replicaSet=rs0&directConnection=true",
        "mongodb+srv://127.0.0.1/?replicaSet=rs0%20&w=1",
        "mongodb://h/?w=0&journal=true&fsync=true&readPreferenceTags=a:b&maxStalenessSeconds=100&tls=false&tlsInsecure=false",
    ]:
        reading = read(text)
        for mistake in reading.mistakes:
            if mistake.patch is not None:
                after = read(build(patched(reading.profile, mistake.patch), reading.secrets, show="plain"))
                assert (mistake.cause, mistake.blanks) not in [(m.cause, m.blanks) for m in after.mistakes], mistake


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("mongodb://app:o@t@h/", "mongodb://app:o%40t@h/"),
        ("mongodb://h/?foo=1&FOO=2&w=1", "mongodb://h/?w=1"),
        ("mongodb://h/?replicSet=rs0&w=1", "mongodb://h/?w=1&replicaSet=rs0"),
        ("mongodb://h/?w=1&w=majority", "mongodb://h/?w=majority"),
        ("mongodb://h/?tls=yes", "mongodb://h/?tls=true"),
        ("mongodb://h/?tls=true&ssl=false", "mongodb://h/?tls=true"),
        ("mongodb://h/?tls=false&ssl=true", "mongodb://h/?tls=true"),
        ("mongodb://h/?heartbeatFrequencyMS=5&w=1", "mongodb://h/?w=1"),
        ("mongodb://h/?replicaSet=", "mongodb://h/"),
        ("mongodb://h/?appName=a=b", "mongodb://h/?appName=a%3Db"),
        ("mongodb://h/?tls", "mongodb://h/"),
        ("mongodb://u:p@h/?authMechanism=MONGODB-X509&tls=true", "mongodb://u@h/?authMechanism=MONGODB-X509&tls=true"),
        ("mongodb://h/?authMechanism=MONGODB-X509", "mongodb://h/?authMechanism=MONGODB-X509&tls=true"),
        ("mongodb+srv://c.example.test:27017/", "mongodb+srv://c.example.test/"),
        ("mongodb+srv://127.0.0.1/", "mongodb://127.0.0.1/?tls=true"),
        ("mongodb://h/?proxyPassword=x", "mongodb://h/"),
        ("mongodb://h/?tlsCertificateKeyFilePasword=x", "mongodb://h/?tlsCertificateKeyFilePassword=x"),
    ],
)
def test_one_click_takes_the_first_mistake_away(broken: str, mended: str) -> None:
    reading = read(broken)
    text = remedied(reading, reading.mistakes[0])
    assert text is not None
    assert parts(text) == parts(mended)
    assert reading.mistakes[0].cause not in {mistake.cause for mistake in read(text).mistakes}


def parts(text: str) -> tuple[str, set[str]]:
    address, _, options = text.partition("?")
    return address, set(options.split("&"))


def test_a_mistake_without_remedy_leaves_the_text_to_its_author() -> None:
    reading = read("mongodb://app@h/")
    assert remedied(reading, reading.mistakes[0]) is None


@pytest.mark.parametrize("text", ["mongodb://app:<Tr0ub4dor>", "mongodb://app:{Tr0ub4dor}/"])
def test_a_password_in_brackets_without_host_is_not_shown(text: str) -> None:
    reading = read(text)
    assert "Tr0ub4dor" not in repr((reading.facts, reading.profile))


# ---------------------------------------------------------------- secrets that were not escaped

_ODD = "QXZÄÖÜβγδ"
_UNESCAPED = st.lists(
    st.one_of(st.text(_ODD, min_size=2, max_size=6), st.sampled_from([*"@:/?#&=;,%+ .-$[]", "&&", "%C3", "%41"])),
    min_size=2,
    max_size=8,
).map("".join)
_PLACES = (
    "mongodb://bob:{}@db1:2/orders?replicaSet=rs",
    "mongodb://bob:{}@db1",
    "mongodb+srv://bob:{}@c.example.test/?w=1",
    "mongodb://k:s@db1/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:{}",
    "mongodb://k:s@db1/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:{}&appName=x",
    "mongodb://k:s@db1/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:{},SERVICE_NAME:x",
    "mongodb://db1/?tls=true&tlsCertificateKeyFile=k.pem&tlsCertificateKeyFilePassword={}",
    "mongodb://db1/?tls=true&tlsCertificateKeyFilePassword={}&appName=x",
    "mongodb://db1/?proxyHost=h&proxyPassword={}&appName=x",
    "mongodb://db1/?apiKey={}&appName=x",
)


def pieces(secret: str) -> set[str]:
    """Every piece of four characters that could come from nowhere else."""
    found = {secret[at : at + 4] for at in range(len(secret) - 3)}
    return {piece for piece in found if sum(c in _ODD for c in piece) >= 2}


def accepted(text: str) -> bool:
    try:
        as_pymongo(text)
    except Exception:  # PyMongo raises what it likes
        return False
    return True


@examples(400)
@given(_UNESCAPED, st.sampled_from(_PLACES))
@example("QQ -QX", _PLACES[3])
@example("QQQQ # QQ", _PLACES[3])
def test_no_piece_of_a_secret_that_was_not_escaped_gets_out(secret: str, place: str) -> None:
    text = place.format(secret)
    # What PyMongo itself reads as an address with a host of that name is one.
    assume("bob:{}" not in place or not accepted(text))
    reading = read(text)
    again = read(reading.repaired, profile=reading.profile)
    told = {
        "file": encode(reading.profile, schema=False).decode(),
        "file after a repair": encode(again.profile, schema=False).decode(),
        "facts": msgspec.json.encode(reading.facts).decode(),
        "facts after a repair": msgspec.json.encode(again.facts).decode(),
        "masked": build(reading.profile, reading.secrets),
        "nothing": build(reading.profile, reading.secrets, show="none"),
        "redacted": redact(text, reading.secrets.values()),
    }
    if not reading.usable:  # nobody is contacted
        told["report"] = to_json(asyncio.run(check(Request(text=text), lambda _report: None)), indent=None)
    for where, said in told.items():
        for piece in pieces(secret):
            for spelling in (piece, quote(piece), json.dumps(piece)[1:-1]):
                assert spelling not in said, (where, text, said)


@pytest.mark.parametrize(
    "text",
    [
        "mongodb://app:S3cretWord@h/?foo=S3cretWord",
        "mongodb://app:S3cret%20Word@h/?foo=xS3cret%20Word&w=1",
        "mongodb://app:S3cretWord@h/?connectTimeoutMS=S3cretWord",
        "mongodb://app:S3cretWord@h/?S3cretWord&w=1",
        "mongodb://h/?pass=S3cretWord",
    ],
)
def test_an_option_that_repeats_the_password_is_not_kept_in_the_profile(text: str) -> None:
    reading = read(text)
    kept = msgspec.json.encode(reading.profile).decode()
    assert "S3cret" not in kept
    assert "S3cret" not in reading.facts.redacted
    assert "S3cret" in build(reading.profile, reading.secrets, show="plain")
    assert read(reading.repaired).profile.unread == reading.profile.unread
