"""The states of the window that are drawn and looked at: seeded data, no network, every run the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from keyring.backends.fail import Keyring
from PySide6.QtCore import QDeadlineTimer, QEvent
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from clearline.core import daemon_threads
from clearline.core.findings import Certainty, Finding, Remedy, Severity, Stage
from clearline.core.hops.asking import Prompt, ShownKey
from clearline.core.hops.asking import Question as HopQuestion
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import FarDns, Profile, Seeds
from clearline.core.report.report import Report, Verdict, to_json
from clearline.core.secrets.secret import Secret
from clearline.core.storage import store
from clearline.core.watch.state import WatchState
from clearline.ui.app import Desktop, compose
from clearline.ui.checks.hop_questions import AnswersDialog, KeyDialog
from clearline.ui.look.theme import Scheme, Theme
from clearline.ui.profiles.open_profile import Origin
from ui import passing_time
from ui import played_checks as play
from ui import played_watches as watches
from ui.conftest import KeyringInMemory

URI = "mongodb://app:s3cret@db1.example.com:27017,db2.example.com,db3.example.com/orders?replicaSet=rs0"
USUAL = (1366, 740)
"""A small laptop without its title bar."""
_PATIENCE_MS = 60_000
_MOST_PAUSES = 100


class Seen:
    """A window with played checks and watches, and what brings it from state to state."""

    def __init__(self, desktop: Desktop, checks: list[Any], opened: Callable[[], list[Any]], folder: Path) -> None:
        self.desktop = desktop
        self.folder = folder
        self.window = desktop.window
        self.workbench = desktop.workbench
        self._checks = checks
        self._watches = opened

    @property
    def front(self) -> Any:
        """The profile in front."""
        return self.workbench.profiles.current

    def until(self, reached: Callable[[], object]) -> None:
        """Let events run until something is so, and is shown."""
        patience = QDeadlineTimer(_PATIENCE_MS)  # no clock of Python's: a test that reads one judges times, see `uses`
        while not reached():
            if patience.hasExpired():
                raise TimeoutError(f"never came: {reached}")
            passing_time.run_for(5)
        while passing_time.is_showing():
            passing_time.run_for(1)

    def settle(self) -> None:
        """Until the window waits for no pause and for no answer any more, not even of a thread."""
        for _ in range(_MOST_PAUSES):
            self.until(lambda: not daemon_threads._running)
            answered: list[None] = []
            self.workbench.storage.background.ask(_some_turns, answered.append)
            self.until(partial(bool, answered))
            if not daemon_threads._running and not passing_time.advance():
                return
        raise TimeoutError("the window never comes to rest")

    def type(self, uri: str = URI) -> None:
        """Another connection string."""
        self.front.set_text(Secret(uri), Origin.ELSEWHERE)

    def test(self, *reports: Report, uri: str = URI, ends: bool = True) -> None:
        """A check that finds this."""
        self._checks[:] = [play.playing(*reports) if ends else play.waiting()]
        self.type(uri)
        self.workbench.test()
        self.until(lambda: self.front.report is not None and (not ends or not self.front.running))

    def watch(self, state: WatchState) -> None:
        """The watch that goes on after a check now says this."""
        self.until(lambda: self._watches() and self._watches()[-1].running)
        watch, session = self._watches()[-1], self.workbench.watching.session(self.front)
        watch.emit(state)
        self.until(lambda: session.state is state)

    def events(self, *events: Any) -> None:
        """What the driver told."""
        for one in events:
            self._watches()[-1].on_event(one)
        self.until(lambda: self.front.events.kept >= len(events))

    def dialog(self) -> QDialog:
        """The dialog that stands open."""
        found: list[QDialog] = []
        self.until(lambda: found.extend(d for d in self.window.findChildren(QDialog) if d.isVisible()) or found)
        return found[-1]


async def _some_turns() -> None:
    """As many of the loop as it takes to hand over what a thread has just found."""
    for _ in range(10):
        await asyncio.sleep(0)


@contextmanager
def seen(
    app: QApplication,
    folder: Path,
    *,
    size: tuple[int, int] = USUAL,
    dark: bool = False,
    profiles: tuple[Profile, ...] = (),
    keyring: bool = True,
) -> Iterator[Seen]:
    """A window of its own, closed at the end."""
    checks: list[Any] = [play.waiting()]

    async def check(profile: Any, secrets: Any, emit: Any, **more: Any) -> Report:
        report: Report = await checks[0](profile, secrets, emit, **more)
        return report

    open_watch = watches.playing()
    backend = KeyringInMemory() if keyring else Keyring()
    for profile in profiles:
        store.save_in(folder / "profiles", profile)
    theme = Theme(app, Scheme.DARK if dark else Scheme.LIGHT)
    desktop = compose(app, theme=theme, check=check, watch=open_watch, vault=Vault(backend), folder=folder / "profiles")
    theme.choose(Scheme.DARK if dark else Scheme.LIGHT)
    shown = Seen(desktop, checks, lambda: open_watch.opened, folder)
    try:
        desktop.window.resize(*size)
        desktop.window.show()
        painted: list[bool] = []
        desktop.window.first_painted.connect(lambda: painted.append(True))
        shown.until(lambda: painted and len(desktop.window.profiles.model.rows) >= len(profiles))
        yield shown
    finally:
        desktop.window.may_close = lambda: True
        for dialog in desktop.window.findChildren(QDialog):
            dialog.close()
        desktop.window.close()
        desktop.workbench.close()
        passing_time.run_for(0)  # what is queued still finds its window
        desktop.window.deleteLater()  # else each further window is polished together with all those before it
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        app.setStyleSheet("")  # as the program comes up: what is built next takes three times as long under one


# ---------------------------------------------------------------- seeded data


def saved(name: str, host: str, **more: Any) -> Profile:
    """A profile of the list."""
    return Profile(id=f"{abs(hash_of(name)):032x}", name=name, seeds=Seeds(hosts=(host,)), **more)


def hash_of(name: str) -> int:
    """The same number in every run."""
    return int.from_bytes(name.encode()[:12].ljust(12, b"."), "big")


TEAM = (
    saved("Orders", "orders.prod.example.com:27017", folder="Production", colour="purple", favourite=True),
    saved("Payments", "payments.prod.example.com:27017", folder="Production", colour="purple"),
    saved("Staging", "db1.staging.example.com:27017", folder="Staging", colour="blue"),
    saved("注文データベース（本番）", "db.例え.example:27017", folder="東京"),
    saved("قاعدة بيانات الطلبات", "db.example.com:27017", folder="東京"),
    saved("A name that is much longer than the list is wide, as names are", "a-very-long-host-name.example.com"),
)
LONG = "orders-mongodb-{n}.orders-mongodb-headless.production-eu-west-2.svc.cluster.local"
REFUSED = Finding(
    cause="tcp.refused",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.TCP,
    server="db1.example.com:27017",
    summary="Nothing listens on port 27017 of db1.example.com.",
    detail="The computer answers and says that no program takes connections there.",
    remedies=(
        Remedy(text="Start mongod there, or connect to the port that it listens on."),
        Remedy(text="Connect to port 27018, where a MongoDB answers.", patch={"seeds": {"hosts": ["db1:27018"]}}),
    ),
    evidence={"errno": 111, "address": "10.0.0.1"},
)
UNKNOWN_CA = Finding(
    cause="tls.unknown-issuer",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.TLS,
    server="db1.example.com:27017",
    summary="The certificate of db1.example.com is issued by Lab Root CA, which this computer does not trust.",
    detail="Certificates of an authority of one's own are trusted when its certificate is given as the CA file.",
    remedies=(
        Remedy(text="Choose the file with the certificate of Lab Root CA.", action="ask-ca-file"),
        Remedy(text="Do not verify certificates at all.", patch={"tls": {"allowInvalidCertificates": True}}),
    ),
    evidence={"verify code": 20, "issuer": "CN=Lab Root CA"},
)


LONGEST_HOST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
LONG_PATH = "C:\\Users\\administrator\\AppData\\Roaming\\Organisation\\Certificates\\certificate_authorities.pem"
LONG_SUBJECT = f"CN={LONGEST_HOST},OU=Certificates,O=Organisation"
LONG_NAMES = Finding(
    cause="tls.unknown-issuer",
    severity=Severity.FAILURE,
    certainty=Certainty.PROVEN,
    stage=Stage.TLS,
    server=f"{LONGEST_HOST}:27017",
    summary=f"The certificate of {LONGEST_HOST} is issued by {LONG_SUBJECT}, which this computer does not trust.",
    detail=f"It was looked for in {LONG_PATH}, and SSL_CERT_FILE={LONG_PATH} names no other.",
    remedies=(
        Remedy(text=f"Trust {LONG_PATH}.", patch={"tls": {"caFile": LONG_PATH * 2}}),
        Remedy(text=f"Have a certificate issued for {LONGEST_HOST}."),
    ),
    evidence={"issuer": LONG_SUBJECT, "file": LONG_PATH},
)


def member(n: int, *, failed: bool = False, address: str = "") -> Any:
    """A server with another address."""
    made = play.server(n, failed_at=Stage.TCP if failed else None)
    return msgspec.structs.replace(made, address=address) if address else made


def fifty() -> Report:
    """Three of fifty are dead."""
    dead = (7, 23, 41)
    servers = tuple(member(n, failed=n in dead, address=f"{LONG.format(n=n)}:27017") for n in range(1, 51))
    found = Finding(
        cause="topology.unreachable-member",
        severity=Severity.WARNING,
        certainty=Certainty.LIKELY,
        stage=Stage.TOPOLOGY,
        summary="3 of 50 members cannot be reached.",
        detail="The others do without them; reads that ask for them will wait.",
    )
    return play.report(Verdict.CONNECTED, found, servers=servers, deployment=play.connected().deployment, identity=None)


# ---------------------------------------------------------------- scenes


@dataclass(frozen=True)
class Scene:
    """One state: how the window gets there, and what of it is drawn (the window where it returns nothing)."""

    name: str
    act: Callable[[Seen], QWidget | None]
    profiles: tuple[Profile, ...] = ()
    keyring: bool = True
    key: bool = False
    """Drawn in every size and palette, not only in the usual ones."""


SCENES: list[Scene] = []


def scene(
    *, profiles: tuple[Profile, ...] = (), keyring: bool = True, key: bool = False
) -> Callable[[Callable[[Seen], QWidget | None]], Callable[[Seen], QWidget | None]]:
    """Put a function among the scenes, under its own name."""

    def put(act: Callable[[Seen], QWidget | None]) -> Callable[[Seen], QWidget | None]:
        SCENES.append(Scene(act.__name__.replace("_", "-"), act, profiles, keyring, key))
        return act

    return put


@scene(key=True)
def first_start(seen: Seen) -> None:
    pass


@scene(keyring=False)
def no_keyring(seen: Seen) -> None:
    seen.until(lambda: "no keyring" in seen.window.answer.welcome.passwords.text())


@scene(keyring=False)
def no_keyring_dialog(seen: Seen) -> QWidget:
    seen.type()
    seen.workbench.save()
    return seen.dialog()


@scene(profiles=TEAM)
def list_of_profiles(seen: Seen) -> None:
    seen.workbench.profiles.choose(TEAM[0].id)
    seen.until(lambda: seen.front.profile.id == TEAM[0].id)


@scene(profiles=TEAM, key=True)
def failed(seen: Seen) -> None:
    seen.test(play.report(Verdict.FAILED, play.ASK_PASSWORD, play.STALE_SET, servers=(play.server(1),)))


@scene()
def failed_with_fix(seen: Seen) -> None:
    seen.test(play.report(Verdict.FAILED, play.WRONG_SOURCE, servers=(play.server(1, failed_at=Stage.AUTH),)))


@scene()
def failed_for_the_network(seen: Seen) -> None:
    seen.test(play.report(Verdict.FAILED, REFUSED, servers=(play.server(1, failed_at=Stage.TCP),)))


@scene()
def failed_three_servers(seen: Seen) -> None:
    servers = (play.server(1), play.server(2, failed_at=Stage.TLS), play.server(3))
    seen.test(play.report(Verdict.FAILED, play.WRONG_NAME, play.STALE_SET, servers=servers))


@scene()
def unknown_authority(seen: Seen) -> None:
    seen.test(play.report(Verdict.FAILED, UNKNOWN_CA, servers=(play.server(1, failed_at=Stage.TLS),)))


@scene()
def one_stage(seen: Seen) -> None:
    seen.test(play.report(Verdict.FAILED, play.ASK_PASSWORD, play.STALE_SET, servers=(play.server(1),)))
    seen.window.answer.strip.stage_chosen.emit(Stage.TCP)


@scene(key=True)
def failed_with_long_names(seen: Seen) -> None:
    there = msgspec.structs.replace(play.server(1, failed_at=Stage.TLS), address=f"{LONGEST_HOST}:27017")
    seen.test(
        play.report(Verdict.FAILED, LONG_NAMES, servers=(there,)),
        uri=f"mongodb://{LONGEST_HOST}/?tlsCAFile={LONG_PATH}",
    )


@scene()
def fix_dialog_with_long_names(seen: Seen) -> QWidget:
    failed_with_long_names(seen)
    seen.window.answer.banner.press_fix()
    return seen.dialog()


@scene()
def settings_with_long_names(seen: Seen) -> None:
    failed_with_long_names(seen)
    seen.window.show_settings_panel(True)
    for group in seen.window.pages.groups.values():
        group.head.setChecked(True)
    seen.settle()


@scene()
def message_with_a_long_path(seen: Seen) -> None:
    seen.window.say(f"Saved {LONG_PATH}.")


@scene()
def stale(seen: Seen) -> None:
    seen.test(play.report(Verdict.FAILED, play.WRONG_NAME, servers=(play.server(1, failed_at=Stage.TLS),)))
    seen.type(URI + "&tls=true")


@scene()
def running(seen: Seen) -> None:
    seen.test(ends=False)


@scene(key=True)
def connected(seen: Seen) -> None:
    seen.test(play.connected())
    seen.watch(watches.state())


@scene()
def connected_one_server(seen: Seen) -> None:
    seen.test(play.report(Verdict.CONNECTED, servers=(play.server(1),), deployment=play.connected().deployment))


@scene()
def connected_with_warning(seen: Seen) -> None:
    seen.test(play.connected(play.STALE_SET))


@scene(key=True)
def fifty_servers(seen: Seen) -> None:
    seen.test(fifty())


@scene()
def fifty_servers_all(seen: Seen) -> None:
    seen.test(fifty())
    seen.window.answer.servers.only_problems.click()


@scene()
def mistake(seen: Seen) -> None:
    seen.type("mongodb://app:p@ss/word@db1.example.com:270177/orders?maxPoolsize=5")
    seen.until(lambda: bool(seen.window.connection.said.buttons))


NODE_ERROR = """2026-11-29T14:02:11.840Z error: orders-api could not start
MongoServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017
    at Topology.selectServer (/app/node_modules/mongodb/lib/sdam/topology.js:326:38)
    at async Topology._connect (/app/node_modules/mongodb/lib/sdam/topology.js:200:28)
    at async connect (/app/src/db.js:14:3) {
  errorLabelSet: Set(0) {},
  reason: TopologyDescription {
    type: 'Unknown',
    servers: Map(1) {
      'localhost:27017' => ServerDescription {
        address: 'localhost:27017',
        type: 'Unknown',
        error: MongoNetworkError: connect ECONNREFUSED 127.0.0.1:27017
      }
    },
    stale: false, compatible: true, setName: null
  },
  code: undefined
}"""


@scene()
def explain_nothing_yet(seen: Seen) -> None:
    seen.workbench.explaining.ask()


@scene(key=True)
def explained(seen: Seen) -> None:
    seen.workbench.explaining.ask(NODE_ERROR)
    seen.until(lambda: bool(seen.window.answer.explanation.causes))


@scene()
def explained_and_tested(seen: Seen) -> None:
    explained(seen)
    seen._checks[:] = [
        play.playing(play.report(Verdict.FAILED, REFUSED, servers=(play.server(1, failed_at=Stage.TCP),)))
    ]
    seen.workbench.do_next()
    seen.until(lambda: seen.front.report is not None and not seen.front.running)


@scene(key=True)
def settings_open(seen: Seen) -> None:
    seen.test(play.report(Verdict.FAILED, play.ASK_PASSWORD, servers=(play.server(1),)))
    seen.window.answer.banner.press_fix()
    seen.settle()


@scene()
def settings_found(seen: Seen) -> None:
    seen.type()
    seen.window.show_settings_panel(True)
    seen.window.pages.filter.setText("pool")
    seen.settle()


def _group(name: str) -> Callable[[Seen], None]:
    def act(seen: Seen) -> None:
        seen.type(URI + "&tls=true")
        seen.window.show_settings_panel(True)
        seen.window.pages.groups["server"].head.setChecked(False)
        seen.window.pages.groups[name].head.setChecked(True)
        seen.settle()

    return act


SCENES += [
    Scene(f"settings-{name}", _group(name)) for name in ("server", "way", "auth", "tls", "pool", "options", "checklist")
]


@scene()
def settings_way_of_two_hops(seen: Seen) -> None:
    _group("way")(seen)
    way: Any = seen.window.pages.page("way")
    line = way.line
    line.setText("ssh://deploy@bastion.example.com?key=~/.ssh/id_ed25519, http://proxy.example.com:3128")
    line.entered.emit(line.text())
    seen.settle()


@scene()
def settings_way_with_a_far_name_server(seen: Seen) -> None:
    settings_way_of_two_hops(seen)
    seeds = Seeds(srv=True, hosts=("orders.far.example.com",))
    seen.front.set_profile(seen.front.with_parts(seeds=seeds, far_dns=FarDns(server="10.0.0.2")))
    seen.settle()
    way: Any = seen.window.pages.page("way")
    way.show_field("farDns")
    seen.settle()


@scene()
def live_not_watched(seen: Seen) -> None:
    seen.window.turn_to("live")


def _live(name: str, state: Callable[[], WatchState] = watches.state) -> Callable[[Seen], None]:
    def act(seen: Seen) -> None:
        seen.test(play.connected())
        seen.watch(state())
        seen.events(*(play.event(n, kind, name=f"{kind}Told") for n, kind in enumerate(_KINDS * 8)))
        seen.window.turn_to(name)
        seen.settle()

    return act


_KINDS = ("pool", "connection", "command", "server", "topology", "heartbeat")
SCENES += [
    Scene(f"live-{name}", _live(name), TEAM, key=name == "health") for name in ("health", "pool", "topology", "events")
]
SCENES.append(Scene("live-lost", _live("health", watches.lost)))
SCENES.append(Scene("live-paused", _live("health", watches.paused)))


@scene(key=True)
def connection_lost(seen: Seen) -> None:
    seen.test(play.connected())
    seen.watch(watches.lost())


@scene()
def connection_lost_just_now(seen: Seen) -> None:
    seen.test(play.connected())
    seen.watch(watches.lost_just_now())


@scene()
def connection_restored(seen: Seen) -> None:
    seen.test(play.connected())
    seen.watch(watches.lost())
    seen.watch(watches.restored())


@scene()
def code(seen: Seen) -> None:
    seen.type()
    seen.workbench.late.turn_to_code()
    seen.settle()


@scene(profiles=TEAM)
def history(seen: Seen) -> None:
    seen.workbench.profiles.choose(TEAM[2].id)
    seen.until(lambda: seen.front.profile.id == TEAM[2].id)
    uri = seen.front.text.reveal()
    for found in (
        play.connected(),
        play.report(Verdict.FAILED, REFUSED, servers=(play.server(1, failed_at=Stage.TCP),)),
    ):
        seen.test(found, uri=uri)
    seen.window.turn_to("history")
    seen.settle()


@scene()
def history_of_outages(seen: Seen) -> None:
    seen.type()
    seen.workbench.save()
    seen.until(lambda: seen.front.path is not None)
    seen.test(play.connected())
    seen.watch(watches.lost_again())
    seen.window.turn_to("history")
    panel: Any = seen.window.results.get("history")
    seen.until(lambda: panel.list.count() == 4)


@scene(profiles=TEAM)
def production(seen: Seen) -> None:
    seen.workbench.profiles.choose(TEAM[0].id)
    seen.until(lambda: seen.front.profile.id == TEAM[0].id)
    seen.test(
        play.report(Verdict.FAILED, REFUSED, servers=(play.server(1, failed_at=Stage.TCP),)),
        uri=seen.front.text.reveal(),
    )


@scene()
def fix_dialog(seen: Seen) -> QWidget:
    seen.test(play.report(Verdict.FAILED, play.WRONG_SOURCE, servers=(play.server(1, failed_at=Stage.AUTH),)))
    seen.window.answer.banner.press_fix()
    return seen.dialog()


_SHOWN_KEY = ShownKey("bastion.example.com:22", "ssh-ed25519", "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDQE2wTNzLTJfgL0Rk")
_ASKED = HopQuestion("bastion.example.com:22", "", "Two factors are needed here.", (Prompt("Verification code:"),))


def _dialog(ask: Callable[[Seen], object]) -> Callable[[Seen], QWidget]:
    def act(seen: Seen) -> QWidget:
        seen.type()
        ask(seen)
        made = seen.dialog()
        seen.settle()
        return made

    return act


SCENES += [
    Scene("dialog-palette", _dialog(lambda seen: seen.workbench.going_to.ask()), TEAM),
    Scene("dialog-help", _dialog(lambda seen: seen.workbench.going_to.help())),
    Scene("dialog-host-key", _dialog(lambda seen: KeyDialog(_SHOWN_KEY, seen.window).open())),
    Scene("dialog-ssh-question", _dialog(lambda seen: AnswersDialog(_ASKED, seen.window).open())),
    Scene("dialog-settings", _dialog(lambda seen: seen.workbench.dialogs.show_settings())),
    Scene("dialog-about", _dialog(lambda seen: seen.workbench.dialogs.show_about())),
    Scene("dialog-import", _dialog(lambda seen: seen.workbench.importing.ask_import())),
    Scene("dialog-export", _dialog(lambda seen: seen.workbench.exporting.ask_export()), TEAM),
    Scene("dialog-retries", _dialog(lambda seen: seen.workbench.retrying.ask())),
]


@scene()
def live_exercise(seen: Seen) -> None:
    seen.test(play.connected())
    seen.watch(watches.state())
    seen.workbench.watching.ask_exercise()
    seen.settle()


@scene()
def another_place(seen: Seen) -> QWidget:
    seen.test(play.report(Verdict.FAILED, REFUSED, servers=(play.server(1, failed_at=Stage.TCP),)))
    seen.window.menus.run_elsewhere.trigger()
    dialog: Any = seen.dialog()
    dialog.field.setPlainText(to_json(play.connected()))
    seen.until(lambda: "it connects" in dialog.page.toPlainText())
    return dialog
