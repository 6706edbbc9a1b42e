"""Remedies carried out in the window: asked for, agreed to, made, tested, taken back."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from clearline.core.facts.text import Mistake
from clearline.core.findings import Remedy
from clearline.core.profiles.differences import differences
from clearline.core.secrets.redaction import dotted, redact
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD
from clearline.core.uri import connection_string
from clearline.core.uri.remedies import Values, weakens
from clearline.ui.forms.option_editors import CERTIFICATES
from clearline.ui.panels.fix_dialog import FixDialog
from clearline.ui.profiles.open_profile import Origin
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.widgets.remedy_words import Ask
from clearline.ui.window.main_window import MainWindow

_NO_LONGER = "This no longer fits: the profile was changed since that test."


class Fixes(QObject):
    """Changes the profile in front as a finding or a mistake proposes."""

    def __init__(self, window: MainWindow, profiles: OpenProfiles, test: Callable[[], object]) -> None:
        super().__init__(window)
        self._window = window
        self._profiles = profiles
        self._test = test

    def apply(self, remedy: Remedy) -> None:
        """A finding's remedy: its change is shown first, then made and tested.

        One that asks leads to the field or the file; one that only writes the same values another way is made at once.
        """
        if remedy.patch is None and remedy.action in {ask.value for ask in Ask}:
            self._ask(Ask(remedy.action))
            return
        opened = self._profiles.current
        values = opened.after(remedy)
        if values is None:
            self._window.say(_NO_LONGER)
            return
        if not differences(opened.profile, values.profile) and not weakens(remedy):
            self.repair(remedy)
            self._test()
            return
        after = connection_string.build(values.profile, values.secrets, show="masked")
        dialog = FixDialog(
            remedy, opened.profile, values.profile, (dotted(opened.redacted), dotted(after)), self._window
        )

        def agreed() -> None:
            opened.set_values(values)
            if opened is self._profiles.current:
                self._test()

        dialog.agreed.connect(agreed)
        dialog.open()

    def repair(self, mistake: Mistake | Remedy) -> None:
        """A mistake beside a field, or advice, is followed with one click; that can be taken back with another."""
        opened = self._profiles.current
        values = opened.after(mistake)
        if values is None:
            self._window.say(_NO_LONGER)
            return
        typed, before = opened.text, Values(opened.profile, dict(opened.secrets))
        opened.set_values(values)

        def take_back() -> None:
            opened.set_text(typed, Origin.ELSEWHERE)
            if opened.profile != before.profile:  # what no text can hold, such as the Stable API
                opened.set_values(before)

        self._window.connection.show_repaired(take_back, "Repaired." if isinstance(mistake, Mistake) else "Changed.")

    def outcome(self, mistake: Mistake) -> str | None:
        """The connection string after a mistake was mended, with dots for secrets; None where that looks the same."""
        opened = self._profiles.current
        values = opened.after(mistake)
        if values is None:
            return None
        plain = connection_string.build(values.profile, values.secrets, show="plain")
        after = redact(plain, values.secrets.values())
        return None if after == opened.redacted else dotted(after)

    def _ask(self, ask: Ask) -> None:
        match ask:
            case Ask.PASSWORD:
                self._window.pages.go_to(PASSWORD)
            case Ask.CREDENTIALS:
                self._window.pages.go_to("user")
            case Ask.KEY_PASSWORD:
                self._window.pages.go_to(KEY_PASSWORD)
            case Ask.CA_FILE:
                self._ask_ca_file()

    def _ask_ca_file(self) -> None:
        """A file with the authority's certificate; what is chosen is tested at once."""
        opened = self._profiles.current
        dialog = QFileDialog(self._window, "Choose the authority's certificate", "", CERTIFICATES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(path: str) -> None:
            opened.set_profile(opened.with_parts(tls=replace(opened.profile.tls, ca_file=path, trust=None)))
            if opened is self._profiles.current:
                self._test()

        dialog.fileSelected.connect(chosen)
        dialog.open()
