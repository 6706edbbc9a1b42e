"""The rows of one hop on the way to the servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from clearline.core.findings import Severity
from clearline.core.profiles.hop import Hop, HttpProxy, KubernetesForward, Socks5Proxy, SshServer, SystemProxy
from clearline.core.secrets.secret import Secrets, hop_passphrase, hop_password
from clearline.ui.forms.field_notes import FieldNote
from clearline.ui.look import theme
from clearline.ui.look.icons import IconButton
from clearline.ui.widgets.editors import Choice, FileEntry, SecretEntry, TextEntry, add_row
from clearline.ui.widgets.labels import WrappedLabel, section

KINDS: Final[dict[type[Hop], tuple[str, Callable[[], Hop]]]] = {
    SshServer: ("SSH server", lambda: SshServer(host="")),
    Socks5Proxy: ("SOCKS5 proxy", lambda: Socks5Proxy(host="")),
    HttpProxy: ("HTTP proxy", lambda: HttpProxy(host="")),
    KubernetesForward: ("Kubernetes port-forward", KubernetesForward),
    SystemProxy: ("This computer's setting", SystemProxy),
}
"""By kind: its words, and a new one."""
_LOGINS: Final = (
    ("all of them in turn", ("key", "agent", "password", "interactive")),
    ("key file", ("key",)),
    ("key file, then questions", ("key", "interactive")),
    ("agent", ("agent",)),
    ("agent, then questions", ("agent", "interactive")),
    ("password", ("password",)),
    ("password, then questions", ("password", "interactive")),
    ("questions of the server", ("interactive",)),
)
_PROXY_LOGINS: Final = (
    ("none", "none"),
    ("user and password (Basic)", "basic"),
    ("this computer's ticket (Kerberos)", "kerberos"),
    ("user of a domain (NTLM)", "ntlm"),
)


class HopEditor(QWidget):
    """One hop. It keeps no values of its own beyond what is being typed."""

    edited = Signal(int, object)
    secret_edited = Signal(str, object)
    removed = Signal(int)
    submitted = Signal()

    def __init__(self, number: int, hop: Hop, parent: QWidget) -> None:
        super().__init__(parent)
        self.number = number
        self.hop = hop
        self.fields: dict[str, QWidget] = {}
        self.secrets: dict[str, SecretEntry] = {}
        self._notes: dict[str, FieldNote] = {}
        words, _ = KINDS[type(hop)]
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        self.title = section(f"Hop {number + 1}: {words}")
        self.remove = IconButton("close", f"Remove hop {number + 1}")
        self.remove.clicked.connect(lambda: self.removed.emit(self.number))
        head.addWidget(self.title, 1)
        head.addWidget(self.remove)
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(theme.GRID)
        self._form.setVerticalSpacing(6)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addLayout(self._form)
        if isinstance(hop, SystemProxy):
            words = "HTTPS_PROXY or ALL_PROXY with NO_PROXY of the environment, else the desktop's own setting."
            column.addWidget(WrappedLabel(words, "muted"))
            self.setFocusProxy(self.remove)
            return
        if isinstance(hop, KubernetesForward):
            self._text("Context", "context", "the current one")
            self._text("Namespace", "namespace", "that of the context")
            self._file("Kubeconfig", "kubeconfig", "as kubectl finds it")
            self.setFocusProxy(self.fields["context"])
            return
        self._text("Host", "host", "bastion.example.com" if isinstance(hop, SshServer) else "proxy.example.com")
        self._number("Port", "port")
        match hop:
            case SshServer():
                self._rows_of_ssh()
            case HttpProxy():
                self._choice("TLS to it", "tls", (("no", False), ("yes", True)))
                self._choice("Login", "login", _PROXY_LOGINS)
                self._text("User", "user", "none")
                self._secret("Password", hop_password(number))
            case Socks5Proxy():
                self._text("User", "user", "none")
                self._secret("Password", hop_password(number))
        self.setFocusProxy(self.fields["host"])

    def _rows_of_ssh(self) -> None:
        self._text("User", "user", "as ~/.ssh/config says, else your own name")
        self._choice("Login", "login", _LOGINS)
        self._file("Key file", "key_file", "as ~/.ssh/config says, else the usual ones")
        self._secret("Passphrase", hop_passphrase(self.number))
        self._secret("Password", hop_password(self.number))
        self._file("Certificate", "certificate_file", "the one beside the key")
        self._text("Agent", "agent", "this computer's own")
        self._text("~/.ssh/config", "config_alias", "not read; or the name of a Host in it")
        self._text("Program", "proxy_command", "none; e.g. aws ssm …", mono=True)
        self._file("Known hosts", "known_hosts", "your own")
        self._number("Keep alive, s", "keep_alive_s")

    def show_hop(self, hop: Hop, secrets: Secrets) -> None:
        """Show other values, without disturbing who is typing."""
        self.hop = hop
        for name, field in self.fields.items():
            value: Any = getattr(hop, name)
            match field:
                case Choice():
                    field.show_value(value)
                case FileEntry():
                    field.show_value(value)
                case TextEntry():
                    if not (self._notes.get(name) and self._notes[name].text):
                        field.show_value(None if value is None else str(value))
        for name, entry in self.secrets.items():
            entry.show_secret(secrets.get(name))
        if isinstance(hop, SshServer):
            shown = {
                "key": (self.fields["key_file"], self.fields["certificate_file"], self.secrets[self._passphrase]),
                "agent": (self.fields["agent"],),
                "password": (self.secrets[hop_password(self.number)],),
            }
            for way, editors in shown.items():
                for editor in editors:
                    self._form.setRowVisible(editor, way in hop.login)
        if isinstance(hop, HttpProxy):
            by_password = hop.login in ("basic", "ntlm")
            self._form.setRowVisible(self.fields["user"], by_password)
            self._form.setRowVisible(self.secrets[hop_password(self.number)], by_password)

    # ------------------------------------------------------------ rows

    @property
    def _passphrase(self) -> str:
        return hop_passphrase(self.number)

    def _change(self, **fields: Any) -> None:
        self.edited.emit(self.number, replace(self.hop, **fields))

    def _name(self, words: str) -> str:
        return f"{words} of hop {self.number + 1}"

    def _text(self, words: str, name: str, placeholder: str, *, mono: bool = False) -> None:
        entry = self.fields[name] = TextEntry(self._name(words), placeholder, mono=mono)
        entry.entered.connect(lambda text: self._change(**{name: text or "" if name == "host" else text}))
        entry.returnPressed.connect(self.submitted)
        add_row(self._form, words, entry)

    def _number(self, words: str, name: str) -> None:
        entry = self.fields[name] = TextEntry(self._name(words))
        note = self._notes[name] = FieldNote(self._name(words))
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(entry)
        column.addWidget(note)
        both.setFocusProxy(entry)
        entry.entered.connect(lambda text: self._set_number(name, text))
        entry.returnPressed.connect(self.submitted)
        add_row(self._form, words, both)

    def _set_number(self, name: str, text: str | None) -> None:
        low, high = (1, 65535) if name == "port" else (0, 3600)
        if text is not None and text.isascii() and text.isdigit() and len(text) < 6 and low <= int(text) <= high:
            self._notes[name].show_mistakes(())
            self._change(**{name: int(text)})
        else:
            self._notes[name].say(Severity.WARNING, f"A whole number from {low} to {high} belongs here.", "")

    def _choice(self, words: str, name: str, entries: tuple[tuple[str, object], ...]) -> None:
        choice = self.fields[name] = Choice(self._name(words), entries)
        choice.chosen.connect(lambda value: self._change(**{name: value}))
        add_row(self._form, words, choice)

    def _file(self, words: str, name: str, placeholder: str) -> None:
        entry = self.fields[name] = FileEntry(self._name(words), placeholder, "All files (*)")
        entry.entered.connect(lambda path: self._change(**{name: path}))
        entry.entry.returnPressed.connect(self.submitted)
        add_row(self._form, words, entry)

    def _secret(self, words: str, name: str) -> None:
        entry = self.secrets[name] = SecretEntry(self._name(words), "none")
        entry.entered.connect(lambda secret: self.secret_edited.emit(name, secret))
        entry.entry.returnPressed.connect(self.submitted)
        add_row(self._form, words, entry)
