"""An error text of another program: explained beside the window, and its servers tested from there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from clearline.core.explain.explanation import Explanation
from clearline.core.report.report import Verdict
from clearline.core.secrets.secret import Secret
from clearline.ui.background.background import Background
from clearline.ui.panels.explain_dialog import ExplainDialog
from clearline.ui.profiles.open_profile import OpenProfile, Origin
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.window.main_window import MainWindow


class Explaining(QObject):
    """One dialog at a time."""

    def __init__(
        self, window: MainWindow, background: Background, profiles: OpenProfiles, test: Callable[[], object]
    ) -> None:
        """``test`` tests the profile in front."""
        super().__init__(window)
        self._window = window
        self._background = background
        self._profiles = profiles
        self._test = test
        self._dialog: ExplainDialog | None = None

    def ask(self, text: str = "") -> None:
        """Open the dialog, with a text that was pasted elsewhere; its secrets are taken out first."""
        if self._dialog is None:
            self._dialog = dialog = ExplainDialog(self._window)
            dialog.text_entered.connect(self._explain)
            dialog.file_chosen.connect(self._explain_file)
            dialog.test_requested.connect(self._test_target)
            dialog.address_meant.connect(self._take_as_address)
            dialog.finished.connect(self._forget)
        self._dialog.show()
        self._dialog.activateWindow()
        if text:
            from clearline.core.explain.pasted import redacted

            self._dialog.show_text(redacted(text))
        self._dialog.field.setFocus()

    def _explain(self, text: str) -> None:
        if not text.strip():
            self._show(None)
            return

        async def explained() -> Explanation:
            from clearline.core.explain.explain import explain

            return explain(text)

        self._background.ask(explained, self._show)

    def ask_file(self, path: Path) -> None:
        """Open the dialog with a log that was dropped on the window."""
        self.ask()
        self._explain_file(path)

    def _explain_file(self, path: Path) -> None:
        async def explained() -> Explanation:
            from clearline.core.explain.explain import explain_stream

            with path.open("rb") as stream:
                return explain_stream(stream)

        def failed(error: Exception) -> None:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._show(Explanation(why=f"{path.name} cannot be read: {reason}."))

        self._background.ask(explained, partial(self._show, file=path), failed)

    def _show(self, explanation: Explanation | None, file: Path | None = None) -> None:
        if self._dialog is not None:
            self._dialog.show_explanation(explanation, file=file)

    def _test_target(self, target: str) -> None:
        self._profiles.new_profile()
        opened = self._profiles.current
        opened.set_text(Secret(target), Origin.ELSEWHERE)
        opened.reported.connect(partial(self._on_reported, opened))
        self._test()

    def _on_reported(self, opened: OpenProfile) -> None:
        report = opened.report
        if self._dialog is None or report is None or report.verdict in (None, Verdict.CANCELLED):
            return
        from clearline.core.explain.remaining import standings

        self._dialog.show_checked(standings((found.cause for found in self._dialog.causes), report))

    def _take_as_address(self, text: str) -> None:
        if self._dialog is not None:
            self._dialog.close()
        self._window.connection.field.show_plain(Secret(" ".join(text.split())))
        self._profiles.current.set_text(Secret(" ".join(text.split())), Origin.ELSEWHERE)

    def _forget(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
