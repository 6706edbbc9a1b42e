"""Several changes to what stands in a widget, laid out once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget


@contextmanager
def laid_out_once(widget: QWidget) -> Iterator[None]:
    """Lay it out after all that is done here: Qt does so for each child that is shown, with all that is around."""
    layout, was_hidden = widget.layout(), widget.isHidden()
    assert layout is not None
    was_enabled = layout.isEnabled()
    layout.setEnabled(False)
    try:
        yield
    finally:
        layout.setEnabled(was_enabled)
        if was_hidden and not widget.isHidden():  # Qt takes it for laid out
            QCoreApplication.postEvent(widget, QEvent(QEvent.Type.LayoutRequest))
