"""The licences of everything that Clearline is made of: collected when the program is built, shown in its window."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from clearline.paths import is_frozen, resource

FOLDER: Final = "licences"
"""In the resources of a built program: one text for each part, named after it."""
QT: Final = (
    "Qt and PySide6 are used under the GNU Lesser General Public License, version 3. They are ordinary shared libraries"
    " in the folder PySide6 of the program (of the Python environment, if pip installed it): put a version of Qt that"
    " you have built or changed yourself in their place, and Clearline uses it. Their source is at"
    " https://download.qt.io/official_releases/."
)
SSH: Final = (
    "AsyncSSH, which connects through SSH servers, is used unmodified under the Eclipse Public License, version 2.0,"
    " and comes without any warranty. Its source is at https://pypi.org/project/asyncssh/#files."
)
_TEXTS: Final = re.compile(r"(licen[cs]e|copying|notice|authors)[^/]*$", re.IGNORECASE)
_LONGEST: Final = 200_000


def licences() -> dict[str, str]:
    """Text by part ("certifi 2026.1.1"), sorted. Blocks on the disk: for another thread than the window's."""
    if is_frozen():
        folder = resource(FOLDER)
        return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.txt"))} if folder.is_dir() else {}
    return collected()


def parts() -> dict[str, str]:
    """The version of each part that Clearline is made of, by name, sorted."""
    if is_frozen():
        names = (path.stem.rsplit(" ", 1) for path in resource(FOLDER).glob("*.txt"))
        return dict(sorted(((name, version) for name, version in names), key=lambda part: part[0].casefold()))
    found = {str(one.metadata["Name"]): one.version for one in _needed()}
    return dict(sorted(found.items(), key=lambda part: part[0].casefold()))


def collected() -> dict[str, str]:
    """As `licences`, from what is installed here: Python, and every package that Clearline needs."""
    found = {f"Python {sys.version.split()[0]}": _of_python()}
    for distribution in _needed():
        texts = [
            place.read_text("utf-8", "replace")[:_LONGEST]
            for file in distribution.files or ()
            if _TEXTS.search(file.name) and (place := Path(str(distribution.locate_file(file)))).is_file()
        ]
        if distribution.name.lower().startswith(("pyside6", "shiboken6")):  # their packages carry no text
            texts = [resource(f"lgpl/{name}").read_text("utf-8") for name in ("LGPL-3.txt", "GPL-3.txt")]
        about = distribution.metadata
        said = (value for name in ("License-Expression", "License") for value in about.get_all(name) or ())
        named = next(filter(None, said), "see its home page")
        found[f"{about['Name']} {distribution.version}"] = "\n\n".join(texts) or f"Licence: {named}"
    return dict(sorted(found.items(), key=lambda part: part[0].casefold()))


def _needed() -> Iterator[metadata.Distribution]:
    """Clearline and what it needs, without extras, in turn. What is not installed is left out."""
    waiting, seen = ["clearline"], set()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        yield distribution
        for requirement in distribution.requires or ():
            if "extra ==" not in requirement and (named := re.match(r"[A-Za-z0-9._-]+", requirement)):
                waiting.append(named[0])


def _of_python() -> str:
    for place in (Path(sys.base_prefix, "LICENSE.txt"), Path(metadata.__file__).parents[2] / "LICENSE.txt"):
        if place.is_file():
            return place.read_text("utf-8", "replace")
    return "Python Software Foundation License, https://docs.python.org/3/license.html"
