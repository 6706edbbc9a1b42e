"""What PyMongo's constructor says to a connection string."""

from __future__ import annotations

import warnings
from typing import Any

from pymongo import AsyncMongoClient

from lab import loops


async def refusal(text: str, **options: Any) -> Exception | None:
    """The exception of PyMongo's constructor, None when it takes the text; it does no I/O."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(text, **options)
        except Exception as problem:
            return problem
    await client.close()
    return None


def run_refusal(text: str, **options: Any) -> Exception | None:
    """`refusal` outside any loop."""
    return loops.run(refusal(text, **options))
