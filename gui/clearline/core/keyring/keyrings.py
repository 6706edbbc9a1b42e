"""Which keyring backends are fit to keep secrets, and what people call them. Imported with the keyring, late."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

# keyrings.alt writes in clear or asks for a password on the terminal; the others keep nothing.
_UNFIT = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")
_NAMES = {
    "keyring.backends.Windows": "Windows Credential Manager",
    "keyring.backends.macOS": "macOS Keychain",
    "keyring.backends.kwallet": "KDE wallet",
}
_SECRET_SERVICE = ("keyring.backends.SecretService", "keyring.backends.libsecret")
_PROVIDERS = {
    "gnome-keyring-d": "GNOME keyring",
    "keepassxc": "KeePassXC database",
    "kwalletd": "KDE wallet",
    "ksecretd": "KDE wallet",
}


def usable(backend: KeyringBackend) -> KeyringBackend | None:
    """The backend if it keeps secrets safe, the first such one of a chain, else None."""
    members: Iterable[KeyringBackend] = (backend,)
    if type(backend).__module__ == "keyring.backends.chainer":
        members = backend.backends  # type: ignore[attr-defined]
    return next((member for member in members if _fit(member)), None)


def found_now() -> KeyringBackend | None:
    """The best fit keyring as of now, for the library's own search is made once: a service may have started since.

    None when there is none, or when the user's environment or configuration chooses another.
    """
    from keyring.backend import KeyringBackend
    from keyring.core import load_config, load_env

    if load_env() is not None or load_config() is not None:
        return None
    viable = [kind for kind in KeyringBackend.get_viable_backends() if _fit_kind(kind)]
    return max((kind() for kind in viable), key=lambda backend: backend.priority, default=None)


def human_name(backend: KeyringBackend) -> str:
    """What people call it, to be read after "in the"."""
    module = type(backend).__module__
    if module.startswith(_SECRET_SERVICE):
        return _provider() or "keyring of this desktop"
    return next((name for start, name in _NAMES.items() if module.startswith(start)), backend.name)


def _fit(backend: KeyringBackend) -> bool:
    return _fit_kind(type(backend))


def _fit_kind(kind: type[KeyringBackend]) -> bool:
    return (
        kind.__module__ != "keyring.backends.chainer"
        and not kind.__module__.startswith(_UNFIT)
        and "plaintext" not in kind.__name__.lower()
    )


def _provider() -> str | None:
    """The program that offers the Secret Service on this session's bus; None when it cannot be told (sandboxes)."""
    from contextlib import closing

    from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]
    from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

    try:
        with closing(open_dbus_connection()) as bus:
            question = message_bus.GetConnectionUnixProcessID("org.freedesktop.secrets")
            [process] = bus.send_and_get_reply(question, timeout=1.0).body
        program = Path(f"/proc/{process}/comm").read_text().strip()
    except Exception:  # noqa: BLE001 - only a name is at stake; the bus may fail in any way
        return None
    return next((name for start, name in _PROVIDERS.items() if program.startswith(start)), None)
