"""What is asked before a test: consent to what a connection from elsewhere wants, and secrets that are not kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLayout, QVBoxLayout, QWidget

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.exchange.consent import Agreements, Concern, always_asked, concerns
from clearline.core.keyring.sources import lost
from clearline.core.profiles.profile import Profile, Seeds
from clearline.core.profiles.secret_places import secret_names, source_of
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD, Secret, Secrets
from clearline.ui.background.background import Background
from clearline.ui.look import theme
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.widgets.editors import SecretEntry
from clearline.ui.widgets.parts import WrappedLabel, section
from clearline.ui.widgets.questions import Question


class Consents(QObject):
    """Asks, remembers what was agreed to, and goes on.

    From elsewhere are: a file outside the profiles' folder, however it was opened, and what was imported, also in later
    sessions and after it was saved. What is typed or pasted into the window is the user's own: it stands there to be
    read before Test is pressed, and the checklist says what is wrong with it; only commands are asked about.
    """

    def __init__(
        self,
        window: QWidget,
        background: Background,
        file: Path,
        is_from_outside: Callable[[str], bool],
        keeps_secrets: Callable[[str], bool],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._background = background
        self._agreements = Agreements(file)
        self._is_from_outside = is_from_outside
        self._keeps_secrets = keeps_secrets
        self._asking: set[str] = set()

    def is_foreign(self, opened: OpenProfile) -> bool:
        """Whether it comes from elsewhere."""
        return opened.from_elsewhere or self._is_from_outside(opened.profile.id)

    def before_test(self, opened: OpenProfile, begin: Callable[[Secrets], object]) -> None:
        """Call ``begin`` with the secrets for this test, at once where nothing has to be asked.

        While it is asked about, nothing more is asked about the same profile.
        """
        profile = opened.profile
        _, wanted = demands = self._demands(opened)
        if not wanted:
            self._ask_secrets(opened, begin)
        elif profile.id not in self._asking:
            self._asking.add(profile.id)
            self._background.ask(
                lambda: run_in_daemon(self._agreements.missing, profile, wanted),
                lambda missing: self._ask_consent(opened, profile, demands, missing, begin),
                lambda _error: self._ask_consent(opened, profile, demands, wanted, begin),
            )

    def _wanted(self, opened: OpenProfile) -> tuple[Concern, ...]:
        """What has to be agreed to; a file from elsewhere may name the id of a profile whose secrets are kept here."""
        if not self.is_foreign(opened):
            return always_asked(opened.profile)
        one = opened.profile.id
        keeps = self._keeps_secrets(one) or (not self._is_from_outside(one) and bool(opened.saved_secrets))
        return concerns(opened.profile, keeps_secrets=keeps)

    def _demands(self, opened: OpenProfile) -> tuple[Seeds, tuple[Concern, ...]]:
        """What an agreement is about."""
        return opened.profile.seeds, self._wanted(opened)

    def before_tests(
        self,
        profiles: list[Profile],
        foreign: Collection[str],
        typed: Mapping[str, Secrets],
        begin: Callable[[dict[str, str]], object],
    ) -> None:
        """Call ``begin`` with those that cannot be tested together with others, and why in words, by their ids.

        ``foreign`` are ids of profiles from elsewhere beyond the imported ones, ``typed`` the secrets of open ones.
        """

        def withheld() -> dict[str, str]:
            found: dict[str, str] = {}
            for profile in profiles:
                outside = profile.id in foreign or self._is_from_outside(profile.id)
                keeps = self._keeps_secrets(profile.id) or (
                    not self._is_from_outside(profile.id) and bool(typed.get(profile.id))
                )
                wanted = concerns(profile, keeps_secrets=keeps) if outside else always_asked(profile)
                if wanted and self._agreements.missing(profile, wanted):
                    found[profile.id] = "It asks before its first connect: test it alone."
                elif to_be_asked(profile, typed.get(profile.id, {})):
                    found[profile.id] = "Its secrets are asked each time: test it alone."
            return found

        self._background.ask(lambda: run_in_daemon(withheld), begin)

    def _ask_consent(
        self,
        opened: OpenProfile,
        profile: Profile,
        demands: tuple[Seeds, tuple[Concern, ...]],
        missing: tuple[Concern, ...],
        begin: Callable[[Secrets], object],
    ) -> None:
        def go_on() -> None:
            self._asking.discard(profile.id)
            if self._demands(opened) == demands:
                self._ask_secrets(opened, begin)
            else:  # its file was changed while the question stood there
                self.before_test(opened, begin)

        def agreed() -> None:
            self._background.ask(
                lambda: run_in_daemon(self._agreements.remember, profile, missing),
                lambda _nothing: go_on(),
                lambda _error: go_on(),  # not remembered: asked again the next time
            )

        if not missing:
            go_on()
            return
        said = "\n".join(f"•  {concern.words}" for concern in missing)
        origin = "This connection comes from elsewhere. " if self.is_foreign(opened) else ""
        Question(
            self._window,
            "Before the first connect",
            f"{origin}It wants:\n\n{said}\n\nGo on only if you know who wrote it.",
            (("Connect", agreed), ("Cancel", lambda: self._asking.discard(profile.id))),
            primary=1,
        ).open()

    def _ask_secrets(self, opened: OpenProfile, begin: Callable[[Secrets], object]) -> None:
        missing = lost(opened.profile, opened.secrets) if opened.saved is not None else ()
        asked = (*missing, *to_be_asked(opened.profile, opened.secrets))
        if not asked:
            begin(opened.secrets)
            return
        profile_id = opened.profile.id
        if profile_id in self._asking:
            return
        self._asking.add(profile_id)
        demands = self._demands(opened)
        words = _LOST if missing else "They are used for this test and kept nowhere."
        dialog = SecretsDialog(opened.profile.name, asked, self._window, words)
        dialog.finished.connect(lambda _result: self._asking.discard(profile_id))

        def given() -> None:
            if self._demands(opened) == demands:
                again = {name: secret for name, secret in dialog.secrets.items() if name in missing}
                opened.use_secrets(again)  # until the program ends: it is not asked for each test
                begin({**opened.secrets, **dialog.secrets})
            else:  # its file was changed meanwhile: what was typed was for other servers
                self._asking.discard(profile_id)
                self.before_test(opened, begin)

        dialog.accepted.connect(given)
        dialog.open()


def to_be_asked(profile: Profile, known: Secrets) -> tuple[str, ...]:
    """The secrets that have to be typed for a test."""
    return tuple(
        name
        for name in secret_names(profile)
        if source_of(profile, name).place == "ask"
        and name not in known
        and (name != PASSWORD or profile.auth.user is not None)
        and (name != KEY_PASSWORD or profile.tls.certificate_key_file is not None)
    )


_LOST = "The password is not kept on this computer any more. What you type is used until you quit."


class SecretsDialog(QDialog):
    """Asks for secrets that are not kept anywhere."""

    def __init__(self, name: str, names: tuple[str, ...], parent: QWidget, about: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("Secrets for this test")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.secrets: dict[str, Secret] = {}
        self.entries: dict[str, SecretEntry] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(theme.GRID * 2)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for secret_name in names:
            words = _WORDS.get(secret_name, secret_name)
            entry = self.entries[secret_name] = SecretEntry(words, "")
            entry.entered.connect(lambda secret, key=secret_name: self._take(key, secret))
            form.addRow(words, entry)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setText("Test")
        ok.setObjectName("primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # some platforms cannot change it
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(theme.GRID * 2)
        column.addWidget(section(f"Secrets of {name or 'this connection'}"))
        column.addLayout(form)
        column.addWidget(WrappedLabel(about, "muted"))
        column.addWidget(buttons)
        self.resize(theme.GRID * 52, self.sizeHint().height())

    def _take(self, name: str, secret: Secret | None) -> None:
        if secret is None:
            self.secrets.pop(name, None)
        else:
            self.secrets[name] = secret


_WORDS = {
    PASSWORD: "Password",
    "tlsCertificateKeyFilePassword": "Key password",
    "AWS_SESSION_TOKEN": "AWS session token",
    "proxyPassword": "Proxy password",
}
