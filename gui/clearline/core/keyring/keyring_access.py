"""The keyring of this computer, asked one thing at a time: what it answers, and what its silence or refusal means."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from clearline.core.keyring.vault_state import VaultState, WhereKept, WhyMemory
from clearline.paths import portable_dir

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend


T = TypeVar("T")

_MOMENT_S: Final = 0.2
_ASK_NO_MORE = frozenset({WhyMemory.LOCKED, WhyMemory.REFUSED, WhyMemory.SLOW})  # each time would open another prompt


class KeyringAccess:
    """One keyring, found when it is first asked. Any thread may call it; no call raises.

    One that was locked, refused or slow is left alone until `begin_anew`, so that the user is not asked twice.
    """

    def __init__(self, backend: KeyringBackend | None = None) -> None:
        """``backend`` is the keyring where the caller has one; else the operating system's is looked for."""
        self._backend = backend
        self._given = backend is not None
        self._search = False  # among the keyrings of now, instead of what the library found at its first use
        self._name: str | None = None
        self.state = VaultState(where=WhereKept.MEMORY, why=WhyMemory.NOT_ASKED)
        """Whether it takes secrets now, and why not."""
        self._latest = self.state  # as the keyring itself showed, although it was no longer waited for
        self._asking = threading.Lock()  # one prompt at a time

    def use(self, backend: KeyringBackend) -> None:
        """From now on that is the keyring."""
        self._backend, self._name = backend, None

    def begin_anew(self) -> None:
        """One that was left alone may be asked once more, also one that has started since."""
        self._search = not self._given
        self.state = VaultState(where=WhereKept.MEMORY, why=WhyMemory.NOT_ASKED)

    def note_slow(self) -> None:
        """A caller has stopped waiting for it: it is left alone."""
        self.state = VaultState(where=WhereKept.MEMORY, keyring=self._name, why=WhyMemory.SLOW)

    def note_late_answer(self) -> None:
        """It has answered a caller that had gone: what it showed then counts again."""
        self.state = self._latest

    def is_missing(self) -> bool:
        """Whether there is no keyring at all, found out without asking one anything; False while one is being asked."""
        if self.state.why is not WhyMemory.NOT_ASKED:
            return self.state.why is WhyMemory.NO_KEYRING
        if not self._asking.acquire(timeout=_MOMENT_S):
            return False
        try:
            found = self._keyring()
        except Exception:  # noqa: BLE001 - backends raise what they like; `read` will tell
            return False
        finally:
            self._asking.release()
        if found is None:
            self._settle(WhyMemory.NO_KEYRING)
        return found is None

    def ask(self, question: Callable[[KeyringBackend], T]) -> tuple[bool, T | None]:
        """Whether the keyring answered, and what; the state says the rest."""
        if self.state.why in _ASK_NO_MORE:
            return False, None
        with self._asking:
            if self.state.why in _ASK_NO_MORE - {WhyMemory.SLOW}:  # by the call that this one waited for
                return False, None
            try:
                keyring = self._keyring()
                if keyring is None:
                    self._settle(WhyMemory.NO_KEYRING)
                    return False, None
                answer = question(keyring)
            # Backends raise what they like: keyring's errors, D-Bus errors, pywintypes.error, OSError.
            except (Exception, SystemExit) as error:  # noqa: BLE001
                self._settle(_why(error))
                return False, None
            self._settle(None)
            return True, answer

    def _keyring(self) -> KeyringBackend | None:
        from clearline.core.keyring.keyrings import found_now, human_name, usable

        if self._backend is None and portable_dir() is not None:
            return None  # a portable copy leaves nothing on the computers that it meets
        if self._backend is None:
            import keyring

            self._backend = keyring.get_keyring()
        chosen = usable(self._backend)
        if chosen is None and self._search:
            self._search = False
            if (started := found_now()) is not None:
                self._backend = chosen = started
        if chosen is not None and self._name is None:
            self._name = human_name(chosen)
        return chosen

    def _settle(self, why: WhyMemory | None) -> None:
        self.state = self._latest = VaultState(
            where=WhereKept.KEYRING if why is None else WhereKept.MEMORY,
            keyring=self._name,
            why=why,
        )


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
