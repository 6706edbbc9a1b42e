"""The vault for the GUI and the loops: each call works in a daemon thread, and is waited for only so long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeVar, TypeVarTuple

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.keyring.vault import Moved, Vault, VaultState, WhereKept
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.secrets.secret import Secret, Secrets

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PATIENCE_S: Final = 10.0
"""How long the keyring is waited for, which may be asking the user to unlock it."""


class PatientVault:
    """Awaitable calls over a `Vault`. None raises, and none takes longer than ``timeout_s``.

    What was to be kept is safe in memory when the keyring takes longer; its thread goes on, and a late answer counts.
    """

    def __init__(self, vault: Vault, *, timeout_s: float = PATIENCE_S) -> None:
        self.vault = vault
        self._timeout_s = timeout_s

    async def keep(self, profile: Profile, name: str, secret: Secret) -> WhereKept | None:
        """`Vault.keep`; in memory when the keyring takes longer."""
        return await self._in_time(WhereKept.MEMORY, self.vault.keep, profile, name, secret)

    async def move(self, profile: Profile, name: str, to: SecretSource, secret: Secret | None = None) -> Moved:
        """`Vault.move`; not done when the keyring takes longer."""
        late = threading.Event()
        moved = await self._in_time(None, lambda: self.vault.move(profile, name, to, secret, late=late))
        if moved is None:
            late.set()
            return Moved(profile=profile, done=False, state=self.vault.state)
        return moved

    async def delete(self, profile_id: str, name: str) -> bool:
        """`Vault.delete`; False when the keyring takes longer."""
        return await self._in_time(False, self.vault.delete, profile_id, name)

    async def delete_all(self, profile_id: str, names: Iterable[str]) -> bool:
        """`Vault.delete_all`; False when the keyring takes longer."""
        return await self._in_time(False, self.vault.delete_all, profile_id, tuple(names))

    async def copy_all(self, profile: Profile, copy: Profile, names: Iterable[str]) -> None:
        """`Vault.copy_all`, which goes on when the keyring takes longer."""
        await self._in_time(None, self.vault.copy_all, profile, copy, tuple(names))

    async def secrets_of(self, profile_id: str, names: Iterable[str]) -> Secrets:
        """`Vault.secrets_of`; what memory has when the keyring takes longer."""
        wanted = tuple(names)
        kept: Secrets = self.vault.kept(profile_id, wanted)
        if len(kept) == len(wanted):
            return kept
        return await self._in_time(kept, self.vault.secrets_of, profile_id, wanted)

    async def given_elsewhere(
        self, profile: Profile, names: Iterable[str], *, foreign: bool = False
    ) -> tuple[str, ...]:
        """`Vault.given_elsewhere`; all of them when the keyring takes longer."""
        wanted = tuple(names)
        return await self._in_time(wanted, lambda: self.vault.given_elsewhere(profile, wanted, foreign=foreign))

    async def give(self, profile: Profile, names: Iterable[str]) -> None:
        """`Vault.give`, which goes on when the keyring takes longer."""
        await self._in_time(None, self.vault.give, profile, tuple(names))

    async def adopt(self, profile: Profile, names: Iterable[str]) -> None:
        """`Vault.adopt`, which goes on when the keyring takes longer."""
        await self._in_time(None, self.vault.adopt, profile, tuple(names))

    async def entrust(self, profile: Profile) -> None:
        """`Vault.entrust`, which goes on when the disk takes longer."""
        await self._in_time(None, self.vault.entrust, profile)

    async def use(self, backend: KeyringBackend) -> VaultState:
        """`Vault.use`; the state is slow when it takes longer."""
        await self._in_time(None, self.vault.use, backend)
        return self.vault.state

    async def ask_again(self) -> VaultState:
        """`Vault.ask_again`; the state is slow when the keyring takes longer."""
        await self._in_time(None, self.vault.ask_again)
        return self.vault.state

    async def _in_time(self, otherwise: T, function: Callable[[*Ts], T], *args: *Ts) -> T:
        lock = threading.Lock()  # between the answer and the end of the patience
        results: list[T] = []
        gave_up = False

        def call() -> T:
            result = function(*args)
            with lock:
                results.append(result)
            if gave_up:
                self.vault.note_late_answer()
            return result

        try:
            async with asyncio.timeout(self._timeout_s):
                return await run_in_daemon(call)
        except TimeoutError:
            with lock:
                if results:
                    return results[0]
                gave_up = True
                self.vault.note_slow()
            return otherwise
