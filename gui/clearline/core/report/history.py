"""What checks have found before: the last reports of each profile, and the last verdict of all of them at a glance.

Every report is a file of its own below ``<folder>/<profile>/``, named after its time and verdict. ``last.jsonl`` has a
line for each check, so that the list of ten thousand profiles needs one file. Reports hold no secrets; whatever looks
like one is masked once more before it is written.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from clearline.core.files.whole_files import BROKEN, locked, patiently, read_whole, write_whole
from clearline.core.profiles.profile import Profile
from clearline.core.report.masking import masked
from clearline.core.report.report import Report, Verdict
from clearline.core.secrets.secret import Secret
from clearline.core.typed_values import from_json, to_bytes

KEPT: Final = 50
"""Reports kept per profile; the last good one stays beyond that."""
MOST_RECENT: Final = 20
LARGEST: Final = 1_000_000
"""Bytes of a report; from a larger one the evidence of the matrix is left out."""

_INDEX: Final = "last.jsonl"
_RECENT: Final = "recent.json"
_SLACK: Final = 1000
"""After how many lines it is looked whether most of the index is out of date."""
_FILE: Final = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{4}-(connected|failed|cancelled|unfinished)\.json")


class Last(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How the newest check of one profile ended. ``started`` is its time, ISO 8601 in UTC."""

    verdict: Verdict | None
    started: str
    cause: str | None = None
    """The code of the diagnosis, of a failed check."""


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """A connection string that was checked without being saved; ``uri`` is redacted."""

    uri: str
    last: Last


class _Line(msgspec.Struct, frozen=True, array_like=True):
    profile_id: str
    verdict: Verdict | None
    started: str
    cause: str | None = None


class History:
    """The kept reports in one folder, which may not exist yet. Any thread or process may use it; it blocks on the disk.

    Reading never raises: what is missing or broken counts as not there. Writing raises OSError.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # ------------------------------------------------------------ writing

    def record(
        self, profile: Profile, report: Report, secrets: Iterable[Secret] = (), *, outage: bool = False
    ) -> Report:
        """Keep a finished check's report and give it as it was kept; ``secrets`` are masked wherever they stand.

        The report of an ``outage`` is kept among the others, but is no verdict on how the profile is now.
        """
        safe = masked(report, secrets)
        place = self._place(profile.id)
        for folder in (self.folder, place):  # for each: the mode counts for the last folder of a path alone
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        verdict = safe.verdict.value if safe.verdict else "unfinished"
        with locked(self.folder):
            write_whole(place / f"{_stamp(safe.started)}-{uuid.uuid4().hex[:4]}-{verdict}.json", _content(safe))
            for path in self._too_many(place):
                patiently(partial(path.unlink, missing_ok=True))
            if not outage:
                self._append(_Line(profile.id, safe.verdict, safe.started, _cause(safe)))
        return safe

    def note_recent(self, report: Report, secrets: Iterable[Secret] = ()) -> None:
        """Remember the redacted connection string of a check that belongs to no saved profile; the newest 20 stay."""
        safe = masked(report, secrets)
        newest = Recent(uri=safe.target.uri, last=_last(safe))
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(self.folder):
            others = [entry for entry in self.recent() if entry.uri != newest.uri]
            content = msgspec.json.format(to_bytes([newest, *others][:MOST_RECENT]), indent=2)
            write_whole(self.folder / _RECENT, content)

    def forget_recent(self) -> None:
        """Remember no connection string any more."""
        patiently(partial((self.folder / _RECENT).unlink, missing_ok=True))

    def forget(self, profile_id: str) -> None:
        """Remove everything about one profile."""
        if not self.folder.is_dir():
            return
        with locked(self.folder):
            shutil.rmtree(self._place(profile_id), ignore_errors=True)
            self._rewrite({one: last for one, last in self.lasts().items() if one != profile_id})

    # ------------------------------------------------------------ reading

    def reports(self, profile_id: str) -> tuple[Report, ...]:
        """The kept reports of one profile, the newest first."""
        read = (_read(path) for path in self._files(self._place(profile_id)))
        return tuple(report for report in read if report is not None)

    def last(self, profile_id: str) -> Last | None:
        """How the newest check of one profile ended."""
        return self.lasts().get(profile_id)

    def lasts(self) -> dict[str, Last]:
        """How the newest check of each profile ended, by profile id: about 10 ms for ten thousand."""
        return {
            line.profile_id: Last(verdict=line.verdict, started=line.started, cause=line.cause)
            for line in self._lines()
        }

    def recent(self) -> tuple[Recent, ...]:
        """The connection strings that were checked without being saved, the newest first."""
        try:
            return from_json(read_whole(self.folder / _RECENT), tuple[Recent, ...])
        except (OSError, *BROKEN):
            return ()

    # ------------------------------------------------------------ files

    def _place(self, profile_id: str) -> Path:
        plain = (
            profile_id if re.fullmatch(r"[0-9a-z]{1,64}", profile_id) else sha256(profile_id.encode()).hexdigest()[:32]
        )
        return self.folder / plain

    @staticmethod
    def _files(place: Path) -> list[Path]:
        try:
            return sorted((path for path in place.iterdir() if _FILE.fullmatch(path.name)), reverse=True)
        except OSError:
            return []

    def _too_many(self, place: Path) -> list[Path]:
        older = self._files(place)[KEPT:]
        kept = self._files(place)[:KEPT]
        if not any(path.stem.endswith("-connected") for path in kept):
            good = next((path for path in older if path.stem.endswith("-connected")), None)
            older = [path for path in older if path != good]
        return older

    def _lines(self) -> list[_Line]:
        try:
            raw = read_whole(self.folder / _INDEX)
        except OSError:
            return []
        try:
            return from_json(b"[" + b",".join(raw.splitlines()) + b"]", list[_Line])
        except BROKEN:  # a line that a crash has cut
            return [line for text in raw.splitlines() if (line := _line(text)) is not None]

    def _append(self, line: _Line) -> None:
        path = self.folder / _INDEX
        count = read_whole(path).count(b"\n") if path.exists() else 0
        if count and count % _SLACK == 0 and count > 2 * len(lasts := self.lasts()):
            self._rewrite({**lasts, line.profile_id: _last_of(line)})
            return
        with path.open("ab") as file:
            # A line that a crash has cut must not swallow this one.
            file.write(b"\n" * bool(file.tell()) + to_bytes(line))
        path.chmod(0o600)

    def _rewrite(self, lasts: Mapping[str, Last]) -> None:
        lines = [_Line(profile_id, last.verdict, last.started, last.cause) for profile_id, last in lasts.items()]
        write_whole(self.folder / _INDEX, b"\n".join(to_bytes(line) for line in lines))


def _content(report: Report) -> bytes:
    content = to_bytes(report)
    if len(content) > LARGEST:
        servers = [
            replace(server, cells={stage: replace(cell, evidence={}) for stage, cell in server.cells.items()})
            for server in report.servers
        ]
        content = to_bytes(replace(report, servers=tuple(servers)))
    return content


def _read(path: Path) -> Report | None:
    try:
        return from_json(read_whole(path), Report)
    except (OSError, *BROKEN):
        return None


def _line(text: bytes) -> _Line | None:
    try:
        return from_json(text, _Line)
    except BROKEN:
        return None


def _cause(report: Report) -> str | None:
    return report.diagnosis.cause if report.diagnosis and report.verdict is Verdict.FAILED else None


def _last(report: Report) -> Last:
    return Last(verdict=report.verdict, started=report.started, cause=_cause(report))


def _last_of(line: _Line) -> Last:
    return Last(verdict=line.verdict, started=line.started, cause=line.cause)


def _stamp(started: str) -> str:
    """The time of a report as a file's name that sorts by time; now where it cannot be read."""
    try:
        moment = datetime.fromisoformat(started).astimezone(UTC)
    except ValueError:
        moment = datetime.now(UTC)
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z"
