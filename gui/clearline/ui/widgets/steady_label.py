"""A wrapped sentence whose form makes room for it."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFormLayout

from clearline.ui.widgets.parts import WrappedLabel


class SteadyLabel(WrappedLabel):
    """Tells the forms around when it says something else, for a QFormLayout remembers how high its rows were."""

    def setText(self, text: str) -> None:
        """Say something else."""
        if text != self.text():
            super().setText(text)
            QTimer.singleShot(0, self, self._tell_forms)  # a layout that is at work would not hear it

    def _tell_forms(self) -> None:
        around = self.parentWidget()
        while around is not None:
            if forms := around.findChildren(QFormLayout):
                for form in forms:
                    form.invalidate()
                return
            around = around.parentWidget()
