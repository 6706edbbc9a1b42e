"""Where secrets are kept, as the window uses it: the vault is asked in the background, a keyring never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from PySide6.QtCore import QObject, Signal

from clearline.core.keyring.given import brought_by
from clearline.core.keyring.patient_vault import PatientVault
from clearline.core.keyring.placing import Step, step_on_save
from clearline.core.keyring.vault import Moved, Vault, WhyMemory
from clearline.core.keyring.vault_state import why_words
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.profiles.secret_places import STORED, source_of
from clearline.core.secrets.secret import PASSWORD, Secret, Secrets
from clearline.ui.background.worker import Worker
from clearline.ui.profiles.open_profile import OpenProfile

T = TypeVar("T")

_UNREADABLE: Final = frozenset({WhyMemory.LOCKED, WhyMemory.REFUSED, WhyMemory.SLOW, WhyMemory.ERROR})


class SecretStorage(QObject):
    """Gives, keeps, moves and forgets the secrets of profiles."""

    changed = Signal()
    """The vault has given or taken secrets: where they are may be another place now."""
    kept = Signal(object)
    """Secrets of a profile were put away; carries a list with it."""
    problem = Signal(str)
    """What the keyring refused, in words for the user."""
    broke = Signal(object)
    """A bug; carries the exception."""

    def __init__(self, background: Worker, vault: Vault) -> None:
        super().__init__()
        self._background = background
        self.vault = vault
        self._patient = PatientVault(vault)
        self._waiting: dict[str, Callable[[], object] | None] = {}
        self._turn = asyncio.Lock()  # of two that keep the same secret the later one must win

    def look_up(self, opened: OpenProfile) -> None:
        """Bring a profile's secrets from the vault, where none was typed meanwhile."""
        names = tuple(name for name in opened.secret_names if source_of(opened.profile, name).place in STORED)

        self._waiting[opened.profile.id] = None

        def found(secrets: Secrets) -> None:
            opened.use_secrets(secrets)
            waiting = self._waiting.pop(opened.profile.id, None)
            if waiting is not None:
                waiting()
            why = self.vault.state.why
            if why in _UNREADABLE and PASSWORD not in opened.secrets and opened.profile.auth.user is not None:
                self.problem.emit(f"The password could not be looked up: {why_words(why)}.")
            self.changed.emit()

        self._ask(lambda: self._patient.secrets_of(opened.profile.id, names), found)

    def once_looked_up(self, opened: OpenProfile, act: Callable[[], object]) -> bool:
        """Call ``act`` when the secrets of a profile are there: at once, or later and then False.

        Who asks a second time does not want to wait any longer.
        """
        if self._waiting.get(opened.profile.id, act) is not None:
            self._waiting.pop(opened.profile.id, None)
            act()
            return True
        self._waiting[opened.profile.id] = act
        return False

    def copy(self, profile: Profile, copy: Profile, names: tuple[str, ...]) -> None:
        """Keep a profile's secrets for its copy as well."""
        self._ask(lambda: self._patient.copy_all(profile, copy, names), lambda _nothing: self.changed.emit())

    def forget(self, profile_id: str, names: tuple[str, ...]) -> None:
        """Remove a profile's secrets from the keyring and from memory."""

        def done(gone: bool) -> None:
            if not gone:
                self.problem.emit("The keyring could not be asked: it may still hold the secrets.")

        self._ask(lambda: self._patient.delete_all(profile_id, names), done)

    def ask_again(self, opened: Iterable[OpenProfile]) -> None:
        """Ask a keyring that was left alone once more: file what waits for it, and read what could not be read."""
        lacking = [one for one in opened if one.saved is not None]

        def answered(_state: object) -> None:
            for one in lacking:
                self.look_up(one)
            self.changed.emit()

        self._ask(self._patient.ask_again, answered)

    def move(self, opened: OpenProfile, name: str, to: SecretSource, then: Callable[[Moved], object]) -> None:
        """Bring a saved profile's secret to another place at once."""
        before = opened.saved
        assert before is not None
        secret = opened.saved_secrets.get(name)

        async def move() -> Moved:
            async with self._turn:
                return await self._patient.move(before, name, to, secret)

        def moved(outcome: Moved) -> None:
            if (words := _said(outcome, name)) is not None:
                self.problem.emit(words)
            then(outcome)
            self.changed.emit()

        self._ask(move, moved)

    def keep(
        self,
        profile: Profile,
        before: Profile | None,
        names: tuple[str, ...],
        secrets: Secrets,
        kept: Secrets,
        then: Callable[[], object],
    ) -> None:
        """Put the secrets of a profile that was just saved where it says.

        ``before`` is the profile as it was saved last, ``kept`` are the secrets that were known to be kept then.
        """

        # Who has just chosen what it signs in with has read the servers beside it.
        chosen = bool(brought_by(profile)) and (before is None or brought_by(before) != brought_by(profile))
        if profile.env_file is None:  # else a thread has to read it
            if chosen:
                self.vault.intend(profile)
            for name in names:
                # A test may follow at once, and would ask about servers that the keyring's thread has not noted yet.
                if self._step(profile, before, name, secrets, kept) is Step.KEEP:
                    self.vault.intend(profile, name)

        async def keep() -> tuple[str, ...]:
            async with self._turn:
                if chosen:
                    await self._patient.entrust(profile)
                said = [await self._keep_one(profile, before, name, secrets, kept) for name in names]
            return tuple(words for words in said if words is not None)

        def done(said: tuple[str, ...]) -> None:
            for words in said:
                self.problem.emit(words)
            self.changed.emit()
            then()
            self.kept.emit([profile])

        self._ask(keep, done)

    async def _keep_one(
        self, profile: Profile, before: Profile | None, name: str, secrets: Secrets, kept: Secrets
    ) -> str | None:
        secret = secrets.get(name)
        match self._step(profile, before, name, secrets, kept):
            case Step.MOVE:
                return _said(await self._patient.move(before or profile, name, source_of(profile, name), secret), name)
            case Step.KEEP:
                await self._patient.keep(profile, name, secret or Secret(""))
            case Step.FORGET:
                await self._patient.delete(profile.id, name)
            case Step.NOTHING:
                pass
        return None

    def _step(self, profile: Profile, before: Profile | None, name: str, secrets: Secrets, kept: Secrets) -> Step:
        known = self.vault.where(profile.id, name) is not None
        return step_on_save(profile, before, name, secrets.get(name), kept, known=known)

    def where(self, opened: OpenProfile) -> dict[str, str]:
        """Where each of a profile's secrets is, in words, by its name."""
        profile, found = opened.profile, {}
        lacking = self.vault.state.why is WhyMemory.NO_KEYRING
        for name in opened.secret_names:
            if lacking and source_of(profile, name).place == "keyring" and name not in opened.saved_secrets:
                found[name] = f"this session only: {why_words(WhyMemory.NO_KEYRING)}"
            elif source_of(profile, name).place not in STORED:
                found[name] = self.vault.place(profile, name)
            elif name in opened.secrets:
                if opened.saved is None or opened.secrets[name] != opened.saved_secrets.get(name):
                    found[name] = "this session only: it is not saved yet"
                elif self.vault.where(profile.id, name) is not None:
                    found[name] = self.vault.place(profile, name)
                else:
                    found[name] = "this session only so far: the keyring is being asked"
            elif name == PASSWORD and profile.auth.user is not None and opened.saved is not None:
                why = self.vault.state.why
                if why in _UNREADABLE:
                    found[name] = f"not looked up: {why_words(why)}"
        return found

    def _ask(self, question: Callable[[], Awaitable[T]], answered: Callable[[T], object]) -> None:
        self._background.ask(question, answered, self.broke.emit)


def _said(moved: Moved, name: str) -> str | None:
    """What has to be said about a secret that was moved; None when all went well."""
    if not moved.done:
        return f"The secret {name} was not moved, for it could not be read ({moved.state})."
    if moved.left_behind:
        return f"The secret {name} was moved, but the keyring could not be asked to forget it: it may still hold it."
    return None
