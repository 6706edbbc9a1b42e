"""Secrets between sessions: in the keyring of the operating system, else in memory, and it is always said where.

Nothing is written anywhere else, and nothing is lost: what the keyring does not take stays in memory until it does.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar, TypeVarTuple

import msgspec

from clearline.core.secrets import Secret, Secrets

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

SERVICE: Final = "Clearline"
"""The service under which the keyring files every secret; the user is ``<profile id>/<secret name>``."""

PATIENCE_S: Final = 10.0
"""How long the awaitable calls wait for the keyring, which may be asking the user to unlock it."""


class WhereKept(Enum):
    """Where a secret is."""

    KEYRING = "keyring"
    MEMORY = "memory"


class WhyMemory(Enum):
    """Why secrets stay in memory."""

    NOT_ASKED = "the keyring was not asked yet"
    NO_KEYRING = "this computer has no keyring that keeps secrets safe"
    LOCKED = "the keyring is locked"
    REFUSED = "access to the keyring was refused"
    SLOW = "the keyring does not answer; it may be waiting for you to unlock it"
    ERROR = "the keyring reported an error"


class VaultState(msgspec.Struct, frozen=True, kw_only=True):
    """Where new secrets go, as the latest use of the keyring showed. ``keyring`` is its name as people know it."""

    where: WhereKept
    keyring: str | None = None
    why: WhyMemory | None = None
    """None when they go to the keyring."""
    error: str | None = None
    """Class of the exception, with ``ERROR``; its text may quote anything and is not kept."""

    def __str__(self) -> str:
        if self.why is None:
            return f"in the {self.keyring}"
        return f"this session only: {self.why.value}"


_ASK_NO_MORE = frozenset({WhyMemory.LOCKED, WhyMemory.REFUSED, WhyMemory.SLOW})  # each time would open another prompt


class Vault:
    """The secrets of all profiles, by profile id and secret name. Any thread may call it; no call raises.

    ``read``, ``write``, ``delete`` and ``secrets_of`` block for as long as the keyring asks its user something; the GUI
    and the loop use their ``_async`` forms, which stop waiting after ``timeout_s``, with the value safe in memory. A
    keyring that was locked, refused or slow is left alone until `ask_again`, so that nobody is asked twice; a slow one
    that answers late is used again by itself.
    """

    def __init__(self, backend: KeyringBackend | None = None) -> None:
        self._backend = backend
        self._name: str | None = None
        self._state = VaultState(where=WhereKept.MEMORY, why=WhyMemory.NOT_ASKED)
        self._latest = self._state  # as the keyring itself showed, whoever gave up waiting for it
        self._lock = threading.Lock()  # guards the fields; never held while the keyring works
        self._asking = threading.Lock()  # one prompt at a time
        self._kept: dict[tuple[str, str], Secret] = {}
        self._waiting: set[tuple[str, str]] = set()  # kept in memory only because the keyring did not take them
        self._filed: set[tuple[str, str]] = set()  # known to be in the keyring

    @property
    def state(self) -> VaultState:
        """Where new secrets go now."""
        return self._state

    def where(self, profile_id: str, name: str) -> WhereKept | None:
        """Where that secret is, as far as this session has seen: None says unknown. Never blocks."""
        with self._lock:
            if (profile_id, name) in self._kept:
                return WhereKept.MEMORY
            return WhereKept.KEYRING if (profile_id, name) in self._filed else None

    def keep_for_session(self, profile_id: str, name: str, secret: Secret) -> None:
        """Keep a secret in memory only, before whatever the keyring has. Never blocks."""
        with self._lock:
            self._kept[profile_id, name] = secret
            self._waiting.discard((profile_id, name))

    def read(self, profile_id: str, name: str) -> Secret | None:
        """The secret, from memory or else from the keyring; None when neither has it (see `state`)."""
        key = (profile_id, name)
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                return kept
        answered, text = self._ask(lambda keyring: keyring.get_password(SERVICE, _user(*key)))
        with self._lock:
            if answered:
                (self._filed.discard if text is None else self._filed.add)(key)
        return None if text is None else Secret(text)

    def secrets_of(self, profile_id: str, names: Iterable[str]) -> Secrets:
        """Those of the named secrets that exist."""
        read = {name: self.read(profile_id, name) for name in names}
        return {name: secret for name, secret in read.items() if secret is not None}

    def write(self, profile_id: str, name: str, secret: Secret) -> WhereKept:
        """Keep a secret: in the keyring, or in memory when it does not take it. Says which."""
        key = (profile_id, name)
        with self._lock:
            self._kept[key] = secret
            self._waiting.add(key)
        return WhereKept.KEYRING if self._file(key, secret) else WhereKept.MEMORY

    def delete(self, profile_id: str, name: str) -> bool:
        """Forget a secret here and in the keyring. False: the keyring could not be asked and may still hold it."""
        with self._lock:
            self._kept.pop((profile_id, name), None)
            self._waiting.discard((profile_id, name))
        user = _user(profile_id, name)

        def remove(keyring: KeyringBackend) -> None:
            if keyring.get_password(SERVICE, user) is not None:
                keyring.delete_password(SERVICE, user)

        done, _ = self._ask(remove)
        with self._lock:
            if done:
                self._filed.discard((profile_id, name))
        # Without a keyring there is nothing that could still hold it.
        return done or self._state.why is WhyMemory.NO_KEYRING

    def ask_again(self) -> VaultState:
        """Ask a keyring that was left alone once more, and file what waits in memory for it. May block like `write`."""
        with self._lock:
            self._state = VaultState(where=WhereKept.MEMORY, why=WhyMemory.NOT_ASKED)
            waiting = [(key, self._kept[key]) for key in self._waiting]
        if not waiting:
            # A read opens a locked keyring as well as a write does, and leaves nothing behind.
            self._ask(lambda keyring: keyring.get_password(SERVICE, _user("", "")))
        for key, secret in waiting:
            self._file(key, secret)
        return self._state

    async def read_async(self, profile_id: str, name: str, *, timeout_s: float = PATIENCE_S) -> Secret | None:
        """`read` in a daemon thread; None when the keyring takes longer."""
        return await self._in_time(timeout_s, None, self.read, profile_id, name)

    async def secrets_of_async(
        self, profile_id: str, names: Iterable[str], *, timeout_s: float = PATIENCE_S
    ) -> Secrets:
        """`secrets_of` in a daemon thread; what memory has when the keyring takes longer."""
        wanted = tuple(names)
        with self._lock:
            kept = {name: self._kept[profile_id, name] for name in wanted if (profile_id, name) in self._kept}
        if len(kept) == len(wanted):
            return kept
        return await self._in_time(timeout_s, kept, self.secrets_of, profile_id, wanted)

    async def write_async(
        self, profile_id: str, name: str, secret: Secret, *, timeout_s: float = PATIENCE_S
    ) -> WhereKept:
        """`write` in a daemon thread; in memory when the keyring takes longer."""
        return await self._in_time(timeout_s, WhereKept.MEMORY, self.write, profile_id, name, secret)

    async def delete_async(self, profile_id: str, name: str, *, timeout_s: float = PATIENCE_S) -> bool:
        """`delete` in a daemon thread; False when the keyring takes longer."""
        return await self._in_time(timeout_s, False, self.delete, profile_id, name)

    async def ask_again_async(self, *, timeout_s: float = PATIENCE_S) -> VaultState:
        """`ask_again` in a daemon thread; the state is slow when the keyring takes longer."""
        await self._in_time(timeout_s, None, self.ask_again)
        return self._state

    async def _in_time(self, timeout_s: float, otherwise: T, function: Callable[[*Ts], T], *args: *Ts) -> T:
        from clearline.core.daemon_threads import run_in_daemon

        results: list[T] = []
        gave_up = False

        def call() -> T:
            result = function(*args)
            with self._lock:
                results.append(result)
                if gave_up:
                    self._state = self._latest
            if gave_up and self._state.where is WhereKept.KEYRING:
                self.ask_again()  # files what was kept in memory meanwhile
            return result

        try:
            return await asyncio.wait_for(run_in_daemon(call), timeout_s)
        except TimeoutError:
            with self._lock:
                if results:
                    return results[0]
                gave_up = True
                self._state = VaultState(where=WhereKept.MEMORY, keyring=self._name, why=WhyMemory.SLOW)
            return otherwise

    def _file(self, key: tuple[str, str], secret: Secret) -> bool:
        done, _ = self._ask(lambda keyring: keyring.set_password(SERVICE, _user(*key), secret.reveal()))
        with self._lock:
            # Another value may have been typed while the keyring was busy with this one: that one stays.
            if done and key in self._waiting and self._kept.get(key) is secret:
                del self._kept[key]
                self._waiting.discard(key)
            if done:
                self._filed.add(key)
        return done

    def _ask(self, question: Callable[[KeyringBackend], T]) -> tuple[bool, T | None]:
        """Whether the keyring answered, and what; the state says the rest."""
        if self._state.why in _ASK_NO_MORE:
            return False, None
        with self._asking:
            if self._state.why in _ASK_NO_MORE - {WhyMemory.SLOW}:  # by the call that this one waited for
                return False, None
            try:
                keyring = self._keyring()
                if keyring is None:
                    self._settle(WhyMemory.NO_KEYRING)
                    return False, None
                answer = question(keyring)
            # Backends raise what they like: keyring's errors, D-Bus errors, pywintypes.error, OSError.
            except Exception as error:  # noqa: BLE001
                self._settle(_why(error), type(error).__name__)
                return False, None
            self._settle(None)
            return True, answer

    def _keyring(self) -> KeyringBackend | None:
        from clearline.core.keyrings import human_name, usable

        if self._backend is None:
            import keyring

            self._backend = keyring.get_keyring()
        chosen = usable(self._backend)
        if chosen is not None and self._name is None:
            self._name = human_name(chosen)
        return chosen

    def _settle(self, why: WhyMemory | None, error: str | None = None) -> None:
        self._state = self._latest = VaultState(
            where=WhereKept.KEYRING if why is None else WhereKept.MEMORY,
            keyring=self._name,
            why=why,
            error=error if why is WhyMemory.ERROR else None,
        )


def _user(profile_id: str, name: str) -> str:
    return f"{profile_id}/{name}"


def _why(error: BaseException) -> WhyMemory:
    """The reason, from the classes of an exception and of its causes; the texts are in the user's language."""
    names = set()
    cause: BaseException | None = error
    while cause is not None:
        names.add(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    if names & {"PromptDismissedException", "KeychainDenied"}:  # secretstorage, keyring.backends.macOS.api
        return WhyMemory.REFUSED
    if names & {"KeyringLocked", "LockedException"}:
        return WhyMemory.LOCKED
    if names & {"NoKeyringError", "SecretServiceNotAvailableException"}:
        return WhyMemory.NO_KEYRING
    return WhyMemory.ERROR
