"""Many rows of one subject judged in one test: pytest takes milliseconds for a test, most rows microseconds.

Every row is judged, whatever came of those before it, and each that fails is told with what was wrong.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

Judge = Callable[..., None]


def all_rows(names: str, rows: Iterable[Any]) -> Callable[[Judge], Judge]:
    """As ``pytest.mark.parametrize``, for rows that need nothing of their own: no fixture, no mark."""
    parameters = [name.strip() for name in names.split(",")]
    told: list[tuple[str, tuple[Any, ...]]] = []  # what `uses` follows into the values
    for row in rows:
        is_named = isinstance(row, type(pytest.param()))
        values = tuple(row.values if is_named else row if len(parameters) > 1 else (row,))
        told.append((row.id if is_named else str(values), values))

    def in_one_test(judge: Judge) -> Judge:
        @functools.wraps(judge)
        def judge_all(**fixtures: Any) -> None:
            if not told:
                pytest.skip("there are no rows")
            failed: list[BaseException] = []
            for row, values in told:
                try:
                    judge(**fixtures, **dict(zip(parameters, values, strict=True)))
                except (Exception, pytest.fail.Exception) as error:
                    error.add_note(f"This is the row {row}")
                    failed.append(error)
            if failed:
                raise BaseExceptionGroup(f"{len(failed)} of {len(told)} rows failed", failed)

        wanted = inspect.signature(judge)
        fixtures = [one for name, one in wanted.parameters.items() if name not in parameters]
        judge_all.__signature__ = wanted.replace(parameters=fixtures)  # type: ignore[attr-defined]
        return judge_all

    return in_one_test
