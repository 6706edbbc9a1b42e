"""Where the keyboard goes: which widgets it visits, in which order, and on from one of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QScrollArea, QWidget

from clearline.ui.look import theme

_ONE_LINE: Final = 10
"""Pixels by which the middles of what stands in one line may differ."""


def in_tab_order(stops: Sequence[QWidget]) -> None:
    """Let the keyboard visit these one after another; what is made late would be the last on its page."""
    for former, one in pairwise(stops):
        QWidget.setTabOrder(former, one)


def stops_in(pane: QWidget) -> list[QWidget]:
    """What the keyboard visits of a part of the window that is to be seen, as one reads it: line by line.

    What scrolls is read where its area stands, however far it is scrolled.
    """
    areas = [area for area in pane.findChildren(QScrollArea) if area.isVisibleTo(pane)]
    inside = {one for area in areas for one in area.findChildren(QWidget)}
    visible = [one for one in pane.findChildren(QWidget) if one.isVisibleTo(pane) and one not in inside]
    found = [one for one in visible if is_tab_stop(one) or one in areas]
    middle = {one: one.mapTo(pane, one.rect().center()).y() for one in found}
    found.sort(key=middle.__getitem__)
    lines: list[list[QWidget]] = []
    for one in found:
        if lines and middle[one] - middle[lines[-1][0]] <= _ONE_LINE:
            lines[-1].append(one)
        else:
            lines.append([one])
    for line in lines:
        line.sort(key=lambda one: one.mapTo(pane, one.rect().topLeft()).x())
    return [stop for line in lines for one in line for stop in _from(one)]


def _from(one: QWidget) -> list[QWidget]:
    """A stop, or those of what an area scrolls."""
    inner = one.widget() if isinstance(one, QScrollArea) else None
    return [one] if inner is None else stops_in(inner)


def go_on(stops: Sequence[QWidget], now: QWidget | None, step: int) -> bool:
    """The keyboard goes on from ``now`` to the next of these, or with -1 to the one before; False: not from there."""
    ring = [one for one in stops if one.isVisible() and (one.isEnabled() or one is now)]
    if now not in ring:
        return False
    target = ring[(ring.index(now) + step) % len(ring)]
    target.setFocus(Qt.FocusReason.TabFocusReason if step > 0 else Qt.FocusReason.BacktabFocusReason)
    around = target.parentWidget()
    while around is not None:
        if isinstance(around, QScrollArea):
            around.ensureWidgetVisible(target, 0, theme.GRID)
        around = around.parentWidget()
    return True


def visit_behind(place: QWidget, stops: Sequence[QWidget]) -> None:
    """Let the keyboard visit these where ``place`` stands, which it does not visit itself."""
    before = place.previousInFocusChain()  # Qt puts nothing after a widget that it does not visit
    while before is not None and before is not place and not is_tab_stop(before):
        before = before.previousInFocusChain()
    known = before is not None and before is not place and before.window() is place.window()
    in_tab_order((before, *stops) if known and before is not None else stops)


def is_tab_stop(widget: QWidget) -> bool:
    """Whether the keyboard visits a widget, and not another one in its stead."""
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None


def go_to(editor: QWidget) -> None:
    """Put the cursor into an editor of a page, scrolled into sight, its text selected."""
    target = editor.focusProxy() or editor
    target.setFocus()
    if isinstance(target, QLineEdit):
        target.selectAll()
    around = editor.parentWidget()
    while around is not None and not isinstance(around, QScrollArea):
        around = around.parentWidget()
    if around is not None:
        around.ensureWidgetVisible(target)
