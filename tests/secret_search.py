"""At the end of a test session: no file, log or report that it made holds a secret that it used.

The *secrets* are collected from the tests themselves: passwords in connection strings, texts given to ``Secret(…)`` and
constants named after one, as far as they are distinctive: six characters with a digit or odd ones among them. What is
*searched* is every file below the session's temporary folder and the user folders of Clearline, every log record,
everything a test printed, and the JSON of every report that a check told, each for the secret as it is, in JSON, in
URLs, in HTML and in base64.

Only a file that test code wrote itself, with its own ``open`` or ``write_text``, is an input and may hold a secret; who
wrote a file is seen by an audit hook. A test that has the product write a secret on purpose (an export that the user
wants with passwords) says so: ``@pytest.mark.writes_secrets("why")``, which exempts its own ``tmp_path``.

``-p secret_search`` loads this alone; the ``conftest.py`` here calls `watch`.
"""

from __future__ import annotations

import ast
import base64
import html
import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote, unquote

import pytest

TESTS = Path(__file__).resolve().parent
PRODUCT = TESTS.parent / "gui" / "clearline"

_IN_ADDRESS = re.compile(r"://[^:/@\s\"']{1,40}:([^@\s\"'{}<>$]{6,60})@")
_NAMES = r"_?(?:CANARY|\w*SECRET|\w*SECRET_WORD|\w*PASSWORD|WORD)S?"
_STRING = r"""(?:[rRuU]?"(?:[^"\\\n]|\\.)*"|[rRuU]?'(?:[^'\\\n]|\\.)*')"""
_STRINGS = rf"{_STRING}(?:\s+{_STRING})*"  # that Python reads as one
_SECRET = re.compile(rf"\bSecret\(\s*({_STRINGS})\s*,?\s*\)")
_TUPLE = rf"""\((?:{_STRING}|[^()"'])*\)"""
_ASSIGNED = re.compile(rf"^[ \t]*{_NAMES} *= *({_TUPLE}|{_STRINGS}(?: *, *{_STRINGS})*)", re.MULTILINE)
_TELLING = ("Secret(", "CANARY", "SECRET", "WORD")
"""One of them stands in each module that names a secret; reading the others takes longer than all the rest."""
_LARGEST = 64 * 1024 * 1024
_FOUND, _SECRETS = "secrets-found", "secrets"  # what a worker of pytest-xdist hands over, and is given

NOT_DISTINCTIVE = {
    "one%two": "also the words of test names",
    "one?two=3": "also the words of test names",
    "key pässword": "no secret of a user: the laboratory's key files are made with it and hold it nowhere",
    "tlsCertificateKeyFilePassword": "the name of an option",
}
"""Texts that the tests use as secrets and that stand in files for another reason."""

EXEMPT = {
    "*.keyring": "the keyring's own store, encrypted, and searched by a test of the vault",
    "*.log": "what mongod logs is not ours",
}
"""Files that are not searched, by the pattern of their name."""


# ---------------------------------------------------------------- what is looked for


def distinctive(text: str) -> bool:
    """Whether a text can only stand in a file because somebody put that secret there."""
    if len(text) < 6 or text in NOT_DISTINCTIVE or "://" in text or "***" in text or "${" in text:
        return False
    if text.startswith("<") and text.endswith(">"):
        return False  # "<password>" is a blank that somebody forgot to fill in, and is told as such
    odd = sum(not character.isalnum() for character in text)
    return odd > 1 or bool(any(map(str.isdigit, text)) and (odd or any(map(str.isalpha, text))))


def secrets_of(folder: Path) -> set[str]:
    """The distinctive secrets in the tests of a folder."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        text = path.read_text("utf-8")
        found.update(unquote(secret) for secret in _IN_ADDRESS.findall(text))
        if any(word in text for word in _TELLING):
            found.update(_named(text))
    return {text for text in found if distinctive(text)}


def _named(text: str) -> Iterator[str]:
    """Read as text, for making trees of all the tests and walking through them takes most of a second."""
    told = [match[1] for pattern in (_SECRET, _ASSIGNED) for match in pattern.finditer(text)]
    for literal in re.findall(_STRINGS, "\n,".join(told)):
        yield ast.literal_eval(f"({literal})")


class Needles:
    """All the secrets in all their spellings; one pattern of all would look for them four times as long."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._spellings: dict[bytes, str] = {}
        for secret in secrets:
            for spelling in _spellings(secret):
                self._spellings[spelling] = secret

    def in_bytes(self, content: bytes) -> str | None:
        """A secret that the content holds."""
        return next((secret for spelling, secret in self._spellings.items() if spelling in content), None)

    def in_text(self, text: str) -> str | None:
        """A secret that the text holds."""
        return self.in_bytes(text.encode("utf-8", "replace"))


def _spellings(secret: str) -> set[bytes]:
    octets = secret.encode()
    texts = {
        secret,
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        quote(secret),
        json.dumps(secret)[1:-1],
        html.escape(secret),
        base64.b64encode(octets).decode(),
        base64.urlsafe_b64encode(octets).decode().rstrip("="),
    }
    return {text.encode() for text in texts if len(text) >= 6} | {secret.encode("utf-16-le")}


# ---------------------------------------------------------------- who wrote what


class Writers:
    """The files that test code opened for writing itself, by an audit hook: there is no way to take one back."""

    def __init__(self, tests: Path, product: Path) -> None:
        self._tests, self._product = f"{tests}{os.sep}", f"{product}{os.sep}"
        self._inputs: set[str] = set()
        sys.addaudithook(self._hear)

    def is_input(self, path: Path) -> bool:
        """Whether test code wrote the file, and the product never did."""
        return str(path) in self._inputs

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = set("wax+") & set(mode) if isinstance(mode, str) else flags & (os.O_WRONLY | os.O_RDWR)
            if writes and isinstance(path, str | bytes | os.PathLike):
                try:
                    real = os.path.realpath(os.fsdecode(path))
                except OSError:  # a device of Windows
                    return
                self._note(real)
        elif event == "os.rename":
            source, target = (os.path.realpath(os.fsdecode(one)) for one in arguments[:2])
            (self._inputs.add if source in self._inputs else self._inputs.discard)(target)

    def _note(self, path: str) -> None:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(self._product):
                break
            if file.startswith(self._tests):
                self._inputs.add(path)
                return
            frame = frame.f_back
        self._inputs.discard(path)


# ---------------------------------------------------------------- the search


def found_in(folder: Path, needles: Needles, writers: Writers, exempt: Iterable[Path] = ()) -> Iterator[str]:
    """One sentence for each file below a folder that holds a secret and should not."""
    inside = tuple(path.resolve() for path in exempt)
    for path in sorted(folder.resolve().rglob("*")):
        if path.is_symlink() or not path.is_file() or writers.is_input(path):
            continue
        if any(path.match(pattern) for pattern in EXEMPT) or any(path.is_relative_to(one) for one in inside):
            continue
        try:
            if path.stat().st_size > _LARGEST:
                continue
            secret = needles.in_bytes(path.read_bytes())
        except OSError:
            continue
        if secret is not None:
            yield f"{path} holds the secret {_hint(secret)}"


def _hint(secret: str) -> str:
    return f"{secret[:3]}… of {len(secret)} characters"


class _Logs(logging.Handler):
    def __init__(self, search: SecretSearch) -> None:
        super().__init__(logging.NOTSET)
        self._search = search
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        # A broken record is another's trouble; logging tells it itself.
        try:
            text = self.format(record)
        except Exception:
            return
        self._search.look(text, f"a log record of {record.name}")


class SecretSearch:
    """The plugin: listens during the session, searches at its end, and fails the run for what it finds."""

    def __init__(self, config: pytest.Config, folders: Iterable[Path]) -> None:
        self._config = config
        tests = Path(os.environ.get("SECRET_SEARCH_TESTS", TESTS))
        told = getattr(config, "workerinput", {}).get(_SECRETS)
        self._secrets = secrets_of(tests) if told is None else told
        self.needles = Needles(() if self._has_workers else self._secrets)
        self.writers = Writers(tests, PRODUCT)
        self.found: list[str] = []
        self.folders = list(folders)
        self._exempt: list[Path] = []
        self._test = ""
        self._on_purpose = False
        self._heard = False
        self._logs = _Logs(self)
        logging.getLogger().addHandler(self._logs)

    def look(self, text: str, where: str) -> None:
        """Search a text now."""
        if not self._on_purpose and (secret := self.needles.in_text(text)):
            self.found.append(f"{where} in {self._test or 'the session'} holds the secret {_hint(secret)}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._test = item.nodeid.partition("[")[0]
        self._on_purpose = item.get_closest_marker("writes_secrets") is not None
        self._hear_reports()

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        if self._on_purpose and isinstance(folder, Path):
            self._exempt.append(folder)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._has_workers:
            return
        for title, text in report.sections:
            self.look(text, title)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        logging.getLogger().removeHandler(self._logs)
        if self._has_workers:  # each has searched its own folder, and knows what its tests wrote there
            self._judge(session)
            return
        factory = getattr(self._config, "_tmp_path_factory", None)
        if factory is not None and factory._basetemp is not None:  # nobody asked for one: there is none to search
            self.folders.append(factory.getbasetemp())
        for folder in self.folders:
            self.found += found_in(folder, self.needles, self.writers, self._exempt)
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_FOUND] = self.found
        self._judge(session)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """A worker begins: it need not read all tests again."""
        node.workerinput[_SECRETS] = sorted(self._secrets)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended: what it found fails the run as a whole."""
        self.found += getattr(node, "workeroutput", {}).get(_FOUND, [])

    @property
    def _has_workers(self) -> bool:
        """Whether this process runs no test itself: pytest-xdist has others that do."""
        return not hasattr(self._config, "workerinput") and self._config.getoption("dist", "no") != "no"

    def _judge(self, session: pytest.Session) -> None:
        if self.found and session.exitstatus in (0, None):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.found:
            terminalreporter.section("secrets where none may be", red=True)
            for line in dict.fromkeys(self.found):
                terminalreporter.line(line)

    def _hear_reports(self) -> None:
        """Search every report that a check tells from now on; nothing is imported for that."""
        telling = sys.modules.get("clearline.core.check.reporter")
        if telling is None or self._heard:
            return
        self._heard = True
        finish = telling.Reporter.finish

        def heard(teller: Any) -> Any:
            from clearline.core.report.report import to_json

            report = finish(teller)
            self.look(to_json(report, indent=None), "a report")
            return report

        telling.Reporter.finish = heard


def watch(config: pytest.Config, *folders: Path) -> None:
    """Search this session, and these folders with it."""
    config.addinivalue_line("markers", "writes_secrets(why): the product writes a secret on purpose, into tmp_path")
    config.pluginmanager.register(SecretSearch(config, folders), "secret-search")


def pytest_configure(config: pytest.Config) -> None:
    """As a plugin of its own."""
    watch(config)
