"""What an explanation says: the JSON contract "clearline-explanation", version 1."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from clearline.core.findings import Certainty

NOTHING = "Nothing in the text is known as a fault of a MongoDB connection."
UNNAMED = "Nothing in the text says that it is about MongoDB. If it is, this may be the cause."


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Recognised(_Value, frozen=True, kw_only=True):
    """Who wrote the text (None: unknown), and how many lines of it tell something."""

    driver: str | None = None
    events: int = 0


class Candidate(_Value, frozen=True, kw_only=True):
    """One cause that the text allows; ``because`` are the lines that decide it, redacted."""

    cause: str
    certainty: Certainty
    summary: str
    fix: str
    server: str | None = None
    because: tuple[str, ...] = ()
    question: str | None = None


class Explanation(_Value, frozen=True, kw_only=True):
    """All that a text says about its cause, the likeliest first. Holds no secret."""

    format: str = "clearline-explanation"
    version: int = 1
    recognised: Recognised = Recognised()
    about_connection: bool = False
    why: str | None = None
    """Why it is not about a connection to MongoDB, or not known to be; then no cause is more than possible."""
    causes: tuple[Candidate, ...] = ()
    targets: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    server_knew: tuple[str, ...] = ()
    """Of a server's log that was joined to a check: what the client never learnt."""


def schema() -> dict[str, Any]:
    """The JSON schema of an explanation, version 1."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Explanation)}


def schema_text() -> str:
    """The schema as it stands in ``resources/explanation.schema.json``."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
