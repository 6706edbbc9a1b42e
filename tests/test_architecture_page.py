"""The tree in gui/README.md names each room that exists, and none that does not."""

from __future__ import annotations

import re
from pathlib import Path

import clearline
from test_layers import FLOOR, room

HOUSE = Path(clearline.__file__).parent
PAGE = HOUSE.parent / "README.md"
_LINE = re.compile(r"( *)(\w+)(/|\.py) +\S")


def rooms_of_the_tree() -> list[str]:
    """The rooms in the order of the page; a line's indentation says in which folder it stands."""
    tree = PAGE.read_text(encoding="utf-8").split("```\n")[1]
    folders: list[str] = []
    found = []
    for match in filter(None, map(_LINE.match, tree.splitlines()[1:])):
        depth = len(match[1]) // 2 - 1
        name = "/".join([*folders[:depth], match[2]])
        folders[depth:] = [match[2]]
        if name not in ("core", "ui"):
            found.append(name)
    return found


def test_the_tree_names_each_room_once_and_none_that_is_not_there() -> None:
    there = {room(p.relative_to(HOUSE).with_suffix("").parts) for p in HOUSE.rglob("*.py") if p.name != "__init__.py"}
    named = rooms_of_the_tree()
    assert sorted(named) == sorted(there), f"the tree in gui/README.md lacks {there - {*named}} or has too much"


def test_the_tree_begins_on_the_ground() -> None:
    for part in ("core/", "ui/"):
        floors = [FLOOR[name] for name in rooms_of_the_tree() if name.startswith(part)]
        assert floors == sorted(floors)
