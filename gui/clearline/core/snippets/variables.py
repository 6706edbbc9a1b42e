"""Texts with ``${NAME}`` in them, and which of them stand for a profile's secrets.

Nothing here knows a secret: a secret is always a reference, the profile's own or one of the names below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec

from clearline.core.options.catalogue import AUTH_PROPERTIES
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.secrets.references import REFERENCE, has_references
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, KEY_PASSWORD, PASSWORD, PROXY_PASSWORD, hop_password
from clearline.core.uri import connection_string
from clearline.core.uri.proxy_options import in_text

PASSWORD_VARIABLE: Final = "MONGODB_PASSWORD"  # noqa: S105 - a variable's name
KEY_PASSWORD_VARIABLE: Final = "MONGODB_TLS_KEY_PASSWORD"  # noqa: S105
PROXY_PASSWORD_VARIABLE: Final = "MONGODB_PROXY_PASSWORD"  # noqa: S105
AWS_SECRET_VARIABLE: Final = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - Amazon's own name for it
AWS_TOKEN_VARIABLE: Final = "AWS_SESSION_TOKEN"  # noqa: S105

_PLAIN_PROPERTIES: Final = {key for keys in AUTH_PROPERTIES.values() for key in keys} - {AWS_SESSION_TOKEN}
_WITHOUT_PASSWORD: Final = frozenset({"GSSAPI", "MONGODB-X509", "MONGODB-OIDC"})


class Kind(Enum):
    """What a piece of a text is."""

    TEXT = "text"
    PLAIN = "plain"
    """A variable whose value is put in as it is."""
    ENCODED = "encoded"
    """A variable whose value is percent-encoded first, because the text is a connection string."""


class Piece(NamedTuple):
    """A piece of a text: characters, or the name of a variable."""

    kind: Kind
    text: str


def pieces(text: str) -> list[Piece]:
    """The text and its references, in order; empty texts are left out."""
    parts = REFERENCE.split(text)
    kinds = (Kind.TEXT, Kind.PLAIN)
    return [Piece(kinds[place % 2], part) for place, part in enumerate(parts) if part]


def password(profile: Profile) -> str | None:
    """The reference to the login's password; None when the login takes none."""
    if profile.auth.user is None or profile.auth.mechanism in _WITHOUT_PASSWORD:
        return None
    variable = AWS_SECRET_VARIABLE if profile.auth.mechanism == "MONGODB-AWS" else PASSWORD_VARIABLE
    return _secret(profile, PASSWORD, variable)


def key_password(profile: Profile) -> str | None:
    """The reference to the password of the client's key; None when there is no key."""
    if profile.tls.certificate_key_file is None:
        return None
    return _secret(profile, KEY_PASSWORD, KEY_PASSWORD_VARIABLE)


def has_key_password(profile: Profile) -> bool:
    """Whether the profile itself says that the key has a password; if not, it may have one all the same."""
    return KEY_PASSWORD in profile.secrets


def session_token(profile: Profile) -> str | None:
    """The reference to the session token of temporary Amazon credentials; None when there is none."""
    if profile.auth.mechanism != "MONGODB-AWS":
        return None
    if AWS_SESSION_TOKEN not in profile.auth.properties and AWS_SESSION_TOKEN not in profile.secrets:
        return None
    return _secret(profile, AWS_SESSION_TOKEN, AWS_TOKEN_VARIABLE)


def properties(profile: Profile) -> dict[str, str]:
    """authMechanismProperties with the token as a reference, whatever the profile holds in its place.

    An unknown key is no known option, and may be what stood after a comma inside a token.
    """
    found = {key: value for key, value in profile.auth.properties.items() if key in _PLAIN_PROPERTIES}
    if (token := session_token(profile)) is not None:
        found[AWS_SESSION_TOKEN] = token
    return found


def proxy(profile: Profile) -> dict[str, str]:
    """The SOCKS5 options that PyMongo does not know and four other drivers do; empty for any other way."""
    if not in_text(profile.hops):
        return {}
    hop = profile.hops[0]
    found = {"proxyHost": hop.host, "proxyPort": str(hop.port)}
    if hop.user is not None:
        found["proxyUsername"] = hop.user
        found[PROXY_PASSWORD] = _secret(profile, hop_password(0), PROXY_PASSWORD_VARIABLE)
    return found


def _secret(profile: Profile, name: str, variable: str) -> str:
    source = profile.secrets.get(name)
    # A reference without any ${NAME} would be the secret itself.
    if source is not None and source.place == "reference" and source.reference and has_references(source.reference):
        return source.reference
    return f"${{{variable}}}"


def uri(profile: Profile, *, user: bool = False, secret: bool = False) -> list[Piece]:
    """The profile's connection string; on demand with the user, and with the reference to the password."""
    plain = _Marks(profile)
    seeds = msgspec.structs.replace(
        profile.seeds,
        hosts=tuple(plain.hide(host, Kind.PLAIN) for host in profile.seeds.hosts),
        database=plain.hide(profile.seeds.database),
        replica_set=plain.hide(profile.seeds.replica_set),
    )
    auth = msgspec.structs.replace(
        profile.auth,
        user=plain.hide(profile.auth.user) if user else None,
        source=plain.hide(profile.auth.source),
        properties={key: plain.hide(value) for key, value in properties(profile).items()},
    )
    tls = msgspec.structs.replace(
        profile.tls,
        ca_file=plain.hide(profile.tls.ca_file),
        certificate_key_file=plain.hide(profile.tls.certificate_key_file),
        crl_file=plain.hide(profile.tls.crl_file),
    )
    options = msgspec.structs.replace(profile.options, app_name=plain.hide(profile.options.app_name))
    hidden = msgspec.structs.replace(
        profile, seeds=seeds, auth=auth, tls=tls, options=options, unread=(), secrets={}, hops=()
    )
    text = connection_string.build(hidden, show="none")
    if user and secret and (reference := password(profile)) is not None:
        before, at, after = text.partition("@")  # the user's own @ is percent-encoded
        text = f"{before}:{plain.hide_all(reference)}{at}{after}"
    return list(plain.found(text))


def address(profile: Profile) -> list[Piece]:
    """The connection string of nothing but hosts and database: the options stand beside it."""
    seeds = profile.seeds
    return uri(Profile(id="", seeds=Seeds(srv=seeds.srv, hosts=seeds.hosts, database=seeds.database)))


class _Marks:
    """Stands words that percent-encoding leaves alone in for references, and finds them again."""

    def __init__(self, profile: Profile) -> None:
        taken = msgspec.json.encode(profile).decode()
        self._word = "REFERENCE"
        while self._word in taken:
            self._word += "X"
        self._pieces: list[Piece] = []

    def hide(self, text: Any, kind: Kind = Kind.ENCODED) -> Any:
        if text is None:
            return None
        return REFERENCE.sub(lambda found: self._mark(Piece(kind, found[1])), text)

    def hide_all(self, text: str) -> str:
        """As `hide`, for a text that `build` does not encode."""
        return "".join(
            quote(part, safe="") if kind is Kind.TEXT else self._mark(Piece(Kind.ENCODED, part))
            for kind, part in pieces(text)
        )

    def _mark(self, piece: Piece) -> str:
        self._pieces.append(piece)
        return f"{self._word}{len(self._pieces) - 1}Z"

    def found(self, text: str) -> Iterator[Piece]:
        parts = re.split(f"{self._word}([0-9]+)Z", text)
        for place, part in enumerate(parts):
            if place % 2:
                yield self._pieces[int(part)]
            elif part:
                yield Piece(Kind.TEXT, part)
