"""The house: a room imports only rooms on lower floors. Read from the imports; nothing is run."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

import clearline

HOUSE = Path(clearline.__file__).parent
FLOORS = (
    "core/text core/typed_values core/child_processes",
    "core/daemon_threads core/addresses core/findings",
    "paths core/files",
    "core/secrets",
    "core/facts licences obstacles",
    "versions",
    "core/profiles core/options",
    "core/tls core/report core/storage core/keyring core/checklist core/hops",
    "core/uri core/driver core/probes core/diagnosis",
    "core/consent",
    "core/check core/explain core/inspection core/snippets core/exchange",
    "core/watch",
    "ui/look ui/background ui/soundness",
    "ui/models",
    "ui/widgets",
    "ui/forms ui/panels",
    "ui/window",
    "ui/profiles",
    "ui/checks ui/watches",
    "ui/profile_in_front ui/check_and_watch",
    "ui/workbench",
    "ui/menu_answers",
    "ui/app",
    "cli pytest_plugin",
    "__main__",
)
"""From the ground up. Rooms of one floor know nothing of one another."""
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}


def room(parts: tuple[str, ...]) -> str:
    return "/".join(parts[: 2 if parts[0] in ("core", "ui") else 1])


_IMPORT = re.compile(r"^[ \t]*from clearline((?:\.\w+)*) import (\([^)]*\)|[^(\n]+)", re.MULTILINE)


@cache
def rooms_imported(path: Path) -> set[str]:
    """Read as text: making trees of all modules takes seconds."""
    found = _IMPORT.findall(re.sub(r"#.*", "", path.read_text(encoding="utf-8")))
    names = [(module, name) for module, names in found for name in re.findall(r"(\w+)(?: as \w+)?", names)]
    return {room((*module.split(".")[1:], name)) for module, name in names}


def modules(name: str) -> list[Path]:
    return house()[name]


@cache
def house() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in HOUSE.rglob("*.py"):
        found[room(path.relative_to(HOUSE).with_suffix("").parts)].append(path)
    return found


@pytest.mark.parametrize("name", FLOOR)
def test_a_room_imports_only_what_lies_below_it(name: str) -> None:
    assert modules(name), "the room is gone: take it out of FLOORS"
    above = {
        f"{path.relative_to(HOUSE)} -> {other}"
        for path in modules(name)
        for other in rooms_imported(path) & set(FLOOR) - {name}
        if FLOOR[other] >= FLOOR[name]
    }
    assert above == set()


def test_every_room_has_its_floor() -> None:
    found = {room(p.relative_to(HOUSE).with_suffix("").parts) for p in HOUSE.rglob("*.py") if p.name != "__init__.py"}
    assert found <= set(FLOOR)


TOP = {"CHANGELOG.md", "LICENSE", "README.md", "gui", "packaging", "pyproject.toml", "requirements.lock", "resources"}


def test_nothing_else_lies_at_the_top(pytestconfig: pytest.Config) -> None:
    if not (pytestconfig.rootpath / ".git").exists():
        pytest.skip("an unpacked source archive")
    listed = ["git", "ls-files", "--cached", "-z"]
    files = subprocess.run(listed, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True).stdout
    top = {file.partition("/")[0] for file in files.split("\0") if file and not file.startswith(".")}
    assert top == TOP | {"tests"}
