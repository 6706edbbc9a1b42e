"""A report made by hand: of its parts a test gives those that it is about."""

from __future__ import annotations

from typing import Any

from clearline.core.report.report import DriverResult, Report, Target


def report(**parts: Any) -> Report:
    """Without parts: a check of ``mongodb://db1/`` that took a millisecond and has no verdict yet."""
    usual = {
        "app_version": "0",
        "started": "",
        "elapsed_ms": 1.0,
        "target": Target(profile="", uri="mongodb://db1/"),
        "driver": DriverResult(name="pymongo", version="4"),
    }
    return Report(**{**usual, **parts})
