"""What is asked before a test: consent to what a connection from elsewhere wants, and secrets that are not kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from clearline.core.consent.agreements import Agreements
from clearline.core.consent.concerns import Concern, ConcernKind, always_asked, asked_of_text, concerns
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.keyring.given import brought_by
from clearline.core.keyring.patient_vault import PatientVault
from clearline.core.keyring.sources import given_for_others, lost
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import Auth, Profile, Seeds, Tls, Unread
from clearline.core.profiles.secret_places import STORED, secret_names, source_of
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD, Secret, Secrets
from clearline.ui.background.background import Background
from clearline.ui.checks.secrets_dialog import SecretsDialog, words_for
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.widgets.questions import Question
from clearline.ui.window.main_window import MainWindow


class Demands(NamedTuple):
    """What an agreement is about: another one is needed when any of it has changed."""

    seeds: Seeds
    auth: Auth
    tls: Tls
    unread: tuple[Unread, ...]
    env_file: str | None
    wanted: tuple[Concern, ...]


class Consents(QObject):
    """Asks, remembers what was agreed to, and goes on.

    From elsewhere are: a file outside the profiles' folder, however it was opened, and what was imported, also in later
    sessions and after it was saved. What is typed or pasted into the window is the user's own: it stands there to be
    read before Test is pressed, and the checklist says what is wrong with it; only a secret variable in it asks, for
    its value does not stand there. A command that was typed is agreed to; one that came with a profile is asked about.
    What was declined is said under the text.

    A kept secret, a variable and an identity of this computer ask in every profile when they would go to other servers
    than those that they were given for.
    """

    def __init__(
        self,
        window: MainWindow,
        background: Background,
        file: Path,
        is_from_outside: Callable[[str], bool],
        vault: Vault,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._background = background
        self._agreements = Agreements(file)
        self._is_from_outside = is_from_outside
        self._vault = vault
        self._asking: set[str] = set()
        self.open_file: Callable[[OpenProfile | None, Callable[[], object]], bool] = lambda _opened, _then: False
        """Opens the encrypted file of secrets, if there is one to open, and then calls on; False if there is none."""

    def is_foreign(self, opened: OpenProfile) -> bool:
        """Whether it comes from elsewhere."""
        return opened.from_elsewhere or self._is_from_outside(opened.profile.id)

    def before_test(self, opened: OpenProfile, begin: Callable[[Secrets], object]) -> None:
        """Call ``begin`` with the secrets for this test, at once where nothing has to be asked.

        While it is asked about, nothing more is asked about the same profile.
        """
        profile, kept = opened.profile, _kept(opened)
        demands = self._demands(opened)
        if not demands.wanted and not kept:
            self._ask_secrets(opened, begin)
        elif profile.id in self._asking:
            return
        elif not demands.wanted and not self._may_block(opened, kept):
            elsewhere = self._vault.given_elsewhere(profile, kept, foreign=self.is_foreign(opened))
            self._ask_consent(opened, demands, (), elsewhere, begin)
        else:
            self._asking.add(profile.id)
            foreign = self.is_foreign(opened)
            found: list[tuple[str, ...]] = []

            async def look() -> tuple[Concern, ...]:
                found.append(await PatientVault(self._vault).given_elsewhere(profile, kept, foreign=foreign))
                return await run_in_daemon(self._agreements.missing, profile, demands.wanted)

            self._background.ask(
                look,
                lambda missing: self._ask_consent(opened, demands, missing, found[0], begin),
                lambda _error: self._ask_consent(opened, demands, demands.wanted, kept, begin),
            )

    def _may_block(self, opened: OpenProfile, kept: tuple[str, ...]) -> bool:
        """Whether it takes the disk or the keyring to know what kept secrets were given for."""
        return bool(kept) and (opened.profile.env_file is not None or not self._vault.knows_given(opened.profile, kept))

    def _demands(self, opened: OpenProfile) -> Demands:
        """What has to be agreed to as the profile is now."""
        profile = opened.profile
        own = asked_of_text if opened.saved is None else always_asked
        wanted = concerns(profile) if self.is_foreign(opened) else own(profile)
        return Demands(profile.seeds, profile.auth, profile.tls, profile.unread, profile.env_file, wanted)

    def before_tests(
        self,
        profiles: list[Profile],
        foreign: Collection[str],
        typed: Mapping[str, Secrets],
        begin: Callable[[dict[str, str], dict[str, Secrets]], object],
    ) -> None:
        """Call ``begin`` with those that cannot be tested together with others, and why in words, and with the secrets
        that were asked for; both by the profiles' ids.

        ``foreign`` are ids of profiles from elsewhere beyond the imported ones, ``typed`` what was typed for open ones.
        """

        def look() -> tuple[dict[str, str], dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
            withheld: dict[str, str] = {}
            asked: dict[str, tuple[str, ...]] = {}
            missing: dict[str, tuple[str, ...]] = {}
            for profile in profiles:
                outside = profile.id in foreign or self._is_from_outside(profile.id)
                wanted = concerns(profile) if outside else always_asked(profile)
                known = typed.get(profile.id, {})
                if wanted and self._agreements.missing(profile, wanted):
                    withheld[profile.id] = "It asks before its first connect: test it alone."
                    continue
                if lost(profile, known) and self._vault.lacks_keyring():  # one that is there is asked in its turn
                    kept = self._vault.secrets_of(profile.id, [PASSWORD])
                    missing[profile.id] = lost(profile, {**known, **kept})
                asked[profile.id] = (*missing.get(profile.id, ()), *_to_be_asked(profile, known))
            return withheld, asked, missing

        def found(all_of_it: tuple[dict[str, str], dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]) -> None:
            withheld, asked, missing = all_of_it
            again = lambda: self.before_tests(profiles, foreign, typed, begin)  # noqa: E731
            if any(missing.values()) and self.open_file(None, again):
                return
            rows = [(one, name) for one in profiles for name in asked.get(one.id, ())]
            if not rows:
                begin(withheld, {})
                return
            keys = {str(number): row for number, row in enumerate(rows)}
            labels = {key: f"{one.name or 'Unnamed'}: {words_for(name)}" for key, (one, name) in keys.items()}
            dialog = SecretsDialog(f"{len(profiles)} connections", tuple(keys), self._window, _SEVERAL, labels)

            def given(_result: int) -> None:
                secrets: dict[str, dict[str, Secret]] = {}
                accepted = dialog.result() == QDialog.DialogCode.Accepted
                for key, (one, name) in keys.items():
                    if accepted and (secret := dialog.secrets.get(key)) is not None:
                        secrets.setdefault(one.id, {})[name] = secret
                    else:
                        withheld[one.id] = "Its password was not typed."
                begin(withheld, dict(secrets))

            dialog.finished.connect(given)
            dialog.open()

        self._background.ask(lambda: run_in_daemon(look), found)

    def _ask_consent(
        self,
        opened: OpenProfile,
        demands: Demands,
        missing: tuple[Concern, ...],
        elsewhere: tuple[str, ...],
        begin: Callable[[Secrets], object],
    ) -> None:
        profile = opened.profile

        def go_on() -> None:
            self._asking.discard(profile.id)
            if self._demands(opened) == demands:
                if opened.saved is not None and (kept := _kept(opened)):
                    self._background.ask(lambda: PatientVault(self._vault).adopt(profile, kept), lambda _nothing: None)
                self._ask_secrets(opened, begin)
            else:  # its file was changed while the question stood there
                self.before_test(opened, begin)

        async def remember() -> None:
            await PatientVault(self._vault).give(profile, elsewhere)
            if missing:
                await run_in_daemon(self._agreements.remember, profile, missing)

        def agreed() -> None:
            if self._demands(opened) != demands:
                go_on()
                return
            self._background.ask(
                remember,
                lambda _nothing: go_on(),
                lambda _error: go_on(),  # not remembered: asked again the next time
            )

        def declined() -> None:
            self._asking.discard(profile.id)
            self._say(_DECLINED)

        if self._demands(opened) != demands or not (missing or elsewhere):
            go_on()
            return
        self._asking.add(profile.id)
        asked = [concern for concern in missing if not _is_typed(opened, concern)]
        if not (asked or elsewhere):
            agreed()
            return
        sentences = [concern.words for concern in asked]
        if elsewhere:
            sentences.insert(0, given_for_others(profile, self._vault, elsewhere) + ".")
        said = "\n".join(f"•  {words}" for words in sentences)
        origin = "This connection comes from elsewhere. " if self.is_foreign(opened) else ""
        what, end = (
            (f"{origin}It wants:", "Go on only if you know who wrote it.")
            if asked
            else (f"{origin}It would log in where it has not before:", "Go on only if these servers may have this.")
        )
        Question(
            self._window,
            "Before the first connect",
            f"{what}\n\n{said}\n\n{end}",
            (("Connect", agreed), ("Cancel", declined)),
            primary=1,
        ).open()

    def _ask_secrets(self, opened: OpenProfile, begin: Callable[[Secrets], object]) -> None:
        missing = lost(opened.profile, opened.secrets) if opened.saved is not None else ()
        if missing and self.open_file(opened, lambda: self.before_test(opened, begin)):
            return
        asked = (*missing, *_to_be_asked(opened.profile, opened.secrets))
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
                for (
                    name,
                    secret,
                ) in again.items():  # until the program ends, for these servers: it is not asked each time
                    self._vault.keep_for_session(profile_id, name, secret)
                self._vault.give(opened.profile, again)
                opened.use_secrets(again)
                begin({**opened.secrets, **dialog.secrets})
            else:  # its file was changed meanwhile: what was typed was for other servers
                self._asking.discard(profile_id)
                self.before_test(opened, begin)

        dialog.accepted.connect(given)
        dialog.rejected.connect(lambda: self._say(_NOT_TYPED))
        dialog.open()

    def _say(self, words: str) -> None:
        """Why nothing happens, beside what would be tested."""
        self._window.connection.said.show_hint(words)


_DECLINED: Final = "Nothing was contacted, for you did not agree. The next test asks again."
_NOT_TYPED: Final = "Nothing was contacted, for the password was not typed. The next test asks again."


def _is_typed(opened: OpenProfile, concern: Concern) -> bool:
    """Whether it is a command that the user has typed just now: nothing is news to its writer."""
    return concern.kind is ConcernKind.COMMAND and concern.value in opened.typed_commands


def _kept(opened: OpenProfile) -> tuple[str, ...]:
    """What a profile signs in with that was not typed for what stands in the window now, by name."""
    saved, saved_profile, profile = opened.saved_secrets, opened.saved, opened.profile
    kept = (
        name
        for name, secret in opened.secrets.items()
        if secret == saved.get(name) and source_of(profile, name).place in STORED
    )
    if saved_profile is None:
        return tuple(kept)
    theirs = brought_by(saved_profile)
    return (*kept, *(name for name, what in brought_by(profile).items() if theirs.get(name) == what))


def _to_be_asked(profile: Profile, known: Secrets) -> tuple[str, ...]:
    """The secrets that have to be typed for a test."""
    return tuple(
        name
        for name in secret_names(profile)
        if source_of(profile, name).place == "ask"
        and name not in known
        and (name != PASSWORD or profile.auth.user is not None)
        and (name != KEY_PASSWORD or profile.tls.certificate_key_file is not None)
    )


_SEVERAL = "What you leave empty is not tested. What you type is used for this test alone."
_LOST = "The password is not kept on this computer any more. What you type is used until you quit."
