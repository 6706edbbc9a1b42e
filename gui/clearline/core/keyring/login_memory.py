"""What was typed for sign-in methods that are not chosen now, so that switching back and forth loses nothing."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from clearline.core.profiles.login_fields import EXTERNAL
from clearline.core.profiles.profile import Auth, Profile, SecretSource
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, PASSWORD, Secret, Secrets


class Login(NamedTuple):
    """All that one family of methods has in a profile. The secrets mask themselves."""

    auth: Auth
    secrets: dict[str, Secret]
    sources: dict[str, SecretSource]


def login_of(profile: Profile, secrets: Secrets) -> Login:
    """What is to be kept while another method is tried."""
    names = (PASSWORD, AWS_SESSION_TOKEN)
    return Login(
        profile.auth,
        {name: secrets[name] for name in names if name in secrets},
        {name: profile.secrets[name] for name in names if name in profile.secrets},
    )


ALIKE: Final = {"password": "PLAIN", "PLAIN": "password"}
"""Families that begin with each other's user and password."""


def first_login(family: str, alike: Login | None) -> Login:
    """What a family begins with that was not used yet; ``alike`` is the login of the one that it is like."""
    source = EXTERNAL if family == "PLAIN" else None
    if alike is None:
        return Login(Auth(source=source), {}, {})
    return Login(Auth(user=alike.auth.user, source=source), dict(alike.secrets), dict(alike.sources))


class LoginMemory:
    """In memory only, by profile and family of methods; gone with the page that has it."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Login] = {}
        self._begun: dict[tuple[str, str], Login] = {}

    def swap(self, profile: Profile, secrets: Secrets, former: str, family: str, mechanism: str | None) -> Login:
        """Keep what a profile has for one family of methods, and give back what it had for another."""
        before = login_of(profile, secrets)
        if before != self._begun.get((profile.id, former)):  # what is untouched is made afresh the next time
            self._kept[profile.id, former] = before
        login = self._kept.get((profile.id, family))
        if login is None:
            alike = ALIKE.get(family)
            like = self._kept.get((profile.id, alike)) if alike is not None else None
            login = first_login(family, before if former == alike else like)
            login = login._replace(auth=replace(login.auth, mechanism=mechanism))
            self._begun[profile.id, family] = login
        return login._replace(auth=replace(login.auth, mechanism=mechanism))
