"""What the program is made of, as a CycloneDX document: packages by their versions, libraries by their bytes."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from pathlib import Path
from typing import Any, Iterator  # noqa: UP035 (dev.py imports this on an older Python too)

LICENCES = "clearline/resources/licences"
"""In the program: one text for each part, named after it and its version."""
_LIBRARY = re.compile(r"\.(so(\.\d+)*|dll|dylib|pyd)$")


def parts(program: Path) -> list[tuple[str, str]]:
    """Name and version of Python and of every package, sorted."""
    texts = next(program.rglob(LICENCES), None)
    names = sorted(path.stem for path in texts.glob("*.txt")) if texts else []
    return [(name, version) for name, _, version in (stem.rpartition(" ") for stem in names)]


def libraries(program: Path) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of every shared library, sorted by path: those of packages, and those of the build host."""
    for path in sorted(program.rglob("*")):
        if path.is_file() and not path.is_symlink() and _LIBRARY.search(path.name):
            yield path.relative_to(program).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()


def document(program: Path, version: str) -> dict[str, Any]:
    """The document; the same for the same program, so that it can be compared."""
    own = {"type": "application", "bom-ref": "clearline", "name": "clearline", "version": version}
    components: list[dict[str, Any]] = []
    for name, number in parts(program):
        if name.lower() != "clearline":
            purl = f"pkg:generic/python@{number}" if name == "Python" else f"pkg:pypi/{name.lower()}@{number}"
            components.append({"type": "library", "bom-ref": purl, "name": name, "version": number, "purl": purl})
    for path, digest in libraries(program):
        components.append(
            {
                "type": "file",
                "bom-ref": f"file:{path}",
                "name": path,
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
        )
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([version, components], sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {**own, "licenses": [{"license": {"id": "MIT"}}]}},
        "components": components,
        "dependencies": [{"ref": "clearline", "dependsOn": [one["bom-ref"] for one in components]}],
    }


def write(program: Path, target: Path, version: str) -> None:
    """Write the document as JSON."""
    target.write_text(json.dumps(document(program, version), indent=2) + "\n", encoding="utf-8")
