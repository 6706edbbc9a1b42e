"""What happens to a profile before anything is contacted: references are resolved, commands run, trust becomes a file.

A check and a watch both begin here. What comes out holds every secret in plain: it is for the driver and for no
eyes, and stays in core.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from clearline.core.check.hop_values import hop_values, known_variables
from clearline.core.check.request import Request
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.driver import aws
from clearline.core.facts.fact import replace
from clearline.core.facts.text import Mistake, UriFacts
from clearline.core.findings import Severity
from clearline.core.keyring.commands import CommandFailed, printed_by
from clearline.core.probes.files import unopenable, unopenable_around
from clearline.core.profiles.hop import Hop
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.profiles.secret_places import KEYRING, source_of, with_source
from clearline.core.secrets.redaction import looks_secret
from clearline.core.secrets.references import has_references
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, KEY_PASSWORD, PASSWORD, Secret, Secrets, Unshown
from clearline.core.tls.trust import named_roots, roots_file
from clearline.core.uri.connection_string import Reading, read
from clearline.core.uri.filling_in import Edit, edited, inserted, place_before, places_in, undefined_places
from clearline.core.uri.parts import take_apart

_LEAST: Final = 4
"""A shorter piece of a secret tells nothing."""
_FIELDS_OF: Final = {
    PASSWORD: ("password",),
    KEY_PASSWORD: ("tlsCertificateKeyFilePassword",),
    AWS_SESSION_TOKEN: ("authMechanismProperties",),
}


class Prepared(Unshown, frozen=True):
    """A profile that is ready for the driver. Holds secrets, so it never shows itself.

    ``text`` is the connection string with every reference resolved and every secret in it, ``profile`` what it says.
    ``mistakes`` are those of the preparation alone; a FAILURE among them says that nothing may be contacted.
    """

    reading: Reading
    secrets: Secrets
    mistakes: tuple[Mistake, ...] = ()
    ca_file: Path | None = None
    """The authorities of the profile's trust source, for the driver's tlsCAFile; None leaves it alone."""
    hops: tuple[Hop, ...] = ()
    shown: str = ""
    """The connection string for eyes: secrets masked, references as they are."""
    edits: tuple[Edit, ...] = ()
    exposed: tuple[Secret, ...] = ()
    """Values of variables whose names speak of a secret, and their pieces, which stand where no secret belongs."""

    @property
    def profile(self) -> Profile:
        """The profile with everything resolved that a connection string can hold, and its hops."""
        return structs.replace(self.reading.profile, hops=self.hops)

    @property
    def text(self) -> str:
        """What the driver is given."""
        return self.reading.driver_text

    @property
    def keywords(self) -> dict[str, Any]:
        """Keyword arguments for the driver's constructor beside the text."""
        return {} if self.ca_file is None else {"tlsCAFile": str(self.ca_file)}

    @property
    def facts(self) -> UriFacts:
        """What is known of the text, with all mistakes; places count in the text as it was before."""
        own = tuple(
            replace(
                mistake,
                start=place_before(self.edits, mistake.start),
                end=place_before(self.edits, mistake.end, end=True),
            )
            for mistake in self.reading.mistakes
        )
        return replace(self.reading.facts, redacted=self.shown, mistakes=(*self.mistakes, *own))

    @property
    def usable(self) -> bool:
        """Whether the driver can be given this."""
        return self.reading.usable and not any(m.severity is Severity.FAILURE for m in self.mistakes)


async def prepared(request: Request, *, environ: Mapping[str, str] | None = None) -> Prepared:
    """Prepare what is asked for the driver; never raises, and never waits where there is nothing to prepare.

    ``permits.may_run`` says whether the user has agreed to a command (``core/consent``); others are not run, and those
    whose secret is known already need not. ``environ`` stands for the environment.
    """
    reading, secrets = request.reading, request.known_secrets
    profile, typed = reading.profile, reading.text
    may_run, prompting = request.permits.may_run, request.permits.prompting
    mistakes: list[Mistake] = []
    edits: list[Edit] = []
    resolved: dict[str, Secret] = {}
    exposed: dict[str, Secret] = {}
    if references := list(places_in(take_apart(typed), reading)) if has_references(typed) else []:
        known = await known_variables(profile.env_file, environ)
        mistakes += undefined_places(references, known)
        for place in references:
            if (value := known.find(place.name)) is None:
                continue
            edits.append(Edit(place.start, place.end, place.written(value)))
            if looks_secret(place.name) and value:
                found = _with_pieces(f"${{{place.name}}}", value)
                resolved |= found
                if not place.secret:
                    exposed |= found
    for name, source in _commands(reading):
        try:
            secret = secrets.get(name) or await _printed(source, may_run)
        except CommandFailed as failure:
            mistakes.append(_failed(name, source.command or "", failure, typed))
        else:
            edits += inserted(take_apart(typed), name, secret)
    ready = reading
    if edits:
        edits.sort(key=lambda edit: (edit.start, edit.end))
        ready = read(edited(typed, edits), profile=profile, prompting=prompting, given=secrets)
    behind = structs.replace(profile, hops=ready.profile.hops)
    way = await hop_values(behind, {**secrets, **ready.secrets}, lambda one: _printed(one, may_run), environ)
    mistakes += way.mistakes
    mistakes += _unanswered(ready, profile, typed)
    if stuck := await unopenable(ready.profile):
        mistakes.append(stuck)
    ca_file, doubts = await _trusted(ready)
    if stuck := await _stuck_roots(ready):
        mistakes.append(stuck)
    if stuck := await unopenable_around(aws.files_of(ready.profile), "authMechanism"):
        mistakes.append(stuck)
    elif aws.is_meant(ready.profile) and not await run_in_daemon(aws.fetch_credentials, ready.profile):
        doubts = (*doubts, _no_aws_credentials(typed))
    return Prepared(
        reading=ready,
        hops=way.hops,
        secrets={**secrets, **ready.secrets, **resolved, **way.secrets},
        exposed=tuple(exposed.values()),
        mistakes=(*mistakes, *doubts),
        ca_file=ca_file,
        shown=reading.facts.redacted,
        edits=tuple(edits),
    )


def _with_pieces(reference: str, value: str) -> dict[str, Secret]:
    """A value and what an address may be cut into where it holds one."""
    pieces = [piece for piece in re.split(r"[:/?#@&;,=\s]+", value) if _LEAST <= len(piece) < len(value)]
    return {reference: Secret(value)} | {f"{reference} {n}": Secret(piece) for n, piece in enumerate(pieces, 2)}


def _unanswered(ready: Reading, profile: Profile, typed: str) -> Iterator[Mistake]:
    """The password that is asked each time, when it was not given."""
    if PASSWORD in ready.secrets or source_of(profile, PASSWORD).place != "ask":
        return
    for mistake in read(ready.text, profile=with_source(profile, PASSWORD, KEYRING)).mistakes:
        if mistake.cause == "uri.missing-password":
            parts = take_apart(typed)
            place = parts.user or parts.core
            yield replace(mistake, start=place.start, end=place.end)


def _no_aws_credentials(typed: str) -> Mistake:
    address = take_apart(typed).core
    return Mistake(
        cause="auth.aws-no-credentials",
        severity=Severity.FAILURE,
        start=address.start,
        end=address.end,
        fields=("authMechanism", "user"),
    )


# ---------------------------------------------------------------- commands


def _commands(reading: Reading) -> Iterator[tuple[str, SecretSource]]:
    """The secrets that a command prints, as far as the login and the files need them and the text has none."""
    profile = reading.profile
    needed = {
        PASSWORD: profile.auth.user is not None,
        KEY_PASSWORD: profile.tls.certificate_key_file is not None,
        AWS_SESSION_TOKEN: profile.auth.mechanism == "MONGODB-AWS",
    }
    for name, source in profile.secrets.items():
        if source.place == "command" and needed.get(name) and name not in reading.secrets:
            yield name, source


async def _printed(source: SecretSource, may_run: Callable[[str], bool] | None) -> Secret:
    command = (source.command or "").strip()
    if not command:
        raise CommandFailed("is not named in the profile")
    if may_run is None or not may_run(command):
        raise CommandFailed("has not been agreed to on this computer")
    return await printed_by(command)


def _failed(name: str, command: str, failure: CommandFailed, typed: str) -> Mistake:
    """What a command did instead of printing a secret, by the name of its program alone: arguments may tell more."""
    try:
        program = Path(shlex.split(command)[0]).name
    except (ValueError, IndexError):
        program = "of its profile"
    address = take_apart(typed).core
    return Mistake(
        cause="uri.bad-value",
        severity=Severity.FAILURE,
        blanks={
            "option": name,
            "value": "***",
            "rule": f"the command {program} {failure}",
            "suggestion": "a command that prints the secret on its first line, or choose another place for it",
        },
        start=address.start,
        end=address.end,
        fields=_FIELDS_OF.get(name, ()),
    )


# ---------------------------------------------------------------- trust


async def _stuck_roots(reading: Reading) -> Mistake | None:
    """OpenSSL opens the default authorities in the loop's own thread, too."""
    tls = reading.profile.tls
    wanted = reading.facts.options.get("tls") is True or reading.facts.srv
    default = tls.ca_file is None and tls.trust is None
    return await unopenable_around(named_roots(), "tlsCAFile") if wanted and default else None


async def _trusted(reading: Reading) -> tuple[Path | None, tuple[Mistake, ...]]:
    tls = reading.profile.tls
    if tls.trust is None or tls.ca_file is not None or reading.facts.options.get("tls") is not True:
        return None, ()
    try:
        file = await run_in_daemon(roots_file, tls.trust)
    except OSError:
        file = None
    if file is not None:
        return file, ()
    whose = "The operating system's list of authorities" if tls.trust == "system" else "The bundled list"
    mistake = Mistake(
        cause="files.no-certificate", severity=Severity.FAILURE, blanks={"file": whose}, fields=("tlsCAFile",)
    )
    return None, (mistake,)
