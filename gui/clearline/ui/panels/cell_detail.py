"""What a cell of the matrix of servers holds: its evidence, and the commands that show the same."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Final

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from clearline.core.findings import Finding, Stage
from clearline.core.report.network_note import Command
from clearline.core.report.report import ServerResult
from clearline.core.text.plain_text import visible
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton
from clearline.ui.widgets.command_field import CommandField
from clearline.ui.widgets.evidence import as_html, beyond, chain_html
from clearline.ui.widgets.labels import ElidedLabel
from clearline.ui.widgets.rich_text import FittedText

_BY_HAND: Final = "Try it yourself"
"""Above the commands of a cell whose evidence stands with the cause."""


class CellDetail(QWidget):
    """The evidence of one cell, or the facts of one server; hidden where there is nothing to show."""

    def __init__(self) -> None:
        super().__init__()
        self._stale = False
        self._commands: list[Command] = []
        self._fields: list[CommandField] = []
        """As many as were ever needed at once: making one takes longer than all the rest."""
        self.heading = ElidedLabel("section", middle=True)
        self.page = FittedText("Evidence of the selected cell")
        self._lines = QVBoxLayout()
        self._lines.setSpacing(4)
        self._copy_all = IconButton("copy", "Copy evidence and commands")
        self._copy_all.clicked.connect(self._copy)
        title = QHBoxLayout()
        title.addWidget(self.heading, 1)
        title.addWidget(self._copy_all)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID // 2)
        column.addLayout(title)
        column.addWidget(self.page)
        column.addLayout(self._lines)

    def show_nothing(self) -> None:
        """No cell is selected."""
        self.hide()
        self.heading.setText("")
        self.page.show_page(str)
        self._show_commands([])

    def show_server(self, server: ServerResult) -> None:
        """What is known of a server as a whole."""
        self.show()
        self.page.show()
        self.heading.setText(server.address)
        self.page.show_page(partial(_server_html, server))
        self._show_commands([])

    def show_cell(
        self, heading: str, server: ServerResult, stage: Stage, told: Finding | None, commands: list[Command]
    ) -> None:
        """One server at one stage; what the cause has ``told`` already is left out."""
        build = partial(_cell_html, server, stage, told)
        tells = bool(build())
        self.heading.setText(heading if tells else _BY_HAND)
        self.page.show_page(build)
        self.page.setVisible(tells)
        self._show_commands(commands)
        self.setVisible(tells or bool(commands))

    def show_stale(self, stale: bool) -> None:
        """Grey: it is about an earlier state of the connection."""
        self.page.show_pale(stale)
        self._stale = stale
        for line in self._fields:
            line.show_pale(stale)

    def _show_commands(self, commands: list[Command]) -> None:
        self._copy_all.setVisible(bool(commands))
        if commands == self._commands:
            return
        self._commands = commands
        for command in commands[len(self._fields) :]:
            line = CommandField(command.system, command.line)
            line.show_pale(self._stale)
            self._fields.append(line)
            self._lines.addWidget(line)
        for line, command in zip(self._fields, commands, strict=False):
            line.show_command(command.system, command.line)
        for place, line in enumerate(self._fields):
            line.setVisible(place < len(commands))

    def _copy(self) -> None:
        commands = "\n".join(f"{command.line}   # {command.system}" for command in self._commands)
        text = f"{self.heading.text()}\n\n{self.page.plain().strip()}\n\n{commands}\n"
        QGuiApplication.clipboard().setText(visible(text, but="\n\t"))


def _hint_html(text: str) -> str:
    return f'<p style="color:{theme.colours().muted}">{escape(text)}</p>'


def _cell_html(server: ServerResult, stage: Stage, told: Finding | None) -> str:
    """What a cell holds; of the one that the cause is about only what is not ``told`` there, which may be nothing."""
    cell = server.cells.get(stage.value)
    if cell is None:
        return _hint_html("Not tried.")
    if told is not None:
        return as_html(beyond(cell.evidence, told.evidence))
    note = f"<p>{escape(cell.note)}</p>" if cell.note else ""
    chain = chain_html(server) if stage is Stage.TLS else ""
    return note + chain + as_html(cell.evidence) or _hint_html("No evidence.")


def _server_html(server: ServerResult) -> str:
    latency = server.rtt_ms
    facts = {
        "role": server.role,
        "set name": server.set_name,
        "version": server.version,
        "named by": " and ".join(
            word for word, told in (("the profile", server.seed), ("other servers", server.advertised)) if told
        ),
        "round trip": f"{latency.median:.3g} ms (min {latency.min:.3g}, max {latency.max:.3g})" if latency else None,
    }
    return as_html({name: value for name, value in facts.items() if value}) + chain_html(server)
