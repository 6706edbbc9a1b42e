"""Names are cut only where they do not differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clearline.ui.look.short_names import shorten

POD = "orders-mongodb-{}.orders-mongodb-headless.production-eu-west-2.svc.cluster.local:27017"


def test_what_differs_stays_whole() -> None:
    names = [POD.format(n) for n in (0, 1, 12)]
    assert list(shorten(names).values()) == ["orders-m…-0.…al:27017", "orders-m…-1.…al:27017", "orders-m…-12.…al:27017"]


def test_the_shared_end_can_be_left_out() -> None:
    names = [f"db{n}.example.com:27017" for n in (1, 2)]
    assert list(shorten(names, tail=False).values()) == ["db1", "db2"]


def test_ports_tell_members_of_one_computer_apart() -> None:
    assert list(shorten(["localhost:27017", "localhost:27018"]).values()) == ["localhost:27017", "localhost:27018"]


def test_a_lone_name_stays() -> None:
    name = POD.format(0)
    assert shorten([name]) == {name: name}


@given(st.lists(st.text("ab.:-", min_size=1, max_size=40), max_size=6), st.booleans())
def test_no_two_names_become_one(names: list[str], tail: bool) -> None:
    found = shorten(names, tail=tail)
    assert len(set(found.values())) == len(set(names))
