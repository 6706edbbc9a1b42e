"""From a pasted text to the causes that it allows. Pure: asks no server, keeps nothing."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from clearline.core.diagnosis.catalogue import causes
from clearline.core.diagnosis.texts import rows
from clearline.core.explain.as_facts import is_loopback
from clearline.core.explain.decisive import decisive
from clearline.core.explain.events import Event, events
from clearline.core.explain.explanation import NOTHING, UNNAMED, Candidate, Explanation, Recognised
from clearline.core.explain.folding import Folded, condensed
from clearline.core.explain.judge import HEADLINE, STATED, guesses
from clearline.core.explain.misread import repaired
from clearline.core.explain.missing import missing
from clearline.core.explain.normalise import Text
from clearline.core.explain.pasted import shown
from clearline.core.explain.reading import read
from clearline.core.explain.record import Record, Seen, View
from clearline.core.explain.rules.guess import Guess
from clearline.core.explain.rules.hops import ssh_lines
from clearline.core.explain.rules.last_resort import last_resort
from clearline.core.explain.targets import HOST, targets, usable
from clearline.core.explain.writers import writer_of
from clearline.core.findings import Certainty

LONGEST = 2_000_000
"""Characters that are read; of a longer text its end counts, where the error stands (`folding` reads all of a log)."""
_MOST = 5
_MOST_SEEN = 20
"""Servers that are read from running text; a driver's own view may hold more."""
_NAME_SERVER = re.compile(r"Do53:|lookup \S+ on |query(?:Srv|Txt)|DNS|[:@]53\b")


def open_log(path: Path) -> BinaryIO:
    """A file for `explain_stream`, of which the first bytes were had. Raises OSError. Blocks, see `drives`."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "Is no regular file", str(path))
    stream = path.open("rb")
    try:
        stream.peek(1)
    except BaseException:
        stream.close()
        raise
    return stream


def explain_stream(stream: BinaryIO) -> Explanation:
    """The same for a file or a pipe of any length, in bounded memory. Raises OSError."""
    read_in = condensed(stream)
    if read_in.refused is not None:
        return Explanation(why=read_in.refused)
    return explain(read_in.text, read_in.folds)


def explain(text: str, folds: Sequence[Folded] = ()) -> Explanation:
    """Say which causes a text allows, the likeliest first. Never raises, whatever the text is.

    ``folds`` tell of each line of the text where and how often it stood in the log that the text was taken from.
    """
    if not text.strip():
        return Explanation(why="There is no text.")
    if "\0" in text[:4096]:
        return Explanation(why="This is no text but binary data: paste the words of the error.")
    whole = Text.of(repaired(text[-LONGEST:]))
    driver = writer_of(whole.view)
    ours, why = _ours(whole)
    if ours is None:
        return Explanation(recognised=Recognised(driver=driver), why=why)
    record = _completed(read(ours, driver), ours)
    ranked = sorted(guesses(record, ours), key=lambda guess: -guess.weight)
    surer = next((guess for guess in ranked if guess.certainty is not Certainty.POSSIBLE), None)
    if surer is not None:  # what is only possible leads nothing that is likely
        ranked = [surer, *(guess for guess in ranked if guess is not surer)]
    if not ranked and _MONGODB.search(ours.view):
        ranked = sorted(last_resort(record, ours.view), key=lambda guess: -guess.weight)
    if not ranked:
        return Explanation(
            recognised=Recognised(driver=driver),
            why=why or NOTHING,
        )
    named = bool(record.log) or driver in _OURS or _MONGODB.search(whole.view) is not None
    if not named:
        # The same numbers stand in every program's errors.
        ranked = [_at_most_possible(g) for g in ranked]
    ranked = [guess for guess in ranked if guess.cause != _ECHO] or ranked
    if ranked[0].weight >= 1000:
        ranked = [g for g in ranked if g.weight > HEADLINE]  # the headline says nothing more
    best = _best(ranked, record, ours, folds)
    return Explanation(
        recognised=Recognised(driver=driver, events=len({line for g in ranked if (line := _line(g, record, ours))})),
        about_connection=named,
        why=None if named else UNNAMED,
        causes=best,
        targets=targets(record, best, ours),
        missing=missing(record, best, ours),
    )


_MONGODB = re.compile(
    r"mongo|:2701\d|\bport\W{1,3}2701\d"
    r"|querySrv|queryTxt|TopologyDescription|current topology|cluster state is|No suitable servers"
    r"|calling hello|ServerSelection|server selection|SCRAM-SHA|replica ?set|\bmlab\b|docdb|saslStart|bad auth"
    r"|Servers: \[|_mongo|auth failed|NotPrimary|NotYetInitialized|writable primary|Atlas|SCRAM failure"
    r"|not authorized on \S+ to execute command|unescaped @ sign in user info|error parsing uri"
    r"|connection string contains invalid user information|wire_version: |RetryableWriteError"
    r"|client is disconnected|initandlisten|\[js\] |\bcodeName\b|\berrmsg\b",
    re.IGNORECASE,
)


_OURS: Final = ("server-log", "mongosh", "compass", "mongodump")
"""Writers that speak of nothing but MongoDB."""


def _at_most_possible(guess: Guess) -> Guess:
    return msgspec.structs.replace(guess, certainty=Certainty.POSSIBLE)


def _ours(text: Text) -> tuple[Text | None, str | None]:
    """The text without the events of other products; None and a reason when nothing is left."""
    foreign: list[tuple[Event, str]] = [(e, why) for e in events(text) if (why := e.foreign)]
    if not foreign:
        return text, None
    drop = {n for event, _ in foreign for n in range(event.first, event.last + 1)}
    if len(drop) < len(text.lines):
        left = "\n".join("" if n in drop else line for n, line in enumerate(text.lines, 1))
        if left.strip():
            return Text.of(left), foreign[0][1]
    return None, foreign[0][1]


_ASKED_NAME = re.compile(
    r"(?:ENOTFOUND|EAI_AGAIN|UnknownHostException:|Unknown host:?|Failed to resolve) '?([\w\-]+(?:\.[\w\-]+)+)"
    r"(?![\w.\-]*@)"
)
"""The full name that could not be looked up, where no port follows."""


_CLIENT = re.compile(
    r'"(?:remote|client)":\s*"[^"]*"|\b(?:from client|connection from|accepted from|metadata from|end connection) \S+'
)
"""Who connected to the server that writes the log: no server itself."""


def _completed(record: Record, text: Text) -> Record:
    """Where no driver's view is printed, the server beside the deciding symbol is the one that failed."""
    if record.servers:
        spread = _spread(record, text)
        return spread or record
    seen = []
    ssh = ssh_lines([text.view_of(n) for n in range(1, len(text.lines) + 1)])
    for number in range(1, len(text.lines) + 1):
        if number in ssh:
            continue
        words = _CLIENT.sub("", text.view_of(number))
        found, asked = HOST.search(words), _ASKED_NAME.search(words)
        if not found and not asked:
            continue
        sign = decisive(words)
        if (
            sign is None
            or sign.kind in ("verify", "tls-closed", "closed", "reset", "aborted")
            or _NAME_SERVER.search(words)
        ):
            continue
        if found and ":53" not in found[0][-3:]:
            host, _, port = found[0].rpartition(":")
            seen.append(Seen(host=host.strip("[]"), port=int(port), errors=(words,)))
        elif asked:
            seen.append(Seen(host=asked[1], errors=(words,)))
        if len(seen) == _MOST_SEEN:
            break
    if not seen:
        return record
    return msgspec.structs.replace(record, views=(*record.views, View(servers=tuple(seen))))


def _spread(record: Record, text: Text) -> Record | None:
    """A collapsed view gives no errors: the headline's symbol belongs to the server that it names."""
    if any(s.errors or s.type not in ("", "unknown") for s in record.servers):
        return None
    for number in range(1, len(text.lines) + 1):
        words = text.view_of(number)
        sign = decisive(words)
        if sign is None:
            continue
        named = [s for s in record.servers if s.host in words] or list(record.servers)
        if len(named) == len(record.servers) > 1:
            named = named[:1] if sign.kind not in ("unknown-name", "refused") else named
        fixed = tuple(msgspec.structs.replace(s, errors=(words,)) for s in named)
        return msgspec.structs.replace(record, views=(*record.views, View(servers=fixed)))
    return None


_ECHO: Final = "pool.cleared"
"""A cause only where the text quotes no other: it tells of an earlier error."""
_NOT_WITHIN: Final = ("tcp.no-answer", "tcp.private-address", "tcp.atlas-access-list", "tcp.platform-blocks-egress")
"""What cannot happen to a connection that does not leave its computer."""


def _best(ranked: list[Guess], record: Record, text: Text, folds: Sequence[Folded]) -> tuple[Candidate, ...]:
    found: dict[str, Candidate] = {}
    gap = any(g.cause == "uri.placeholder" for g in ranked)
    stated = {g.cause for g in ranked if g.weight >= STATED and g.certainty is Certainty.PROVEN}
    for guess in ranked:
        if guess.cause in found:
            continue
        certainty = guess.certainty
        if certainty is Certainty.PROVEN and (found or gap or len(stated) > 1):
            # Two causes cannot both be the one that the text states.
            certainty = Certainty.LIKELY if not found else Certainty.POSSIBLE
        if found and next(iter(found.values())).certainty is Certainty.PROVEN:
            certainty = Certainty.POSSIBLE
        found[guess.cause] = _candidate(guess, certainty, record, text, folds)
    beside = next((c.server for c in found.values() if c.server), None)
    impossible = _NOT_WITHIN if beside and is_loopback(beside.rpartition(":")[0].strip("[]")) else ()
    for cause in [c for first in list(found)[:2] if first in rows() for c in rows()[first].also]:
        if cause in impossible or (cause == "dns.short-name" and beside and "." in beside):
            continue
        if cause not in found and (cause in rows() or cause in causes()):
            found[cause] = _candidate(
                Guess(weight=0, cause=cause, server=beside), Certainty.POSSIBLE, record, text, (), quoted=False
            )
    return tuple(found.values())[:_MOST]


def _told(line: int, words: str, folds: Sequence[Folded]) -> str:
    """The deciding line with its place: in the log, where the text is one that was folded."""
    if not 0 < line <= len(folds):
        return f"line {line}: {words}"
    fold = folds[line - 1]
    if fold.count == 1:
        return f"line {fold.line}: {words}"
    times = f", from {fold.first} to {fold.last}" if fold.first and fold.last else ""
    return f"line {fold.line} ({fold.count:,} times{times}): {words}"


_VIEW = re.compile(
    r"Topology ?(?:Description|type|:)|current topology|cluster state is|cluster description|#<Cluster|Servers: \["
)
"""Where a driver begins to tell of the whole deployment."""


def _line(guess: Guess, record: Record, text: Text) -> int:
    if guess.line:
        return guess.line
    if guess.at is not None:
        return text.line_at(guess.at)
    if guess.words:
        return next((n for n, line in enumerate(text.lines, 1) if guess.words in line), 0)
    if guess.server:
        server = next((s for s in record.servers if s.address.lower() == guess.server.lower()), None)
        host = server.host if server else guess.server.rpartition(":")[0]
        named = [n for n, line in enumerate(text.lines, 1) if host in line]
        return next((n for n in named if decisive(text.lines[n - 1])), named[0] if named else 0)
    if record.views:
        return next((n for n in range(1, len(text.lines) + 1) if _VIEW.search(text.view_of(n))), 0)
    return text.line_at(min(s.at for s in record.signs)) if record.signs else 0


def _candidate(
    guess: Guess, certainty: Certainty, record: Record, text: Text, folds: Sequence[Folded], *, quoted: bool = True
) -> Candidate:
    row = rows().get(guess.cause)
    known = causes().get(guess.cause)
    summary = guess.summary or (row.summary if row else known.title if known else guess.cause)
    fix = guess.fix or (row.fix if row and row.fix else known.fix if known else "")
    line = _line(guess, record, text) if quoted else 0
    words = shown(text.lines[line - 1]) if 0 < line <= len(text.lines) else ""
    server = guess.server
    if server is None and words:
        near = (found[0] for found in HOST.finditer(_CLIENT.sub("", text.view_of(line))))
        server = next(filter(usable, near), None)
    return Candidate(
        cause=guess.cause,
        certainty=certainty,
        summary=_filled(summary, server, record),
        fix=_filled(fix, server, record),
        server=server,
        because=(_told(line, words, folds),) if words else (),
        question=row.question if row else None,
    )


_UNNAMED = {
    "host": "the server",
    "server": "the server",
    "address": "its address",
    "port": "its port",
    "user": "the user",
    "database": "the database",
    "source": "its database",
    "mechanism": "the sign-in method",
    "path": "the file",
    "file": "the file",
    "name": "the name",
    "set_name": "the replica set",
    "cluster": "the cluster",
    "actual": "its real value",
    "authorities": "an authority that the server trusts",
    "character": "that character",
    "down": "the members that are down",
    "escaped": "its %-code",
    "issuer": "that authority",
    "keep": "one of the two",
    "ms": "that",
    "option": "the option",
    "package": "the package",
    "primary": "the primary",
    "suggestion": "a possible value",
    "target": "its host",
    "what": "what belongs there",
}
"""What stands in a blank of the catalogue's sentences for what the text does not name."""


def _filled(sentence: str, server: str | None, record: Record) -> str:
    """A sentence of the catalogue with what the text names, and words for what it does not."""
    known = {
        "user": record.credential.user,
        "source": record.credential.source,
        "mechanism": record.credential.mechanism,
    }
    if server:
        host, _, port = server.rpartition(":")
        known |= {"host": host, "address": host, "server": server, "port": port}
    words = re.sub(r"\{(\w+)\}", lambda blank: known.get(blank[1]) or _UNNAMED.get(blank[1], "…"), sentence)
    for doubled, once in (("port its port", "its port"), ("127.0.0.1:its port", "127.0.0.1"), (":its port", "")):
        words = words.replace(doubled, once)
    return words[:1].upper() + words[1:] if words[:3] in ("the", "its") else words
