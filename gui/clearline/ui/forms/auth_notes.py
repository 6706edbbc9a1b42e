"""What the Authentication page says beside its fields: about the method, its library, and the ``.env`` file."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.files.drives import on_another_computer
from clearline.core.files.whole_files import expanded
from clearline.core.inspection.file_report import FileReport, inspect_file
from clearline.core.options.packages import MECHANISM_PACKAGES, how_to_get, missing_for_mechanism
from clearline.core.profiles.login_fields import LoginFields
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.references import read_env_file
from clearline.core.secrets.secret import KEY_PASSWORD, Secrets
from clearline.core.tls.conversions import CLIENT
from clearline.paths import is_frozen
from clearline.ui.background.background import Background
from clearline.ui.background.inquiry import Inquiry
from clearline.ui.forms.page import FormState
from clearline.ui.look import theme
from clearline.ui.widgets.editors import FileEntry
from clearline.ui.widgets.labels import SteadyLabel
from clearline.ui.widgets.marks import StatusIcon

_MOST_NAMES = 12
_MISSING = "driver.missing-package"


class NoteLine(QWidget):
    """An icon and words; hidden without words."""

    link_activated = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._mark = StatusIcon(14)
        self.words = SteadyLabel()
        self.words.setAccessibleName(name)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.words.linkActivated.connect(self.link_activated)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID // 2)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.words, 1)
        self.hide()

    def say(self, text: str, icon: str = "note", tone: str = "muted", *, link: tuple[str, str] | None = None) -> None:
        """Say something, plain; ``link`` is a target and its words, after the text."""
        html = escape(text)
        if link is not None:
            html += f' <a href="{link[0]}" style="color:{theme.colours().accent}">{escape(link[1])}</a>'
        self.words.setText(html)
        self._mark.show_icon(icon, tone)
        self.setVisible(bool(text))


class AuthNotes(QWidget):
    """About the method: what it does, whether its library is here, and whom a client certificate makes one."""

    field_wanted = Signal(str)
    """A field of another page."""

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._library_question = Inquiry(background, self)
        self._subject_question = Inquiry(background, self)
        self.words = SteadyLabel("", "muted")
        self.words.setAccessibleName("About this method")
        self.library = NoteLine("Library of this method")
        self.subject = NoteLine("Subject of the client certificate")
        self.environment = NoteLine("Variables that are set")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID // 2)
        for widget in (self.words, self.subject, self.environment, self.library):
            column.addWidget(widget)
        self.subject.link_activated.connect(self.field_wanted)

    def show_method(self, method: str | None, fields: LoginFields, state: FormState) -> None:
        """Say what goes for a method."""
        self.words.setText(fields.words)
        if method == "MONGODB-X509":
            self._show_subject(state.profile, state.secrets)
        else:
            self._subject_question.drop()
            self.subject.say("")
        told = any(mistake.cause == _MISSING for mistake in state.mistakes)
        if method not in MECHANISM_PACKAGES or told:  # the mechanism's own note says it
            self._library_question.drop()
            self.library.say("")
            return
        self._library_question.ask(method, lambda: run_in_daemon(missing_for_mechanism, method), self._show_library)

    def show_variables(self, names: list[str] | None) -> None:
        """Which of AWS's variables are set; None where they do not matter."""
        if names is None:
            self.environment.say("")
        elif names:
            self.environment.say(f"Set in this program's environment: {', '.join(names)}.", "passed", "passed")
        else:
            self.environment.say("None of them is set in this program's environment.", "warning", "warning")

    def _show_library(self, missing: str | None) -> None:
        if missing is not None:
            self.library.say(f"A library is missing. Install {how_to_get(missing)}.", "warning", "warning")
        elif is_frozen():
            self.library.say("This program carries the library that it needs.", "passed", "passed")
        else:
            self.library.say("The library that it needs is installed.", "passed", "passed")

    def _show_subject(self, profile: Profile, secrets: Secrets) -> None:
        path = profile.tls.certificate_key_file
        if path is None:
            self._subject_question.drop()
            link = ("tlsCertificateKeyFile", "Choose it on the TLS page")
            self.subject.say("There is no client certificate yet.", "warning", "warning", link=link)
            return
        password, env_file = secrets.get(KEY_PASSWORD), profile.env_file
        self._subject_question.ask(
            (path, password, env_file),
            lambda: run_in_daemon(inspect_file, CLIENT, path, password, env_file),
            self._show_certificate,
        )

    def _show_certificate(self, report: FileReport) -> None:
        link = ("tlsCertificateKeyFile", "See the TLS page")
        if not report.facts.certificates:
            look = ("failed", "failed") if report.problems else ("note", "muted")
            self.subject.say(f"The client certificate is {report.kind}.", *look, link=link)
            return
        said = f"You are {report.facts.certificates[0].subject}."
        if report.problems:
            self.subject.say(f"{said} {report.problems[0].title}", "warning", "warning", link=link)
        else:
            self.subject.say(said, "passed", "passed", link=link)


class EnvFile(QWidget):
    """The profile's ``.env`` file: its path, and the names that are in it, never a value."""

    names_found = Signal(object)
    """The names in the file; none when it cannot be read."""

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._question = Inquiry(background, self)
        self.file = FileEntry("Variables file", "none: the environment", "Variables (*.env .env);;All files (*)")
        self.names = NoteLine("Names in the variables file")

    def show_path(self, path: str | None) -> None:
        """Show the file of a profile, and soon what is in it."""
        self.file.show_value(path)
        if path is None:
            if self._question.about is not None:
                self._show((frozenset(), ""))
            self._question.drop()
            return
        self._question.ask(path, lambda: run_in_daemon(_names_in, path), self._show)

    def _show(self, found: tuple[frozenset[str], str]) -> None:
        names, problem = found
        self.names_found.emit(names)
        listed = [f"${{{name}}}" for name in sorted(names)]
        more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
        if problem:
            self.names.say(problem, "warning", "warning")
        elif listed:
            self.names.say("It has " + ", ".join(listed[:_MOST_NAMES]) + more + ".", "passed", "passed")
        else:
            self.names.say("")


def _names_in(path: str) -> tuple[frozenset[str], str]:
    """The names in a ``.env`` file, or why there are none."""
    if on_another_computer(path):
        return (
            frozenset(),
            f"The variables file {path} is on another computer: a test reads it.",
        )
    try:
        names = frozenset(read_env_file(expanded(path)))
    except FileNotFoundError:
        return frozenset(), f"The variables file {path} does not exist: choose it again."
    except (OSError, ValueError) as error:  # no permission, a folder, no text
        return frozenset(), f"The variables file {path} cannot be read ({type(error).__name__}): choose a text file."
    return names, "" if names else f"The variables file {path} has no line NAME=value."
