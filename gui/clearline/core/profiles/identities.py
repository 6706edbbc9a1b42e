"""Logins that need no kept secret: with tickets, roles and tokens that this computer or its user has anyway. Pure.

Whatever servers a profile names get such a login, so a changed profile would bring it to others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import structs

from clearline.core.profiles.hop import Hop, HttpProxy
from clearline.core.profiles.login_fields import ENVIRONMENT
from clearline.core.profiles.profile import Auth, Profile
from clearline.core.secrets.references import has_references, names_in
from clearline.core.typed_values import to_bytes

TICKET: Final = "Kerberos ticket"
AWS: Final = "AWS identity"
TOKEN: Final = "token of the identity service"  # noqa: S105 - what it is called
PROXY: Final = "login to the proxy"
VARIABLE: Final = "value of a variable"
"""One that stands elsewhere than in the place of a secret: in a host's name, or the application's."""
UNKNOWN: Final = "login of this computer"
"""It is not known before the profile is used how it signs in."""
IDENTITIES: Final = frozenset({TICKET, AWS, TOKEN, PROXY, VARIABLE, UNKNOWN})


def identities(profile: Profile) -> tuple[str, ...]:
    """Those that a profile uses, each as people call it."""
    return tuple(dict.fromkeys(_identities(profile)))


def _identities(profile: Profile) -> Iterator[str]:
    auth = profile.auth
    if auth.mechanism == "GSSAPI":
        yield TICKET
    if uses_aws_of_here(auth):
        yield AWS
    if service_of(auth):
        yield TOKEN
    if any(proxy_login_of_here(hop) for hop in profile.hops):
        yield PROXY
    if variables_told(profile):
        yield VARIABLE
    if has_references(auth.mechanism or "") or any(_may_sign_in(one.name, one.value or "") for one in profile.unread):
        yield UNKNOWN


def variables_told(profile: Profile) -> tuple[str, ...]:
    """The names of variables whose values a profile tells its servers, outside of the places for secrets."""
    auth = structs.replace(profile.auth, mechanism=None)
    told = structs.replace(profile, auth=auth, secrets={}, name="", notes="", folder="", env_file=None)
    return names_in(to_bytes(told).decode())


def uses_aws_of_here(auth: Auth) -> bool:
    """Whether AWS credentials come from this computer or its environment."""
    # A variable may be set to nothing.
    return auth.mechanism == "MONGODB-AWS" and (auth.user is None or has_references(auth.user))


def service_of(auth: Auth) -> str | None:
    """The identity service that is asked for a token, as MongoDB calls the environment."""
    return (auth.properties.get(ENVIRONMENT) or None) if auth.mechanism == "MONGODB-OIDC" else None


def proxy_login_of_here(hop: Hop) -> bool:
    """Whether a proxy is signed in to as this computer's user."""
    return isinstance(hop, HttpProxy) and (hop.login == "kerberos" or (hop.login == "ntlm" and hop.user is None))


def _may_sign_in(name: str, value: str) -> bool:
    """Whether an option that no field holds may choose a login for the driver."""
    return name.strip().lower().startswith("authmechanism") or any(mark in name + value for mark in "&=?")
