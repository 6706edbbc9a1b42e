"""The connections that settings of VS Code give to every user: ``mdb.presetConnections``, at any depth.

They stand in ``settings.json``, below ``settings`` of a workspace file and below ``customizations`` of a dev container.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from clearline.core.exchange.from_text import item_from
from clearline.core.exchange.imported import Format, Imported, ImportedItem, within_limits
from clearline.core.exchange.json_text import all_of

KEY: Final = "mdb.presetConnections"


def looks_like(document: Any) -> bool:
    """Whether there is a list of preset connections in it."""
    return any(isinstance(found, list) for found in all_of(document, KEY))


def read(document: Any) -> Imported:
    """The preset connections. Raises `TooLarge`."""
    found = chain.from_iterable(listed for listed in all_of(document, KEY) if isinstance(listed, list))
    items = (_item(entry, number) for number, entry in enumerate(within_limits(found), 1))
    return Imported(format=Format.VSCODE, items=tuple(items))


def _item(entry: Any, number: int) -> ImportedItem:
    if not isinstance(entry, dict):
        return ImportedItem(name=f"connection {number}", problem="This entry is no object.")
    name = entry.get("name")
    return item_from(
        entry.get("connectionString"),
        name=name if isinstance(name, str) and name else f"connection {number}",
        literal_plus=True,
    )
