"""What was chosen is on the disk and in the vault afterwards, and every item has its result."""

from __future__ import annotations

import asyncio
from pathlib import Path

import keyring.backends.fail

from clearline.core.consent.outside import FILE_NAME, Outside
from clearline.core.exchange.imported import ImportedItem
from clearline.core.exchange.planning import Choice, plan
from clearline.core.exchange.saving import ItemResult, Outcome, carry_out
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import Auth, Pool, Profile, SecretSource, Seeds
from clearline.core.secrets.secret import PASSWORD, PROXY_PASSWORD, Secret
from clearline.core.storage import store

OLD = Profile(id="a" * 32, name="Old", seeds=Seeds(hosts=("db1",)))
CHANGED = Profile(id="a" * 32, name="Renamed", seeds=Seeds(hosts=("db1",)), pool=Pool(max_pool_size=5))
FRESH = Profile(id="b" * 32, name="New", seeds=Seeds(hosts=("db2",)))


def whole(profile: Profile, **more: dict[str, Secret]) -> ImportedItem:
    return ImportedItem(name=profile.name, profile=profile, has_identity=True, whole=True, **more)


def run(items: list[ImportedItem], choices: dict[int, Choice], folder: Path, vault: Vault) -> tuple[ItemResult, ...]:
    saved = {one.path: one.profile for one in store.list_profiles(folder) if one.profile}
    planned = plan(items, saved.values())
    return asyncio.run(carry_out(planned, choices, folder, saved, vault, Outside(folder.parent / FILE_NAME)))


def names(folder: Path) -> set[str]:
    return {one.profile.name for one in store.list_profiles(folder) if one.profile}


def test_profiles_go_to_the_folder_and_secrets_to_the_vault(tmp_path: Path) -> None:
    store.save_in(tmp_path, OLD)
    vault = Vault()
    items = [
        whole(FRESH, secrets={PASSWORD: Secret("one")}),
        whole(CHANGED, secrets={PASSWORD: Secret("two")}),
        ImportedItem(name="x", problem="broken"),
    ]
    results = run(items, {1: Choice.REPLACE}, tmp_path, vault)
    assert [result.outcome for result in results] == [Outcome.IMPORTED, Outcome.REPLACED, Outcome.SKIPPED]
    assert names(tmp_path) == {"New", "Renamed"}
    assert vault.read(FRESH.id, PASSWORD) == Secret("one")
    assert vault.read(OLD.id, PASSWORD) == Secret("two")
    assert results[0].profile == FRESH
    assert not any("one" in path.read_text() and "two" in path.read_text() for path in tmp_path.glob("*new*.json"))


def test_a_secret_that_is_asked_for_each_time_is_not_kept(tmp_path: Path) -> None:
    vault = Vault()
    asks = Profile(name="Asks", seeds=Seeds(hosts=("db3",)), secrets={PASSWORD: SecretSource(place="ask")})
    run([whole(asks, secrets={PASSWORD: Secret("x")})], {}, tmp_path, vault)
    assert vault.where(asks.id, PASSWORD) is None


def test_one_that_cannot_be_saved_does_not_stop_the_others(tmp_path: Path) -> None:
    path = store.save_in(tmp_path, OLD)
    saved = {path: OLD}
    planned = plan([whole(CHANGED), whole(FRESH)], saved.values())
    store.save(Profile(id=OLD.id, name="Old", seeds=Seeds(hosts=("elsewhere",))), path)
    results = asyncio.run(
        carry_out(planned, {0: Choice.REPLACE}, tmp_path, saved, Vault(), Outside(tmp_path / "x" / FILE_NAME))
    )
    assert [result.outcome for result in results] == [Outcome.FAILED, Outcome.IMPORTED]
    assert "changed meanwhile" in results[0].words


def test_what_was_imported_is_marked_as_coming_from_outside(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    run([whole(FRESH), whole(CHANGED)], {1: Choice.SKIP}, folder, Vault())
    outside = Outside(tmp_path / FILE_NAME)
    assert outside.ids() == {FRESH.id}
    outside.mark(["other"])
    assert outside.ids() == {FRESH.id, "other"}
    outside.file.write_text("broken")
    assert outside.ids() is None  # every profile may be one of them


def test_nothing_is_saved_that_cannot_be_marked(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    folder = tmp_path / "profiles"
    planned = plan([whole(FRESH)], [])
    [result] = asyncio.run(carry_out(planned, {}, folder, {}, Vault(), Outside(in_the_way / FILE_NAME)))
    assert result.outcome is Outcome.FAILED
    assert store.list_profiles(folder) == []


def test_a_file_cannot_get_hold_of_a_kept_password_by_naming_its_id(tmp_path: Path) -> None:
    vault = Vault()
    vault.write(FRESH.id, PASSWORD, Secret("of a profile in the trash"))
    evil = Profile(id=FRESH.id, name="Evil", seeds=Seeds(hosts=("evil",)), auth=Auth(user="app"))
    [result] = run([whole(evil)], {}, tmp_path, vault)
    assert result.profile.id != FRESH.id
    assert vault.read(result.profile.id, PASSWORD) is None


def test_a_replacement_that_leads_elsewhere_does_not_get_the_password_that_was_kept(tmp_path: Path) -> None:
    folder, vault = tmp_path / "profiles", Vault(keyring.backends.fail.Keyring())
    store.save_in(folder, OLD)
    vault.keep(OLD, PASSWORD, Secret("kept"))
    elsewhere = Profile(id=OLD.id, name="Old", seeds=Seeds(hosts=("evil",)), auth=Auth(user="app"))
    brought = whole(elsewhere, secrets={PROXY_PASSWORD: Secret("x")})
    run([brought], {0: Choice.REPLACE}, folder, vault)
    assert vault.given_elsewhere(elsewhere, [PASSWORD, PROXY_PASSWORD]) == (PASSWORD,)
    assert Outside(tmp_path / FILE_NAME).ids() == {OLD.id}


def test_a_replacement_with_its_own_password_gets_that_one(tmp_path: Path) -> None:
    folder, vault = tmp_path / "profiles", Vault(keyring.backends.fail.Keyring())
    store.save_in(folder, OLD)
    vault.keep(OLD, PASSWORD, Secret("kept"))
    elsewhere = Profile(id=OLD.id, name="Renamed", seeds=Seeds(hosts=("db9",)), auth=Auth(user="app"))
    run([whole(elsewhere, secrets={PASSWORD: Secret("own")})], {0: Choice.REPLACE}, folder, vault)
    assert vault.read(OLD.id, PASSWORD) == Secret("own")
    assert vault.given_elsewhere(elsewhere, [PASSWORD]) == ()
    assert vault.given_elsewhere(OLD, [PASSWORD]) == (PASSWORD,)
