"""An error text of another program: explained in the answer's place, and its servers tested from there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.explain.explanation import Explanation
from clearline.core.files.drives import asked
from clearline.core.report.report import Verdict
from clearline.core.secrets.secret import Secret
from clearline.ui.background.background import Background
from clearline.ui.profiles.open_profile import OpenProfile, Origin
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from clearline.ui.panels.explanation import ExplanationPage


class Explaining(QObject):
    """One text at a time. It stays until the next one; what is asked of a profile in front comes before it."""

    def __init__(
        self, window: MainWindow, background: Background, profiles: OpenProfiles, test: Callable[[], object]
    ) -> None:
        """``test`` tests the profile in front."""
        super().__init__(window)
        self._window = window
        self._background = background
        self._profiles = profiles
        self._test = test
        self._made: ExplanationPage | None = None
        self._tested: set[str] = set()
        """The ids of the profiles that were tested for the text that stands there."""
        self._whole = ""
        """A text that is being shown with its secrets covered, until its explanation begins."""
        window.answer.explained.show_it.clicked.connect(lambda: self.ask())

    @property
    def _page(self) -> ExplanationPage:
        if self._made is None:
            self._made = page = self._window.answer.explanation
            page.text_entered.connect(self._explain)
            page.file_chosen.connect(self._explain_file)
            page.test_requested.connect(self._test_target)
            page.address_meant.connect(self._take_as_address)
            page.close_requested.connect(self.leave)
        return self._made

    def ask(self, text: str = "") -> None:
        """Show the page, with a text that was pasted elsewhere; its secrets are taken out first."""
        page = self._page
        self._window.turn_to("answer")
        self._window.answer.show_explanation(True)
        if text:
            from clearline.core.explain.pasted import redacted

            self._whole = text
            page.show_text(redacted(text))
        page.field.setFocus()

    def ask_file(self, path: Path) -> None:
        """Show the page with a log that was dropped on the window."""
        self.ask()
        self._explain_file(path)

    def leave(self) -> None:
        """Back to the profile in front; the text stays for the next look."""
        self._window.answer.show_explanation(False)

    def show_standing(self) -> None:
        """Whether the answer in front belongs to the text, and which of its causes remain."""
        tested = self._made is not None and self._profiles.current.profile.id in self._tested
        remaining = self._made.remaining if self._made is not None and tested else ""
        self._window.answer.show_explained(f"Tested for an error text. {remaining}" if remaining else "")

    def _explain(self, text: str) -> None:
        # What a mask covers may be what tells: a gap, a second @. The answer quotes nothing unmasked.
        text, self._whole = self._whole or text, ""
        self._tested.clear()
        if not text.strip():
            self._page.show_explanation(None)
            return

        def explained() -> Explanation:
            from clearline.core.explain.explain import explain

            return explain(text)

        self._background.ask(lambda: run_in_daemon(explained), self._page.show_explanation)

    def _explain_file(self, path: Path) -> None:
        self._tested.clear()

        async def explained() -> Explanation:
            from clearline.core.explain.explain import explain_stream, open_log

            with await asked(path, open_log, path) as stream:
                return await run_in_daemon(explain_stream, stream)

        def failed(error: Exception) -> None:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._page.show_explanation(Explanation(why=f"{path.name} cannot be read: {reason}."))

        self._background.ask(explained, partial(self._page.show_explanation, file=path), failed)

    def _test_target(self, target: str) -> None:
        self._profiles.new_profile()
        opened = self._profiles.current
        opened.set_text(Secret(target), Origin.ELSEWHERE)
        self._tested.add(opened.profile.id)
        opened.reported.connect(partial(self._on_reported, opened))
        self._test()

    def _on_reported(self, opened: OpenProfile) -> None:
        report = opened.report
        if opened.profile.id not in self._tested or report is None or report.verdict in (None, Verdict.CANCELLED):
            return
        from clearline.core.explain.remaining import standings

        self._page.show_checked(standings((found.cause for found in self._page.causes), report))
        self.show_standing()

    def _take_as_address(self, text: str) -> None:
        self.leave()
        self._window.connection.field.show_plain(Secret(" ".join(text.split())))
        self._profiles.current.set_text(Secret(" ".join(text.split())), Origin.ELSEWHERE)
        self._window.connection.field.setFocus()
