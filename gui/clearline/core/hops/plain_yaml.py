"""YAML of files that may come from anywhere, as dicts, lists and texts: in bounded time, and nothing in it acts.

A kubeconfig file needs none of YAML's types: a number stays the text that it was, and a tag means nothing but a reason
to refuse the file. It is built from the parser's events, one after another, so that depth and number are seen before
they cost anything; an alias is the same object once more, however often. libyaml, which PyYAML's wheels hold, parses
25 times as fast as PyYAML itself, and is not always there.
"""

from __future__ import annotations

import codecs
import re
from typing import Any, Final

MOST_BYTES: Final = 1 << 20
"""Far more than hundreds of clusters with their certificates take."""
_MOST_BYTES_SLOWLY: Final = 1 << 18
"""What PyYAML without libyaml takes two seconds for."""
_MOST_VALUES: Final = 100_000
_DEEPEST: Final = 32
"""A kubeconfig file is nested five deep."""
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_DIRECTIVE: Final = re.compile(r"^%TAG", re.MULTILINE)  # libyaml compares each with each
_SHOWN: Final = 40


class YamlProblem(Exception):
    """Why it is not taken; the text is the end of a sentence that begins with the file."""


def plain(content: bytes) -> Any:
    """The document as dict, list, text, True and None; an empty one is None. Raises `YamlProblem`."""
    import yaml

    loader: Any = getattr(yaml, "CBaseLoader", None)
    if loader is None:
        loader = yaml.BaseLoader
        if len(content) > _MOST_BYTES_SLOWLY:
            raise YamlProblem(f"it is longer than {_MOST_BYTES_SLOWLY:,} bytes, too long without libyaml")
    try:
        text = content.decode(
            "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
        )
    except UnicodeError:
        raise YamlProblem("it is no text in UTF-8") from None
    if _DIRECTIVE.search(text):
        raise YamlProblem("it declares tags (%TAG), which such a file does not need")
    document = _Document()
    try:
        for event in yaml.parse(text, Loader=loader):
            document.take(event)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise YamlProblem("it is no YAML" if line is None else f"its line {line + 1} is no YAML") from None
    return document.root


class _Document:
    """What the events come to so far."""

    def __init__(self) -> None:
        self.root: Any = None
        self._documents = self._values = 0
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []
        """Of each open one the key that waits for its value."""
        self._anchors: dict[str, Any] = {}

    def take(self, event: Any) -> None:
        """The next event of PyYAML (yaml.events). Raises `YamlProblem`."""
        match type(event).__name__:
            case "ScalarEvent":
                self._put(event, _value(event))
            case "AliasEvent":
                if event.anchor not in self._anchors:
                    raise _at(event, f"*{event.anchor[:_SHOWN]} stands for nothing")
                self._put(event, self._anchors[event.anchor])
            case "MappingStartEvent" | "SequenceStartEvent" as kind:
                value: dict[str, Any] | list[Any] = {} if kind == "MappingStartEvent" else []
                self._put(event, value)
                self._open.append(value)
                self._keys.append(None)
                if len(self._open) > _DEEPEST:
                    raise _at(event, f"it is nested more than {_DEEPEST} deep")
            case "MappingEndEvent" | "SequenceEndEvent":
                self._open.pop()
                self._keys.pop()
            case "DocumentStartEvent":
                self._documents += 1
                if self._documents > 1:
                    raise _at(event, "a second document begins")

    def _put(self, event: Any, value: Any) -> None:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise YamlProblem(f"it holds more than {_MOST_VALUES:,} values")
        if (tag := getattr(event, "tag", None)) is not None:
            raise _at(event, f"the tag {tag[:_SHOWN]} is not taken")
        if (anchor := getattr(event, "anchor", None)) is not None:
            self._anchors[anchor] = value
        match self._open[-1] if self._open else None:
            case None:
                self.root = value
            case list(items):
                items.append(value)
            case dict(entries):
                self._put_in(entries, event, value)

    def _put_in(self, entries: dict[str, Any], event: Any, value: Any) -> None:
        key = self._keys[-1]
        if key is not None:
            entries[key] = value
            self._keys[-1] = None
            return
        key = "true" if value is True else "null" if value is None else value
        if not isinstance(key, str):
            raise _at(event, "a key is no text")
        if key in entries:
            raise _at(event, f"{key[:_SHOWN]} is set a second time")
        self._keys[-1] = key


def _value(event: Any) -> str | bool | None:
    if event.style:  # in quotes, or a block
        return str(event.value)
    if event.value in _NULL:
        return None
    return True if event.value in _TRUE else str(event.value)


def _at(event: Any, words: str) -> YamlProblem:
    return YamlProblem(f"in line {event.start_mark.line + 1} {words}")
