"""What each sign-in method needs of a profile: which fields, called what, and what is to be said about them. Pure.

Sources: ``pymongo.auth_shared._build_credentials_tuple``, the driver's authentication specification.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from clearline.core.addresses import is_loopback
from clearline.core.facts.text import Mistake
from clearline.core.profiles.profile import Auth, Profile
from clearline.core.profiles.secret_places import STORED, source_of
from clearline.core.secrets.secret import PASSWORD, Secrets

NONE: Final = "none"
"""Stands for "no login" where a mechanism's name is expected."""
EXTERNAL: Final = "$external"
AwsSource = Literal["key", "environment", "role"]
AWS_VARIABLES: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
SERVICE_NAME, SERVICE_REALM, SERVICE_HOST = "SERVICE_NAME", "SERVICE_REALM", "SERVICE_HOST"
CANONICALIZE, ENVIRONMENT, TOKEN_RESOURCE = "CANONICALIZE_HOST_NAME", "ENVIRONMENT", "TOKEN_RESOURCE"
READABLE: Final = frozenset({"PLAIN", "MONGODB-OIDC"})
"""Mechanisms that send the password, or a token that is as good as one, as it is."""
_TLS_OPTIONS: Final = ("ca_file", "certificate_key_file", "crl_file")
_TLS_SWITCHES: Final = ("allow_invalid_certificates", "allow_invalid_hostnames", "disable_ocsp_endpoint_check")


class LoginFields(NamedTuple):
    """The fields of one method. An empty label hides the field."""

    user: str = ""
    user_hint: str = ""
    hidden: str = ""
    hidden_hint: str = ""
    source: bool = False
    session_token: bool = False
    properties: tuple[str, ...] = ()
    words: str = ""
    """One or two sentences about the method."""


def fields_of(mechanism: str | None, *, aws: AwsSource = "key", environment: str | None = None) -> LoginFields:
    """The fields of a method: a mechanism's name, None for the negotiated one, or `NONE`."""
    match mechanism:
        case "none":
            return LoginFields(words="There is no login. Choosing a method again brings back what was typed.")
        case "MONGODB-X509":
            return LoginFields(
                user="User",
                user_hint="not needed: the certificate's subject",
                words="The client certificate of the TLS page is the login: its subject is the user's name, "
                "in the database $external. TLS is needed, a password is not.",
            )
        case "MONGODB-AWS":
            return _aws(aws)
        case "PLAIN":
            return LoginFields(
                user="User",
                hidden="Password",
                hidden_hint="none",
                source=True,
                words="The server hands user and password on to LDAP. They travel as they are, so use TLS.",
            )
        case "GSSAPI":
            return LoginFields(
                user="Principal",
                user_hint="user@REALM",
                hidden="Password",
                hidden_hint="none: the ticket of kinit",
                properties=(SERVICE_NAME, CANONICALIZE, SERVICE_REALM, SERVICE_HOST),
                words="Your Kerberos ticket is the login, as user of the database $external.",
            )
        case "MONGODB-OIDC":
            return _oidc(environment)
        case _:
            words = "SCRAM proves the password without sending it."
            if mechanism is None:
                words = "SCRAM-SHA-256 where the server has it for this user, else SCRAM-SHA-1. " + words
            return LoginFields(
                user="User",
                user_hint="empty: no login",
                hidden="Password",
                hidden_hint="none",
                source=True,
                words=words,
            )


def _aws(source: AwsSource) -> LoginFields:
    if source == "key":
        return LoginFields(
            user="Access key ID",
            user_hint="AKIA… or ASIA…",
            hidden="Secret key",
            hidden_hint="the secret access key",
            session_token=True,
            words="The IAM identity of the key is the user, in the database $external. "
            "A session token is needed for temporary keys (ASIA…).",
        )
    if source == "environment":
        return LoginFields(
            words=f"The driver takes the key from {', '.join(AWS_VARIABLES)} "
            "of this program's environment; a .env file does not count for it."
        )
    return LoginFields(
        words="The driver asks the machine for its role: web identity (EKS), then ECS, then EC2. "
        "Keys in the environment come before all of them."
    )


def _oidc(environment: str | None) -> LoginFields:
    match environment:
        case None:
            return LoginFields(
                user="User",
                user_hint="not needed: you choose in the browser",
                words="Your browser opens at the identity provider when you test, and the code to type there is shown.",
            )
        case "azure":
            return LoginFields(
                user="Client ID",
                user_hint="only for a user-assigned identity",
                properties=(TOKEN_RESOURCE,),
                words="The token comes from the Azure virtual machine's identity service.",
            )
        case "gcp":
            return LoginFields(
                properties=(TOKEN_RESOURCE,), words="The token comes from the Google Cloud machine's metadata service."
            )
        case "k8s":
            return LoginFields(
                words="The token is the service account's, from the file that AZURE_FEDERATED_TOKEN_FILE or "
                "AWS_WEB_IDENTITY_TOKEN_FILE names, else from the pod's usual place."
            )
        case "test":
            return LoginFields(words="The token is in the file that OIDC_TOKEN_FILE names: for the driver's own tests.")
        case _:
            return LoginFields(properties=(TOKEN_RESOURCE,), words="PyMongo knows no such environment.")


def method_of(profile: Profile, secrets: Secrets) -> str | None:
    """The method that a profile has: a mechanism's name, None for the negotiated one, `NONE` without any login."""
    mechanism = profile.auth.mechanism
    if mechanism is not None:
        return None if mechanism == "DEFAULT" else mechanism
    given = profile.auth.user is not None or PASSWORD in secrets or source_of(profile, PASSWORD).place not in STORED
    return None if given else NONE


def family_of(method: str | None) -> str:
    """Methods of one family share what is typed: the negotiated one and both SCRAMs."""
    return "password" if method is None or method.startswith("SCRAM") else method


def default_source(profile: Profile) -> str:
    """The auth source that counts when none is given, in words."""
    database = profile.seeds.database
    otherwise = EXTERNAL if profile.auth.mechanism == "PLAIN" else "admin"
    words = f"{database}, the database" if database else otherwise
    # A TXT record beside the SRV record counts before both (pymongo.uri_parser); Atlas has one that says admin.
    return f"default: as the TXT record says, else {words}" if profile.seeds.srv else f"default: {words}"


def tls_wanted(profile: Profile) -> bool:
    """Whether the driver will encrypt: told so, or by SRV, or because another TLS option is set.

    A file implies TLS, and so does a switch that is off (pymongo/client_options.py, ``_parse_ssl_options``).
    """
    tls = profile.tls
    if tls.enabled is not None:
        return tls.enabled
    implied = any(getattr(tls, name) for name in _TLS_OPTIONS)
    return profile.seeds.srv or implied or any(getattr(tls, name) is False for name in _TLS_SWITCHES)


def sends_readable_password(profile: Profile) -> bool:
    """Whether a password or token would leave this computer as it is: without TLS, to a host that is another."""
    elsewhere = not all(is_loopback(host) for host in profile.seeds.hosts)
    return profile.auth.mechanism in READABLE and not tls_wanted(profile) and elsewhere


def stays_here(mistakes: Iterable[Mistake], profile: Profile) -> bool:
    """Whether the login may only go to servers on this computer: it is readable on the way, and that is not allowed."""
    readable = any(mistake.cause == "auth.password-in-clear" for mistake in mistakes)
    return readable and not profile.auth.allow_plain_without_tls


def aws_source_of(profile: Profile, environ: Mapping[str, str] | None = None) -> AwsSource:
    """Where the keys of a profile without a choice of its own come from, in the driver's order."""
    if profile.auth.user is not None:
        return "key"
    return "environment" if (environ if environ is not None else os.environ).get(AWS_VARIABLES[0]) else "role"


def with_property(auth: Auth, name: str, value: str | None) -> Auth:
    """The login with one of its mechanism properties changed, or without it."""
    others = {key: text for key, text in auth.properties.items() if key != name}
    return replace(auth, properties=others | {name: value} if value else others)
