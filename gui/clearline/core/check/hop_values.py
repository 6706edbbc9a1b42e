"""What the hops of a profile refer to: variables in their fields, and where their secrets come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from clearline.core.facts.text import Mistake
from clearline.core.files.drives import NoAnswer, asked
from clearline.core.findings import Severity
from clearline.core.keyring.commands import CommandFailed
from clearline.core.profiles.hop import Hop
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.secrets.references import Variables, has_references, names_in, variables
from clearline.core.secrets.secret import Secret, Secrets, hop_secrets

_FIELDS: Final = ("host", "user", "key_file", "certificate_file", "agent", "known_hosts", "config_alias")
"""Those that may hold references. A program may not: what is agreed to is its text."""


class HopValues(NamedTuple):
    """Hops with their references resolved, and the secrets that were found for them."""

    hops: tuple[Hop, ...]
    secrets: Secrets
    mistakes: tuple[Mistake, ...]


async def known_variables(env_file: str | None, environ: Mapping[str, str] | None = None) -> Variables:
    """`variables`; those of the environment alone where the file's drive does not answer."""
    try:
        return await asked(env_file or "", variables, env_file, environ)
    except NoAnswer as silence:
        around = variables(None, environ)
        return Variables(around.environ, {}, env_file, silence)


async def hop_values(
    profile: Profile,
    known: Secrets,
    printed: Callable[[SecretSource], Awaitable[Secret]],
    environ: Mapping[str, str] | None = None,
) -> HopValues:
    """Resolve what the hops refer to. ``printed`` runs an agreed command; it raises `CommandFailed`."""
    names = [name for name in hop_secrets(len(profile.hops)) if name in profile.secrets and name not in known]
    referring = [name for name in names if profile.secrets[name].place == "reference"]
    texts = [text for hop in profile.hops for text in _texts(hop).values()]
    mistakes: list[Mistake] = []
    secrets: dict[str, Secret] = {}
    hops = profile.hops
    if referring or any(map(has_references, texts)):
        values = await known_variables(profile.env_file, environ)
        wanted = [*texts, *(profile.secrets[name].reference or "" for name in referring)]
        mistakes += _undefined(wanted, values)
        hops = tuple(_resolved(hop, values) for hop in hops)
        for name in referring:
            secrets[name] = Secret(values.resolved(profile.secrets[name].reference or ""))
    for name in names:
        if profile.secrets[name].place == "command":
            try:
                secrets[name] = await printed(profile.secrets[name])
            except CommandFailed as failure:
                mistakes.append(_failed(name, failure))
    return HopValues(hops, secrets, tuple(mistakes))


def _texts(hop: Hop) -> dict[str, str]:
    return {
        name: text for name in _FIELDS if name in hop.__struct_fields__ and isinstance(text := getattr(hop, name), str)
    }


def _resolved(hop: Hop, values: Variables) -> Hop:
    return replace(hop, **{name: values.resolved(text) for name, text in _texts(hop).items()})


def _undefined(texts: list[str], values: Variables) -> list[Mistake]:
    names = dict.fromkeys(name for text in texts for name in names_in(text))
    return [
        Mistake(
            cause="uri.not-set",
            severity=Severity.FAILURE,
            blanks={
                "what": "hop",
                "placeholder": f"${{{name}}}",
                "origin": f"The variable {name} is not set for this program: it stands {values.places}.",
            },
            fix=f"Set {name} and start this program from there, or name a .env file that holds it in the profile.",
            fields=("hops",),
        )
        for name in names
        if values.find(name) is None
    ]


def _failed(name: str, failure: CommandFailed) -> Mistake:
    return Mistake(
        cause="uri.bad-value",
        severity=Severity.FAILURE,
        blanks={
            "option": name,
            "value": "***",
            "rule": f"the command {failure}",
            "suggestion": "a command that prints the secret on its first line, or choose another place for it",
        },
        fields=("hops",),
    )
