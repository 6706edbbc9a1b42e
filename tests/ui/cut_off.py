"""What of a window cannot be read: texts with too little room, and controls without a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QStyle,
    QStyleOptionFrame,
    QTabBar,
    QWidget,
)

from clearline.ui.widgets.labels import ElidedLabel


def cut_off(top: QWidget) -> list[str]:
    """A line for each visible text that is cut, by its own room or by what holds it."""
    found = []
    for widget in top.findChildren(QWidget):
        if widget.isVisible() and widget.window() is top.window():
            found += [f"{type(widget).__name__} {words!r}: {why}" for words, why in _of(widget, top)]
    return found


_MOST_CHILDREN = 200


def nameless(top: QWidget) -> list[str]:
    """What a screen reader comes to and can say nothing of: all that it sees of a window, items, tabs and rows too."""
    root = QAccessible.queryAccessibleInterface(top)
    assert root is not None
    return [_path(one) for one in _heard(root) if not one.text(QAccessible.Text.Name).strip()]


def _heard(one: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    """What can have the focus, as far as it is to be seen; a list of ten thousand rows is not walked to its end."""
    state: Any = one.state()
    if state.invisible:
        return
    if state.focusable and one.role() is not QAccessible.Role.Window:
        yield one
    for place in range(min(one.childCount(), _MOST_CHILDREN)):
        child = one.child(place)
        if child is not None:
            yield from _heard(child)


def _path(one: QAccessibleInterface | None) -> str:
    parts = []
    while one is not None:
        said = one.object()
        parts.append(f"{one.role().name} {type(said).__name__ if said is not None else ''}".strip())
        one = one.parent()
    return " in ".join(parts[:4])


def _of(widget: QWidget, top: QWidget) -> Iterator[tuple[str, str]]:
    match widget:
        case ElidedLabel():
            return  # cuts itself with dots, and tells the whole on hover
        case QScrollArea() if (page := widget.widget()) is not None:
            turns_sideways = widget.horizontalScrollBarPolicy() is not Qt.ScrollBarPolicy.ScrollBarAlwaysOff
            if page.width() > widget.viewport().width() and not turns_sideways:
                yield page.accessibleName(), f"a page of {page.width()} in {widget.viewport().width()}"
        case QLabel() if widget.text() and not widget.text().startswith("<"):
            yield from _label(widget)
        case QComboBox():
            needed = widget.fontMetrics().horizontalAdvance(widget.currentText()) + 36
            if needed > widget.width():
                yield widget.currentText(), f"{needed} > {widget.width()}"
        case QPushButton() | QCheckBox() if widget.text():
            hint = widget.sizeHint()
            if hint.width() > widget.width() + 1 or hint.height() > widget.height() + 1:
                yield widget.text(), f"{hint.toTuple()} > {widget.size().toTuple()}"
        case QTabBar():
            for place in range(widget.count()):
                hint, has = widget.tabSizeHint(place), widget.tabRect(place)
                if hint.width() > has.width() + 1:
                    yield widget.tabText(place), f"{hint.width()} > {has.width()}"
        case QLineEdit() if widget.objectName() == "profileName":
            pass  # Qt cuts a host that stands for a name with dots; the connection string has it whole
        case QLineEdit() if not widget.text() and widget.placeholderText():
            needed = widget.fontMetrics().horizontalAdvance(widget.placeholderText())
            option = QStyleOptionFrame()
            widget.initStyleOption(option)
            inner = widget.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, widget)
            icons = [action for action in widget.actions() if not action.icon().isNull()]
            room = inner.width() - 4 - 24 * len(icons)
            if needed > room:
                yield widget.placeholderText(), f"{needed} > {room}"
        case _:
            pass
    if isinstance(widget, QLabel | QAbstractButton | QLineEdit) and (outside := _outside(widget, top)):
        yield getattr(widget, "text", str)() or widget.accessibleName(), outside


def _label(label: QLabel) -> Iterator[tuple[str, str]]:
    room = label.contentsRect()
    if label.wordWrap():
        needed = label.heightForWidth(label.width())
        if needed > label.height() + 1:
            yield label.text(), f"{needed} high in {label.height()}"
        page: QTextDocument | None = label.findChild(QTextDocument)  # as it breaks its lines; at a slash too
        words = label.text().split()
        longest = page.idealWidth() if page else max(map(label.fontMetrics().horizontalAdvance, words), default=0)
        if longest > room.width() + 1:
            yield label.text(), f"a word of {longest:.0f} in {room.width()}"
    elif label.textFormat() is not Qt.TextFormat.RichText:
        text = label.text().replace("&", "") if label.buddy() is not None else label.text()
        needed = max(label.fontMetrics().horizontalAdvance(line) for line in text.splitlines())
        if needed > room.width() + 1:
            yield label.text(), f"{needed} > {room.width()}"


def _outside(widget: QWidget, top: QWidget) -> str:
    """How it sticks out of what holds it; what scrolls may."""
    own, parent = widget, widget.parentWidget()
    while parent is not None and own is not top:
        if isinstance(parent.parentWidget(), QAbstractScrollArea):
            return ""
        place = QRect(widget.mapTo(parent, QPoint(0, 0)), widget.size())
        if not parent.rect().contains(place):
            return f"{place.getRect()} sticks out of {type(parent).__name__} {parent.rect().getRect()}"
        own, parent = parent, parent.parentWidget()
    return ""
