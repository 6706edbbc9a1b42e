"""Which servers that only a hello names are looked at."""

from __future__ import annotations

import pytest

from clearline.core.driver.admission import MOST_FOLLOWED, MOST_NAMED, MOST_PORTS, Admission, admit


def admitted(admission: Admission, addresses: list[str]) -> list[str]:
    return [address for address in addresses if admission.admits(address)]


def test_members_on_a_seeds_own_host_are_never_capped() -> None:
    admission = Admission(["db1.example.com:27017", "[::1]:27017"])
    own = [f"DB1.example.com.:{port}" for port in range(1000, 2000)] + ["[0:0::1]:1"]
    assert admitted(admission, own) == own


def test_of_all_others_so_many_are_looked_at_and_a_repeated_one_counts_once() -> None:
    admission = Admission(["db1:27017"])
    others = [f"192.0.2.{n % 250}:{1000 + n // 250}" for n in range(1000)]
    first = admitted(admission, others)
    assert first == others[:MOST_NAMED]
    assert admitted(admission, others) == first


def test_one_host_is_not_scanned_port_by_port() -> None:
    admission = Admission(["db1:27017"])
    ports = [f"10.0.0.5:{port}" for port in range(1, 100)]
    assert admitted(admission, ports) == ports[:MOST_PORTS]


def test_a_socket_of_this_computer_is_never_looked_at_at_a_servers_wish() -> None:
    assert not Admission(["/tmp/mongodb-27017.sock"]).admits("/run/docker.sock")


def test_seeds_that_dns_names_later_count_as_the_users_own() -> None:
    admission = Admission(())
    admission.own(["a.example.com:27017"])
    assert len(admitted(admission, [f"a.example.com:{port}" for port in range(1, 50)])) == 49


def test_the_driver_follows_no_more_than_a_set_can_have() -> None:
    admission = Admission(["db1:27017"], MOST_FOLLOWED)
    named = [f"10.0.{n // 250}.{n % 250}:27017" for n in range(5000)]
    document = {"hosts": ["db1:27017", *named], "primary": named[-1]}
    for _ in range(2):  # the same of each hello
        admit(document, admission)
        assert document["hosts"] == ["db1:27017", *named[: MOST_FOLLOWED - 1], named[-1]]


@pytest.mark.parametrize("weird", ["db1:²", "db1:99999", "db1:-1", "db1:", "db1:٣", "[db1]:1x"])
def test_what_is_no_port_does_not_make_a_host_the_users_own(weird: str) -> None:
    admission = Admission(["db1:27017"], most=0)
    assert admission.admits("db1:1")
    assert not admission.admits(weird)


@pytest.mark.parametrize("same", ["[::1]:1", "[0:0:0:0:0:0:0:1]:2", "[::0001]:3"])
def test_ipv6_is_one_host_however_it_is_written(same: str) -> None:
    assert Admission(["[::1]:27017"], most=0).admits(same)
