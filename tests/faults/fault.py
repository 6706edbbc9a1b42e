"""What a row of the fault tables is."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import ParamSpec
from urllib.parse import unquote_plus

from clearline.core.findings import Finding, Severity
from clearline.core.report.report import Report, Verdict
from faults.laboratory import Laboratory
from lab.namespaces import Network

P = ParamSpec("P")


@dataclass(frozen=True)
class Case:
    """A fault that is set up: what to check, and where."""

    text: str
    """The connection string as a user would paste it."""
    network: Network | None = None
    """Run the check inside of it; None: here."""
    environ: Mapping[str, str] = field(default_factory=dict)
    powerless: bool = False
    """Run the check without root's right to read every file."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in any report of this text, as typed and decoded."""
        userinfo = self.text.partition("://")[2].rpartition("@")[0]
        password = userinfo.partition(":")[2]
        options = re.findall(r"(?i)(?:password|token)=([^&]+)", self.text)
        return tuple({t for p in (password, *options) for t in (p, unquote_plus(p)) if len(t) > 3 and t[0] not in "<$"})


SetUp = Callable[[Laboratory], AbstractContextManager[Case]]


@dataclass(frozen=True)
class Fault:
    """One row. The fault may fail, connect with a finding, or, where both are filled in, do either.

    ``failed``: the causes any of which may be the headline. ``connected``: those any of which must be among the
    findings; empty: neither a failure nor a warning may be reported.
    """

    id: str
    title: str
    set_up: SetUp
    failed: tuple[str, ...] = ()
    connected: tuple[str, ...] | None = None
    silent: bool = False
    """Somebody keeps silent, or answers late: the verdict may take the whole deadline."""
    netns: bool = False
    unnamed: str | None = None
    """Why the check does not name it."""
    says: str = ""
    """Words without which the finding would not have helped: in its sentences or its remedies."""

    @property
    def group(self) -> str:
        """The row's letter, which stands for its group."""
        return self.id[0]

    def judge(self, report: Report) -> str | None:
        """None when the report says what it should, else what it said instead."""
        failures = [f for f in report.findings if f.severity is Severity.FAILURE]
        warnings = [f for f in report.findings if f.severity is Severity.WARNING]
        said = f"{report.verdict.value if report.verdict else 'nothing'}: " + (
            ", ".join(
                f"{f.cause}{'' if f.severity is Severity.FAILURE else ' (' + f.severity.value + ')'}"
                for f in report.findings
            )
            or "no finding"
        )
        wanted = (*self.failed, *(self.connected or ()))
        told = " ".join(text for f in report.findings if f.cause in wanted for text in _texts(f))
        if self.says and self.says not in told:
            return f"{said}, without the words {self.says!r}"
        if report.verdict is Verdict.FAILED:
            return None if failures and failures[0].cause in self.failed else said
        if report.verdict is not Verdict.CONNECTED or self.connected is None or failures:
            return said
        if not self.connected:
            return said if warnings else None
        return None if any(f.cause in self.connected for f in report.findings) else said


def _texts(finding: Finding) -> tuple[str, ...]:
    return finding.summary, finding.detail, *(remedy.text for remedy in finding.remedies)


class Table:
    """The rows of one group, in order."""

    def __init__(self) -> None:
        self.rows: list[Fault] = []

    def text(self, id: str, title: str, make: Callable[[Laboratory], str], **expected: object) -> None:
        """A row whose set-up is a connection string for servers of the laboratory."""

        @contextlib.contextmanager
        def set_up(lab: Laboratory) -> Iterator[Case]:
            yield Case(make(lab))

        self._add(id, title, set_up, **expected)

    def row(self, id: str, title: str, **expected: object) -> Callable[[Callable[[Laboratory], Iterator[Case]]], SetUp]:
        """A row whose set-up is the generator function below."""

        def add(function: Callable[[Laboratory], Iterator[Case]]) -> SetUp:
            set_up = contextlib.contextmanager(function)
            self._add(id, title, set_up, **expected)
            return set_up

        return add

    def _add(self, id: str, title: str, set_up: SetUp, **expected: object) -> None:
        several = {k: (v,) if k in ("failed", "connected") and isinstance(v, str) else v for k, v in expected.items()}
        self.rows.append(Fault(id, title, set_up, **several))  # type: ignore[arg-type]
