"""The program's own dialogs: what it is set to, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt

from clearline.core.daemon_threads import run_in_daemon
from clearline.ui.background.background import Background
from clearline.ui.look import theme
from clearline.ui.panels.settings_dialog import SettingsDialog
from clearline.ui.profiles.settings import CurrentSettings
from clearline.ui.window.main_window import MainWindow


class OwnDialogs:
    """``change`` takes settings by name."""

    def __init__(
        self, window: MainWindow, background: Background, settings: CurrentSettings, change: Callable[..., object]
    ) -> None:
        self._window = window
        self._background = background
        self._settings = settings
        self._change = change

    def show_settings(self) -> None:
        """The program's own settings."""
        dialog = SettingsDialog(self._settings.values, self._window)
        dialog.chosen.connect(self._on_setting)
        dialog.open()

    def _on_setting(self, name: str, value: object) -> None:
        if name == "colours":
            self._window.menus.scheme_chosen.emit(theme.Scheme(value))
        else:
            self._change(**{name: value})

    def show_about(self) -> None:
        """The program's version, and the licences of its parts."""
        from clearline.licences import licences
        from clearline.ui.panels.about_dialog import AboutDialog
        from clearline.versions import in_lines, versions

        dialog = AboutDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def read() -> tuple[str, dict[str, str]]:
            return in_lines(versions()), licences()

        give_up = self._background.ask(lambda: run_in_daemon(read), lambda told: dialog.show_parts(*told))
        dialog.finished.connect(give_up)
        dialog.open()
