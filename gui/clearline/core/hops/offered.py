"""Hops that this computer's files already describe: the hosts of ``~/.ssh/config`` and the contexts of kubectl.

Only names are read here, for a list to choose from. Nothing of them is followed or run: what a chosen one means is
looked up when it is used.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clearline.core.files.whole_files import expanded, read_whole
from clearline.core.hops.plain_yaml import MOST_BYTES, YamlProblem, plain
from clearline.core.hops.ssh_config import CONFIG
from clearline.core.profiles.hop import Hop, KubernetesForward, SshServer

_MOST_BYTES: Final = 1 << 20
_MOST: Final = 200
_DEEPEST: Final = 4
_LONGEST: Final = 80
_PATTERN: Final = re.compile(r"[*?!%]")


@dataclass(frozen=True)
class Offer:
    """A hop to choose, and what its file says of it in a few words."""

    hop: Hop
    words: str


def ssh_hosts(config: Path | None = None) -> tuple[Offer, ...]:
    """The hosts that the configuration names one by one, in its order; those of included files too. Never raises."""
    found: dict[str, dict[str, str]] = {}
    block: list[str] = []
    for word, values in _lines(config or expanded(CONFIG), 0):
        if word == "host":
            block = [name for name in values if not _PATTERN.search(name) and len(name) <= _LONGEST]
            for name in block:
                found.setdefault(name, {})
        elif word == "match":
            block = []
        elif word in ("hostname", "user", "proxyjump") and values:
            for name in block:
                found[name].setdefault(word, values[0])
    return tuple(_host(name, said) for name, said in list(found.items())[:_MOST])


def _host(name: str, said: dict[str, str]) -> Offer:
    place = said.get("hostname", "").replace("%h", name) or name
    words = f"{said['user']}@{place}" if "user" in said else place
    if "proxyjump" in said:
        words += f" through {said['proxyjump']}"
    return Offer(SshServer(host=name, config_alias=name), _short("" if words == name else words))


def _lines(file: Path, depth: int) -> Iterator[tuple[str, list[str]]]:
    """Keyword and values of each line; a line that cannot be read is none (ssh_config(5))."""
    try:
        text = read_whole(file, _MOST_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return
    for line in text.splitlines():
        word, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        try:
            values = shlex.split(rest, comments=True)
        except ValueError:
            continue
        if word.lower() == "include" and depth < _DEEPEST:
            for pattern in values:
                for path in _included(file, pattern):
                    yield from _lines(path, depth + 1)
        elif word and not word.startswith("#"):
            yield word.lower(), values


def _included(file: Path, pattern: str) -> list[Path]:
    """The files of an Include: relative to the folder of the configuration."""
    place = expanded(pattern)
    folder = Path(place.anchor) if place.is_absolute() else file.parent
    relative = place.relative_to(place.anchor) if place.is_absolute() else place
    try:
        return sorted(path for path in folder.glob(str(relative)) if path.is_file())[:_MOST]
    except (OSError, ValueError, IndexError, NotImplementedError):
        return []


def kube_contexts(file: Path | None = None) -> tuple[Offer, ...]:
    """The contexts of the kubeconfig file that kubectl uses, the current one first. Never raises."""
    place = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or "~/.kube/config"
    try:
        document: Any = plain(read_whole(file or expanded(place), MOST_BYTES))
    except (OSError, ValueError, YamlProblem):
        return ()
    if not isinstance(document, dict):
        return ()
    entries = document.get("contexts")
    offers: list[Offer] = []
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("name") if isinstance(entry, dict) else None
        said = entry.get("context") if isinstance(entry, dict) else None
        if isinstance(name, str) and name and isinstance(said, dict):
            namespace = said.get("namespace")
            namespace = namespace if isinstance(namespace, str) and namespace else "default"
            words = f"namespace {namespace}"
            if name == document.get("current-context"):
                words += ", the current one"
            offers.append(Offer(KubernetesForward(context=name), _short(words)))
    current = document.get("current-context")
    return tuple(sorted(offers[:_MOST], key=lambda offer: getattr(offer.hop, "context", None) != current))


def _short(words: str) -> str:
    """Plain text of one line."""
    shown = "".join(letter for letter in words if letter.isprintable())
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
