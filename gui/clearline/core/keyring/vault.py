"""Secrets between sessions: in the keyring of the operating system, else in memory, and it is always said where.

Nothing is written anywhere else, and nothing is lost: what the keyring does not take stays in memory until it does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeVar

from clearline.core.keyring.vault_state import Moved, VaultState, WhereKept, WhyMemory
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.profiles.secret_places import SESSION, source_of, with_source, words
from clearline.core.secrets.secret import Secret, Secrets

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

__all__ = ["SERVICE", "Moved", "Vault", "VaultState", "WhereKept", "WhyMemory"]

T = TypeVar("T")

SERVICE: Final = "Clearline"
"""The service under which the keyring files every secret; the user is ``<profile id>/<secret name>``."""

_UNREADABLE = frozenset({WhyMemory.LOCKED, WhyMemory.REFUSED, WhyMemory.SLOW, WhyMemory.ERROR})
_ASK_NO_MORE = frozenset({WhyMemory.LOCKED, WhyMemory.REFUSED, WhyMemory.SLOW})  # each time would open another prompt


class Vault:
    """The secrets of all profiles, by profile id and secret name. Any thread may call it; no call raises.

    ``read``, ``write``, ``delete`` and ``secrets_of`` block for as long as the keyring asks its user something; the GUI
    and the loop use a `PatientVault` over it. A keyring that was locked, refused or slow is left alone until
    `ask_again`, so that the user is not asked twice; a slow one that answers late is used again by itself.
    """

    def __init__(self, backend: KeyringBackend | None = None) -> None:
        self._backend = backend
        self._given = backend is not None
        self._search = False  # among the keyrings of now, instead of what the library found at its first use
        self._name: str | None = None
        self._state = VaultState(where=WhereKept.MEMORY, why=WhyMemory.NOT_ASKED)
        self._latest = self._state  # as the keyring itself showed, although it was no longer waited for
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
        """Ask a keyring that was left alone once more, also one that has started since, and file what waits for it.

        May block like `write`.
        """
        with self._lock:
            self._search = not self._given
            self._state = VaultState(where=WhereKept.MEMORY, why=WhyMemory.NOT_ASKED)
            waiting = [(key, self._kept[key]) for key in self._waiting]
        if not waiting:
            # A read opens a locked keyring as well as a write does, and leaves nothing behind.
            self._ask(lambda keyring: keyring.get_password(SERVICE, _user("", "")))
        for key, secret in waiting:
            self._file(key, secret)
        return self._state

    # ------------------------------------------------------------ by the profile's wish

    def keep(self, profile: Profile, name: str, secret: Secret) -> WhereKept | None:
        """Keep a secret where its profile says; None when the profile has it asked, referred to or printed instead."""
        match source_of(profile, name).place:
            case "keyring":
                return self.write(profile.id, name, secret)
            case "session":
                self.keep_for_session(profile.id, name, secret)
                return WhereKept.MEMORY
            case "ask" | "reference" | "command":
                return None

    def place(self, profile: Profile, name: str) -> str:
        """Where a profile's secret is, in words, to be read after its name: "in the GNOME keyring". Never blocks."""
        source = source_of(profile, name)
        if source.place != "keyring":
            return words(source)
        with self._lock:
            key = (profile.id, name)
            kept, waiting = key in self._kept, key in self._waiting
        state = self._state
        if kept and not (waiting and state.why is None):
            return str(state) if waiting else words(SESSION)
        return f"in the {state.keyring or 'keyring of this computer'}"

    def move(
        self,
        profile: Profile,
        name: str,
        to: SecretSource,
        secret: Secret | None = None,
        *,
        late: threading.Event | None = None,
    ) -> Moved:
        """Bring a profile's secret to another place, and the profile that says so (not saved yet).

        ``secret`` is its value where the caller has it, else it is taken from where it is. Nothing is removed before it
        is safe in the new place, and nothing is done when it cannot be read, or once the caller has set ``late``. May
        block like `write`.
        """
        kept = to.place in ("keyring", "session")
        if kept and secret is None:
            secret = self.read(profile.id, name)
            if secret is None and self._state.why in _UNREADABLE and source_of(profile, name).place == "keyring":
                return Moved(profile=profile, done=False, state=self._state)
        if late is not None and late.is_set():
            return Moved(profile=profile, done=False, state=self._state)
        if not kept:
            gone = self.delete(profile.id, name)
        elif to.place == "keyring":
            gone = True
            if secret is not None:
                self.write(profile.id, name, secret)
        else:
            gone = self.delete(profile.id, name)
            if secret is not None:
                self.keep_for_session(profile.id, name, secret)
        return Moved(profile=with_source(profile, name, to), done=True, left_behind=not gone, state=self._state)

    def delete_all(self, profile_id: str, names: Iterable[str]) -> bool:
        """Forget the secrets of a profile, as `delete` does each. False: the keyring may still hold some."""
        gone = [self.delete(profile_id, name) for name in names]  # each, also after one that could not be
        return all(gone)

    def copy_all(self, profile: Profile, copy: Profile, names: Iterable[str]) -> None:
        """Keep the secrets of a profile for its copy as well, where that says."""
        for name, secret in self.secrets_of(profile.id, names).items():
            self.keep(copy, name, secret)

    # ------------------------------------------------------------ for who does not wait

    def kept(self, profile_id: str, names: Iterable[str]) -> dict[str, Secret]:
        """Those of the named secrets that memory has. Never blocks."""
        with self._lock:
            return {name: self._kept[profile_id, name] for name in names if (profile_id, name) in self._kept}

    def note_slow(self) -> None:
        """A caller has stopped waiting for the keyring: it is left alone. Never blocks."""
        with self._lock:
            self._state = VaultState(where=WhereKept.MEMORY, keyring=self._name, why=WhyMemory.SLOW)

    def note_late_answer(self) -> None:
        """The keyring has answered a caller that had gone: it counts again, and gets what was kept in memory meanwhile.

        May block like `write`.
        """
        with self._lock:
            self._state = self._latest
        if self._state.where is WhereKept.KEYRING:
            self.ask_again()

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
        from clearline.core.keyring.keyrings import found_now, human_name, usable

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
