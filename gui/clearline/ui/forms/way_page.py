"""The Way page: what the servers are reached through, the nearest hop first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QPushButton, QVBoxLayout, QWidget

from clearline.core.addresses import name_server
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.findings import Severity
from clearline.core.hops.offered import Offer, kube_contexts, ssh_hosts
from clearline.core.profiles.hop import Hop, KubernetesForward
from clearline.core.profiles.hop_urls import hop_of, url_of
from clearline.core.profiles.profile import OF_SSH, FarDns
from clearline.core.secrets.secret import Secret, Secrets, hop_passphrase, hop_password
from clearline.ui.background.background import Background
from clearline.ui.forms.field_notes import FieldNote
from clearline.ui.forms.hop_editor import KINDS, HopEditor
from clearline.ui.forms.page import FormPage, FormState
from clearline.ui.look import theme
from clearline.ui.widgets.editors import Choice, TextEntry, add_row, form_column
from clearline.ui.widgets.flow import Flow
from clearline.ui.widgets.labels import WrappedLabel

_OFFERS: Final[dict[str, tuple[str, Callable[[], tuple[Offer, ...]]]]] = {
    "~/.ssh/config": ("The hosts that your configuration of SSH names", ssh_hosts),
    "kubectl": ("The contexts of the kubeconfig file that kubectl uses", kube_contexts),
}
"""Hops that files of this computer describe: whose, in words, and how they are found."""
_WHEN_ASKED: Final = (("about names unknown here", False), ("about all, alone", True))


class WayPage(FormPage):
    """Editors of ``profile.hops``: all of them in one line, and one block of rows for each."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(background, parent)
        self._shown_id = ""
        self._hops: tuple[Hop, ...] = ()
        self.line = TextEntry("Reached through", "directly, or ssh://bastion", mono=True)
        self.line.setToolTip(
            "ssh://, socks5://, http:// or https://, the nearest first, with commas between. "
            "A password in it goes to the keyring when you save."
        )
        self.note = FieldNote("Reached through")
        self.editors: list[HopEditor] = []
        top, form = form_column("Reached through")
        both = QWidget()
        stack = QVBoxLayout(both)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(0)
        stack.addWidget(self.line)
        stack.addWidget(self.note)
        both.setFocusProxy(self.line)
        add_row(form, "In one line", both)
        self.adders: dict[str, QPushButton] = {}
        row = QWidget()
        flow = Flow()
        flow.setContentsMargins(0, 3, 0, 3)
        row.setLayout(flow)
        for words, make in KINDS.values():
            button = self.adders[words] = QPushButton(words)
            button.setObjectName("small")
            button.setAccessibleName(f"Add: {words}")
            button.clicked.connect(lambda _checked=False, make=make: self._add(make()))
            flow.addWidget(button)
        add_row(form, "Add", row)
        self.offers: dict[str, QPushButton] = {}
        known = QWidget()
        of_this_computer = Flow()
        of_this_computer.setContentsMargins(0, 0, 0, 3)
        known.setLayout(of_this_computer)
        for words, (about, find) in _OFFERS.items():
            button = self.offers[words] = QPushButton(words)
            button.setObjectName("small")
            button.setToolTip(about)
            button.setAccessibleName(f"Add one of {words}")
            button.clicked.connect(lambda _checked=False, words=words, find=find: self._ask_offers(words, find))
            of_this_computer.addWidget(button)
        add_row(form, "Known here", known)
        self.about = WrappedLabel("", "muted")
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(theme.GRID * 2)
        page = QVBoxLayout(self)
        page.setContentsMargins(12, 12, theme.GRID * 2, 12)
        page.setSpacing(theme.GRID * 2)
        page.addWidget(top)
        page.addWidget(self.about)
        page.addLayout(self._list)
        self.names = self._make_names()
        page.addWidget(self.names)
        self.line.entered.connect(self._set_line)
        self.line.returnPressed.connect(self._take_line)
        self.line.editingFinished.connect(self._take_line)
        self.line.returnPressed.connect(self.submitted)
        self.name_server.entered.connect(self._set_name_server)
        self.name_server.returnPressed.connect(self.submitted)
        self.asked.chosen.connect(lambda first: self._set_names(first=first))

    def _make_names(self) -> QWidget:
        """Who is asked for the servers' names where they are known at the far side alone."""
        made, names = form_column("Names of mongodb+srv")
        self.name_server = TextEntry("Name server at the far side", "none; 10.0.0.2, or ssh for the SSH server's own")
        self.name_server.setToolTip(
            "It is asked over the hops, by TCP. The word ssh: the last SSH server is asked to print its "
            "/etc/resolv.conf, and the name servers in it are taken."
        )
        self.asked = Choice("When the far side is asked", _WHEN_ASKED)
        self.name_note = FieldNote("Name server at the far side")
        noted = QWidget()
        under = QVBoxLayout(noted)
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(0)
        under.addWidget(self.name_server)
        under.addWidget(self.name_note)
        noted.setFocusProxy(self.name_server)
        add_row(names, "Far name server", noted)
        add_row(names, "It is asked", self.asked)
        return made

    def show_state(self, state: FormState) -> None:
        """Show the hops of a profile."""
        other = state.profile.id != self._shown_id
        self._shown_id = state.profile.id
        super().show_state(state)
        if other or state.profile.hops != self._hops:
            self._hops = state.profile.hops
            self.line.show_value(_line(self._hops) or None)
            self.note.show_mistakes(())
        far = state.profile.far_dns
        if other or not self.name_note.text:  # else it is still being typed
            self.name_server.show_value(far.server)
            self.name_note.show_mistakes(())
        self.asked.show_value(far.first)
        self._show_editors(state.secrets)

    def editor_of(self, name: str) -> QWidget | None:
        """The editor of ``hops`` or ``farDns``, or of a secret of a hop."""
        if name == "hops":
            return self.line
        if name == "farDns":
            return self.name_server
        return next((entry for editor in self.editors if (entry := editor.secrets.get(name)) is not None), None)

    def _set_name_server(self, text: str | None) -> None:
        if text is not None and text != OF_SSH and name_server(text) is None:
            words = "An address or a name belongs here, with :port where that is not 53, or the word ssh."
            self.name_note.say(Severity.WARNING, words, "The far side is asked as before until then.")
            return
        self.name_note.show_mistakes(())
        self._set_names(server=text)

    def _set_names(self, **fields: Any) -> None:
        self.edited.emit("far_dns", replace(self.state.profile.far_dns, **fields))

    # ------------------------------------------------------------ the blocks

    def _show_editors(self, secrets: Secrets) -> None:
        kinds = [type(editor.hop) for editor in self.editors]
        if kinds != [type(hop) for hop in self._hops]:
            for editor in self.editors:
                editor.hide()
                self._list.removeWidget(editor)
                editor.deleteLater()
            self.editors = [HopEditor(number, hop, self) for number, hop in enumerate(self._hops)]
            for editor in self.editors:
                self._list.addWidget(editor)
                editor.edited.connect(self._replace)
                editor.secret_edited.connect(self.secret_edited)
                editor.removed.connect(self._remove)
                editor.submitted.connect(self.submitted)
        for editor, hop in zip(self.editors, self._hops, strict=True):
            editor.show_hop(hop, secrets)
        profile = self.state.profile
        self.names.setVisible(bool(self._hops) and (profile.seeds.srv or profile.far_dns != FarDns()))
        self.about.setText(
            "The servers are reached directly."
            if not self._hops
            else "Names of servers are looked up at the far end. No port is opened on this computer, and nothing goes "
            "directly when a hop fails."
        )

    def _enter(self, hops: tuple[Hop, ...]) -> None:
        if hops != self._hops:
            self._hops = hops
            self.line.show_value(_line(hops) or None)
            self.note.show_mistakes(())
            self.edited.emit("hops", hops)
            self._show_editors(self.state.secrets)

    def _add(self, hop: Hop) -> None:
        self._enter((*self._hops, hop))
        if self.editors:
            self.editors[-1].setFocus()

    def _ask_offers(self, words: str, find: Callable[[], tuple[Offer, ...]]) -> None:
        """Read the names in a file of this computer, and let one be chosen."""
        self.background.ask(lambda: run_in_daemon(find), lambda offers: self._show_offers(words, offers))

    def _show_offers(self, words: str, offers: tuple[Offer, ...]) -> None:
        button = self.offers[words]
        menu = QMenu(button)
        for offer in offers:
            name = offer.hop.context if isinstance(offer.hop, KubernetesForward) else offer.hop.host
            shown = f"{name}\t{offer.words}" if offer.words else str(name)
            action = menu.addAction(shown.replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, hop=offer.hop: self._add(hop))
        if not offers:
            menu.addAction(f"There is nothing in {words}").setEnabled(False)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _replace(self, number: int, hop: Hop) -> None:
        self._enter((*self._hops[:number], hop, *self._hops[number + 1 :]))

    def _remove(self, number: int) -> None:
        """The secrets of the hops behind it move along."""
        known = self.state.secrets
        moved = {
            name(place): known.get(name(place + 1))
            for place in range(number, len(self._hops))
            for name in (hop_password, hop_passphrase)
        }
        self._enter((*self._hops[:number], *self._hops[number + 1 :]))
        for name, secret in moved.items():
            if secret != known.get(name):
                self.secret_edited.emit(name, secret)

    # ------------------------------------------------------------ the line

    def _set_line(self, typed: str | None) -> None:
        try:
            found = [hop_of(url) for url in (typed or "").split(",") if url.strip()]
        except ValueError as error:
            self.note.say(Severity.WARNING, str(error), "The servers are reached as before until this is a hop.")
            return
        self.note.show_mistakes(())
        if all(password is None for _, password in found):  # else the rest of the address may still be typed
            self._typed(tuple(hop for hop, _ in found))

    def _typed(self, hops: tuple[Hop, ...]) -> None:
        """What a line cannot say of a hop stays as it is, where the hop stays the same."""
        before = {url_of(hop): hop for hop in self._hops}
        hops = tuple(before.get(url_of(hop), hop) for hop in hops)
        if hops != self._hops:
            self._hops = hops
            self.edited.emit("hops", hops)
            self._show_editors(self.state.secrets)

    def _take_line(self) -> None:
        """Typed to its end: a password in it goes to its own place and leaves the field."""
        found: list[tuple[Hop, Secret | None]] = []
        try:
            found = [hop_of(url) for url in self.line.text().split(",") if url.strip()]
        except ValueError:
            return  # said beside the field already
        if all(password is None for _, password in found):
            return
        self._typed(tuple(hop for hop, _ in found))
        for number, (_, password) in enumerate(found):
            if password is not None:
                self.secret_edited.emit(hop_password(number), password)
        self.line.show_value(_line(self._hops))


def _line(hops: tuple[Hop, ...]) -> str:
    return ", ".join(url_of(hop) for hop in hops if hop.host)
