"""Copies have an identity and a name of their own; folders are tidy paths."""

from __future__ import annotations

from clearline.core.profiles.arrangement import duplicate, folders, is_in, moved, renamed
from clearline.core.profiles.profile import Profile

ORDERS = Profile(id="a1", name="Orders", folder="Shop/Staging", favourite=True)


def test_a_copy_has_its_own_id_and_name_and_is_no_favourite() -> None:
    copy = duplicate(ORDERS)
    assert copy.id != ORDERS.id
    assert (copy.name, copy.folder, copy.favourite) == ("Orders copy", "Shop/Staging", False)


def test_a_copy_takes_the_first_free_name() -> None:
    assert duplicate(ORDERS, ["Orders copy", "Orders copy 2"]).name == "Orders copy 3"
    assert duplicate(renamed(ORDERS, "Orders copy"), ["Orders copy"]).name == "Orders copy 2"
    assert duplicate(Profile()).name == "Connection copy"


def test_names_and_folders_are_tidied() -> None:
    assert renamed(ORDERS, "  a \n b ").name == "a b"
    assert moved(ORDERS, " A / B// c d ").folder == "A/B/c d"
    assert moved(ORDERS, " / ").folder == ""


def test_a_folder_holds_what_is_below_it_and_nothing_that_only_begins_alike() -> None:
    assert is_in(ORDERS, "shop")
    assert is_in(ORDERS, "Shop/Staging/")
    assert is_in(ORDERS, "")
    assert not is_in(ORDERS, "Sho")
    assert not is_in(Profile(), "Shop")


def test_the_folders_in_use_include_those_above_them() -> None:
    assert folders([ORDERS, Profile(), moved(ORDERS, "a")]) == ("a", "Shop", "Shop/Staging")
