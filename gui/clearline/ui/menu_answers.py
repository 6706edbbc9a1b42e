"""What each action of the menus does: who answers to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit

from clearline.ui.window import keyboard
from clearline.ui.workbench import Workbench


def connect_menus(bench: Workbench) -> None:
    """Let each action of the menus do what it is there for."""
    for action, act in _answers(bench):
        action.triggered.connect(lambda _checked=False, act=act: act())


def _answers(bench: Workbench) -> tuple[tuple[QAction, Callable[[], object]], ...]:
    window, menus = bench.window, bench.window.menus
    return (
        *((action, partial(window.turn_to, name)) for name, action in menus.pages.items()),
        (menus.new, bench.new_profile),
        (menus.open, bench.files.ask_open),
        (menus.save, bench.save),
        (menus.save_as, bench.files.ask_save),
        (menus.quit, window.close),
        (menus.test, bench.test),
        (menus.stop, bench.step_back),
        (menus.fix, bench.do_next),
        (menus.retries, bench.retrying.ask),
        (menus.explain, bench.explaining.ask),
        (menus.copy_text, bench.reports.copy_text),
        (menus.copy_report, bench.reports.copy_report),
        (menus.copy_ticket, bench.reports.copy_ticket),
        (menus.export_report, bench.reports.export),
        (menus.run_elsewhere, bench.places.run_elsewhere),
        (menus.compare, bench.places.compare),
        (menus.revert, lambda: bench.profiles.current.revert()),
        (menus.settings, bench.dialogs.show_settings),
        (menus.about, bench.dialogs.show_about),
        (menus.help, bench.going_to.help),
        (menus.keys, lambda: bench.going_to.help("keys")),
        (menus.go_to, bench.going_to.ask),
        (menus.next_pane, lambda: keyboard.next_pane(window, 1)),
        (menus.previous_pane, lambda: keyboard.next_pane(window, -1)),
        (menus.ask_keyring, lambda: bench.storage.secrets.ask_again(bench.profiles.all_open())),
        (menus.import_, bench.importing.ask_import),
        (menus.export, bench.exporting.ask_export),
        (menus.copy_placeholder, bench.exporting.copy_with_placeholder),
        (menus.copy_variables, bench.exporting.copy_with_variables),
        (menus.copy_password, bench.exporting.copy_with_password),
        (menus.to_text, lambda: _go_to(window.connection.field)),
        (menus.to_search, lambda: _go_to(window.profiles.search)),
        (menus.reveal, window.connection.eye.toggle),
        (menus.code, bench.late.turn_to_code),
        (menus.panel, lambda: window.show_settings_panel(window.pages.isHidden())),
        (menus.find, lambda: keyboard.find_in_front(window)),
        (menus.next_page, lambda: window.turn_by(1)),
        (menus.previous_page, lambda: window.turn_by(-1)),
    )


def _go_to(field: QLineEdit) -> None:
    field.setFocus()
    field.selectAll()
