"""Whatever the file holds, the answer is its connections or one of the named problems, and it comes soon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clearline.core.exchange import encrypted
from clearline.core.exchange.imported import (
    MOST_BYTES,
    CannotRead,
    Format,
    Imported,
    ImportProblem,
    NotRecognised,
    TooLarge,
)
from clearline.core.exchange.json_text import parse
from clearline.core.exchange.reading import is_one_profile, read_file, read_files, read_text
from clearline.core.secrets.secret import Secret

LINE = "mongodb://db1/"


@pytest.mark.parametrize(
    "raw",
    [
        LINE.encode(),
        b"\xef\xbb\xbf" + LINE.encode(),
        b"\xff\xfe" + LINE.encode("utf-16-le"),
        b"\xfe\xff" + LINE.encode("utf-16-be"),
        LINE.encode("utf-16-le"),
        "# Büro\r\n".encode("cp1252") + LINE.encode(),
        b"// first\n" + LINE.encode(),
    ],
)
def test_the_encoding_does_not_matter(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "list"
    path.write_bytes(raw)
    [item] = read_file(path).items
    assert item.profile.seeds.hosts == ("db1",)


def test_the_name_of_the_file_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_text('{"type": "Compass Connections", "version": 1, "connections": []}')
    assert read_file(path).format is Format.COMPASS


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match=r"missing\.json: "):
        read_file(tmp_path / "missing.json")
    with pytest.raises(CannotRead):
        read_file(tmp_path)
    with pytest.raises(NotRecognised, match="Compass"):
        read_text("Dear all, see you on Monday.")
    with pytest.raises(NotRecognised, match="line 2, column 3"):
        read_text('{"a": 1,\n  x}')
    with pytest.raises(NotRecognised):
        read_text("\x89PNG\r\n\x1a\n\0\0\0\rIHDR")


def test_a_file_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES * 100)
    with pytest.raises(TooLarge):
        read_file(path)


def test_several_files_are_one_import_and_a_bad_one_is_an_item(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text(LINE)
    bad.write_text("nothing")
    read = read_files([good, bad])
    assert read.format is Format.SEVERAL
    assert [(item.name, bool(item.problem)) for item in read.items] == [("db1", False), ("bad.txt", True)]


def test_one_profile_is_told_from_a_list_of_them(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text('{"format": "clearline-profile", "version": 1}')
    assert is_one_profile(path)
    path.write_text('{"format": "clearline-profiles", "version": 1}')
    assert not is_one_profile(path)
    assert not is_one_profile(tmp_path)
    assert not is_one_profile(tmp_path / "missing")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("mongodb://a:b@c/?d=e"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
COMPASS = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "favorite": JSON | st.fixed_dictionaries({"name": JSON, "color": JSON}),
        "connectionSecrets": JSON,
        "connectionOptions": JSON
        | st.fixed_dictionaries(
            {"connectionString": JSON}, optional={"sshTunnel": JSON, "oidc": JSON, "fleOptions": JSON, "other": JSON}
        ),
    },
)
ROBO = st.fixed_dictionaries(
    {"serverHost": JSON},
    optional={
        name: JSON | st.dictionaries(st.sampled_from(["0", "1", "setName", "enabled", "sslEnabled", "host"]), JSON)
        for name in ("serverPort", "uuid", "connectionName", "ssh", "ssl", "replicaSet", "isReplicaSet")
    }
    | {"credentials": JSON | st.lists(st.dictionaries(st.sampled_from(["userName", "enabled", "userPassword"]), JSON))},
)
DOCUMENTS = st.one_of(
    JSON,
    st.builds(
        lambda v, c: {"type": "Compass Connections", "version": v, "connections": c},
        JSON | st.just(1),
        JSON | st.lists(COMPASS | JSON),
    ),
    st.builds(lambda c: {"connections": c}, st.lists(ROBO | JSON)),
    st.builds(lambda c: {"mdb.presetConnections": c}, JSON | st.lists(JSON)),
    st.builds(
        lambda v, p, s: {"format": "clearline-profiles", "version": v, "profiles": p, "secrets": s},
        JSON | st.just(1),
        JSON | st.lists(JSON | st.dictionaries(st.sampled_from(["id", "name", "seeds", "secrets", "version"]), JSON)),
        JSON,
    ),
    st.builds(
        lambda k, c, d: {"format": encrypted.FORMAT, "version": 1, "kdf": k, "cipher": c, "data": d},
        JSON
        | st.fixed_dictionaries(
            {"name": st.just("scrypt"), "salt": st.just("AAAAAAAAAAAAAAAAAAAAAA==")}
            | dict.fromkeys("nrp", st.sampled_from([0, 1, 2, 4, 1024, 2**40, None, 2.0]))
        ),
        JSON | st.just({"name": "AES-256-GCM", "nonce": "AAAAAAAAAAAAAAAA"}),
        JSON | st.just("A" * 40),
    ),
)


def outcome(read: Callable[..., Any]) -> None:
    try:
        result = read()
    except ImportProblem:
        return
    assert isinstance(result, Imported)
    assert all(item.name and (item.profile is not None or item.problem) for item in result.items)


@given(st.binary(max_size=300))
@example(b"\xff\xfe\x00")
@example(b"{")
@example(b"[[[[")
def test_random_bytes_end_in_connections_or_a_named_problem(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "random"
    path.write_bytes(raw)
    outcome(lambda: read_file(path, Secret("x")))


@given(st.text())
@example("\ud800")
@example('{"format": "clearline-profiles", "version": 1, "profiles": [{"name": "\\ud800"}]}')
def test_random_text_ends_in_connections_or_a_named_problem(text: str) -> None:
    outcome(lambda: read_text(text, Secret("x")))


@given(DOCUMENTS)
def test_random_documents_of_every_format_end_in_connections_or_a_named_problem(document: Any) -> None:
    outcome(lambda: read_text(json.dumps(document), Secret("x")))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 300_000,
        '{"a":' * 150_000,
        '"\\' * 300_000,
        '{"' + '\\"' * 300_000,
        "/*" * 300_000,
        "{" + "/" * 300_000,
        '{"a": ' + "9" * 100_000 + "}",
        "[" + ", " * 300_000 + "]",
        "A=mongodb://" + " " * 600_000 + "x",
        'A="mongodb://' + '\\"' * 300_000,
        "mongodb://" * 30_000,
        "mongodb://a<" * 30_000,
        "mongodb://" + "a" * 600_000,
        "#" * 600_000,
        " " * 600_000 + "mongodb://a/",
        "\n".join("mongodb://u:p@" + ",".join(["h"] * 4000) for _ in range(40)),
        "\n".join("mongodb://h/?" + "&".join(f"{n:x}={n}" for n in range(1000)) for _ in range(10)),
        "mongodb://" + "@:/?&=%" * 1400,
    ],
    ids=range(18),
)
def test_hostile_texts_are_over_soon(text: str) -> None:
    began = time.monotonic()
    outcome(lambda: read_text(text, Secret("x")))
    assert time.monotonic() - began < 10


def test_comments_and_commas_in_strings_are_text() -> None:
    assert parse('{"a": "// no, ]", /* yes */ "b": ["/* no */", "x\ty",], } // end') == {
        "a": "// no, ]",
        "b": ["/* no */", "x\ty"],
    }
