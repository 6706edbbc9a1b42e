"""Between an SRV name and its host list: lookups that are shown, and the way from one form to the other."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from clearline.core.addresses import is_host_name
from clearline.core.facts.names import DnsOutcome
from clearline.core.findings import Remedy, Severity
from clearline.core.inspection.srv_lookup import SrvAnswer, look_up_srv, read_pasted
from clearline.core.profiles.profile import Profile
from clearline.core.uri.remedies import knows_seeds
from clearline.core.uri.srv_forms import TxtOptions, as_seed_list, as_srv, likely_srv_name
from clearline.ui.background.background import Background
from clearline.ui.forms.field_notes import FieldNote
from clearline.ui.forms.page import FormState
from clearline.ui.look import theme
from clearline.ui.look.icons import LabelledButton
from clearline.ui.widgets.editors import EditableChoice, TextEntry, add_row, form_column
from clearline.ui.widgets.flow import Flow
from clearline.ui.widgets.labels import WrappedLabel

OWN_SERVERS = "this computer's"
_PUBLIC = ("1.1.1.1", "8.8.8.8", "9.9.9.9")
_FROM_TEST = "Write the servers that the last test of this cluster found as host list."
_PROBLEMS = {
    DnsOutcome.NXDOMAIN: "says that the name does not exist",
    DnsOutcome.NODATA: "knows no SRV record of that name",
    DnsOutcome.REFUSED: "refuses to answer",
    DnsOutcome.SERVFAIL: "reports a failure of its own",
    DnsOutcome.SILENT: "does not answer",
    DnsOutcome.PORT_CLOSED: "is no name server: its port is closed",
    DnsOutcome.UNREACHABLE: "cannot be reached",
    DnsOutcome.MALFORMED: "answers something that is no DNS",
}


class SrvPanel(QWidget):
    """Looks an SRV name up and rewrites the profile, one way or the other."""

    rewritten = Signal(object)
    """The profile in its other form."""
    remedy_requested = Signal(object)

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._state = FormState(Profile())
        self._give_up: Callable[[], None] | None = None
        self.answer: SrvAnswer | None = None
        self._asked_for: tuple[str, str | None, bool] | None = None
        """SRV name, service and form of the profile that the answer is about."""
        self.name = TextEntry("Cluster name", "cluster0.abcde.mongodb.net", mono=True)
        self.server = EditableChoice("Name server to ask", (OWN_SERVERS, *_PUBLIC))
        self.look_up = LabelledButton("search", "Look up")
        self.note = FieldNote("the lookup")
        self.result = WrappedLabel()
        self.result.setAccessibleName("Answer of the lookup")
        self.result.setTextFormat(Qt.TextFormat.RichText)
        self.rewrite = QPushButton()
        self.from_test = QPushButton("Hosts from an earlier test")
        self.from_test.setToolTip(_FROM_TEST)
        self.paste = QPushButton("Paste an answer…")
        self.paste.setToolTip("Read what nslookup, dig, host or Resolve-DnsName printed on another computer.")
        for button in (self.rewrite, self.from_test, self.paste):
            button.setObjectName("small")
        column, self._form = form_column("SRV lookup")
        asked = QWidget()
        row = QHBoxLayout(asked)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.server, 1)
        row.addWidget(self.look_up)
        add_row(self._form, "Cluster name", self.name)
        add_row(self._form, "Name server", asked)
        buttons = QWidget()
        flow = Flow()
        flow.setContentsMargins(0, 0, 0, 0)
        buttons.setLayout(flow)
        for button in (self.rewrite, self.from_test, self.paste):
            flow.addWidget(button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        whole.addWidget(column)
        whole.addWidget(self.note)
        whole.addWidget(self.result)
        whole.addWidget(buttons)
        whole.addStretch(1)
        self.look_up.clicked.connect(self._toggle)
        self.server.submitted.connect(self._begin)
        self.name.returnPressed.connect(self._begin)
        self.rewrite.clicked.connect(self._rewrite)
        self.from_test.clicked.connect(
            lambda: self.remedy_requested.emit(Remedy(text=_FROM_TEST, action="srv-to-seed-list"))
        )
        self.paste.clicked.connect(self._ask_paste)
        self._show_answer()

    @property
    def running(self) -> bool:
        """Whether a lookup is under way."""
        return self._give_up is not None

    def show_state(self, state: FormState) -> None:
        """Another profile, or other values of it; an answer about another name goes."""
        self._state = state
        srv = state.profile.seeds.srv
        self._form.setRowVisible(self.name, not srv)
        if not srv:
            self.name.setPlaceholderText(likely_srv_name(state.profile.seeds.hosts) or "cluster0.abcde.mongodb.net")
        if self._asked_for is not None and self._asked_for != self._question():
            self._stop()
            self.answer = self._asked_for = None
        self._show_answer()

    def _question(self) -> tuple[str, str | None, bool]:
        seeds = self._state.profile.seeds
        if seeds.srv:
            return (seeds.hosts[0] if seeds.hosts else "", seeds.srv_service_name, True)
        return (self.name.text().strip() or likely_srv_name(seeds.hosts) or "", None, False)

    # ------------------------------------------------------------ asking

    def _toggle(self) -> None:
        if self.running:
            self._stop()
            self._show_answer()
        else:
            self._begin()

    def _begin(self) -> None:
        question = name, service, _ = self._question()
        if not name:
            self.note.say(Severity.WARNING, "Type the cluster's name first, for example cluster0.abcde.mongodb.net.")
            return
        try:
            server = self._chosen_server()
        except ValueError:
            typed = self.server.currentText().strip()
            self.note.say(
                Severity.WARNING, f"“{typed}” is no name server.", "Type its IP address, for example 10.0.0.53."
            )
            return
        self._stop()
        self._asked_for, self.answer = question, None
        suffix = self._state.profile.seeds.srv_allowed_hosts_suffix
        self._give_up = self._background.ask(
            lambda: look_up_srv(name, service, suffix=suffix, server=server), self._on_answer, self._on_failed
        )
        self._show_answer()

    def _chosen_server(self) -> tuple[str, int] | None:
        from ipaddress import ip_address

        typed = self.server.currentText().strip()
        if typed in ("", OWN_SERVERS):
            return None
        address, _, port = typed.partition("#")
        number = int(port or 53)
        if not 0 < number < 65536:
            raise ValueError(port)
        return str(ip_address(address.strip("[]"))), number

    def _stop(self) -> None:
        if self._give_up is not None:
            self._give_up()
            self._give_up = None

    def _on_answer(self, answer: SrvAnswer) -> None:
        self._give_up = None
        self.answer = answer
        self._show_answer()

    def _on_failed(self, error: Exception) -> None:
        self._give_up = None
        self._show_answer()
        self.note.say(Severity.WARNING, f"The lookup failed: {type(error).__name__}.")

    # ------------------------------------------------------------ pasting

    def _ask_paste(self) -> None:
        dialog = PasteDialog(self._question()[0], self)
        dialog.read.connect(self.use_pasted)
        dialog.open()

    def use_pasted(self, text: str) -> None:
        """Show what a pasted answer says."""
        self._stop()
        seeds = self._state.profile.seeds
        own = self._question()[0]
        answer = read_pasted(text, name=own if seeds.srv and own else None, suffix=seeds.srv_allowed_hosts_suffix)
        if not seeds.srv and answer.name and not self.name.text().strip():
            self.name.setText(answer.name)
        self._asked_for, self.answer = self._question(), answer
        self._show_answer()

    # ------------------------------------------------------------ showing

    def _show_answer(self) -> None:
        running, answer, srv = self.running, self.answer, self._state.profile.seeds.srv
        self.look_up.setText("Stop" if running else "Look up")
        self.look_up.show_icon("stop" if running else "search", "text")
        self.from_test.setVisible(knows_seeds(self._state.report, self._state.profile))
        self.rewrite.setVisible(bool(answer and answer.hosts))
        self.rewrite.setText("Write as host list" if srv else "Write as mongodb+srv://")
        if answer is None:
            self.note.show_mistakes(())
            self.result.setText("Asking …" if running else "")
            self.result.setVisible(running)
            return
        self._say_problem(answer)
        self.result.setText(self._page(answer))
        self.result.setVisible(bool(answer.hosts or answer.outside or answer.txt))

    def _say_problem(self, answer: SrvAnswer) -> None:
        own = set(self._state.profile.seeds.hosts)
        if not answer.hosts and not answer.outside:
            words = [
                f"{q.nameserver} {_PROBLEMS.get(q.outcome, 'gives no SRV record')}."
                for q in answer.questions
                if q.type == "SRV" and not q.truncated and q.transport == "udp"
            ]
            said = " ".join(dict.fromkeys(words)) or "There is no SRV record in that text."
            if answer.questions == () and answer.name and not words:
                said = "No SRV record was found: this computer has no name server, or the text holds none."
            self.note.say(Severity.FAILURE, said, "Ask another name server, or paste an answer from another network.")
        elif answer.outside:
            self.note.say(
                Severity.FAILURE,
                f"PyMongo refuses {', '.join(answer.outside)}: outside the domain of {answer.name}.",
            )
        elif not self._state.profile.seeds.srv and own and not own <= set(answer.hosts):
            extra = ", ".join(sorted(own - set(answer.hosts)))
            self.note.say(Severity.WARNING, f"{answer.name} stands for other hosts; it does not name {extra}.")
        else:
            self.note.show_mistakes(())

    def _page(self, answer: SrvAnswer) -> str:
        muted = theme.colours().muted
        lines = [f"<b>{escape(host)}</b>" for host in answer.hosts]
        page = "<br>".join(lines)
        txt = escape(answer.txt) if answer.txt else "no TXT record"
        if answer.txt_records > 1:
            txt = f"{answer.txt_records} TXT records: drivers refuse more than one"
        page += f'<br><span style="color:{muted}">TXT</span> {txt}'
        by = next((q for q in answer.questions if q.nameserver == answer.answered_by and q.records), None)
        if by is not None:
            page += (
                f'<br><span style="color:{muted}">answered by {escape(by.nameserver)} in {by.elapsed_ms:.0f} ms</span>'
            )
        return page

    def _rewrite(self) -> None:
        answer, profile = self.answer, self._state.profile
        if answer is None or not answer.hosts:
            return
        txt: TxtOptions = answer.options
        if profile.seeds.srv:
            self.rewritten.emit(as_seed_list(profile, answer.hosts, txt))
        elif answer.name:
            self.rewritten.emit(as_srv(profile, answer.name, txt, answer.service))


class PasteDialog(QDialog):
    """Where an answer from another computer is pasted; `read` carries it."""

    read = Signal(str)

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Paste a DNS answer")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.GRID * 80, theme.GRID * 44)
        # A name that is none may be one that a shell obeys: it is not offered to be copied.
        shown = name if is_host_name(name) else "cluster0.abcde.mongodb.net"
        words = WrappedLabel(
            "On a computer whose network answers, run these two and paste here all that they print "
            f"(dig, host and Resolve-DnsName do as well):\n\nnslookup -type=SRV _mongodb._tcp.{shown}\n"
            f"nslookup -type=TXT {shown}"
        )
        self.text = QPlainTextEdit()
        theme.write_in(self.text, theme.Face.MONO)
        self.text.setAccessibleName("Printed answer")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText("Read it")
        self.ok.setEnabled(False)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(theme.GRID * 2)
        column.addWidget(words)
        column.addWidget(self.text, 1)
        column.addWidget(buttons)
        self.text.textChanged.connect(lambda: self.ok.setEnabled(bool(self.text.toPlainText().strip())))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.read.emit(self.text.toPlainText()))
