"""redact(): no secret survives in any way of writing it, and what has no secret stays as it is."""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clearline.core.secrets import redaction
from clearline.core.secrets.redaction import redact, redact_beginning
from clearline.core.secrets.secret import Secret
from examples import examples

Encoding = Callable[[str], str]


def octets(text: str) -> bytes:
    return text.encode()


def every_octet(text: str) -> str:
    return "".join(f"%{octet:02x}" for octet in octets(text))


def every_second(text: str) -> str:
    return "".join(quote(c, safe="") if i % 2 else "".join(f"%{o:02X}" for o in c.encode()) for i, c in enumerate(text))


ENCODINGS: dict[str, Encoding] = {
    "plain": str,
    "quote": lambda text: quote(text, safe=""),
    "quote, lower case": lambda text: "".join(c if c == quote(c, safe="") else quote(c, safe="").lower() for c in text),
    "quote with slash": quote,
    "quote_plus": quote_plus,
    "every octet": every_octet,
    "partly": every_second,
    "twice": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": lambda text: base64.b64encode(octets(text)).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(octets(text)).decode(),
    "base64 without padding": lambda text: base64.b64encode(octets(text)).decode().rstrip("="),
    "base64 quoted": lambda text: quote(base64.b64encode(octets(text)).decode(), safe=""),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "repr": lambda text: repr(text)[1:-1],
    "ascii": lambda text: ascii(text)[1:-1],
    "repr of bytes": lambda text: repr(octets(text))[2:-1],
    "repr of JSON": lambda text: repr(json.dumps(text))[2:-2],
    "quoted for a POSIX shell": lambda text: text.replace("'", "'\"'\"'"),
    "quoted and escaped for a POSIX shell": lambda text: text.replace("'", "'\\''"),
    "quoted for PowerShell": lambda text: text.replace("'", "''"),
    "UTF-8 read as Latin-1": lambda text: octets(text).decode("latin-1"),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "hexadecimal UTF-16": lambda text: text.encode("utf-16-le").hex(),
    "composed": lambda text: unicodedata.normalize("NFC", text),
    "taken apart": lambda text: unicodedata.normalize("NFD", text),
    "HTML": html.escape,
    "HTML without quotes": lambda text: html.escape(text, quote=False),
    "HTML numbers": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "HTML hex": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
}

SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=2, max_size=20)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@examples(600)
@given(SECRETS, TEXTS, TEXTS, st.sampled_from(sorted(ENCODINGS)))
def test_no_encoding_of_a_known_secret_survives(secret: str, before: str, after: str, name: str) -> None:
    assume(secret.strip("*"))
    written = ENCODINGS[name](secret)
    masked = redact(before + written + after, [Secret(secret)])
    assert written not in masked
    for encode in ENCODINGS.values():
        assert encode(secret) not in masked


@examples(300)
@given(TEXTS, st.lists(SECRETS | st.text(max_size=1), max_size=3))
def test_redacting_twice_changes_nothing(text: str, secrets: list[str]) -> None:
    once = redact(text + "".join(secrets), secrets)
    assert redact(once, secrets) == once


@examples(300)
@given(st.text(st.sampled_from("abcdefghij mnop.,-_()[]{}#!?\n0123456789éß日本"), max_size=80))
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert redact(text, ["Tr0ub4dor&3"]) == text


PIECES = [
    *("mongodb", "mongo", "srv", "http", "password", "Pass", "passcode", "pwd", "\u017fecret", "to\u212aen", "token"),
    *("api-key", "apikey", "access_key", "privateKey", "credential", "Authorization", "bearer", "Basic", "27017"),
    *("app", "h", "hunter2", "eyJ.a1", "clientSecret", ":", "::", "=", "=>", "->", "/", "//", "\\", "@", "%3A", "%40"),
    *("%2F", "%3D", " ", "\n", "'", '"', "?", "&", ",", ";", "-", "--", "-p ", "_", ".", "[", "]", "<", ">"),
]


@examples(600)
@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_what_is_not_looked_through_has_no_place_for_a_secret(text: str) -> None:
    quick = redact(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "_SUSPECT", re.compile(""))
        assert redact(text) == quick


def test_a_secret_inside_a_basic_authorisation_header_is_masked() -> None:
    for user in ("a", "ab", "abc"):
        header = base64.b64encode(f"{user}:Tr0ub4dor&3\0x".encode()).decode()
        masked = redact(f"Authorization: Basic {header}", ["Tr0ub4dor&3"])
        kept = masked.removeprefix("Authorization: Basic ").split("***")
        assert len(kept) == 2
        assert b"ub4" not in b"".join(base64.b64decode(part[: len(part) // 4 * 4]) for part in kept)


def test_hexadecimal_dumps_are_masked() -> None:
    assert redact("00 " + b"Tr0ub4dor".hex() + " ff", ["Tr0ub4dor"]) == "00 *** ff"
    assert redact(b"Tr0ub4dor".hex().upper(), ["Tr0ub4dor"]) == "***"


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert redact("hunter2hunter", ["hunter", "hunter2"]) == "******"


def test_a_very_long_secret_is_masked_in_its_usual_encodings() -> None:
    secret = "pÄ /&" * 400
    for name in ("plain", "quote", "quote_plus", "base64", "JSON", "HTML"):
        assert redact("x" + ENCODINGS[name](secret) + "y", [secret]) == "x***y"


@pytest.mark.parametrize("secret", ["", "a", "*", "***"])
def test_a_secret_too_short_to_look_for_leaves_the_text_readable(secret: str) -> None:
    assert redact("a banana at mongodb://anna:a@h/", [secret]) == "a banana at mongodb://anna:***@h/"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mongodb://app:pw@h/", "mongodb://app:***@h/"),
        ("mongodb+srv://app:pw@h/db?w=1", "mongodb+srv://app:***@h/db?w=1"),
        ("MONGODB://app:pw@h/", "MONGODB://app:***@h/"),
        ("mongo://app:pw@h/", "mongo://app:***@h/"),
        ("mongodb:/app:pw@h/", "mongodb:/app:***@h/"),
        ("mongodb//app:pw@h/", "mongodb//app:***@h/"),
        ("app:pw@h1.example.test:27017/db", "app:***@h1.example.test:27017/db"),
        ("http://user:pw@proxy:3128", "http://user:***@proxy:3128"),
        ("mongodb://app:p@ss@h/", "mongodb://app:***@h/"),
        ("mongodb://app:p:ss@h/", "mongodb://app:***@h/"),
        ("mongodb://app:p/ss@h/db", "mongodb://app:***@h/db"),
        ("mongodb://app:p?ss@h/db", "mongodb://app:***@h/db"),
        ("mongodb://app:p?s=s@h/db?w=1", "mongodb://app:***@h/db?w=1"),
        ("mongodb://app:p#ss%@h/", "mongodb://app:***@h/"),
        ("mongodb://app:p ss w@h/", "mongodb://app:***@h/"),
        ("mongodb://app:p@ s@h/", "mongodb://app:***@h/"),
        ('mongodb://app:p"s@h/', "mongodb://app:***@h/"),
        ("mongodb://app:pw@h1:1,h2:2/?appName=me@home", "mongodb://app:***@h1:1,h2:2/?appName=me@home"),
        ("mongodb://app:hunter2/db", "mongodb://app:***"),
        ("mongodb://app:hunter2 and more", "mongodb://app:***"),
        ("two: mongodb://a:b@h1/ and mongodb://c:d@h2/.", "two: mongodb://a:***@h1/ and mongodb://c:***@h2/."),
        ("mongodb:\\/\\/app:pw@h\\/", "mongodb:\\/\\/app:***@h\\/"),
        ("mongodb%3A%2F%2Fapp%3Apw%40h%2F", "mongodb%3A%2F%2Fapp%3A***%40h%2F"),
        ("password=hunter2", "password=***"),
        ("?tlsCertificateKeyFilePassword=a&w=1", "?tlsCertificateKeyFilePassword=***&w=1"),
        ("AWS_SESSION_TOKEN:ab/c+d==,SERVICE_NAME:x", "AWS_SESSION_TOKEN:***,SERVICE_NAME:x"),
        ("AWS_SESSION_TOKEN%3Aabc", "AWS_SESSION_TOKEN%3A***"),
        ('{"password": "a \\" b", "x": 1}', '{"password": "***", "x": 1}'),
        ("{'ssl_pem_passphrase': 'a b'}", "{'ssl_pem_passphrase': '***'}"),
        ("MONGO_PASSWORD='a b c'", "MONGO_PASSWORD='***'"),
        ("  db_password: hunter2", "  db_password: ***"),
        ("proxyPassword=x&apiKey=y&clientSecret=z", "proxyPassword=***&apiKey=***&clientSecret=***"),
        ("password: x", "password: ***"),
        ("the password: hunter2 is wrong", "the password: *** is wrong"),
        ("error: pwd : 'a b', user: app", "error: pwd : '***', user: app"),
        ("{password: hunter2, user: app}", "{password: ***, user: app}"),
        ("'password' => 'hunter2'", "'password' => '***'"),
        ("x-api-key: hunter2", "x-api-key: ***"),
        ("Authorization: Bearer abc", "Authorization: Bearer ***"),
        ('{"authorization": "Basic YTpi"}', '{"authorization": "Basic ***"}'),
        ("got Bearer eyJhbGciOi.J9.abc from it", "got Bearer *** from it"),
        ("mongosh h --username app --password hunter2 --tls", "mongosh h --username app --password *** --tls"),
        ("mongosh -u app -p 'a b' h", "mongosh -u app -p '***' h"),
        ("mongosh --host h:1 -u app -p 'a@b c@d'", "mongosh --host h:1 -u app -p '***'"),
        ("""mongosh --password='a'"'"'b @c' h""", "mongosh --password='***' h"),
        ("mongosh -p 'a b\\' h", "mongosh -p ***"),
        ("mongosh -p 'a b h", "mongosh -p ***"),
        ("mongosh -p a'b h", "mongosh -p ***"),
        ("mongosh h -p ‘a b’ --tls", "mongosh h -p *** --tls"),
        ("mongodump.exe /u:app /password:a'b@c", "mongodump.exe /u:app /password:***"),
        ("""curl -u app:'a b'"'"'@c' https://h""", "curl -u app:'***' https://h"),
        ('curl --user "app:a b@c" https://h', 'curl --user "app:***" https://h'),
        ("app:hunter2@]x", "app:***@]x"),
        ("app:hunter2@::1", "app:***@::1"),
        ("app:hunter2@", "app:***@"),
        ("app:hunter2@/db and more", "app:***@/db and more"),
        ("mongodb+srv:app:hunter2@h.example.net/db", "mongodb+srv:app:***@h.example.net/db"),
        ("mongodb:app:hunter2@h", "mongodb:app:***@h"),
    ],
)
def test_whatever_stands_in_a_secrets_place_is_masked(text: str, masked: str) -> None:
    assert redact(text) == masked
    assert redact(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mongodb://h1:27017,h2:27018/db?replicaSet=rs0",
        "mongodb://app@h/",
        "mongodb://app:@h/",
        "mongodb://::1:28001/",
        "mongodb://[fe80::1%25eth0]:27017/",
        "mongodb://%2Ftmp%2Fmongodb-27017.sock/db",
        "mongodb://h1:27017;h2:27017/",
        "mongodb://h:27017: [Errno 111] Connection refused, Timeout: 30s",
        "see https://www.mongodb.com/docs/manual/ or write to me@example.com",
        "authMechanismProperties=TOKEN_RESOURCE:api://x,ENVIRONMENT:azure",
        "Type the password after the user name and a colon: user:password.",
        "10:15:32 heartbeat to 10.0.0.1:27017 took 3.5 ms",
        "Bearer tokens are used up; Basic authentication failed.",
        "security.authorization: enabled",
        "docker run --name mongo -p 27017:27017 mongo",
        "Type the password:\nit is asked for once.",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@examples(200)
@given(st.integers(0, 60), st.sampled_from(sorted(ENCODINGS)))
def test_a_secret_at_the_cut_of_a_long_text_leaves_nothing(before: int, name: str) -> None:
    secret = "Tr0ub4dor&3\u00e9"
    text = "." * (70 + before) + ENCODINGS[name](secret) + " " + "y" * 5000
    short = redact_beginning(text, [Secret(secret)], most=100)
    assert len(short) <= 100
    assert not set(short) - set(".*y… ")


def test_a_text_of_any_length_is_cut_before_it_is_looked_through() -> None:
    assert len(redact_beginning("password=x " * 1_000_000, ["secret"])) <= 1000
