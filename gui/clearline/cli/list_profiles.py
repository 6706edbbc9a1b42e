"""``clearline list``: the saved profiles, where each leads, and how its last check ended."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from clearline.cli.output import print_aside, print_json, print_text
from clearline.cli.targets import saved_profiles
from clearline.cli.text_grid import COLOURS, Palette, grid, shown
from clearline.cli.usage import Parser, UsageProblem
from clearline.core.files.drives import FOLDER_S, NoAnswer, waited_for
from clearline.core.profiles.arrangement import is_in
from clearline.core.profiles.profile import Profile
from clearline.core.report.history import History, Last
from clearline.core.report.marks import MARKS
from clearline.core.storage.store import Stored
from clearline.core.uri.connection_string import build
from clearline.paths import history_dir


def run(argv: Sequence[str]) -> int:
    """Print the saved profiles; 1 when one of them cannot be read, else 0."""
    arguments = parser().parse_args(argv)
    try:
        there = saved_profiles()
        lasts = waited_for(history_dir(), History(history_dir()).lasts, limit_s=FOLDER_S)
    except (UsageProblem, NoAnswer) as problem:
        print_aside(f"clearline list: {problem.sentence if isinstance(problem, NoAnswer) else problem}")
        return 1
    stored = [one for one in there if one.profile is None or is_in(one.profile, arguments.folder)]
    if arguments.json:
        print_json(json.dumps([_entry(one, lasts) for one in stored], indent=2, ensure_ascii=False))
    else:
        _print(stored, lasts)
    for one in stored:
        if one.problem is not None:
            print_aside(f"clearline list: cannot be read: {one.problem}")
    return int(any(one.problem for one in stored))


def parser() -> argparse.ArgumentParser:
    """What may follow the command."""
    made = Parser(prog="clearline list", description="List the saved profiles.")
    made.add_argument("--folder", default="", metavar="X", help="only those in this folder of the list and below it")
    made.add_argument("--json", action="store_true", help="print them as JSON")
    return made


def _entry(stored: Stored, lasts: dict[str, Last]) -> dict[str, Any]:
    if stored.profile is None:
        return {"file": str(stored.path), "problem": str(stored.problem)}
    profile = stored.profile
    last = lasts.get(profile.id)
    return {
        "name": profile.name,
        "folder": profile.folder,
        "favourite": profile.favourite,
        "id": profile.id,
        "file": str(stored.path),
        "uri": _address(profile),
        "verdict": last.verdict.value if last and last.verdict else None,
        "checked": last.started if last else None,
        "cause": last.cause if last else None,
    }


def _print(stored: Sequence[Stored], lasts: dict[str, Last]) -> None:
    paint = Palette(sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    rows = []
    for one in stored:
        if one.profile is not None:
            last = lasts.get(one.profile.id)
            mark = MARKS[last.verdict] if last and last.verdict else None
            verdict, colour = (mark.word.lower(), COLOURS[mark.tone]) if mark else ("not tested", "dim")
            when = last.started[:16].replace("T", " ") + " UTC" if last else ""
            name = shown(one.profile.name or one.path.stem)
            folder = shown(one.profile.folder)
            rows.append([name, folder, paint(verdict, colour), when, shown(_address(one.profile))])
    if not rows:
        print_aside("No profiles are saved.")
        return
    heads = [paint(head, "dim") for head in ("name", "folder", "last check", "at", "connection")]
    for line in grid([heads, *rows], 10_000) or ():
        print_text(line.rstrip())


def _address(profile: Profile) -> str:
    """The redacted connection string."""
    return build(profile, show="masked")
