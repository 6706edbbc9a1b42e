"""A computer without a keyring: what becomes of secrets is said once, with the choices, and nothing is lost unsaid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keyring.backends.fail
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from clearline.core.consent.outside import FILE_NAME, Outside
from clearline.core.exchange.secrets_file import SecretsFile
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds
from clearline.core.secrets.secret import PASSWORD, Secret
from clearline.core.storage import store
from clearline.ui.app import Desktop
from clearline.ui.checks.secrets_dialog import SecretsDialog
from clearline.ui.panels.batch_window import BatchWindow
from clearline.ui.panels.no_keyring import COMMAND, EACH_TIME, SESSION, VARIABLE, NoKeyringDialog, PassphraseDialog
from clearline.ui.panels.profile_list import ListAction
from clearline.ui.profiles.open_profile import Origin
from ui.played_checks import noting

WORDS = "four words in a row"
OWN = Profile(name="Own", seeds=Seeds(hosts=("db1:27017",)), auth=Auth(user="app"))


def vault() -> Vault:
    return Vault(keyring.backends.fail.Keyring())


def asked(qtbot: QtBot, desktop: Desktop, kind: Any) -> Any:
    def there() -> Any:
        return [d for d in desktop.window.findChildren(QDialog) if type(d) is kind and d.isVisible()]

    qtbot.waitUntil(lambda: len(there()) == 1)
    return there()[0]


def gone(qtbot: QtBot, desktop: Desktop) -> None:
    qtbot.waitUntil(lambda: not [d for d in desktop.window.findChildren(QDialog) if d.isVisible()])


@pytest.fixture
def saved(qtbot: QtBot, make_desktop: Callable[..., Any]) -> tuple[Desktop, NoKeyringDialog]:
    """A window with the dialog that the first saved password opens."""
    desktop = make_desktop(noting(), vault=vault())
    current = desktop.workbench.profiles.current
    current.set_text(Secret("mongodb://app:s3cret-w0rd@db1/"), Origin.TEXT)
    current.rename("Orders")
    desktop.workbench.save()
    return desktop, asked(qtbot, desktop, NoKeyringDialog)


def test_that_there_is_none_is_said_before_the_first_password_is_typed(
    qtbot: QtBot, make_desktop: Callable[..., Any]
) -> None:
    desktop = make_desktop(noting(), vault=vault())
    welcome = desktop.window.answer.welcome.passwords
    qtbot.waitUntil(lambda: "Passwords last until you quit" in welcome.text())
    desktop.workbench.profiles.current.set_text(Secret("mongodb://app:s3cret-w0rd@db1/"), Origin.TEXT)
    said = desktop.window.pages.page("auth").where
    qtbot.waitUntil(lambda: said.text().startswith("This session only: this computer has no keyring"))


def test_the_first_saved_password_says_what_will_happen_to_it_and_offers_a_file(
    qtbot: QtBot, saved: tuple[Desktop, NoKeyringDialog], tmp_path: Path
) -> None:
    desktop, dialog = saved
    words = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "The password of Orders is kept until you quit" in words
    assert not dialog.ok.isEnabled()
    qtbot.keyClicks(dialog.passphrase.entry, WORDS)
    qtbot.keyClicks(dialog.again.entry, WORDS[:-1])
    assert not dialog.ok.isEnabled()
    qtbot.keyClicks(dialog.again.entry, WORDS[-1])
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    gone(qtbot, desktop)
    current = desktop.workbench.profiles.current
    assert desktop.workbench.storage.secrets.where(current)[PASSWORD] == "in the encrypted file"
    later = vault()
    later.use(SecretsFile(tmp_path / "secrets.json", Secret(WORDS)))
    assert later.read(current.profile.id, PASSWORD) == Secret("s3cret-w0rd")


@pytest.mark.parametrize(
    ("choice", "typed", "source"),
    [
        (EACH_TIME, "", SecretSource(place="ask")),
        (VARIABLE, "ORDERS_PASSWORD", SecretSource(place="reference", reference="${ORDERS_PASSWORD}")),
        (COMMAND, "pass show orders", SecretSource(place="command", command="pass show orders")),
        (SESSION, "", None),
    ],
)
def test_the_other_choices_are_written_into_the_profile(
    qtbot: QtBot,
    saved: tuple[Desktop, NoKeyringDialog],
    tmp_path: Path,
    choice: str,
    typed: str,
    source: SecretSource | None,
) -> None:
    desktop, dialog = saved
    dialog.choices[choice].setChecked(True)
    if typed:
        assert not dialog.ok.isEnabled()
        qtbot.keyClicks(dialog.variable if choice == VARIABLE else dialog.command, typed)
    qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    gone(qtbot, desktop)
    [path] = [p for p in (tmp_path / "profiles").glob("*.json") if "schema" not in p.name]
    qtbot.waitUntil(lambda: store.load(path).secrets == ({PASSWORD: source} if source else {}))
    kept = source is None
    qtbot.waitUntil(lambda: (desktop.workbench.storage.vault.read(store.load(path).id, PASSWORD) is not None) is kept)
    assert not (tmp_path / "secrets.json").exists()


def test_it_is_said_once_and_later_secrets_stay_in_memory(qtbot: QtBot, saved: tuple[Desktop, NoKeyringDialog]) -> None:
    desktop, dialog = saved
    dialog.reject()
    desktop.workbench.new_profile()
    desktop.workbench.profiles.current.set_text(Secret("mongodb://app:an0ther@db2/"), Origin.TEXT)
    desktop.workbench.save()
    current = desktop.workbench.profiles.current
    qtbot.waitUntil(lambda: current.saved is not None)
    qtbot.waitUntil(lambda: desktop.workbench.storage.vault.read(current.profile.id, PASSWORD) is not None)
    assert not [d for d in desktop.window.findChildren(QDialog) if d.isVisible()]


def kept_in_file(tmp_path: Path, profile: Profile) -> None:
    store.save_in(tmp_path / "profiles", profile)
    own = vault()
    own.use(SecretsFile(tmp_path / "secrets.json", Secret(WORDS)))
    own.keep(profile, PASSWORD, Secret("s3cret-w0rd"))


def test_the_next_day_the_passphrase_is_asked_once_and_the_test_goes_on(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    kept_in_file(tmp_path, OWN)
    desktop = make_desktop(noting(), vault=vault())
    check = desktop.workbench.profiles.current._check
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
    desktop.workbench.profiles.choose(OWN.id)
    desktop.workbench.test()
    dialog = asked(qtbot, desktop, PassphraseDialog)
    dialog.given.emit(Secret("wrong"))
    qtbot.waitUntil(lambda: "does not open" in dialog.said.text())
    dialog.given.emit(Secret(WORDS))
    qtbot.waitUntil(lambda: check.secrets == [{PASSWORD: Secret("s3cret-w0rd")}])


def test_without_the_passphrase_the_password_itself_is_asked_for(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    kept_in_file(tmp_path, OWN)
    desktop = make_desktop(noting(), vault=vault())
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 1)
    desktop.workbench.profiles.choose(OWN.id)
    desktop.workbench.test()
    asked(qtbot, desktop, PassphraseDialog).reject()
    asked(qtbot, desktop, SecretsDialog)


def test_a_test_of_several_asks_for_what_is_lost_and_leaves_out_what_is_not_typed(
    qtbot: QtBot, make_desktop: Callable[..., Any], tmp_path: Path
) -> None:
    other = Profile(name="Zoo", seeds=Seeds(hosts=("db2:27017",)), auth=Auth(user="app"))
    for one in (OWN, other):
        store.save_in(tmp_path / "profiles", one)
    Outside(tmp_path / FILE_NAME).mark([])
    check = noting()
    desktop = make_desktop(check, vault=vault())
    qtbot.waitUntil(lambda: desktop.window.profiles.model.rowCount() == 2)
    desktop.window.profiles.asked.emit(ListAction.TEST, [OWN.id, other.id])
    dialog = asked(qtbot, desktop, SecretsDialog)
    dialog.entries["0"].entered.emit(Secret("typed"))
    dialog.accept()
    summary = asked(qtbot, desktop, BatchWindow)
    qtbot.waitUntil(lambda: summary.stop.text() == "Close")
    assert summary.said.text() == "1 connected, 1 not tested."
    assert check.secrets == [{PASSWORD: Secret("typed")}]
