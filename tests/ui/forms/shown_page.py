"""A page in a window of its own, joined to an OpenProfile as the window joins them."""

from __future__ import annotations

import asyncio
from typing import Any

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.facts.text import Mistake
from clearline.core.findings import Remedy
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import Secret
from clearline.ui.forms.page import FormState
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.widgets.editors import put_into, scroll_area


class Background:
    """Answers at once; the pages under test ask nothing slow."""

    def ask(self, question: Any, answered: Any, failed: Any = None) -> Any:
        answered(asyncio.run(question()))
        return lambda: None


class ShownPage:
    """The page, its profile, and the keyboard."""

    def __init__(self, qtbot: QtBot, page_type: Any, text: str = "", size: tuple[int, ...] = (1100, 700)) -> None:
        self.page = page_type(Background())
        self.area = scroll_area()
        put_into(self.area, self.page)
        self.repairs = []
        self.submitted = 0
        self.opened = OpenProfile(lambda *_: None, Profile(name="shown"))
        self.page.edited.connect(
            lambda section, value: self.opened.set_profile(self.opened.with_parts(**{section: value}))
        )
        self.page.secret_edited.connect(self.opened.set_secret)
        self.page.repair_requested.connect(self.repair)
        self.page.submitted.connect(self._submit)
        self.opened.changed.connect(lambda _origin: self.show())
        qtbot.addWidget(self.area)
        self.area.resize(*size)
        with qtbot.waitActive(self.area):
            self.area.show()
            self.area.activateWindow()
        self.paste(text)

    def paste(self, text: str) -> None:
        self.opened.set_text(Secret(text))

    def show(self) -> None:
        self.page.show_state(FormState(self.opened.profile, dict(self.opened.secrets), self.opened.mistakes))

    def repair(self, remedy: Mistake | Remedy) -> None:
        self.repairs.append(remedy)
        values = self.opened.after(remedy)
        if values is not None:
            self.opened.set_values(values)

    def _submit(self) -> None:
        self.submitted += 1

    @property
    def text(self) -> str:
        return self.opened.text.reveal()

    @property
    def profile(self) -> Profile:
        return self.opened.profile

    def focus(self, widget: QWidget) -> QWidget:
        """Put the keyboard into a widget; the one that really gets it."""
        widget.setFocus()
        focused = QApplication.focusWidget()
        assert focused is not None
        return focused

    def type(self, name: str, text: str) -> None:
        """Type into the editor of a field, over what stands there."""
        focused = self.focus(self.page.editor_of(name))
        line = focused.lineEdit() if isinstance(focused, QComboBox) else focused
        line.selectAll()
        QTest.keyClicks(focused, text)

    def press(self, key: Any, times: int = 1) -> None:
        for _ in range(times):
            QTest.keyClick(QApplication.focusWidget(), key)
