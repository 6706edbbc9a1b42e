"""A row of the profile list: what it is called and says, under which heading and in which order it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from clearline.core.profiles.profile import Profile
from clearline.core.report.report import Verdict
from clearline.core.text.late_patterns import late

FAVOURITES: Final = "Favourites"
RECENT: Final = "Recent, not saved"
_NUMBER: Final = late(r"[0-9]+")
_DIGITS: Final = 12
"""Numbers in names are compared by value up to so many digits."""


class Order(Enum):
    """How the rows of one heading are sorted."""

    NAME = "name"
    LAST_TESTED = "last tested"
    FAILED_FIRST = "failed first"


@dataclass(frozen=True)
class ProfileRow:
    """One line of the list. ``problem`` says why a file cannot be read; such a row has an empty profile."""

    profile: Profile
    path: Path | None = None
    verdict: Verdict | None = None
    tested: str | None = None
    """When the last check began, ISO 8601."""
    unsaved: bool = False
    running: bool = False
    watched: bool = False
    problem: str = ""
    recent: str = ""
    """The redacted connection string of a check that was never saved; such a row has nothing else."""
    own: bool = True
    """Its file is no link that leads out of the folder."""

    @cached_property
    def name(self) -> str:
        """What the user called it, else its host, else the file's name, else a name for the nameless."""
        if self.recent:
            return self.recent.partition("://")[2].rpartition("@")[2].partition("?")[0].strip("/") or self.recent
        hosts = self.profile.seeds.hosts  # an unnamed file is called by a hash, which tells nothing
        return self.profile.name or (hosts[0] if hosts else self.path.stem if self.path else "New connection")

    @property
    def address(self) -> str:
        """Where it leads, in few words."""
        if self.recent:
            before, _, after = self.recent.partition("://")[2].rpartition("@")
            user, options = before.partition(":")[0], after.partition("?")[2]
            return " · ".join(filter(None, (user and f"as {user}", options))) or "no login"
        hosts = self.profile.seeds.hosts
        if not hosts:
            return ""
        return f"SRV {hosts[0]}" if self.profile.seeds.srv else hosts[0] + (f" +{len(hosts) - 1}" if hosts[1:] else "")

    @property
    def second_line(self) -> str:
        """Where it leads; of one that is called by its host, what tells it from others with that host."""
        hosts = self.profile.seeds.hosts
        if self.recent or not hosts or self.name != hosts[0]:
            return self.address
        user = self.profile.auth.user
        more = f"+{len(hosts) - 1}" if hosts[1:] else ""
        login = f"as {user}" if user else self.profile.auth.mechanism or "no login"
        return " · ".join(filter(None, ("SRV" if self.profile.seeds.srv else "", more, login)))

    @property
    def said(self) -> str:
        """What stands below the name: where it leads, or what is wrong with its file."""
        return self.problem.partition(": ")[2] or self.problem or self.second_line

    @cached_property
    def group(self) -> Group:
        """Under which heading it stands."""
        if self.recent:
            return _RECENT
        if self.profile.favourite:
            return _FAVOURITES
        folder = self.profile.folder
        return Group(Rank.FOLDER, " / ".join(folder.split("/"))) if folder else _TOP

    @cached_property
    def words(self) -> str:
        """All that the search looks at."""
        profile = self.profile
        parts = (self.name, profile.folder, profile.notes, profile.auth.user or "", *profile.seeds.hosts, self.recent)
        return " ".join(parts).casefold()

    @cached_property
    def key(self) -> tuple[int, str, str, bool, str]:
        """The place in the list when it is sorted by name: what was never saved stands first under its heading."""
        # Recent ones keep the order they come in; db2 stands before db10.
        name = "" if self.recent else _NUMBER.sub(_widened, self.name.casefold())
        return *place_of(self.group), self.path is not None, name

    def prepared(self) -> ProfileRow:
        """The same, with everything worked out that the list will ask for: better in a worker than in the window."""
        _ = self.key, self.words
        return self


class Rank(IntEnum):
    """How the headings follow each other."""

    FAVOURITES = 0
    TOP = 1
    FOLDER = 2
    RECENT = 3


class Group(NamedTuple):
    """A heading; a folder may have the same title as one of ours."""

    rank: Rank
    title: str


_FAVOURITES: Final = Group(Rank.FAVOURITES, FAVOURITES)
_TOP: Final = Group(Rank.TOP, "")
_RECENT: Final = Group(Rank.RECENT, RECENT)


def _widened(number: re.Match[str]) -> str:
    return number[0].zfill(_DIGITS)


def place_of(group: Group) -> tuple[int, str, str]:
    """Where a heading stands among the others, to be sorted by."""
    return group.rank, group.title.casefold(), group.title


def ordered(rows: Sequence[ProfileRow], order: Order) -> list[int]:
    """The numbers of the rows in the order of the list, those of one heading next to each other."""
    numbers = sorted(range(len(rows)), key=[row.key for row in rows].__getitem__)
    match order:
        case Order.NAME:
            return numbers
        case Order.LAST_TESTED:
            numbers.sort(key=lambda n: rows[n].tested or "", reverse=True)
        case Order.FAILED_FIRST:
            numbers.sort(key=lambda n: rows[n].verdict is not Verdict.FAILED and not rows[n].recent)
    numbers.sort(key=lambda n: rows[n].key[:4])
    return numbers
