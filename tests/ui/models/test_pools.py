"""Whether a pool's row says that no connection can be had from it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from clearline.core.watch.pool import PoolLimits, PoolSnapshot
from clearline.ui.models.live_rows import ICON
from clearline.ui.models.pools import PoolsModel

FREE = PoolSnapshot(server="db1:27017", in_use=9, limits=PoolLimits(max_pool_size=10))
USED_UP = PoolSnapshot(server="db1:27017", in_use=10, limits=PoolLimits(max_pool_size=10))
UNLIMITED = PoolSnapshot(server="db1:27017", in_use=500, limits=PoolLimits(max_pool_size=None))
PAUSED = PoolSnapshot(server="db1:27017", paused=True)


@pytest.mark.parametrize(
    ("pool", "icon", "words"),
    [
        (FREE, None, ""),
        (UNLIMITED, None, ""),
        (USED_UP, ("warning", "warning"), "Used up: all 10"),
        (PAUSED, ("pause", "warning"), "Paused: cleared after an error"),
    ],
)
def test_a_pool_that_gives_no_connection_says_so(
    qapp: QApplication, pool: PoolSnapshot, icon: tuple[str, str] | None, words: str
) -> None:
    model = PoolsModel()
    model.show((pool,))
    assert model.index(0, 0).data(ICON) == icon
    tip = model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole) or ""
    assert tip.startswith(words)
    assert bool(tip) == bool(words)
