"""One real page of the form over a real open profile and a real background, without the rest of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import Secret
from clearline.ui.background.messages import Answer, Broken
from clearline.ui.background.pump import Pump
from clearline.ui.background.turns import Turns
from clearline.ui.background.worker import Worker
from clearline.ui.forms.page import FormState
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.widgets.editors import Choice, TextEntry, put_into, scroll_area
from ui import played_checks as play


class OnePage:
    """Joins them as the workbench does: what is edited goes into the profile, what is there is shown."""

    def __init__(self, qtbot: QtBot, kind: Any, *, size: tuple[int, ...] = (1080, 700)) -> None:
        check = play.waiting()
        self.qtbot = qtbot
        self.where = {}
        self.errors = []
        self.wanted = []
        self.submitted = 0
        self.background = Worker(check)
        self.pump = Pump(Turns())
        self.pump.wire(self.background)
        self.pump.add(self._pull, lambda: False)
        self.page = kind(self.background)
        self.area = scroll_area()
        put_into(self.area, self.page)
        qtbot.addWidget(self.area)
        self.area.resize(*size)
        self.open(Profile())
        self.page.edited.connect(lambda part, value: self.opened.set_profile(self.opened.with_parts(**{part: value})))
        self.page.secret_edited.connect(lambda name, secret: self.opened.set_secret(name, secret))
        self.page.field_wanted.connect(self.wanted.append)
        self.page.submitted.connect(self._count)
        with qtbot.waitActive(self.area), qtbot.waitExposed(self.area):
            self.area.show()
            self.area.activateWindow()

    @property
    def profile(self) -> Profile:
        return self.opened.profile

    @property
    def secrets(self) -> dict[str, Secret]:
        return self.opened.secrets

    def open(self, profile: Profile, **secrets: str) -> OpenProfile:
        """Bring a profile to the front."""
        self.opened = OpenProfile(play.waiting(), profile)
        self.opened.secrets.update({name: Secret(text) for name, text in secrets.items()})
        self.opened.changed.connect(lambda _origin, opened=self.opened: self._show(opened))
        self._show(self.opened)
        return self.opened

    def type_text(self, uri: str) -> None:
        """Edit the connection string, as in the field above the pages."""
        self.opened.set_text(Secret(uri))

    def choose(self, choice: Choice, words: str) -> None:
        """Pick an entry of a list with the arrow keys."""
        assert choice.isVisible()
        choice.setFocus()
        target = choice.findText(words, Qt.MatchFlag.MatchStartsWith)
        assert target >= 0, words
        step = Qt.Key.Key_Down if target > choice.currentIndex() else Qt.Key.Key_Up
        for _ in range(choice.count()):
            if choice.currentIndex() != target:
                self.qtbot.keyClick(choice, step)
        assert choice.currentIndex() == target

    def type(self, field: QLineEdit | TextEntry, text: str) -> None:
        """Type into a field, over what stands there."""
        assert field.isVisible()
        field.setFocus()
        field.selectAll()
        if text:
            self.qtbot.keyClicks(field, text)
        else:
            self.qtbot.keyClick(field, Qt.Key.Key_Delete)

    def until(self, condition: Callable[..., Any]) -> None:
        """Wait for something that comes from the background."""
        self.qtbot.waitUntil(lambda: bool(condition()))

    def close(self) -> None:
        self.background.close()
        assert self.background.ended_within(60_000)
        assert self.errors == []

    def _show(self, opened: OpenProfile) -> None:
        if opened is self.opened:
            self.page.show_state(FormState(opened.profile, dict(opened.secrets), opened.mistakes, dict(self.where)))

    def _count(self) -> None:
        self.submitted += 1

    def _pull(self) -> bool:
        messages = self.background.take()
        for message in messages:
            match message:
                case Answer(deliver=deliver):
                    deliver()
                case Broken(error=error):
                    self.errors.append(error)
        return bool(messages)
