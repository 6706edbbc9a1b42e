"""A kubeconfig file from anywhere is read in bounded time, and what is wrong with it is said by its line."""

from __future__ import annotations

import codecs
import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.hops import kubeconfig, offered
from clearline.core.hops.plain_yaml import MOST_BYTES, YamlProblem, plain

FILE = """\
apiVersion: v1
kind: Config
current-context: "dev"   # a comment
clusters:
- name: dev
  cluster: {server: 'https://127.0.0.1:6443', insecure-skip-tls-verify: true}
users:
- name: me
  user:
    token: 0123
    username: null
contexts:
- {name: dev, context: {cluster: dev, user: me}}
"""


def test_what_kubectl_writes_is_read_and_a_number_stays_its_text() -> None:
    found = plain(FILE.encode())
    assert found["current-context"] == "dev"
    assert found["clusters"][0]["cluster"] == {"server": "https://127.0.0.1:6443", "insecure-skip-tls-verify": True}
    assert found["users"][0]["user"] == {"token": "0123", "username": None}


_JSON = st.recursive(
    st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc-", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON)
def test_json_and_what_yaml_makes_of_it_come_out_as_they_went_in(value: Any) -> None:
    assert plain(json.dumps(value, ensure_ascii=False).encode()) == value
    assert plain(yaml.safe_dump(value, allow_unicode=True).encode()) == value


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE], ids=repr)
def test_a_file_of_a_windows_editor_is_read(mark: bytes) -> None:
    codec = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}[mark]
    assert plain(mark + FILE.replace("\n", "\r\n").encode(codec)) == plain(FILE.encode())


def test_an_alias_is_the_same_once_more() -> None:
    assert plain(b"a: &x {b: c}\nd: *x\n") == {"a": {"b": "c"}, "d": {"b": "c"}}


LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
MERGES = "a0: &a0 {x: y}\n" + "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 40))
FULL = MOST_BYTES - 100


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: [\n", "its line 3 is no YAML"),
        ("a: 1\na: 2\n", "in line 2 a is set a second time"),
        ("- {a: 1,\n   a: 2}\n", "in line 2 a is set a second time"),
        ("? [a]\n: b\n", "in line 1 a key is no text"),
        ("a: *gone\n", "in line 1 *gone stands for nothing"),
        ("a: 1\n---\nb: 2\n", "in line 2 a second document begins"),
        ("a: !!python/object/apply:os.system [id]\n", "in line 1 the tag tag:yaml.org,2002:python/object/apply:os is"),
        ("a: !!binary aGk=\n", "in line 1 the tag tag:yaml.org,2002:binary is not taken"),
        ("a: !x b\n", "in line 1 the tag !x is not taken"),
        ("%TAG ! tag:x,2002:\n---\na: b\n", "it declares tags"),
        ("[" * 33 + "]" * 33, "in line 1 it is nested more than 32 deep"),
        ("[" * FULL, "deep"),
        ("- " * (FULL // 2), "deep"),
        ("a\0b", "is no YAML"),
        ("\ufffe", "is no YAML"),
    ],
)
def test_what_such_a_file_does_not_hold_is_refused_and_named(text: str, words: str) -> None:
    with pytest.raises(YamlProblem) as raised:
        plain(text.encode())
    assert words in str(raised.value) or (words == "deep" and "is no YAML" in str(raised.value))
    assert len(str(raised.value)) < 120


def test_what_is_no_text_is_said_to_be_none() -> None:
    with pytest.raises(YamlProblem, match="no text in UTF-8"):
        plain(b"a: \xff\n")


HUGE = {
    "laughs": LAUGHS,
    "merges": MERGES,
    "keys": "".join(f"k{i}: v\n" for i in range(MOST_BYTES // 12)),
    "values": f"[{'a,' * (FULL // 2)}]",
    "sixties": "a: 1" + ":01" * (FULL // 3),
    "digits": "a: 1" + "0" * FULL,
    "tags": "".join(f"%TAG !e{i}! tag:e\n" for i in range(FULL // 20)) + "---\na: b\n",
    "blank": "a:\n" + "\n" * FULL,
    "comments": "#\n" * (FULL // 2),
    "block": "a: |\n" + " \n" * (FULL // 2),
    "escapes": f'"{chr(92)}n' + f"{chr(92)}n" * (FULL // 2 - 9) + '"',
    "documents": "--- a\n" * (FULL // 6),
    "anchors": "[" + "".join(f"&a{i} x, " for i in range(FULL // 12)) + "]",
    "contexts": "contexts:\n" + "- {name: a, context: {cluster: c}}\n" * (FULL // 35),
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_no_file_of_the_longest_kind_takes_long(text: str) -> None:
    content = text.encode()
    assert len(content) <= MOST_BYTES
    begun = time.process_time()
    with contextlib.suppress(YamlProblem):
        plain(content)
    assert time.process_time() - begun < 4, "PyYAML alone took 10 seconds and more"


def test_without_libyaml_a_file_is_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CBaseLoader", raising=False)
    assert plain(FILE.encode())["current-context"] == "dev"
    with pytest.raises(YamlProblem, match=r"longer than 262,144 bytes, too long without libyaml"):
        plain(b"#" * 300_000)


@pytest.mark.parametrize("name", [*HUGE, "twice", "deep", "empty", "number", "list"])
def test_neither_the_list_nor_the_way_breaks_over_any_of_them(tmp_path: Path, name: str) -> None:
    small = {"twice": "a: 1\na: 2\n", "deep": "[" * 999, "empty": "", "number": "5", "list": "[]"}
    file = tmp_path / "config"
    file.write_text((HUGE | small)[name][:2000])
    assert all(offer.hop.context for offer in offered.kube_contexts(file))
    with pytest.raises(kubeconfig.KubeconfigProblem) as raised:
        kubeconfig.read(None, None, str(file), may_run=False)
    assert raised.value.words
    file.write_text(FILE)
    assert kubeconfig.read(None, None, str(file), may_run=False).token is not None


@pytest.mark.parametrize("place", ["~nosuchuser/config", "~a\0b/config", "a\0b", "/", "x" * 5000])
def test_what_no_file_can_be_is_said_to_be_unreadable(place: str) -> None:
    with pytest.raises(kubeconfig.KubeconfigProblem, match="it cannot be read"):
        kubeconfig.read(None, None, place, may_run=False)
