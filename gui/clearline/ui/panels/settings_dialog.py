"""The program's settings, each applied when it is changed."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from clearline.core.storage.settings import Settings
from clearline.ui.look import theme
from clearline.ui.widgets.editors import Choice, add_row, form_column, number_box
from clearline.ui.widgets.labels import WrappedLabel

_LABEL: Final = QFormLayout.ItemRole.LabelRole
_FIELD: Final = QFormLayout.ItemRole.FieldRole


class SettingsDialog(QDialog):
    """Shows `Settings`; `chosen` carries a field's name and its new value."""

    chosen = Signal(str, object)

    def __init__(self, values: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.colours = Choice("Colours", (("as the system has them", "system"), ("light", "light"), ("dark", "dark")))
        self.colours.show_value(values.colours)
        self.secrets = Choice(
            "Secrets of new profiles",
            (
                ("in the keyring of this computer", "keyring"),
                ("this session only", "session"),
                ("asked each time", "ask"),
            ),
        )
        self.secrets.show_value(values.new_secrets)
        self.silence = number_box(QDoubleSpinBox())
        self.silence.setRange(0.5, 30)
        self.silence.setDecimals(1)
        self.silence.setSuffix(" s")
        self.silence.setValue(values.silence_s)
        self.interval = number_box(QDoubleSpinBox())
        self.interval.setRange(1, 3600)
        self.interval.setDecimals(0)
        self.interval.setSuffix(" s")
        self.interval.setValue(values.watch_interval_s)
        self.events = number_box(QSpinBox())
        self.events.setRange(1000, 1_000_000)
        self.events.setSingleStep(10_000)
        self.events.setGroupSeparatorShown(True)
        self.events.setValue(values.event_limit)
        self.notifications = QCheckBox("Tell me when a watched connection is lost or comes back")
        self.notifications.setChecked(values.notifications)
        self.tray = QCheckBox("Show an icon in the system's tray while something is watched")
        self.tray.setChecked(values.tray)
        self.still = QCheckBox("Keep everything still: nothing turns while a test runs")
        self.still.setChecked(values.still)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a setting")
        self.search.setAccessibleName("Find a setting")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._sift)
        self._lay_out()
        self.colours.chosen.connect(lambda value: self.chosen.emit("colours", value))
        self.secrets.chosen.connect(lambda value: self.chosen.emit("new_secrets", value))
        self.silence.valueChanged.connect(lambda value: self.chosen.emit("silence_s", value))
        self.interval.valueChanged.connect(lambda value: self.chosen.emit("watch_interval_s", value))
        self.events.valueChanged.connect(lambda value: self.chosen.emit("event_limit", value))
        self.notifications.toggled.connect(lambda value: self.chosen.emit("notifications", value))
        self.tray.toggled.connect(lambda value: self.chosen.emit("tray", value))
        self.still.toggled.connect(lambda value: self.chosen.emit("still", value))

    def _lay_out(self) -> None:
        form_widget, form = form_column("Window and secrets")
        add_row(form, "Colours", self.colours)
        add_row(form, "New secrets", self.secrets)
        times_widget, times = form_column("Tests and watching")
        add_row(times, "Silence after", self.silence)
        add_row(times, "Health every", self.interval)
        add_row(times, "Events kept", self.events)
        for editor, words in (
            (self.silence, "A step without progress for so long counts as silent."),
            (self.interval, "Pause between two health checks of a watched connection."),
            (self.events, "Driver events kept per profile; the oldest go first, and are counted."),
        ):
            editor.setMinimumHeight(theme.GRID * 4)
            editor.setToolTip(words)
            editor.setAccessibleDescription(words)
        self._forms = ((form_widget, form), (times_widget, times))
        self._alone = (self.notifications, self.tray, self.still)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(theme.GRID * 2)
        column.addWidget(self.search)
        column.addWidget(form_widget)
        column.addWidget(times_widget)
        column.addWidget(self.notifications)
        column.addWidget(self.tray)
        column.addWidget(self.still)
        column.addWidget(WrappedLabel("Times and limits hold from the next test or watch on.", "muted"))
        column.addStretch(1)
        column.addWidget(buttons)
        self.resize(theme.scaled(theme.GRID * 60), self.sizeHint().height())
        buttons.rejected.connect(self.reject)

    def _sift(self, text: str) -> None:
        """Show what holds every word of the text."""
        words = text.casefold().split()
        for widget, form in self._forms:
            fits = []
            for row in range(form.rowCount()):
                cells = [form.itemAt(row, role) for role in (_LABEL, _FIELD)]
                label, editor = (cell.widget() if cell is not None else None for cell in cells)
                said = label.text() if isinstance(label, QLabel) else ""
                said = f"{said} {editor.accessibleDescription() if editor is not None else ''}".casefold()
                fits.append(all(word in said for word in words))
                form.setRowVisible(row, fits[-1])
            widget.setVisible(any(fits))
        for box in self._alone:
            box.setVisible(all(word in box.text().casefold() for word in words))
