"""Whose build answers buildInfo."""

from __future__ import annotations

from typing import Any

from clearline.core.probes.build_info import is_genuine, named_product

MONGOD: dict[str, Any] = {
    "version": "8.0.4",
    "gitVersion": "bc35ab4305d9920d9d0491c1c9ef9b72383d31f9",
    "modules": [],
    "allocator": "tcmalloc-google",
    "javascriptEngine": "mozjs",
    "openssl": {"running": "OpenSSL 3.0.13"},
    "storageEngines": ["devnull", "wiredTiger"],
    "ok": 1.0,
}


def test_a_build_of_mongods_sources_is_genuine() -> None:
    assert is_genuine(MONGOD)
    assert named_product(MONGOD) is None


def test_another_servers_build_is_not() -> None:
    assert is_genuine(MONGOD | {"gitVersion": "0" * 40}) is False
    assert is_genuine(MONGOD | {"ferretdb": {}}) is False


def test_a_build_that_tells_too_little_is_neither() -> None:
    assert is_genuine({"version": "8.2.11", "gitVersion": MONGOD["gitVersion"], "ok": 1}) is None
    assert is_genuine({"version": "4.4.29", "ok": 1}) is None


def test_a_product_that_names_itself_is_named() -> None:
    assert named_product({"version": "7.0.42", "ferretdb": {"version": "v2.0.0"}}) == "FerretDB"
    assert named_product({"version": "8.2.11", "gitVersion": "secantusdb-0.7.0"}) == "SecantusDB"
    assert named_product({"version": "8.2.11", "modules": ["SecantusDB"]}) == "SecantusDB"
