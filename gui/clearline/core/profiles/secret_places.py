"""Where a profile wants each of its secrets, as values and as words. Pure; ``vault.py`` keeps them there."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from clearline.core.profiles.hop import SshServer
from clearline.core.profiles.profile import Place, Profile, SecretSource
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, KEY_PASSWORD, PASSWORD, hop_passphrase, hop_password

KEYRING: Final = SecretSource()
SESSION: Final = SecretSource(place="session")
ASK: Final = SecretSource(place="ask")

STORED: Final[frozenset[Place]] = frozenset({"keyring", "session"})
"""The places in which the vault keeps a value."""


def source_of(profile: Profile, name: str) -> SecretSource:
    """Where that secret comes from; the keyring unless the profile says otherwise."""
    return profile.secrets.get(name, KEYRING)


def with_source(profile: Profile, name: str, source: SecretSource) -> Profile:
    """The profile with that secret coming from elsewhere; what is usual is not written down."""
    sources = {other: kept for other, kept in profile.secrets.items() if other != name}
    if source != KEYRING:
        sources[name] = source
    return replace(profile, secrets=sources)


def words(source: SecretSource) -> str:
    """The place in words, to be read after the secret's name; the vault knows the keyring's own name."""
    match source.place:
        case "keyring":
            return "in the keyring of this computer"
        case "session":
            return "this session only"
        case "ask":
            return "asked each time"
        case "reference":
            return f"from {source.reference}" if source.reference else "from a reference that is not set yet"
        case "command":
            return "printed by a command"


def secret_names(profile: Profile) -> tuple[str, ...]:
    """Names of the secrets that a profile may have, whether they exist or not."""
    names = [PASSWORD]
    if profile.tls.certificate_key_file is not None:
        names.append(KEY_PASSWORD)
    if profile.auth.mechanism == "MONGODB-AWS":
        names.append(AWS_SESSION_TOKEN)
    for number, hop in enumerate(profile.hops):
        if isinstance(hop, SshServer):
            names += [hop_password(number), hop_passphrase(number)]
        elif hop.user is not None:
            names.append(hop_password(number))
    names += (item.name for item in profile.unread if item.value is None)
    # A property that looks like a secret keeps its name in the profile and its value in the vault.
    names += (name for name, value in profile.auth.properties.items() if not value)
    return tuple(dict.fromkeys((*names, *profile.secrets)))
