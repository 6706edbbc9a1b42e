"""On a computer without a keyring: says once what becomes of secrets, and opens the encrypted file of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QDialog

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.keyring.patient_vault import PatientVault
from clearline.core.keyring.vault import WhyMemory
from clearline.core.profiles.profile import Profile
from clearline.core.profiles.secret_places import secret_names, source_of, with_source
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.ui.profiles.list_actions import ListActions
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage
from clearline.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from clearline.ui.panels.no_keyring import NoKeyringDialog, PassphraseDialog


class NoKeyring(QObject):
    """Asks at the first secret that is kept, and for the passphrase at the first one that is needed."""

    def __init__(
        self, window: MainWindow, storage: ProfileStorage, profiles: OpenProfiles, actions: ListActions, file: Path
    ) -> None:
        super().__init__(window)
        self._window = window
        self._storage = storage
        self._profiles = profiles
        self._actions = actions
        self._file = file
        self._told = self._asked = False
        self._open = False

    def on_kept(self, profiles: Sequence[Profile]) -> None:
        """Secrets of these were put away. The first time that they are in memory only the user is asked."""
        vault = self._storage.vault
        waiting = [one for one in profiles if self._waiting(one)]
        if self._told or self._open or not waiting or vault.state.why is not WhyMemory.NO_KEYRING:
            return
        self._told = True
        from clearline.ui.panels.no_keyring import NoKeyringDialog

        several = len(waiting) > 1
        name = waiting[0].name or ", ".join(waiting[0].seeds.hosts[:1])
        whose = f"The secrets of {len(waiting):,} connections" if several else f"The password of {name}"
        shown = QApplication.activeModalWidget()  # an import shows its results still
        parent = shown if shown in self._window.findChildren(QDialog) else self._window
        dialog = NoKeyringDialog(parent, whose, several=several, has_file=self._file.exists())

        dialog.decided.connect(lambda: self._decide(dialog, waiting))
        dialog.open()

    def _decide(self, dialog: NoKeyringDialog, waiting: Sequence[Profile]) -> None:
        if (passphrase := dialog.given_passphrase) is not None:
            self._use(passphrase, dialog)
            return
        dialog.accept()
        if (source := dialog.source) is None:
            return
        for one in waiting:
            names = self._waiting(one)

            def changed(profile: Profile, names: tuple[str, ...] = names) -> Profile:
                for name in names:
                    profile = with_source(profile, name, source)
                return profile

            self._actions.change([one.id], changed)
            self._storage.secrets.forget(one.id, names)

    def open_file(self, then: Callable[[], object]) -> bool:
        """Ask for the passphrase of the file, where there is one and no keyring, and then call ``then``.

        False where there is nothing to ask. It is asked once, whatever the answer.
        """
        if self._asked or self._open or self._storage.vault.state.why is not WhyMemory.NO_KEYRING:
            return False
        if not self._file.exists():
            return False
        self._asked = True
        from clearline.ui.panels.no_keyring import PassphraseDialog

        dialog = PassphraseDialog(self._window)
        dialog.given.connect(lambda passphrase: self._use(passphrase, dialog))
        dialog.finished.connect(lambda _result: then())
        dialog.open()
        return True

    def _use(self, passphrase: Secret, dialog: NoKeyringDialog | PassphraseDialog) -> None:
        from clearline.core.exchange.imported import ImportProblem

        async def use() -> None:
            from clearline.core.exchange.secrets_file import SecretsFile

            file = await run_in_daemon(SecretsFile, self._file, passphrase)
            await PatientVault(self._storage.vault).use(file)

        def used(_nothing: None) -> None:
            self._open = True
            for opened in self._profiles.all_open():
                if opened.saved is not None:
                    self._storage.secrets.look_up(opened)
            self._storage.secrets_moved.emit()
            dialog.accept()

        def failed(error: Exception) -> None:
            if isinstance(error, ImportProblem):
                dialog.show_problem(str(error))
            elif isinstance(error, OSError):
                dialog.show_problem(f"{self._file.name}: {error.strerror or type(error).__name__}")
            else:
                self._storage.broke.emit(error)

        self._storage.background.ask(use, used, failed)

    def _waiting(self, profile: Profile) -> tuple[str, ...]:
        """Those of its secrets that were to go to the keyring and are in memory."""
        names = [name for name in (PASSWORD, *secret_names(profile)) if source_of(profile, name).place == "keyring"]
        return tuple(self._storage.vault.kept(profile.id, dict.fromkeys(names)))
