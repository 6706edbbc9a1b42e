"""Whether sign-in method, credentials and properties go together (``pymongo.auth_shared._build_credentials_tuple``)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote_plus

from clearline.core.findings import Severity
from clearline.core.options.catalogue import AUTH_PROPERTIES, OIDC_ENVIRONMENTS
from clearline.core.profiles.login_fields import READABLE
from clearline.core.profiles.profile import Profile
from clearline.core.profiles.secret_places import STORED, source_of
from clearline.core.secrets.secret import PASSWORD
from clearline.core.uri.mistakes import Mistakes
from clearline.core.uri.parts import UriText
from clearline.core.uri.pieces import Piece
from clearline.core.uri.read_options import ReadOptions

_FAILURE, _WARNING = Severity.FAILURE, Severity.WARNING
_EXTERNAL: Final = "$external"
_WITHOUT_USER: Final = frozenset({"MONGODB-X509", "MONGODB-AWS", "MONGODB-OIDC"})
_WITHOUT_PASSWORD: Final = frozenset({"MONGODB-X509", "MONGODB-OIDC", "GSSAPI"})
_TLS_ON: Final[dict[str, Any]] = {"tls": {"enabled": True}}


def lint_login(
    found: Mistakes, parts: UriText, options: ReadOptions, profile: Profile, *, broken: bool, prompting: bool
) -> None:
    """Note what is missing or too much for the login. ``broken`` credentials were already named.

    A password that is asked, looked up or printed when it is used is not missing; with ``prompting`` the user can sign
    in at an OIDC provider by hand.
    """
    mechanism: str | None = options.effective.get("authMechanism")
    user = parts.user is not None and bool(parts.user.text)
    password = parts.password is not None and bool(parts.password.text)
    filled = not found.has("uri.placeholder")
    place = _place(options, "authMechanism") or parts.userinfo or parts.core
    if not user and mechanism not in (None, *_WITHOUT_USER) and not found.has("uri.missing-username") and filled:
        found.add("uri.missing-username", _FAILURE, place, fields=("user", "authMechanism"))
    if (
        user
        and "authMechanism" not in options.open
        and not password
        and not broken
        and filled
        and mechanism not in _WITHOUT_PASSWORD
        and source_of(profile, PASSWORD).place in STORED
        and parts.user is not None
    ):
        name = found.quoted(unquote_plus(parts.user.text))
        found.add("uri.missing-password", _FAILURE, parts.user, fields=("password",), user=name)
    if mechanism is None:
        return
    if password and mechanism in ("MONGODB-X509", "MONGODB-OIDC"):
        fields = ("password", "authMechanism")
        _mismatch(found, parts.password or place, mechanism, "a password", fields=fields, action="remove-password")
    source = options.effective.get("authSource")
    if mechanism in (*_WITHOUT_USER, "GSSAPI") and source not in (None, "", _EXTERNAL):
        # OIDC alone does not look at it: no harm done.
        severity = _WARNING if mechanism == "MONGODB-OIDC" else _FAILURE
        where = _place(options, "authSource") or place
        fields, patch = ("authSource", "authMechanism"), {"auth": {"source": None}}
        _mismatch(found, where, mechanism, f"authSource={source}", severity, fields=fields, patch=patch)
    if mechanism.startswith("SCRAM") and source == _EXTERNAL:
        # Only names are kept there, so no server finds a password to compare with.
        fields, patch = ("authSource", "authMechanism"), {"auth": {"source": None}}
        where = _place(options, "authSource") or place
        _mismatch(found, where, mechanism, f"authSource={_EXTERNAL}", _WARNING, fields=fields, patch=patch)
    if mechanism == "MONGODB-OIDC":
        _lint_oidc(found, options, place, user=user, prompting=prompting)
    _lint_properties(found, options, mechanism, place)
    if options.effective.get("tls") is not True and not found.has("uri.conflicting-options"):
        if mechanism == "MONGODB-X509":
            found.add("uri.x509-without-tls", _FAILURE, place, fields=("authMechanism", "tls"), patch=_TLS_ON)
        elif mechanism in READABLE:
            fields = ("authMechanism", "tls")
            found.add("auth.password-in-clear", _WARNING, place, fields=fields, patch=_TLS_ON, mechanism=mechanism)


def _lint_oidc(found: Mistakes, options: ReadOptions, place: Piece, *, user: bool, prompting: bool) -> None:
    properties = options.effective.get("authMechanismProperties", {})
    environment = properties.get("ENVIRONMENT")
    if environment is None:
        if not prompting:
            found.add("auth.oidc-not-configured", _FAILURE, place, fields=("authMechanismProperties",))
    elif environment in ("azure", "gcp") and not properties.get("TOKEN_RESOURCE"):
        found.add(
            "uri.bad-value",
            _FAILURE,
            place,
            fields=("authMechanismProperties",),
            option="TOKEN_RESOURCE",
            value="(nothing)",
            rule=f"ENVIRONMENT:{environment} needs the audience of the token",
            suggestion="TOKEN_RESOURCE:… with the database's resource as your cloud names it",
        )
    elif environment not in OIDC_ENVIRONMENTS:
        found.add(
            "uri.bad-value",
            _FAILURE,
            place,
            fields=("authMechanismProperties",),
            option="ENVIRONMENT",
            value=environment,
            rule="PyMongo knows only " + ", ".join(OIDC_ENVIRONMENTS),
            suggestion="ENVIRONMENT:azure, ENVIRONMENT:gcp or ENVIRONMENT:k8s",
        )
    elif environment == "test" and user:
        _mismatch(found, place, "ENVIRONMENT:test", "a user name", fields=("user", "authMechanismProperties"))


def _lint_properties(found: Mistakes, options: ReadOptions, mechanism: str, place: Piece) -> None:
    for key in options.effective.get("authMechanismProperties", {}):
        if key not in AUTH_PROPERTIES.get(mechanism, ()):
            where = _place(options, "authMechanismProperties") or place
            fields = ("authMechanismProperties",)
            found.add("uri.unknown-auth-property", _WARNING, where, fields=fields, property=key, mechanism=mechanism)


def _mismatch(
    found: Mistakes,
    place: Piece,
    mechanism: str,
    what: str,
    severity: Severity = _FAILURE,
    *,
    fields: tuple[str, ...],
    patch: dict[str, Any] | None = None,
    action: str | None = None,
) -> None:
    cause = "uri.mechanism-mismatch"
    found.add(cause, severity, place, fields=fields, patch=patch, action=action, mechanism=mechanism, what=what)


def _place(options: ReadOptions, name: str) -> Piece | None:
    chunk = options.typed.get(name.lower())
    return chunk.whole if chunk is not None else None
