"""What other drivers are told, held against what is known of their parsers."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from msgspec.structs import replace
from pymongo.uri_parser import parse_uri

from all_rows import all_rows
from clearline.core.options.catalogue import OPTIONS, OptionType
from clearline.core.profiles.profile import SecretSource
from clearline.core.snippets import snippets
from clearline.core.snippets.driver_uri import ForeignUri, foreign_uri
from clearline.core.snippets.drivers import CSHARP, DRIVERS, GO, JAVA, NODE, RUST, Driver
from clearline.core.snippets.variables import Kind
from core.snippets.profiles import FULL, PROFILES, profile_of

SECRET = "p@ss:/?#[]%w ü+&=,"


def filled(uri: ForeignUri, value: str = SECRET) -> str:
    """The text as the program puts it together."""
    values = {Kind.PLAIN: value, Kind.ENCODED: quote(value, safe="")}
    return "".join(piece.text if piece.kind is Kind.TEXT else values[piece.kind] for piece in uri.pieces)


def names(text: str) -> set[str]:
    return {pair.partition("=")[0].lower() for pair in text.partition("?")[2].split("&") if pair}


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.key)
@all_rows("name", PROFILES)
def test_a_driver_is_told_only_options_that_it_knows(driver: Driver, name: str) -> None:
    told = names(filled(foreign_uri(driver, PROFILES[name]), "word"))
    assert told <= driver.known | {renamed.name.lower() for renamed in driver.renamed.values()}


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.key)
def test_no_option_of_all_drivers_is_dropped_without_a_word(driver: Driver) -> None:
    uri = foreign_uri(driver, FULL)
    told, remarks = names(filled(uri)), " ".join(uri.remarks)
    for option in OPTIONS:
        if option.field is None or option.pymongo_only or option.type is OptionType.KEYWORD:
            continue
        if getattr(getattr(FULL, option.field[0]), option.field[1]) not in (None, (), {}):
            assert option.name.lower() in told or f"{option.name}:" in remarks


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.key)
def test_what_it_is_told_reads_like_the_profile(driver: Driver) -> None:
    text = "mongodb://it%27s%40me@db1:27018,[::1]:27019/orders?replicaSet=rs0&maxPoolSize=5&w=majority&authSource=a%26b"
    found = parse_uri(filled(foreign_uri(driver, profile_of(text))))
    assert (found["username"], found["password"], found["database"]) == ("it's@me", SECRET, "orders")
    assert found["nodelist"] == [("db1", 27018), ("::1", 27019)]
    assert dict(found["options"]) == {"replicaSet": "rs0", "maxPoolSize": 5, "w": "majority", "authSource": "a&b"}


def test_a_fraction_of_a_millisecond_is_rounded_up() -> None:
    assert "maxIdleTimeMS=1501" in filled(foreign_uri(NODE, FULL))


def test_tls_is_asked_for_where_only_a_tls_option_was() -> None:
    for driver in DRIVERS:
        assert "tls=true" in filled(foreign_uri(driver, profile_of("mongodb://db/?tlsCAFile=/ca.pem")))
        assert "tls" not in filled(
            foreign_uri(driver, profile_of("mongodb+srv://db.example.com/?tlsCAFile=/ca.pem"))
        ).replace("tlsCAFile", "")


def test_options_get_the_names_they_have_there() -> None:
    lax = profile_of("mongodb://db/?tlsAllowInvalidCertificates=true&tlsAllowInvalidHostnames=true")
    assert "tlsAllowInvalidCertificates=true" in filled(foreign_uri(NODE, lax))
    assert filled(foreign_uri(GO, lax)).count("tlsInsecure=true") == 1
    assert filled(foreign_uri(CSHARP, lax)).count("tlsInsecure=true") == 1
    assert any("accepts any certificate" in remark for remark in foreign_uri(RUST, lax).remarks)
    ocsp = profile_of("mongodb://db/?tlsDisableOCSPEndpointCheck=true")
    assert "tlsDisableCertificateRevocationCheck=true" in filled(foreign_uri(CSHARP, ocsp))


def test_java_and_csharp_learn_where_certificates_go() -> None:
    for driver, words in ((JAVA, "keytool"), (CSHARP, "store of trusted roots")):
        uri = foreign_uri(driver, FULL)
        assert "tlscafile" not in names(filled(uri))
        assert any(remark.startswith("tlsCAFile") and words in remark for remark in uri.remarks)


def test_rust_is_not_told_what_makes_it_refuse_the_text() -> None:
    told = names(filled(foreign_uri(RUST, FULL)))
    assert not {"sockettimeoutms", "timeoutms", "uuidrepresentation"} & told
    assert "uuidrepresentation" in names(
        filled(foreign_uri(RUST, profile_of("mongodb://h/?uuidRepresentation=javaLegacy")))
    )


def test_amazons_credentials_are_left_to_the_driver() -> None:
    for driver in DRIVERS:
        uri = foreign_uri(driver, PROFILES["aws"])
        assert "@" not in filled(uri)
        assert "AWS_SESSION_TOKEN" not in filled(uri)
        assert any("AWS_ACCESS_KEY_ID" in remark for remark in uri.remarks)


def test_a_proxy_is_passed_on_to_drivers_that_have_one() -> None:
    assert f"proxyPassword={quote(SECRET, safe='')}" in filled(foreign_uri(NODE, PROFILES["insecure"]))
    assert "proxy" not in filled(foreign_uri(GO, PROFILES["insecure"]))
    assert any("proxyHost" in remark for remark in foreign_uri(GO, PROFILES["insecure"]).remarks)


def test_the_password_of_an_encrypted_key_comes_from_the_environment() -> None:
    profile = replace(FULL, secrets={"tlsCertificateKeyFilePassword": SecretSource()})
    assert f"tlsCertificateKeyFilePassword={quote(SECRET, safe='')}" in filled(foreign_uri(GO, profile))
    node = next(snippet for snippet in snippets(profile) if snippet.key == "node")
    assert node.env == ("MONGODB_PASSWORD", "MONGODB_TLS_KEY_PASSWORD")
    assert "encodeURIComponent(process.env.MONGODB_TLS_KEY_PASSWORD)" in node.text
