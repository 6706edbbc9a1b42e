"""Where the keyboard goes in the window: from pane to pane, from stop to stop, to the filter, and back with Escape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLineEdit, QWidget

from clearline.ui.widgets.tab_order import go_on, is_tab_stop, stops_in

if TYPE_CHECKING:
    from clearline.ui.window.main_window import MainWindow


def next_pane(window: MainWindow, step: int) -> None:
    """The keyboard goes on to the next part of the window: list, text, page, settings."""
    front = window.front_of(window.results.current_name)
    settings = () if window.pages.isHidden() else (window.pages,)
    panes = [window.profiles, window.connection, *((front,) if front is not None else ()), *settings]
    focused = window.focusWidget()
    here = -1 if step > 0 else 0
    if focused is not None:
        here = next((place for place, pane in enumerate(panes) if pane.isAncestorOf(focused)), here)
    for turn in range(1, len(panes) + 1):
        pane = panes[(here + step * turn) % len(panes)]
        if (stop := _first_stop(window, pane)) is not None:
            stop.setFocus()
            return


def _first_stop(window: MainWindow, pane: QWidget) -> QWidget | None:
    """Where the keyboard enters a part of the window."""
    if pane is window.profiles:
        return window.profiles.list
    if pane is window.connection:
        return window.connection.field
    if pane is window.answer and window.answer.primary is not None:
        return window.answer.primary
    return next((one for one in pane.findChildren(QWidget) if one.isVisible() and is_tab_stop(one)), None)


def next_stop(window: MainWindow, step: int) -> bool:
    """Tab goes through the panes as one reads them: what is made late would be last in Qt's own order.

    ``step`` is 1 or -1. False: the keyboard is on none of their stops.
    """
    line, front = window.connection, window.results.made_widgets()[window.results.current_name]
    first = (line.field, line.eye, line.copy, line.button, *line.said.stops)
    fixes = window.answer.stops if front is window.answer else ()
    panes = (front, window.pages, window.profiles, window.chrome)
    then = (stop for pane in panes if pane.isVisible() for stop in stops_in(pane))
    stops = dict.fromkeys((*first, *fixes, window.results.bar, window.settings, *then))
    return go_on(tuple(stops), window.focusWidget(), step)


def find_in_front(window: MainWindow) -> None:
    """Go to the filter of what is in front: the settings if they are open, else the servers, the events."""
    page = window.results.current_name
    if not window.pages.isHidden():
        field = window.pages.filter
    elif page == "answer" and window.answer.search is not None:
        field = window.answer.search
    elif window.front_of("events") is not None:
        field = window.live.events.search
    else:
        field = window.profiles.search
    field.setFocus()
    field.selectAll()


def step_back(window: MainWindow) -> None:
    """What Escape closes: the nearest of what is open."""
    focused = window.focusWidget()
    filters = (window.pages.filter, window.profiles.search, window.answer.search)
    if isinstance(focused, QLineEdit) and focused.text() and focused in filters:
        focused.clear()
    elif not window.pages.isHidden():
        window.show_settings_panel(False)
    elif window.front_of("answer") is not None and window.answer.shows_explanation:
        window.answer.show_explanation(False)
