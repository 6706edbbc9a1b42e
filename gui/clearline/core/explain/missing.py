"""What would decide where a text alone does not: asked for instead of guessed."""

from __future__ import annotations

from collections.abc import Iterator

from clearline.core.explain.as_facts import is_loopback
from clearline.core.explain.explanation import Candidate
from clearline.core.explain.normalise import Text
from clearline.core.explain.record import Record
from clearline.core.findings import Certainty

_LOGINS = ("auth.wrong-password", "auth.unknown-user", "auth.wrong-authsource")


def missing(record: Record, causes: tuple[Candidate, ...], text: Text) -> tuple[str, ...]:
    """Requests in the order of what they would decide."""
    if causes and causes[0].certainty is Certainty.PROVEN:
        return ()
    return tuple(_missing(record, causes, text))


def _missing(record: Record, causes: tuple[Candidate, ...], text: Text) -> Iterator[str]:
    kinds = {s.kind for s in record.signs}
    first = causes[0] if causes else None
    if "[ServerDescription]" in text.view or "[Array]" in text.view:
        yield "Print the error with console.dir(error, { depth: null }) and paste it again: it then shows each server."
    if record.driver in ("java", "kotlin", "scala") and kinds <= {"vague"} and "Caused by" not in text.view:
        yield "Paste the last line that begins with Caused by."
    if record.driver == "csharp" and "--->" not in text.view:
        yield "Paste the inner exception: the part after --->."
    told = any(s.errors or s.type not in ("", "unknown") for s in record.servers)
    if not told and kinds and kinds <= {"vague"} and record.driver not in ("java", "kotlin", "scala", "csharp"):
        yield "Paste the whole error, with what stands about each server: this line alone only says that time ran out."
    if first and first.cause in _LOGINS and not record.log:
        yield "Paste the server's log line of this login: it tells an unknown user from a wrong password."
    if (
        first
        and first.cause in ("tcp.refused", "env.container-localhost")
        and (is_loopback((first.server or "").rpartition(":")[0].strip("[]")))
    ):
        yield "Say where the program runs: on this computer, in a container or on another server."
    if first and first.cause in ("tls.required", "tls.not-offered") and not record.addresses:
        yield "Paste the address that the program uses, without the password: it shows whether TLS is on."
