"""buildInfo: whose build answers. MongoDB only with proof; another product where it names itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clearline.core.text.late_patterns import late

_OF_MONGODB: Final = ("allocator", "storageEngines", "openssl", "javascriptEngine")
_GIT_VERSION: Final = late(r"(?!0{40})[0-9a-f]{40}")
_NAME_FIELDS: Final = late(r"(?i)(ferretdb|secantusdb|secantus|documentdb|cosmosdb|tigris)")
_PRODUCTS: Final = {
    "ferretdb": "FerretDB",
    "secantus": "SecantusDB",
    "secantusdb": "SecantusDB",
    "documentdb": "DocumentDB",
    "cosmosdb": "Cosmos DB",
    "tigris": "Tigris",
}


def is_genuine(info: Mapping[str, Any]) -> bool | None:
    """Whether buildInfo is that of a build of mongod's own sources: the commit, and what only those builds list.

    False where the commit is none, or another product is named; None where nothing tells.
    """
    git = info.get("gitVersion")
    if named_product(info) is not None:
        return False
    if not isinstance(git, str):
        return None
    if _GIT_VERSION.fullmatch(git) is None:
        return False
    return True if sum(field in info for field in _OF_MONGODB) >= 2 else None


def named_product(info: Mapping[str, Any]) -> str | None:
    """Another product that names itself in buildInfo: in a field's name, a module, the commit or the version."""
    texts = [*info, *_modules(info), str(info.get("gitVersion", "")), str(info.get("version", ""))]
    found = next((m for text in texts if (m := _NAME_FIELDS.search(text))), None)
    if found is None:
        return None
    return _PRODUCTS.get(found[1].lower(), found[1][:30])


def _modules(info: Mapping[str, Any]) -> list[str]:
    modules = info.get("modules")
    return [m for m in modules if isinstance(m, str)] if isinstance(modules, list) else []
