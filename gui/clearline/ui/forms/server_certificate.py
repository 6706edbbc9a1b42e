"""Fetching the certificates that a server presents: on request, with a deadline, without any credentials."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QScrollArea,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from clearline.core.addresses import split_address
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.files.drives import asked
from clearline.core.files.whole_files import write_whole
from clearline.core.inspection.chain_words import ChainProblem, name_of, problems_of, unknown_root
from clearline.core.inspection.file_report import with_variables
from clearline.core.inspection.server_certificates import (
    DEADLINE_S,
    PresentedChain,
    TrustedBy,
    presented_chain,
    servers_of,
)
from clearline.core.profiles.profile import Profile, Tls
from clearline.ui.background.background import Background
from clearline.ui.forms.auth_notes import NoteLine
from clearline.ui.forms.field_notes import FieldNote
from clearline.ui.forms.trust_by_hand import TrustByHand
from clearline.ui.look import theme
from clearline.ui.look.icons import LabelledButton
from clearline.ui.models.certificate_chain import CertificateChainModel
from clearline.ui.widgets.editors import Choice

_PEM: Final = "PEM files (*.pem);;All files (*)"


class _Fetched(NamedTuple):
    servers: tuple[str, ...]
    server: str
    chain: PresentedChain | None
    problem: str = ""


class ServerCertificate(QWidget):
    """A button, the servers to choose from, and the tree of what came."""

    ca_file_chosen = Signal(str)
    """The user wants to trust a presented root, which was saved to that path."""

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._profile = Profile()
        self._about: tuple[object, ...] = ()
        self._give_up: Callable[[], None] | None = None
        self.chain: PresentedChain | None = None
        """What came last; None before."""
        self.fetch = LabelledButton("search", "Fetch the server's certificate")
        self.fetch.setToolTip("Asks the server for its certificates. No user, password or client certificate is sent.")
        self.server = Choice("Server to ask", ())
        self.server.setMinimumContentsLength(24)
        self.stop = LabelledButton("stop", "Stop")
        self.said = NoteLine("About fetching")
        self.tree = QTreeView()
        self.model = CertificateChainModel(self)
        self._dress_tree()
        self.problems = QVBoxLayout()
        self.problems.setSpacing(2)
        self.notes: list[FieldNote] = []
        self.save = QPushButton("Save as PEM…")
        self.trust_root = QPushButton("Use as CA file…")
        self.by_hand = TrustByHand()
        self._lay_out()
        self.fetch.clicked.connect(lambda: self._fetch(None))
        self.server.chosen.connect(self._fetch)
        self.stop.clicked.connect(self._stop)
        self.save.clicked.connect(self._save)
        self.trust_root.clicked.connect(self._open_by_hand)
        self.by_hand.accepted.connect(self._use_root)
        self._show_chain(None)

    def show_profile(self, profile: Profile) -> None:
        """The profile whose servers are asked; what came for another one goes."""
        about = (profile.id, profile.seeds, profile.tls.ca_file, profile.env_file)
        if profile.id != self._profile.id:
            self._stop()
            self.said.say("")
            self._show_chain(None)
            self._show_servers((), "")
        elif self._about and about != self._about and self.chain is not None:
            self.said.say("The profile was changed since: fetch it again.", "note", "muted")
        before, self._profile = self._profile, profile
        self.fetch.setEnabled(bool(profile.seeds.hosts) and not profile.hops)
        if profile.hops:  # asking goes directly, and nothing of this profile may
            self.said.say("The servers are behind a hop: a test shows their certificates.", "note", "muted")
        if before.seeds != profile.seeds:
            self._show_servers((), "")
        if self.chain is not None and before.tls != profile.tls:
            self._show_chain(self.chain)

    # ------------------------------------------------------------ building

    def _dress_tree(self) -> None:
        self.tree.setModel(self.model)
        self.tree.setAccessibleName("Certificates that the server presents")
        self.tree.setRootIsDecorated(False)
        self.tree.setItemsExpandable(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(theme.GRID * 2)
        self.tree.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setStyleSheet("QTreeView::branch { image: none; border-image: none; }")
        header = self.tree.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)

    def _lay_out(self) -> None:
        asking = QHBoxLayout()
        asking.setSpacing(theme.GRID)
        for widget in (self.fetch, self.server, self.stop):
            asking.addWidget(widget)
        asking.addWidget(self.said, 100, Qt.AlignmentFlag.AlignVCenter)
        asking.addStretch(1)
        acts = QHBoxLayout()
        acts.setSpacing(theme.GRID)
        acts.addWidget(self.save)
        acts.addWidget(self.trust_root)
        acts.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID // 2)
        column.addLayout(asking)
        column.addLayout(self.problems)
        column.addWidget(self.tree)
        column.addLayout(acts)
        column.addWidget(self.by_hand)

    # ------------------------------------------------------------ asking

    def _fetch(self, server: str | None) -> None:
        self._stop()
        profile = self._profile
        known = tuple(self.server.itemText(place) for place in range(self.server.count()))
        self._about = (profile.id, profile.seeds, profile.tls.ca_file, profile.env_file)
        self._show_chain(None)
        self.said.say(f"Asking {server or 'the server'}…", "running", "accent")
        self._show_running(running=True)
        self._give_up = self._background.ask(lambda: _ask(profile, known, server), self._on_fetched)

    def _stop(self) -> None:
        if self._give_up is not None:
            self._give_up()
            self._give_up = None
            self.said.say("Stopped.", "cancelled", "muted")
        self._show_running(running=False)

    def _on_fetched(self, fetched: _Fetched) -> None:
        self._give_up = None
        self._show_running(running=False)
        self._show_servers(fetched.servers, fetched.server)
        if fetched.chain is None:
            self.said.say(fetched.problem, "failed", "failed")
            return
        chain = fetched.chain
        version = f", {chain.version}" if chain.version else ""
        wants = " It asks for a client certificate." if chain.certificate_requested else ""
        if chain.certificates:
            self.said.say(f"Presented by {fetched.server}{version}.{wants}", "note", "muted")
        else:
            self.said.say("")
        self._show_chain(chain)
        QTimer.singleShot(0, self, self._bring_into_sight)

    def _open_by_hand(self) -> None:
        self.by_hand.setVisible(not self.by_hand.isVisible())
        QTimer.singleShot(0, self, self._bring_into_sight)

    def _bring_into_sight(self) -> None:
        around = self.parentWidget()
        while around is not None:
            if isinstance(around, QScrollArea):
                lowest = next((w for w in (self.by_hand, self.save) if w.isVisible()), self)
                around.ensureWidgetVisible(lowest)
                return
            around = around.parentWidget()

    def _show_running(self, *, running: bool) -> None:
        self.stop.setVisible(running)

    def _show_servers(self, servers: tuple[str, ...], server: str) -> None:
        self.server.set_entries(tuple((name, name) for name in servers))
        if server:
            self.server.show_value(server)
        self.server.setVisible(len(servers) > 1)

    # ------------------------------------------------------------ showing

    def _show_chain(self, chain: PresentedChain | None) -> None:
        self.chain = chain
        used = used_source(self._profile.tls)
        self.model.show(chain, used)
        self.tree.expandAll()
        some = chain is not None and bool(chain.certificates)
        self.tree.setVisible(some)
        self.tree.setFixedHeight(self._tree_height(chain))
        self.save.setVisible(some)
        root = unknown_root(chain) if chain is not None else None
        self.trust_root.setVisible(root is not None)
        self.by_hand.hide()
        if root is not None:
            self.by_hand.show_root(name_of(root.facts), root.sha256)
        self._show_problems(problems_of(chain, used) if chain is not None else ())

    def _tree_height(self, chain: PresentedChain | None) -> int:
        rows = len(chain.certificates) + len(chain.trust) if chain is not None else 0
        row = max(self.tree.sizeHintForRow(0), theme.GRID * 2)
        return self.tree.header().sizeHint().height() + rows * row + theme.GRID

    def _show_problems(self, problems: tuple[ChainProblem, ...]) -> None:
        for note in self.notes:
            note.hide()
            note.deleteLater()
        self.notes = []
        for problem in problems:
            note = FieldNote("server's certificate", self)
            note.say(problem.severity, problem.title, problem.fix)
            self.problems.addWidget(note)
            self.notes.append(note)

    # ------------------------------------------------------------ keeping

    def _save(self) -> None:
        if self.chain is not None:
            self._ask_path("Save the presented certificates", f"{self.chain.host}-chain.pem", self.chain.pem, None)

    def _use_root(self) -> None:
        root = unknown_root(self.chain) if self.chain is not None else None
        if root is not None and self.chain is not None:
            self._ask_path("Save the root as CA file", f"{self.chain.host}-ca.pem", root.pem, self.ca_file_chosen.emit)

    def _ask_path(self, title: str, name: str, pem: str, then: Callable[[str], object] | None) -> None:
        safe = "".join(c if c.isalnum() or c in ".-_" else "-" for c in name)
        dialog = QFileDialog(self, title, safe, _PEM)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("pem")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self._write(path, pem, then))
        dialog.open()

    def _write(self, path: str, pem: str, then: Callable[[str], object] | None) -> None:
        def written(_result: None) -> None:
            self.by_hand.hide()
            if then is not None:
                then(path)
            self.said.say(f"Saved as {path}.", "passed", "passed")

        def failed(error: Exception) -> None:
            why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            self.said.say(f"{path} could not be written: {why}. Choose another place.", "failed", "failed")

        self._background.ask(lambda: asked(path, write_whole, Path(path), pem.encode("ascii")), written, failed)


def used_source(tls: Tls) -> TrustedBy:
    """The source that counts for a profile."""
    if tls.ca_file is not None:
        return TrustedBy.FILE
    match tls.trust:
        case "system":
            return TrustedBy.SYSTEM
        case "bundled":
            return TrustedBy.BUNDLED
        case None:
            return TrustedBy.DRIVER


async def _ask(profile: Profile, known: tuple[str, ...], server: str | None) -> _Fetched:
    servers = known if known and server is not None else await servers_of(profile, deadline_s=DEADLINE_S)
    if not servers:
        name = profile.seeds.hosts[0] if profile.seeds.hosts else "The profile"
        return _Fetched((), "", None, f"{name} names no server: correct it on the Server page.")
    chosen = server if server in servers else servers[0]
    try:
        host, port = split_address(await run_in_daemon(with_variables, chosen, profile.env_file))
    except ValueError:
        return _Fetched(servers, chosen, None, f"{chosen} is no host and port: correct it on the Server page.")
    ca_file = profile.tls.ca_file
    if ca_file is not None:
        ca_file = await run_in_daemon(with_variables, ca_file, profile.env_file)
    return _Fetched(servers, chosen, await presented_chain(host, port, ca_file=ca_file))
