"""Kubernetes' own schemas, which `dev.py test` fetches: what is wrong with a document."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema
import judges
import pytest

FILE = Path(__file__).resolve().parents[2] / ".cache" / judges.KUBERNETES


@functools.cache
def _definitions() -> tuple[dict[str, Any], dict[tuple[str, str, str], str]]:
    """All of them, and their names by group, version and kind."""
    if not FILE.is_file():
        pytest.skip("dev.py test fetches Kubernetes' schemas")
    definitions = json.loads(FILE.read_text("utf-8"))["$defs"]
    names = {
        (kind["group"], kind["version"], kind["kind"]): name
        for name, schema in definitions.items()
        for kind in schema.get("x-kubernetes-group-version-kind", ())
    }
    return definitions, names


def wrong_with(document: Any) -> list[str]:
    """What the API server would refuse, in sentences of the schema."""
    definitions, names = _definitions()
    group, _, version = document["apiVersion"].rpartition("/")
    name = names[group, version, document["kind"]]
    validator = jsonschema.Draft202012Validator({"$defs": definitions, "$ref": f"#/$defs/{name}"})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
