"""The Pool & timeouts page: how many connections are kept, and how long the driver waits."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from clearline.core.options.catalogue import OPTIONS, OptionGroup
from clearline.ui.background.background import Background
from clearline.ui.forms.catalogue_page import Block, CataloguePage


class PoolPage(CataloguePage):
    """Editors of ``profile.pool`` and ``profile.timeouts``."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        pool = [option.name for option in OPTIONS if option.group is OptionGroup.POOL]
        times = [option.name for option in OPTIONS if option.group is OptionGroup.TIMEOUTS]
        super().__init__(background, [Block("Pool, for each server", pool), Block("Timeouts", times)], parent)
