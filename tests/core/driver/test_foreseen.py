"""What is told of PyMongo without importing it is what PyMongo does."""

from __future__ import annotations

import asyncio
import warnings
from urllib.parse import quote

import pymongo
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clearline.core.driver import foreseen
from clearline.core.driver.client import build_client, effective_options
from clearline.core.driver.foreseen import driver_version, is_plain, options_in_force
from clearline.core.options.catalogue import MECHANISMS, OPTIONS, READ_PREFERENCES
from clearline.core.uri.connection_string import read
from examples import examples

_TEXT = st.text(max_size=8)
_WRITTEN = st.one_of(_TEXT, _TEXT.map(lambda text: quote(text, safe="", errors="replace")))
_HOST = st.one_of(
    st.sampled_from(["localhost", "127.0.0.1", "[::1]", "db1.example.com:27018", "Mongo"]),
    st.sampled_from(["h:0", "h:65536", "h:", "h:x", "%2Ftmp%2Fa.sock", "[::1%25eth0]:2"]),
)
_NUMBER = st.sampled_from(["0", "1", "-1", "100", "2.5", "1000000000", "9223372036854775807", "01", "", "x"])
_BOOLEAN = st.sampled_from(["true", "false"])
_VALUE = st.one_of(_NUMBER, _WRITTEN, st.sampled_from(["true", "True", "majority", *MECHANISMS, *READ_PREFERENCES]))
_USUAL_VALUES = {
    "replicaSet": _WRITTEN,
    "directConnection": _BOOLEAN,
    "readPreference": st.sampled_from(READ_PREFERENCES),
    "retryReads": _BOOLEAN,
    "retryWrites": _BOOLEAN,
    "appName": _WRITTEN,
    "authSource": _WRITTEN,
    "authMechanism": st.sampled_from(MECHANISMS),
    "w": st.one_of(_NUMBER, st.sampled_from(["majority", "dc1"])),
}
_OPTION = st.one_of(
    st.sampled_from(sorted(foreseen._PLAIN)).flatmap(
        lambda name: _USUAL_VALUES.get(name, _NUMBER).map(lambda value: f"{name}={value}")
    ),
    st.tuples(st.sampled_from([option.name for option in OPTIONS]), _VALUE).map("=".join),
)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    user = draw(st.one_of(st.just(""), st.tuples(_WRITTEN, _WRITTEN).map(lambda two: ":".join(two) + "@")))
    hosts = ",".join(draw(st.lists(_HOST, min_size=1, max_size=2)))
    database = draw(st.one_of(st.just(""), _WRITTEN))
    options = "&".join(draw(st.lists(_OPTION, max_size=3)))
    return f"mongodb://{user}{hosts}/{database}{'?' + options if options else ''}"


@examples(200)
@given(_texts())
@example("mongodb://localhost")
@example("mongodb://user:pass@db1,db2/orders.lines?replicaSet=rs0&maxPoolSize=0&retryWrites=false")
@example("mongodb://user:pass@db1/?authSource=admin&authMechanism=SCRAM-SHA-1&directConnection=true")
def test_pymongo_takes_a_plain_text_and_does_with_it_what_was_foreseen(text: str) -> None:
    reading = read(text)
    if not is_plain(reading.facts):
        return

    async def build() -> tuple[tuple[str, ...], object]:
        built = build_client(reading.driver_text, reading.facts.options, listeners=(), longest_wait_s=1.0)
        await built.client.close()
        return built.warnings, effective_options(built.client)

    with warnings.catch_warnings():
        told, in_force = asyncio.run(build())
    assert told == ()
    assert in_force == options_in_force(reading.facts)


@pytest.mark.parametrize(
    "text",
    [
        "mongodb+srv://cluster0.example.com/",
        "mongodb://%2Ftmp%2Fmongodb-27017.sock/",
        "mongodb://db1/?tls=true",
        "mongodb://db1/?tlsCAFile=/etc/ca.pem",
        "mongodb://user@db1/",
        "mongodb://user@db1/?authMechanism=MONGODB-X509",
        "mongodb://user:pass@db1/?authMechanism=PLAIN",
        "mongodb://db1/?authMechanism=SCRAM-SHA-256",
        "mongodb://db1,db2/?directConnection=true",
        "mongodb://db1/?loadBalanced=true",
        "mongodb://db1/?compressors=zstd",
        "mongodb://db1/?maxPoolSize=many",
        "mongodb://db1/?noSuchOption=1",
    ],
)
def test_whatever_needs_more_than_the_text_is_not_foreseen(text: str) -> None:
    assert not is_plain(read(text).facts)


def test_the_version_is_the_same_without_the_package() -> None:
    assert foreseen._version_of_file() == driver_version() == pymongo.version
