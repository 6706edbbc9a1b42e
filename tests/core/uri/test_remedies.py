from __future__ import annotations

import pytest

from clearline.core.findings import Remedy
from clearline.core.report.report import Report, ServerResult, Target
from clearline.core.secrets.secret import PASSWORD
from clearline.core.uri.connection_string import build, read
from clearline.core.uri.remedies import carried_out, meant, remedied, weakens
from lab import hand_made_reports

SRV = "mongodb+srv://app:pw@c.example.test/shop?srvMaxHosts=2"


def after(text: str, remedy: Remedy, report: Report | None = None) -> str | None:
    values = carried_out(read(text), remedy, report)
    return None if values is None else build(values.profile, values.secrets, show="plain")


def report(*servers: ServerResult, **effective: object) -> Report:
    return hand_made_reports.report(
        started="2026-01-01T00:00:00.000Z", target=Target(profile="", uri=SRV), servers=servers, effective=effective
    )


def server(address: str, *, seed: bool = True, set_name: str | None = None) -> ServerResult:
    return ServerResult(address=address, seed=seed, advertised=True, set_name=set_name)


# ---------------------------------------------------------------- escapes


@pytest.mark.parametrize(
    ("typed", "password"),
    [
        ("p@ss", "p@ss"),
        ("p/a:s?s", "p/a:s?s"),
        ("pa+ss", "pa+ss"),
        ("pa%41ss", "pa%41ss"),
        ("100%", "100%"),
        ("p%40s+s", "p@s+s"),
        ("p%40s@s", "p@s@s"),
        ("na%C3%AFve@", "naïve@"),
    ],
)
def test_the_password_that_was_typed_is_the_password_that_is_escaped(typed: str, password: str) -> None:
    text = after(f"mongodb://app:{typed}@127.0.0.1/", Remedy(text="", action="escape-password"))
    assert text is not None
    assert read(text).secrets[PASSWORD].reveal() == password
    assert not read(text).mistakes


@pytest.mark.parametrize("password", ["pa+ss", "pa%41ss", "p@ss:/?#[]%w ü", "100%"])
def test_escaping_what_is_escaped_already_changes_nothing(password: str) -> None:
    once = after(f"mongodb://app:{password}@127.0.0.1/", Remedy(text="", action="escape-password"))
    assert once is not None
    assert after(once, Remedy(text="", action="escape-password")) == once


def test_a_plus_in_the_user_name_is_escaped_with_the_password() -> None:
    assert after("mongodb://a+b:pw@h/", Remedy(text="", action="escape-password")) == "mongodb://a%2Bb:pw@h/"
    assert after("mongodb://a@b:pw@h/", Remedy(text="", action="escape-user")) == "mongodb://a%40b:pw@h/"


def test_bytes_that_are_no_text_do_not_stop_an_escape() -> None:
    assert meant("%FF+") == "\ufffd+"


# ---------------------------------------------------------------- texts as people paste them


@pytest.mark.parametrize(
    ("pasted", "mended"),
    [
        ("mongodb://app:p@ss@127.0.0.1/", "mongodb://app:p%40ss@127.0.0.1/"),
        (' "mongodb://127.0.0.1/" ', "mongodb://127.0.0.1/"),
        ("mongodb://127.0.0.1/?replicSet=rs0", "mongodb://127.0.0.1/?replicaSet=rs0"),
        ('mongosh "mongodb://127.0.0.1/"', "mongodb://127.0.0.1/"),
        ("export MONGO_URL='mongodb://127.0.0.1/'", "mongodb://127.0.0.1/"),
        ("http://127.0.0.1:27017/", "mongodb://127.0.0.1:27017/"),
    ],
)
def test_one_click_mends_what_people_paste(pasted: str, mended: str) -> None:
    reading = read(pasted)
    assert remedied(reading, reading.mistakes[0]) == mended
    assert not read(mended).mistakes


# ---------------------------------------------------------------- patches


def test_a_patch_that_fits_no_profile_is_no_remedy() -> None:
    assert after("mongodb://h/", Remedy(text="", patch={"seeds": {"hosts": "one"}})) is None
    assert after("mongodb://h/", Remedy(text="Ask somebody.")) is None
    assert after("mongodb://h/", Remedy(text="", action="ask-password")) is None


def test_leaving_the_srv_form_keeps_tls() -> None:
    patch = {"seeds": {"srv": False, "hosts": ["c.example.test:27017"]}}
    assert after("mongodb+srv://c.example.test/", Remedy(text="", patch=patch)) == (
        "mongodb://c.example.test:27017/?tls=true"
    )
    assert after("mongodb+srv://c.example.test/?tls=false", Remedy(text="", patch=patch)) == (
        "mongodb://c.example.test:27017/?tls=false"
    )


def test_what_gives_up_encryption_or_verification_is_known() -> None:
    for tls in ({"enabled": False}, {"insecure": True}, {"allowInvalidCertificates": True, "caFile": None}):
        assert weakens(Remedy(text="", patch={"tls": tls}))
    for patch in ({"tls": {"enabled": True}}, {"tls": {"enabled": None, "insecure": None}}, {"tls": None}, {}, None):
        assert not weakens(Remedy(text="", patch=patch))


def test_a_readable_password_weakens_as_well() -> None:
    assert weakens(Remedy(text="", patch={"auth": {"allowPlainWithoutTLS": True}}))
    assert not weakens(Remedy(text="", patch={"auth": {"allowPlainWithoutTLS": None}}))


# ---------------------------------------------------------------- from SRV to the seed list

TO_LIST = Remedy(text="", action="srv-to-seed-list")


def test_the_seeds_that_were_found_become_the_long_form() -> None:
    found = report(
        server("a.example.test:27017", set_name="rs0"),
        server("b.example.test:27018"),
        server("c.internal:27017", seed=False),
        replicaSet="rs0",
        authSource="admin",
        tls=True,
    )
    text = after(SRV, TO_LIST, found)
    assert text is not None
    address, _, options = text.partition("?")
    assert address == "mongodb://app:pw@a.example.test:27017,b.example.test:27018/shop"
    assert set(options.split("&")) == {"replicaSet=rs0", "authSource=admin", "tls=true"}
    assert not read(text).mistakes


def test_a_set_name_that_no_server_bears_is_left_behind() -> None:
    found = report(server("a.example.test:27017", set_name="rs0"), replicaSet="other")
    text = after(SRV, TO_LIST, found)
    assert text is not None
    assert "replicaSet" not in text


def test_tls_that_was_switched_off_by_hand_stays_off() -> None:
    text = after("mongodb+srv://c.example.test/?tls=false", TO_LIST, report(server("a.example.test:27017")))
    assert text == "mongodb://a.example.test:27017/?tls=false"


def test_without_any_seed_found_there_is_no_list() -> None:
    assert after(SRV, TO_LIST) is None
    assert after(SRV, TO_LIST, report(server("a.example.test:27017", seed=False))) is None
    assert after("mongodb://h/", TO_LIST, report(server("h:27017"))) is None
