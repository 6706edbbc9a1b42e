"""References and printed secrets put into a connection string, and the mistakes of those that are not set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

import msgspec

from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.core.options.catalogue import lookup
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.redaction import looks_secret
from clearline.core.secrets.references import REFERENCE, Variables, has_references, is_reference
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, PASSWORD, Secret, Secrets, Unshown
from clearline.core.uri.connection_string import Reading, build, read
from clearline.core.uri.parts import UriText, take_apart
from clearline.core.uri.pieces import Piece
from clearline.core.uri.proxy_options import in_text, is_proxy_option


class Edit(Unshown, frozen=True):
    """One replacement in the text: ``start`` and ``end`` count in it as it was."""

    start: int
    end: int
    text: str


def undefined(profile: Profile, known: Variables, secrets: Secrets | None = None) -> tuple[Mistake, ...]:
    """The mistakes of a profile's references alone, for a form; places count in the profile's own text. Pure."""
    text = build(profile, secrets, show="plain")
    return tuple(undefined_places(list(places_in(take_apart(text), read(text, profile=profile))), known))


def edited(text: str, edits: list[Edit]) -> str:
    """The text with all replacements made; they are in order."""
    pieces: list[str] = []
    at = 0
    for edit in edits:
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])


def place_before(edits: Sequence[Edit], place: int, *, end: bool = False) -> int:
    """Where a place of the edited text was before; within a replacement it is the start, or the ``end``, of that."""
    shift = 0
    for edit in edits:
        begins = edit.start + shift
        if place < begins or (end and place == begins):
            break
        if place < begins + len(edit.text) or (end and place == begins + len(edit.text)):
            return edit.end if end else edit.start
        shift += len(edit.text) - (edit.end - edit.start)
    return place - shift


class _Place(msgspec.Struct, frozen=True):
    """One reference in the text: whose field it is in, and how its value is written there."""

    name: str
    start: int
    end: int
    what: str
    fields: tuple[str, ...]
    host: bool
    alone: bool
    """It is all of the text: then its value is a whole connection string."""

    @property
    def secret(self) -> bool:
        """Whether a secret belongs there, so that the whole value is one and is shown nowhere."""
        option = lookup(self.what)
        return self.what == "password" or looks_secret(self.what) or (option is not None and option.secret)

    def written(self, value: str) -> str:
        # The host list holds hosts, ports and commas as they are; a socket's path is one host and is escaped.
        if self.host and not value.startswith("/"):
            return value.strip()
        return quote(value, safe="", errors="replace")

    def holds_options(self, known: Variables) -> bool:
        """Whether options stand where hosts belong: no reader of the text would see which protections they take off."""
        return self.host and not self.alone and "?" in (known.find(self.name) or "")

    def overfull(self) -> Mistake:
        return Mistake(
            cause="uri.bad-value",
            severity=Severity.FAILURE,
            blanks={
                "option": "host",
                "value": f"${{{self.name}}}",
                "rule": "the variable holds options as well as hosts",
                "suggestion": f"the hosts into {self.name} and the options into the connection string, or the whole "
                f"connection string into {self.name} and ${{{self.name}}} alone here",
            },
            start=self.start,
            end=self.end,
            fields=self.fields,
        )

    def undefined(self, known: Variables) -> Mistake:
        return Mistake(
            cause="uri.not-set",
            severity=Severity.FAILURE,
            blanks={
                "what": self.what,
                "placeholder": f"${{{self.name}}}",
                "origin": f"The variable {self.name} is not set for this program: it stands {known.places}. A program "
                "started from the desktop does not see the variables of a shell.",
            },
            fix=f"Set {self.name} and start this program from there, or name a .env file that holds it in the profile"
            + ("; or choose another place for the secret." if self.secret else "."),
            start=self.start,
            end=self.end,
            fields=self.fields,
        )


def undefined_places(references: list[_Place], known: Variables) -> Iterator[Mistake]:
    """The mistakes of references that are not set, and of the file in which they may stand."""
    missing = [place.undefined(known) for place in references if known.find(place.name) is None]
    yield from missing
    yield from (place.overfull() for place in references if place.holds_options(known))
    if references:
        yield from _file_mistakes(known, missing=bool(missing))


def places_in(parts: UriText, reading: Reading) -> Iterator[_Place]:
    """Every reference in the text, with the field that it is in."""
    source = reading.profile.secrets.get(PASSWORD)
    password = parts.password if source is not None and source.place == "reference" else None
    yield from _in_piece(parts.user, "user", ("user",))
    yield from _in_piece(password, "password", ("password",))
    yield from _in_piece(parts.hosts, "host", ("hosts",), host=True, alone=is_reference(parts.core.text))
    yield from _in_piece(parts.path, "database", ("database",))
    for chunk in parts.chunks:
        if is_proxy_option(chunk.name.text) and in_text(reading.profile.hops):
            continue  # a hop's own references
        option = lookup(chunk.name.text)
        fields = (option.name,) if option is not None else ()
        yield from _in_piece(chunk.value, option.name if option is not None else chunk.name.text, fields)


def _in_piece(
    piece: Piece | None, what: str, fields: tuple[str, ...], *, host: bool = False, alone: bool = False
) -> Iterator[_Place]:
    if piece is None or not has_references(piece.text):
        return
    for found in REFERENCE.finditer(piece.text):
        start, end = piece.start + found.start(), piece.start + found.end()
        yield _Place(found[1], start, end, what, fields, host, alone)


def _file_mistakes(known: Variables, *, missing: bool) -> Iterator[Mistake]:
    """A ``.env`` file that cannot be read: a failure where a value was missing, for it may stand there."""
    if known.problem is None or known.env_file is None:
        return
    causes = {FileNotFoundError: "files.not-found", IsADirectoryError: "files.is-a-folder"}
    causes |= {PermissionError: "files.no-permission"}
    cause = next((code for kind, code in causes.items() if isinstance(known.problem, kind)), "files.damaged")
    yield Mistake(
        cause=cause,
        severity=Severity.FAILURE if missing else Severity.WARNING,
        blanks={"file": known.env_file, "option": "The profile's .env file", "what": "no .env file that can be read"},
        fields=("envFile",),
    )


def inserted(parts: UriText, name: str, secret: Secret) -> list[Edit]:
    """Put a secret where the text has none."""
    value = quote(secret.reveal(), safe="", errors="replace")
    if name == PASSWORD:
        if parts.password is not None:
            return [Edit(parts.password.start, parts.password.end, value)]
        return [] if parts.user is None else [Edit(parts.user.end, parts.user.end, f":{value}")]
    option = name
    if name == AWS_SESSION_TOKEN:
        option, value = "authMechanismProperties", f"{AWS_SESSION_TOKEN}:{value}"
        chunk = next((chunk for chunk in parts.chunks if chunk.name.text.lower() == option.lower()), None)
        if chunk is not None and chunk.value is not None and chunk.value.text:
            return [Edit(chunk.value.end, chunk.value.end, f",{value}")]
    if parts.options is not None:
        before = (";" if parts.separators == ";" else "&") if parts.options.text else ""
        return [Edit(parts.options.end, parts.options.end, f"{before}{option}={value}")]
    before = "?" if parts.path is not None else "/?"
    return [Edit(parts.core.end, parts.core.end, f"{before}{option}={value}")]
