"""The saved profiles and where their secrets are: disk and keyring, asked off the GUI thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from clearline.core import store
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.secrets import PASSWORD, Secrets
from clearline.core.vault import Vault, WhereKept
from clearline.ui.line_messages import Answer, Broken, Check
from clearline.ui.line_thread import LineThread
from clearline.ui.open_profile import OpenProfile
from clearline.ui.pump import Pump

T = TypeVar("T")


class Shelf(QObject):
    """Reads and writes profiles for the window; every answer comes as a signal."""

    listed = Signal()
    """`stored` is new."""
    loaded = Signal(object, object)
    """A file was read: the profile and its path."""
    saved = Signal(object)
    """A profile was written; carries its path."""
    secrets_moved = Signal()
    """The vault has given or taken secrets: where they are may be another place now."""
    problem = Signal(str)
    """What the disk refused, in words for the user."""
    broke = Signal(object)
    """A bug; carries the exception."""

    def __init__(self, pump: Pump, check: Check, vault: Vault, folder: Path) -> None:
        super().__init__()
        self.vault = vault
        self.folder = folder
        self.stored: list[store.Stored] = []
        self.desk = LineThread(check)
        """A line without a profile: the loop on which disk and keyring are waited for."""
        pump.wire(self.desk)
        pump.add(self._pull, lambda: False)

    def load_list(self) -> None:
        """Read the folder of the profiles."""
        self._ask(lambda: run_in_daemon(store.list_profiles, self.folder), self._on_listed)

    def load(self, path: Path) -> None:
        """Read one file, wherever it lies."""
        self._ask(lambda: run_in_daemon(store.load, path), lambda profile: self.loaded.emit(profile, path))

    def save(self, opened: OpenProfile, path: Path | None) -> None:
        """Write a profile to a file, or without one among the profiles; its secrets go to the vault."""
        profile, secrets = opened.profile, dict(opened.secrets)
        among_profiles = path is None or path.parent == self.folder

        async def put() -> Path:
            if among_profiles:
                written = await run_in_daemon(store.save_in, self.folder, profile, path)
            else:
                assert path is not None
                await run_in_daemon(store.save, profile, path)
                written = path
            await self._keep(profile.id, opened.secret_names, secrets)
            return written

        def done(written: Path) -> None:
            opened.mark_saved(profile, written)
            self.saved.emit(written)
            self.secrets_moved.emit()
            self.load_list()

        self._ask(put, done)

    def look_up_secrets(self, opened: OpenProfile) -> None:
        """Bring a profile's secrets from the vault, where none was typed meanwhile."""

        def found(secrets: Secrets) -> None:
            opened.use_secrets(secrets)
            self.secrets_moved.emit()

        self._ask(lambda: self.vault.secrets_of_async(opened.profile.id, opened.secret_names), found)

    def where_password(self, opened: OpenProfile) -> str:
        """Where the password is kept, as words; empty without a password."""
        if PASSWORD not in opened.secrets:
            return ""
        state = self.vault.state
        match self.vault.where(opened.profile.id, PASSWORD):
            case None:
                return "this session only: the profile is not saved yet"
            case WhereKept.KEYRING:
                return f"in the {state.keyring or 'keyring'}"
            case WhereKept.MEMORY:
                return str(state)

    async def _keep(self, profile_id: str, names: tuple[str, ...], secrets: Secrets) -> None:
        for name in names:
            if secret := secrets.get(name):
                await self.vault.write_async(profile_id, name, secret)
            elif self.vault.where(profile_id, name) is not None:
                await self.vault.delete_async(profile_id, name)

    def _on_listed(self, stored: list[store.Stored]) -> None:
        self.stored = stored
        self.listed.emit()

    def _ask(self, question: Callable[[], Awaitable[T]], answered: Callable[[T], object]) -> None:
        self.desk.ask(question, answered, self._on_failed)

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, store.ProfileProblem):
            self.problem.emit(str(error))
        else:
            self.broke.emit(error)

    def _pull(self) -> bool:
        messages = self.desk.take()
        for message in messages:
            match message:
                case Answer(deliver=deliver):
                    deliver()
                case Broken(error=error):
                    self.broke.emit(error)
                case _:
                    pass
        return bool(messages)
