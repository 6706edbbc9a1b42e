"""Profiles for others: exported to a file, or one copied as its connection string.

What writes the formats is imported when it is first asked for: the window opens without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QStandardPaths
from PySide6.QtGui import QGuiApplication

from clearline.core.files.drives import FOLDER_S, NoAnswer, asked, waited_for
from clearline.core.keyring.patient_vault import PatientVault
from clearline.core.profiles.profile import Profile
from clearline.core.profiles.secret_places import secret_names
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, PASSWORD, Secret, Secrets
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from clearline.core.exchange.imported import Imported
    from clearline.ui.panels.export_dialog import ExportDialog

    _Read = Callable[[Secret | None], Imported]


_FRAME_S: Final = 0.01
"""What the window may wait for."""


class Exporting:
    """What the menus' Export and Copy as do."""

    def __init__(self, window: MainWindow, storage: ProfileStorage, profiles: OpenProfiles) -> None:
        self._window = window
        self._storage = storage
        self._profiles = profiles

    def ask_export(self, ids: Sequence[str] = ()) -> ExportDialog:
        """Open the export with these ticked, or without any the one in front."""
        from clearline.ui.panels.export_dialog import ExportDialog

        front = self._profiles.current
        profiles = {profile.id: profile for profile in self._storage.readable.values()}
        exportable = bool(front.profile.seeds.hosts)
        if exportable:
            profiles = {front.profile.id: front.profile} | profiles | {front.profile.id: front.profile}
        current = front.profile.id if exportable else None
        ticked = tuple(ids) or ((current,) if current else tuple(profiles))
        documents = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation) or ".")
        folder = documents if _is_there(documents) else Path.home()
        dialog = ExportDialog(tuple(profiles.values()), ticked, current, folder, self._window)
        dialog.export_requested.connect(lambda: self._export(dialog))
        dialog.open()
        return dialog

    def _export(self, dialog: ExportDialog) -> None:
        from clearline.core.exchange import ours

        path, passphrase, profiles = dialog.path, dialog.given_passphrase, dialog.chosen
        assert path is not None
        front = self._profiles.current
        in_front = {front.profile.id: dict(front.secrets)}
        with_secrets = dialog.with_secrets
        open_dialog = [dialog]
        dialog.finished.connect(open_dialog.clear)

        may_replace = dialog.may_replace == path

        async def write() -> None:
            if not may_replace and await asked(path, path.exists):
                raise FileExistsError
            secrets = (
                {p.id: await self._secrets_of(p, in_front.get(p.id, {})) for p in profiles} if with_secrets else {}
            )
            await asked(path, ours.write, profiles, path, secrets, passphrase, limit_s=FOLDER_S)

        def answered(_nothing: None) -> None:
            self._window.say(f"Exported to {path.name}.")
            for one in open_dialog[:]:
                one.accept()

        def failed(error: Exception) -> None:
            if isinstance(error, FileExistsError) and open_dialog:
                self._ask_to_replace(open_dialog[0], path)
                return
            if isinstance(error, OSError):
                said = f"{path.name}: {error.strerror or 'it exists already'}"
            elif isinstance(error, ours.NotExported):
                said = str(error)
            else:
                self._storage.broke.emit(error)
                return
            if open_dialog:
                open_dialog[0].show_failure(said)
            else:
                self._window.say(said)

        self._storage.background.ask(write, answered, failed)

    def _ask_to_replace(self, dialog: ExportDialog, path: Path) -> None:
        from clearline.ui.widgets.questions import Question

        def replace() -> None:
            dialog.may_replace = path
            self._export(dialog)

        words = f"{path.name} exists. What it holds now will be gone."
        Question(dialog, "Replace the file", words, (("Replace", replace), ("Cancel", tuple)), primary=1).open()
        dialog.show_failure("")

    async def _secrets_of(self, profile: Profile, known: Secrets) -> Secrets:
        """A profile's secrets, without asking the keyring for what it cannot have."""
        names = [name for name in secret_names(profile) if name != PASSWORD or profile.auth.user is not None]
        names += [name for name, value in profile.auth.properties.items() if not value and name != AWS_SESSION_TOKEN]
        missing = [name for name in dict.fromkeys(names) if name not in known]
        return {**await PatientVault(self._storage.vault).secrets_of(profile.id, missing), **known}

    def copy_with_placeholder(self) -> None:
        """The connection string in front with ``<password>``."""
        from clearline.core.exchange import uri_copy

        front = self._profiles.current
        self._copy(uri_copy.with_placeholder(front.profile, front.secrets), "Copied with placeholders.")

    def copy_with_variables(self) -> None:
        """The connection string in front with ``${MONGODB_PASSWORD}``."""
        from clearline.core.exchange import uri_copy

        front = self._profiles.current
        self._copy(uri_copy.with_variables(front.profile, front.secrets), "Copied with variables.")

    def copy_with_password(self) -> None:
        """The connection string in front as it is, after a question where there is a secret in it."""
        from clearline.core.exchange import uri_copy

        front = self._profiles.current
        if not front.secrets:
            self._copy(uri_copy.with_secrets(front.profile, {}), "Copied. There is no password in it.")
            return
        from clearline.ui.widgets.questions import Question

        text = Secret(uri_copy.with_secrets(front.profile, front.secrets))
        Question(
            self._window,
            "Copy with the password",
            "Copy the connection string with its password?\n\n"
            "Every program on this computer can read the clipboard, and some keep its history.",
            (
                ("Copy with the password", lambda: self._copy(text.reveal(), "Copied with the password.")),
                ("Cancel", tuple),
            ),
            primary=1,
        ).open()

    def _copy(self, text: str, said: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._window.say(said)


def _is_there(folder: Path) -> bool:
    """Whether a folder exists, as far as that is known in less than a frame: it may be on a drive that is away."""
    try:
        return waited_for(folder, folder.is_dir, limit_s=_FRAME_S)
    except NoAnswer:
        return False
