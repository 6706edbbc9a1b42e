"""Secrets between sessions: in the keyring of the operating system, else in memory, and it is always said where.

Nothing is written anywhere else, and nothing is lost: what the keyring does not take stays in memory until it does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clearline.core.keyring.given import Given, destination, from_text, is_kept, not_kept, to_text, without_value
from clearline.core.keyring.keyring_access import KeyringAccess
from clearline.core.keyring.known_servers import KnownServers
from clearline.core.keyring.vault_state import Moved, VaultState, WhereKept, WhyMemory
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.profiles.secret_places import SESSION, source_of, with_source, words
from clearline.core.secrets.secret import Secret, Secrets

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

__all__ = ["SERVICE", "Moved", "Vault", "VaultState", "WhereKept", "WhyMemory"]

SERVICE: Final = "Clearline"
"""The service under which the keyring files every secret; the user is ``<profile id>/<secret name>``."""

MEMORY_SERVICE: Final = "Clearline servers"
"""The service under which it is filed for which servers each secret was given: no name of a secret leads there."""

_Key = tuple[str, str, str]
"""Service, profile id and secret name."""

_UNREADABLE = frozenset({WhyMemory.LOCKED, WhyMemory.REFUSED, WhyMemory.SLOW, WhyMemory.ERROR})


_LONGEST: Final = 1024 * 1024
"""Characters of a secret; a key file in PEM has a few thousand."""


class Vault:
    """The secrets of all profiles, by profile id and secret name. Any thread may call it; no call raises.

    ``read``, ``write``, ``delete`` and ``secrets_of`` block for as long as the keyring asks its user something; the GUI
    and the loop use a `PatientVault` over it. A keyring that was locked, refused or slow is left alone until
    `ask_again`, so that the user is not asked twice; a slow one that answers late is used again by itself.
    """

    def __init__(self, backend: KeyringBackend | None = None, known_servers: Path | None = None) -> None:
        """``known_servers``: the file that remembers where the profiles have signed in; None: memory does."""
        self._keyring = KeyringAccess(backend)
        self._known_servers = KnownServers(known_servers)
        self._lock = threading.Lock()  # guards the fields; never held while the keyring works
        self._kept: dict[_Key, Secret] = {}
        self._waiting: set[_Key] = set()  # kept in memory only because the keyring did not take them
        self._filed: set[_Key] = set()  # known to be in the keyring
        self._destinations: dict[
            tuple[str, str], Given | None
        ] = {}  # as read or written last, by the secret's own name

    @property
    def state(self) -> VaultState:
        """Where new secrets go now."""
        return self._keyring.state

    def use(self, backend: KeyringBackend) -> VaultState:
        """From now on that is the keyring, such as an encrypted file where there is none; what waits is filed there.

        May block like `write`.
        """
        self._keyring.use(backend)
        with self._lock:
            for key in [key for key, given in self._destinations.items() if given is None]:
                del self._destinations[key]
        return self.ask_again()

    def lacks_keyring(self) -> bool:
        """Whether there is no keyring at all, found out without asking one anything; False while one is being asked."""
        return self._keyring.is_missing()

    def where(self, profile_id: str, name: str) -> WhereKept | None:
        """Where that secret is, as far as this session has seen: None says unknown. Never blocks."""
        key = _key(profile_id, name)
        with self._lock:
            if key in self._kept:
                return WhereKept.MEMORY
            return WhereKept.KEYRING if key in self._filed else None

    def keep_for_session(self, profile_id: str, name: str, secret: Secret) -> None:
        """Keep a secret in memory only, before whatever the keyring has. Never blocks."""
        self._keep_for_session(_key(profile_id, name), secret)

    def _keep_for_session(self, key: _Key, secret: Secret) -> None:
        with self._lock:
            self._kept[key] = secret
            self._waiting.discard(key)

    def read(self, profile_id: str, name: str) -> Secret | None:
        """The secret, from memory or else from the keyring; None when neither has it (see `state`)."""
        return self._read(_key(profile_id, name))

    def _read(self, key: _Key) -> Secret | None:
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                return kept
        answered, text = self._keyring.ask(lambda keyring: _typed(keyring.get_password(*_filed_as(key))))
        with self._lock:
            if answered:
                (self._filed.discard if text is None else self._filed.add)(key)
        return None if text is None else Secret(text)

    def secrets_of(self, profile_id: str, names: Iterable[str]) -> Secrets:
        """Those of the named secrets that exist; for which servers they were given is known afterwards (`given`)."""
        read = {name: self.read(profile_id, name) for name in names}
        found = {name: secret for name, secret in read.items() if secret is not None}
        for name in found:
            self._given_for(profile_id, name)
        return found

    # ------------------------------------------------------------ for which servers

    def given(self, profile: Profile, name: str) -> Given | None:
        """For which servers that was given; None when nothing is remembered. Blocks as `read` when first asked.

        What the vault does not keep, a variable or an identity of this computer, goes where the profile may sign in.
        What cannot be read although the secret can covers nothing.
        """
        if is_kept(profile, name):
            return self._given_for(profile.id, name)
        return self._known_servers.of(profile.id)

    def _given_for(self, profile_id: str, name: str) -> Given | None:
        key = (profile_id, name)
        with self._lock:
            if key in self._destinations:
                return self._destinations[key]
            own, memory = _key(profile_id, name), _key(profile_id, name, MEMORY_SERVICE)
            if own in self._kept and own not in self._waiting and memory not in self._kept:
                return None  # kept for this session by something that does not know its profile
        kept = self._read(memory)
        unknown = kept is None and self.where(profile_id, name) is WhereKept.KEYRING and self.state.why is not None
        given = from_text(kept.reveal()) if kept is not None else Given() if unknown else None
        if not unknown:
            with self._lock:
                self._destinations.setdefault(key, given)
        return given

    def knows_given(self, profile: Profile, names: Iterable[str]) -> bool:
        """Whether `given` answers at once for each of these."""
        with self._lock:
            known = {name for own, name in self._destinations if own == profile.id and is_kept(profile, name)}
        if self._known_servers.at_once(profile.id) is not None:
            known.update(not_kept(profile))
        return known.issuperset(names)

    def given_elsewhere(self, profile: Profile, names: Iterable[str], *, foreign: bool = False) -> tuple[str, ...]:
        """Those of a profile's kept secrets, variables and identities that were given for others than its servers now.

        Variables and identities were given for none at first; one that is not set has nothing to give. ``foreign``:
        another person wrote the profile; then neither were kept secrets that remember nothing, and variables and
        identities are asked about by themselves (``core/consent``). Reads the file of variables where there is one, the
        keyring where it was not asked for them before, and the disk.
        """
        named = tuple(names)
        if not named:
            return ()
        wanted = destination(profile)
        found = []
        for name in named:
            kept = is_kept(profile, name)
            if foreign and not kept:
                continue
            given = self.given(profile, name)
            if given is None:
                covered = kept and not foreign
            else:
                covered = given.covers(wanted if kept else destination(profile, [name]))
            if not covered:
                found.append(name)
        if all(is_kept(profile, name) for name in found):
            return tuple(found)
        void = without_value(profile)
        return tuple(name for name in found if name not in void)

    def give(self, profile: Profile, names: Iterable[str]) -> None:
        """Its owner agrees: these may also go to the servers that the profile has now."""
        named = tuple(names)
        wanted = destination(profile)
        for name in named:
            if is_kept(profile, name):
                before = self._given_for(profile.id, name) or Given()
                self._remember(profile.id, name, before.also(wanted))
        if anyway := [name for name in named if not is_kept(profile, name)]:
            known = self._known_servers.of(profile.id) or Given()
            self._known_servers.remember(profile.id, known.also(destination(profile, anyway)))

    def adopt(self, profile: Profile, names: Iterable[str]) -> None:
        """As they are used by the user's own profile: kept secrets that remember nothing belong to its servers."""
        wanted = destination(profile)
        for name in names:
            if is_kept(profile, name) and self._given_for(profile.id, name) is None:
                self._remember(profile.id, name, Given().also(wanted))

    def entrust(self, profile: Profile) -> None:
        """Its owner has written here what it signs in with: what is not kept may go to its servers, to no others."""
        self._known_servers.remember(profile.id, Given().also(destination(profile, not_kept(profile))))

    def _remember(self, profile_id: str, name: str, given: Given) -> None:
        """Keep it where the secret itself is."""
        key, memory, text = _key(profile_id, name), _key(profile_id, name, MEMORY_SERVICE), Secret(to_text(given))
        with self._lock:
            self._destinations[profile_id, name] = given
            for_session = key in self._kept and key not in self._waiting
        if for_session:
            self._keep_for_session(memory, text)
        else:
            self._write(memory, text)

    def write(self, profile_id: str, name: str, secret: Secret) -> WhereKept:
        """Keep a secret: in the keyring, or in memory when it does not take it. Says which."""
        return self._write(_key(profile_id, name), secret)

    def _write(self, key: _Key, secret: Secret) -> WhereKept:
        with self._lock:
            self._kept[key] = secret
            self._waiting.add(key)
        return WhereKept.KEYRING if self._file(key, secret) else WhereKept.MEMORY

    def delete(self, profile_id: str, name: str) -> bool:
        """Forget a secret here and in the keyring. False: the keyring could not be asked and may still hold it."""
        keys = (_key(profile_id, name), _key(profile_id, name, MEMORY_SERVICE))
        with self._lock:
            for key in keys:
                self._kept.pop(key, None)
                self._waiting.discard(key)
            self._destinations.pop((profile_id, name), None)

        def remove(keyring: KeyringBackend) -> None:
            for entry in map(_filed_as, keys):  # the secret first: it never stays without its memory
                if keyring.get_password(*entry) is not None:
                    keyring.delete_password(*entry)

        done, _ = self._keyring.ask(remove)
        with self._lock:
            if done:
                self._filed.difference_update(keys)
        # Without a keyring there is nothing that could still hold it.
        return done or self.state.why is WhyMemory.NO_KEYRING

    def ask_again(self) -> VaultState:
        """Ask a keyring that was left alone once more, also one that has started since, and file what waits for it.

        May block like `write`.
        """
        self._keyring.begin_anew()
        with self._lock:
            waiting = [(key, self._kept[key]) for key in self._waiting]
        if not waiting:
            # A read opens a locked keyring as well as a write does, and leaves nothing behind.
            self._keyring.ask(lambda keyring: keyring.get_password(*_filed_as(_key("", ""))))
        for key, secret in waiting:
            self._file(key, secret)
        return self.state

    # ------------------------------------------------------------ by the profile's wish

    def keep(self, profile: Profile, name: str, secret: Secret) -> WhereKept | None:
        """Keep a secret where its profile says; None when the profile has it asked, referred to or printed instead.

        It was given for the servers that the profile has now, and for no others.
        """
        return self._keep(profile, name, secret, Given().also(destination(profile)))

    def intend(self, profile: Profile, name: str | None = None) -> None:
        """What is about to be kept is for the servers that the profile has now: `given` knows before `keep` runs.

        Without a ``name`` it is what `entrust` is about to be called for. Reads the file of variables where hosts refer
        to any; else it never blocks.
        """
        if name is None:
            self._known_servers.intend(profile.id, Given().also(destination(profile, not_kept(profile))))
            return
        given = Given().also(destination(profile))
        with self._lock:
            self._destinations[profile.id, name] = given

    def _keep(self, profile: Profile, name: str, secret: Secret, given: Given | None) -> WhereKept | None:
        if given is not None:
            with self._lock:
                self._destinations[profile.id, name] = given  # known at once, however long the keyring takes
        match source_of(profile, name).place:
            case "keyring":
                where = self.write(profile.id, name, secret)
            case "session":
                self.keep_for_session(profile.id, name, secret)
                where = WhereKept.MEMORY
            case "ask" | "reference" | "command":
                return None
        if given is not None:
            self._remember(profile.id, name, given)
        return where

    def place(self, profile: Profile, name: str) -> str:
        """Where a profile's secret is, in words, to be read after its name: "in the GNOME keyring". Never blocks."""
        source = source_of(profile, name)
        if source.place != "keyring":
            return words(source)
        with self._lock:
            key = _key(profile.id, name)
            kept, waiting = key in self._kept, key in self._waiting
        state = self.state
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
        known = self.read(profile.id, name) if kept else None
        # One that was typed just now is meant for the servers of now; moving one changes nothing of its memory.
        given = self._given_for(profile.id, name) if known is not None else None
        if secret is not None and secret != known:
            given = Given().also(destination(profile))
        if kept and secret is None:
            secret = known
            if secret is None and self.state.why in _UNREADABLE and source_of(profile, name).place == "keyring":
                return Moved(profile=profile, done=False, state=self.state)
        if late is not None and late.is_set():
            return Moved(profile=profile, done=False, state=self.state)
        if not kept:
            gone = self.delete(profile.id, name)
        else:
            gone = to.place == "keyring" or self.delete(profile.id, name)
            if secret is not None:
                self._keep(with_source(profile, name, to), name, secret, given)
        return Moved(profile=with_source(profile, name, to), done=True, left_behind=not gone, state=self.state)

    def delete_all(self, profile_id: str, names: Iterable[str]) -> bool:
        """Forget the secrets of a profile, as `delete` does each. False: the keyring may still hold some."""
        self._known_servers.forget(profile_id)
        gone = [self.delete(profile_id, name) for name in names]  # each, also after one that could not be
        return all(gone)

    def copy_all(self, profile: Profile, copy: Profile, names: Iterable[str]) -> None:
        """Keep the secrets of a profile for its copy as well, where that says, and what else it may sign in with."""
        if (known := self._known_servers.of(profile.id)) is not None:
            self._known_servers.remember(copy.id, known)
        for name, secret in self.secrets_of(profile.id, names).items():
            self._keep(copy, name, secret, self._given_for(profile.id, name))

    # ------------------------------------------------------------ for who does not wait

    def kept(self, profile_id: str, names: Iterable[str]) -> dict[str, Secret]:
        """Those of the named secrets that memory has. Never blocks."""
        with self._lock:
            return {name: self._kept[key] for name in names if (key := _key(profile_id, name)) in self._kept}

    def note_slow(self) -> None:
        """A caller has stopped waiting for the keyring: it is left alone. Never blocks."""
        self._keyring.note_slow()

    def note_late_answer(self) -> None:
        """The keyring has answered a caller that had gone: it counts again, and gets what was kept in memory meanwhile.

        May block like `write`.
        """
        self._keyring.note_late_answer()
        if self.state.where is WhereKept.KEYRING:
            self.ask_again()

    def _file(self, key: _Key, secret: Secret) -> bool:
        done, _ = self._keyring.ask(lambda keyring: keyring.set_password(*_filed_as(key), secret.reveal()))
        with self._lock:
            # Another value may have been typed while the keyring was busy with this one: that one stays.
            if done and key in self._waiting and self._kept.get(key) is secret:
                del self._kept[key]
                self._waiting.discard(key)
            if done:
                self._filed.add(key)
        return done


def _typed(answer: object) -> str | None:
    """What a keyring gave, where it is a text of a possible length. Raises TypeError: backends come from anywhere."""
    if answer is None or (isinstance(answer, str) and len(answer) <= _LONGEST):
        return answer
    raise TypeError


def _key(profile_id: str, name: str, service: str = SERVICE) -> _Key:
    return service, profile_id, name


def _filed_as(key: _Key) -> tuple[str, str]:
    """Service and user in the keyring."""
    service, profile_id, name = key
    return service, f"{profile_id}/{name}"
