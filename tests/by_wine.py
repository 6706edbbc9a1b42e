"""A plugin for Windows' Python by wine (``-p by_wine``): what cannot pass there has to fail, and says why.

An exception that passes fails the run: it is none any more.
"""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    import wine  # later than the plugin itself: pyproject.toml says where it is

    for item in items:
        test = item.nodeid.partition("[")[0]
        if reason := wine.EXCEPTIONS.get(test):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        elif reason := wine.TOO_SLOW.get(test.partition("::")[0]):
            item.add_marker(pytest.mark.skip(reason=reason))
