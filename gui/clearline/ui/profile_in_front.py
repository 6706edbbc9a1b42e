"""The profile in front: what the window shows of it, from its name to its health."""

from __future__ import annotations

from clearline.core.profiles.environment import Environment, environment_of
from clearline.ui.checks.explaining import Explaining
from clearline.ui.checks.late_tabs import LateTabs
from clearline.ui.forms.page import FormState
from clearline.ui.look.palette import PRODUCTION
from clearline.ui.panels.health import health_of
from clearline.ui.profiles.open_profile import OpenProfile, Origin
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.watches.watching import Watching
from clearline.ui.window.main_window import MainWindow


class ProfileInFront:
    """Shows the profile in front; what is told of another one changes nothing."""

    def __init__(
        self,
        window: MainWindow,
        storage: ProfileStorage,
        profiles: OpenProfiles,
        watching: Watching,
        explaining: Explaining,
        late: LateTabs,
    ) -> None:
        self._window = window
        self._storage = storage
        self._profiles = profiles
        self._watching = watching
        self._explaining = explaining
        self._late = late

    def show_edited(self, opened: OpenProfile, origin: Origin) -> None:
        """Its values, after a change that came from ``origin``: the text is left alone where it is what was edited."""
        if opened is not self._profiles.current:
            return
        window = self._window
        if origin is not Origin.TEXT:
            window.connection.field.show_plain(opened.text)
        window.name.show_host(next(iter(opened.profile.seeds.hosts), ""))
        window.connection.show_reading(opened.profile)
        window.connection.show_mistakes(opened.mistakes)
        if window.name.text().strip() != opened.profile.name:
            window.name.setText(opened.profile.name)
            window.name.setCursorPosition(0)
        environment = environment_of(opened.profile)
        production = environment is Environment.PRODUCTION
        colour = opened.profile.colour or (PRODUCTION if production else None)
        window.show_environment(environment.value if environment is not None else "", colour, tinted=production)
        window.unsaved.setVisible(opened.unsaved)
        window.answer.show_stale(opened.stale)
        window.answer.welcome.show_typed(bool(opened.text))
        self.show_health(opened)
        window.save.setVisible(opened.unsaved)
        window.revert.setVisible(opened.unsaved and opened.saved is not None)
        self.show_form()
        self._late.show_code()

    def show_report(self, opened: OpenProfile) -> None:
        """What its check has come to so far."""
        if opened is not self._profiles.current:
            return
        self.show_form()
        window, report, running = self._window, opened.report, opened.running
        srv_name = opened.profile.seeds.hosts[0] if opened.profile.seeds.srv and opened.profile.seeds.hosts else None
        window.answer.show_answer(running or report is not None)
        self._explaining.show_standing()
        window.answer.show_report(report, running=running, stale=opened.stale, srv_name=srv_name)
        window.pages.blame(report.diagnosis if report is not None and not opened.stale else None)
        self.show_health(opened)
        window.connection.show_running(running)
        self.show_counts(opened)

    def show_counts(self, opened: OpenProfile) -> None:
        """How many events its driver told."""
        if opened is self._profiles.current:
            self._window.live.show_count(opened.events.kept)

    def show_health(self, opened: OpenProfile) -> None:
        """What the watch says, else what the last check said."""
        if opened is self._profiles.current:
            said = health_of(opened.report, running=opened.running, stale=opened.stale)
            self._window.health.show_reading(self._watching.reading(opened) or said)

    def show_passwords(self) -> None:
        """Before the first password is typed: what will happen to it on this computer."""
        self._window.answer.welcome.show_passwords(self._storage.vault.state)

    def show_form(self) -> None:
        """Its settings, with what is wrong with them and where its secrets are."""
        opened = self._profiles.current
        where = self._storage.secrets.where(opened)
        report = opened.report_with_seeds or opened.report
        state = FormState(opened.profile, dict(opened.secrets), opened.mistakes, where, report)
        self._window.pages.show_state(state)
