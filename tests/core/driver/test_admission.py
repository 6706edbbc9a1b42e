"""Which servers that only a hello names are looked at."""

from __future__ import annotations

from clearline.core.driver.admission import MOST_NAMED, MOST_PORTS, Admission


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
