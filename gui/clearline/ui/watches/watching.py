"""Which open profiles are watched, and what of it the window shows: the tabs in front, once per frame, no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from clearline.core.report.report import Report, Verdict
from clearline.core.secrets.secret import PASSWORD, Secret, Secrets
from clearline.core.storage.settings import Settings
from clearline.core.watch.health import HealthState, Outage
from clearline.ui.background.pump import Pump
from clearline.ui.models.outages import outage_text
from clearline.ui.panels.health import Health, HealthReading
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.settings import CurrentSettings
from clearline.ui.watches.exercising import Exercising
from clearline.ui.watches.notices import Notices
from clearline.ui.watches.session import OpenWatch, WatchSession
from clearline.ui.window.main_window import MainWindow

_AFTER_CHECK: Final = "watch-after-check"
_NO: Final = "no"
_TELLING: Final = ("answer", "live")
"""The pages that say themselves how the watched connection in front is."""
_STATES: Final = {
    HealthState.UNKNOWN: Health.CHECKING,
    HealthState.CHECKING: Health.CHECKING,
    HealthState.HEALTHY: Health.HEALTHY,
    HealthState.DEGRADED: Health.DEGRADED,
    HealthState.DOWN: Health.DOWN,
    HealthState.PAUSED: Health.PAUSED,
}


class Watching(QObject):
    """The watches of all open profiles."""

    row_changed = Signal(object)
    """The `OpenProfile` whose line in the list looks different now."""
    health_changed = Signal(object)
    """The `OpenProfile` whose health indicator says something else now."""
    outage_explained = Signal(object, object)
    """The `OpenProfile` that was lost, and the `Report` that explains it."""
    chart_drawn = Signal(object, object)
    """A chart is to be written to a file: its path and content."""
    broke = Signal(object)

    def __init__(
        self,
        window: MainWindow,
        pump: Pump,
        open_watch: OpenWatch | None,
        profiles: OpenProfiles,
        settings: CurrentSettings,
        change_settings: Callable[..., None],
    ) -> None:
        """Without ``open_watch`` nothing can be watched. ``change_settings`` changes some of the ``settings``."""
        super().__init__(window)
        self._window = window
        self._pump = pump
        self._open_watch = open_watch
        self._profiles = profiles
        self._sessions: dict[str, WatchSession] = {}
        self.ask_first: Callable[[OpenProfile, Callable[[Secrets], object]], object] = _ask_nothing
        """What has to be asked before a profile is connected with; calls on with the secrets to use."""
        self._tested: set[str] = set()
        self._listed: set[str] = set()
        self._explained: set[tuple[str, float]] = set()
        """Which outages were explained, by profile and beginning."""
        self.exercising = Exercising(window, pump)
        self._settings = settings
        self._change_settings = change_settings
        self.notices = Notices(window, window.say)
        menus = window.menus
        window.watch.clicked.connect(lambda _checked=False: self.toggle())
        menus.watch.triggered.connect(lambda _checked=False: self.toggle())
        window.answer.past_outage_requested.connect(self._on_report)
        menus.watch_after_check.triggered.connect(self._on_after_check)
        window.live.views.made.connect(self._on_panel_made)
        window.live.views.turned.connect(lambda _name: self.show())
        window.results.turned.connect(lambda _name: self.show())
        window.watch.setEnabled(open_watch is not None)
        settings.changed.connect(self._on_settings)
        self._on_settings()

    # ------------------------------------------------------------ settings

    @property
    def settings(self) -> Settings:
        """What the user chose."""
        return self._settings.values

    @property
    def begins_after_check(self) -> bool:
        """Whether a check that connected goes on as a watch."""
        return self.settings.extra.get(_AFTER_CHECK) != _NO

    def _on_settings(self) -> None:
        self._window.menus.watch_after_check.setChecked(self.begins_after_check)
        self.notices.keep_icon(self.settings.tray and any(s.watching for s in self._sessions.values()))
        for session in self._sessions.values():
            session.set_interval(self.settings.watch_interval_s)

    def _on_after_check(self, on: bool) -> None:
        others = {name: value for name, value in self.settings.extra.items() if name != _AFTER_CHECK}
        self._change_settings(extra=others if on else others | {_AFTER_CHECK: _NO})

    # ------------------------------------------------------------ profiles

    def add(self, opened: OpenProfile) -> None:
        """Another open profile."""
        if self._open_watch is None:
            return
        session = WatchSession(opened, self._open_watch)
        self._sessions[opened.profile.id] = session
        session.changed.connect(lambda: self._on_changed(session))
        session.health_changed.connect(lambda before, now: self._on_health(session, before, now))
        session.broke.connect(self.broke)
        session.lost.connect(lambda: self._on_lost(session))
        opened.reported.connect(lambda: self._on_reported(session))
        self._pump.add(session.pull, lambda: session.exercising)

    def remove(self, opened: OpenProfile) -> None:
        """A profile is closed."""
        session = self._sessions.pop(opened.profile.id, None)
        if session is not None:
            session.end()
            self._pump.remove(session.pull)

    def close(self) -> None:
        """End every watch; the window goes."""
        for session in self._sessions.values():
            session.blockSignals(True)
            session.end()
        self.notices.keep_icon(False)

    def session(self, opened: OpenProfile) -> WatchSession | None:
        """The watch of a profile, or the place for one; None where nothing can be watched."""
        return self._sessions.get(opened.profile.id)

    def outages(self, opened: OpenProfile) -> tuple[Outage, ...]:
        """The losses that the watch of a profile has seen, the oldest first."""
        session = self.session(opened)
        seen = session.state.health.outages if session is not None and session.state is not None else ()
        return tuple(outage for outage in seen if outage.worst is HealthState.DOWN)

    def is_watched(self, opened: OpenProfile) -> bool:
        """Whether a watch runs."""
        session = self.session(opened)
        return session is not None and session.watching

    def reading(self, opened: OpenProfile) -> HealthReading | None:
        """What the watch says about a profile's health; None when there is none."""
        session = self.session(opened)
        if session is None or not session.watching:
            return None
        state = session.state
        if state is None or (state.health.state is HealthState.CHECKING and not state.health.pings):
            if opened.verdict is Verdict.CONNECTED:
                return None  # the check has told it a moment ago
            return HealthReading(Health.CHECKING, why="The watch opens its connection.")
        health = state.health
        why = f"Watched, every {state.interval_s:g} s. {health.why}"
        if opened.stale:
            why += "\nThe connection was changed meanwhile: this is about how it was."
        return HealthReading(_STATES[health.state], health.rtt_ms, why, live=True)

    def verdict(self, opened: OpenProfile) -> Verdict | None:
        """Whether a watched profile is connected at the moment; None without a watch, or while it is not known."""
        session = self.session(opened)
        if opened.stale:
            return None  # what is watched is not what stands there now
        match session.health if session is not None else None:
            case HealthState.HEALTHY | HealthState.DEGRADED:
                return Verdict.CONNECTED
            case HealthState.DOWN | HealthState.PAUSED:
                return Verdict.FAILED
            case _:
                return None

    def begin(self, opened: OpenProfile, secrets: Secrets) -> None:
        """Watch a profile as it is now, with these secrets."""
        session = self.session(opened)
        if session is None:
            return
        worker = session.begin(secrets, self.settings.watch_interval_s, self.settings.event_limit)
        self._pump.wire(worker)
        self._pump.kick()

    def toggle(self) -> None:
        """Watch the profile in front, or end its watch."""
        opened = self._profiles.current
        session = self.session(opened)
        if session is not None and session.watching:
            session.end()
        elif not opened.text:
            self._window.ask_for_text()
        else:
            self.ask_first(opened, lambda secrets: self.begin(opened, secrets))
        self._show_button()

    def _on_reported(self, session: WatchSession) -> None:
        """A check that begins ends the watch; one that connected goes on as a watch."""
        opened = session.opened
        if opened.running:
            if opened.profile.id not in self._tested:
                self._tested.add(opened.profile.id)
                session.end()
        elif opened.profile.id in self._tested:
            self._tested.discard(opened.profile.id)
            connected = opened.report is not None and opened.report.verdict is Verdict.CONNECTED
            if connected and self.begins_after_check and not opened.stale:
                self.begin(opened, opened.tested_with)

    # ------------------------------------------------------------ what the window shows

    def show(self) -> None:
        """Bring the state of the profile in front to the tab in front."""
        self._show_button()
        session = self.session(self._profiles.current)
        window, opened = self._window, self._profiles.current
        window.answer.show_outage(*_trouble(session))
        window.answer.show_past_outage(_past_outage(session))
        self.exercising.show_front(session)
        watched = session is not None and session.watching
        window.health.show_watched(session.hosts if session is not None else (), before_changes=opened.stale)
        window.live.show_live(watched or bool(opened.events.kept))
        panel = next((found for name in window.live.views.names if (found := window.front_of(name))), None)
        if panel is None:
            return
        from clearline.ui.panels.health_page import HealthPage  # where a panel is made, its module is loaded
        from clearline.ui.panels.pool import PoolPanel
        from clearline.ui.panels.topology import TopologyPanel

        state = session.state if session is not None else None
        watching = session is not None and session.watching
        if isinstance(panel, PoolPanel | TopologyPanel):
            panel.show_state(state, watching=watching)
        elif isinstance(panel, HealthPage):
            interval_s = state.interval_s if state is not None and watching else self.settings.watch_interval_s
            panel.show_state(state, watching=watching, interval_s=interval_s)

    def _show_button(self) -> None:
        watched = self.is_watched(self._profiles.current)
        self._window.show_watching(watched)
        self._window.menus.watch.setChecked(watched)

    def _on_changed(self, session: WatchSession) -> None:
        opened = session.opened
        if opened is self._profiles.current:
            self.show()
        self.exercising.show(session)
        self.health_changed.emit(opened)
        for outage in self.outages(opened)[-1:]:
            if outage.report is not None and (opened.profile.id, outage.began) not in self._explained:
                self._explained.add((opened.profile.id, outage.began))
                self.outage_explained.emit(opened, outage.report)
        if session.watching != (opened.profile.id in self._listed):
            self._listed ^= {opened.profile.id}
            self.notices.keep_icon(self.settings.tray and bool(self._listed))
            self.row_changed.emit(opened)

    def _on_health(self, session: WatchSession, before: HealthState, now: HealthState) -> None:
        opened, state = session.opened, session.state
        self.row_changed.emit(opened)
        watched = [one.health for one in self._sessions.values() if one.health is not None]
        down = sum(health in (HealthState.DOWN, HealthState.PAUSED) for health in watched)
        self.notices.show_summary(f"{len(watched)} watched, {down} down" if down else f"{len(watched)} watched")
        name = _name(opened)
        if now is HealthState.PAUSED and opened is self._profiles.current:
            self._window.turn_to("health")
        if not self.settings.notifications or state is None:
            return
        shown = opened is self._profiles.current and self._window.results.current_name in _TELLING
        if now in (HealthState.DOWN, HealthState.PAUSED):
            title = "watching is paused" if now is HealthState.PAUSED else "connection lost"
            self.notices.tell(f"{name}: {title}", state.health.why, bad=True, shown=shown)
        elif before is HealthState.DOWN and now in (HealthState.HEALTHY, HealthState.DEGRADED):
            self.notices.tell(f"{name}: connection restored", state.health.why, bad=False, shown=shown)

    def _on_lost(self, session: WatchSession) -> None:
        said = f"{_name(session.opened)}: the watch stood still and did not end. What the server sent keeps it busy."
        self._window.say(f"{said} Watch it again to begin anew.")
        if self.settings.notifications:
            self.notices.tell(f"{_name(session.opened)}: not watched any more", said, bad=True)

    # ------------------------------------------------------------ panels

    def _on_panel_made(self, name: str, panel: QWidget) -> None:
        match name:
            case "health":
                from clearline.ui.panels.health_page import HealthPage

                assert isinstance(panel, HealthPage)
                panel.interval_chosen.connect(self._on_interval)
                panel.ping_requested.connect(lambda: self._of_current(WatchSession.ping_now))
                panel.report_requested.connect(self._on_report)
                panel.resume_requested.connect(self._on_resume)
                panel.exercise_requested.connect(self.ask_exercise)
                panel.chart.drawn.connect(self.chart_drawn)
            case "pool":
                from clearline.ui.panels.pool import PoolPanel

                assert isinstance(panel, PoolPanel)
                panel.exercise_requested.connect(self.ask_exercise)
                self.exercising.use(panel.form)
                panel.form.shown.connect(self._window.show_next_step)
                panel.chart.drawn.connect(self.chart_drawn)
            case _:
                pass
        self.show()

    def _of_current(self, act: Callable[[WatchSession], object]) -> None:
        session = self.session(self._profiles.current)
        if session is not None:
            act(session)

    def _on_interval(self, seconds: float) -> None:
        self._change_settings(watch_interval_s=seconds)

    def _on_report(self, report: Report) -> None:
        self._profiles.current.show_report(report)
        self._window.turn_to("answer")

    def _on_resume(self, secret: Secret | None) -> None:
        opened = self._profiles.current
        if secret is not None:
            opened.set_secret(PASSWORD, secret)
        self._of_current(WatchSession.resume)

    def ask_exercise(self) -> None:
        """Open the form for exercising the pool of the profile in front, on the pool's page."""
        session = self.session(self._profiles.current)
        if session is None or not session.watching:
            self._window.say("Watch the connection first.")
        else:
            self._window.turn_to("pool")
            self.exercising.ask(session)


def _name(opened: OpenProfile) -> str:
    return opened.profile.name or ", ".join(opened.profile.seeds.hosts[:1]) or "The connection"


def _ask_nothing(opened: OpenProfile, go_on: Callable[[Secrets], object]) -> None:
    go_on(dict(opened.secrets))


def _trouble(session: WatchSession | None) -> tuple[str, str, Report | None]:
    """A loss that lasts: since when, why, and the check that was run for it; empty without one."""
    state = session.state if session is not None and session.watching else None
    if state is None or state.health.state is not HealthState.DOWN:
        return "", "", None
    outage = state.health.outages[-1] if state.health.outages else None
    if outage is None or outage.lasted_s is not None:
        return "No connection", state.health.why, None
    since = datetime.fromtimestamp(outage.began).strftime("%H:%M:%S")
    why = outage.cause.summary if outage.cause is not None else state.health.why
    return f"Connection lost at {since}", why, outage.report


def _past_outage(session: WatchSession | None) -> tuple[str, Report | None]:
    """The latest loss that is over: when, how long, why, and the check that was run for it; empty without one."""
    state = session.state if session is not None and session.watching else None
    over = [o for o in state.health.outages if o.worst is HealthState.DOWN] if state is not None else []
    if not over or over[-1].lasted_s is None:
        return "", None
    more = f" It was the latest of {len(over)}." if len(over) > 1 else ""
    return f"{outage_text(over[-1]).rstrip('.')}.{more}", over[-1].report
