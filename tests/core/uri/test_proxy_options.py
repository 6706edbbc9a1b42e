"""The options that name a SOCKS5 proxy become a hop of the profile, and come back as options."""

from __future__ import annotations

import msgspec
import pytest

from clearline.core.findings import Severity
from clearline.core.profiles.hop import Hop, HttpProxy, Socks5Proxy, SshServer
from clearline.core.profiles.profile import Profile, SecretSource, Seeds, Unread
from clearline.core.secrets.secret import PROXY_PASSWORD, Secret, hop_password
from clearline.core.uri.connection_string import build, read
from clearline.core.uri.filling_in import undefined
from clearline.core.uri.remedies import remedied

LOGIN = "mongodb://h/?proxyHost=gate&proxyPort=1081&proxyUsername=me&proxyPassword=p%40ss-w0rd"


@pytest.mark.parametrize(
    ("options", "hop"),
    [
        ("proxyHost=gate", Socks5Proxy(host="gate")),
        ("PROXYHOST=gate&proxyport=1", Socks5Proxy(host="gate", port=1)),
        ("proxyHost=%5B::1%5D&proxyPort=65535", Socks5Proxy(host="::1", port=65535)),
        ("proxyHost=gate&proxyUsername=a%2Bb&proxyPassword=x", Socks5Proxy(host="gate", user="a+b")),
        ("proxyHost=gate&proxyUsername=&proxyPassword=", Socks5Proxy(host="gate")),
        ("proxyHost=${GATE}&proxyUsername=${ME}&proxyPassword=${PW}", Socks5Proxy(host="${GATE}", user="${ME}")),
    ],
)
def test_the_options_become_a_hop(options: str, hop: Hop) -> None:
    reading = read(f"mongodb://h/?{options}&w=1")
    assert reading.usable
    assert reading.profile.hops == (hop,)
    assert reading.profile.unread == ()
    assert reading.driver_text == "mongodb://h/?w=1"
    [note] = reading.mistakes
    assert (note.cause, note.severity) == ("uri.pymongo-goes-directly", Severity.NOTE)


def test_the_password_is_a_secret_and_in_no_profile() -> None:
    reading = read(LOGIN)
    assert reading.secrets == {hop_password(0): Secret("p@ss-w0rd")}
    shown = msgspec.json.encode((reading.profile, reading.facts)).decode()
    assert "w0rd" not in shown
    assert reading.facts.redacted.endswith("proxyPassword=***")
    assert "w0rd" not in build(reading.profile, reading.secrets)


def test_a_reference_stays_one() -> None:
    text = "mongodb://h/?proxyHost=gate&proxyPort=1080&proxyUsername=me&proxyPassword=${PW}"
    profile = read(text).profile
    assert profile.secrets == {hop_password(0): SecretSource(place="reference", reference="${PW}")}
    assert build(profile) == text
    pieces = msgspec.structs.replace(
        profile, secrets={hop_password(0): SecretSource(place="reference", reference="a-${PW}")}
    )
    again = read(build(pieces), profile=pieces)
    assert (again.profile, dict(again.secrets)) == (pieces, {})


@pytest.mark.parametrize(
    "text", [LOGIN, "mongodb://h/?proxyHost=fd00::1", "mongodb+srv://u:p@c.test/d?w=1&proxyHost=g"]
)
def test_text_profile_text_keeps_the_hop(text: str) -> None:
    first = read(text)
    written = build(first.profile, first.secrets, show="plain")
    second = read(written)
    assert second.profile.hops == first.profile.hops != ()
    assert second.secrets == first.secrets
    assert build(second.profile, second.secrets, show="plain") == written


@pytest.mark.parametrize(
    "hops", [(HttpProxy(host="gate"),), (SshServer(host="gate"),), (SshServer(host="a"), Socks5Proxy(host="b"))]
)
def test_another_way_stands_in_no_text_and_no_text_replaces_it(hops: tuple[Hop, ...]) -> None:
    profile = Profile(hops=hops, seeds=Seeds(hosts=("h",)))
    assert build(profile) == "mongodb://h/"
    assert read("mongodb://other/", profile=profile).profile.hops == hops
    reading = read("mongodb://h/?proxyHost=elsewhere", profile=profile)
    assert reading.profile.hops == hops
    assert [(found.cause, found.severity) for found in reading.mistakes] == [("uri.bad-value", Severity.FAILURE)]


@pytest.mark.parametrize(
    ("options", "about"),
    [
        ("proxyPort=1080", "proxyPort"),
        ("proxyPassword=hidden-w0rd", "proxyPassword"),
        ("proxyHost=", "proxyHost"),
        ("proxyHost=gate&proxyUsername=me", "proxyUsername"),
        ("proxyHost=gate&proxyPassword=hidden-w0rd", "proxyPassword"),
        ("proxyHost=gate&proxyPort=0", "proxyPort"),
        ("proxyHost=gate&proxyPort=65536", "proxyPort"),
        ("proxyHost=gate&proxyPort=\u0661", "proxyPort"),
        ("proxyHost=gate:1080", "proxyHost"),
        ("proxyHost=socks5%3A%2F%2Fgate", "proxyHost"),
    ],
)
def test_what_names_no_whole_proxy_is_refused_and_kept(options: str, about: str) -> None:
    reading = read(f"mongodb://h/?{options}")
    assert not reading.usable
    mistake = reading.mistakes[0]
    assert (mistake.cause, mistake.blanks["option"]) == ("uri.bad-value", about)
    assert "w0rd" not in repr(reading.facts)
    again = read(build(reading.profile, reading.secrets, show="plain"))
    assert (again.mistakes[0].cause, again.secrets) == ("uri.bad-value", reading.secrets)
    mended = remedied(reading, mistake)
    assert mended is not None
    assert about not in mended


def test_a_password_that_comes_another_way_is_not_missed() -> None:
    text = "mongodb://h/?proxyHost=gate&proxyUsername=me"
    profile = read(text).profile
    assert read(text, given={hop_password(0): Secret("x")}).usable
    assert read(text, profile=profile).usable
    asked = msgspec.structs.replace(Profile(), secrets={hop_password(0): SecretSource(place="ask")})
    assert read(text, profile=asked).usable


def test_a_profile_that_kept_the_options_finds_its_password_where_it_was() -> None:
    unread = (
        Unread(name="proxyHost", value="gate"),
        Unread(name="proxyUsername", value="me"),
        Unread(name=PROXY_PASSWORD, value=None),
    )
    source = SecretSource(place="ask")
    kept = Profile(seeds=Seeds(hosts=("h",)), unread=unread, secrets={PROXY_PASSWORD: source})
    reading = read(build(kept, {PROXY_PASSWORD: Secret("x")}, show="plain"), profile=kept)
    assert reading.profile.hops == (Socks5Proxy(host="gate", user="me"),)
    assert reading.profile.secrets == {hop_password(0): source}
    assert reading.secrets == {hop_password(0): Secret("x")}


def test_a_hop_looks_for_its_variables_itself() -> None:
    from clearline.core.secrets.references import Variables

    profile = read("mongodb://h/?proxyHost=${GATE}").profile
    assert undefined(profile, Variables({})) == ()
