"""A request is one value: it reads its text once, shows no secret and forbids everything that was not agreed to."""

from __future__ import annotations

import pytest

from clearline.core.check import request as request_module
from clearline.core.check.check import check, farewells
from clearline.core.check.preparation import prepared
from clearline.core.check.request import LATE_S, Patience, Permits, Request
from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret, Secrets
from clearline.core.uri import connection_string
from clearline.core.uri.connection_string import Reading
from lab import loops

TEXT = "mongodb://app:s3cret@127.0.0.1:1/?connectTimeoutMS=200"


def test_one_text_is_read_once_from_the_request_to_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []

    def counted(
        text: str, *, profile: Profile | None = None, prompting: bool = False, given: Secrets | None = None
    ) -> Reading:
        texts.append(text)
        return connection_string.read(text, profile=profile, prompting=prompting, given=given)

    monkeypatch.setattr(request_module, "read", counted)
    monkeypatch.setattr("clearline.core.check.preparation.read", counted)
    request = Request(text=TEXT)

    async def checked() -> None:
        await prepared(request)
        await check(request, lambda _report: None)
        await farewells()

    loops.run(checked())
    assert texts == [TEXT]


def test_without_a_text_it_is_made_from_profile_and_secrets() -> None:
    profile = Profile(seeds=Seeds(hosts=("db1",)), auth=Auth(user="app"))
    request = Request(profile, {PASSWORD: Secret("s3cret")})
    assert request.reading.text == "mongodb://app:s3cret@db1/"


def test_the_secrets_of_the_text_are_known_beside_those_that_were_given() -> None:
    request = Request(secrets={"proxyPassword": Secret("other")}, text=TEXT)
    assert request.known_secrets == {"proxyPassword": Secret("other"), PASSWORD: Secret("s3cret")}


def test_it_never_shows_itself() -> None:
    assert "s3cret" not in repr(Request(text=TEXT))


def test_late_answers_count_at_least_as_long_as_silence_is_waited_for() -> None:
    assert Patience().late_s == LATE_S
    assert Patience(silence_s=20).late_s == 20


def test_no_token_of_a_sign_in_goes_further_than_was_agreed_to() -> None:
    def hosts(_profile: Profile) -> tuple[str, ...]:
        return ("db.example.com",)

    agreed = Permits(on_prompt=lambda _page, _code: None, oidc_hosts=hosts)
    assert loops.run(Request(text=TEXT, permits=agreed).sign_in_hosts()) == ("db.example.com",)
    assert loops.run(Request(text=TEXT, permits=Permits(oidc_hosts=hosts)).sign_in_hosts()) == ()
    assert loops.run(Request(text=TEXT).sign_in_hosts()) == ()
