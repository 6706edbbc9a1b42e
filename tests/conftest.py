"""What every test gets: a window without a screen, user folders and keyring of its own, and the shared deployments.

The deployments are started when the first test asks for them and live until the last one ended: leave them as they
were. Tests that break a server build their own with `lab.deployments`.

Marks follow from what a test uses (`uses`); none of them is set by hand. Where several processes run the tests
(``-n 2``), those of one file stay together, so that few shared deployments start twice.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import examples
import secret_search
import side_by_side
import uses
from clearline.cli.mongod import MongodNotFound, find_mongod
from clearline.core.exchange import encrypted
from clearline.core.report.report import Report, to_json
from clearline.paths import resource
from lab import deployments, namespaces
from lab.certificates import Authority, Identity
from lab.deployment import Deployment

_HOME = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    meaning = f"leave out the tests marked {', '.join(uses.SLOW)}"
    parser.addoption("--fast", action="store_true", help=meaning)
    parser.addoption("--examples", type=int, help="how many examples Hypothesis tries where a test wants the usual")
    side_by_side.pytest_addoption(parser)


def pytest_configure(config: pytest.Config) -> None:
    _make_home(config)
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # no test meets the user's own keyring
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if sys.platform == "win32":  # where that platform looks for fonts nowhere
        os.environ.setdefault("QT_QPA_FONTDIR", str(Path(os.environ["WINDIR"], "Fonts")))
    with contextlib.suppress(ValueError):  # not in the main thread
        # A shell has what it starts in the background ignore Ctrl-C, and so would each program that a test sends one.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()  # what is collected until the tests begin stays; the collector would walk over it again and again
    examples.load(config.getoption("--examples") or (examples.FEW if config.getoption("--fast") else examples.SOME))
    secret_search.watch(config, config.stash[_HOME])
    side_by_side.share(config, _begin_apart)
    for name, meaning in uses.MARKS.items():
        config.addinivalue_line("markers", f"{name}: {meaning} (set by what the test uses)")


def _make_home(config: pytest.Config) -> None:
    home = config.stash[_HOME] = Path(tempfile.mkdtemp(prefix="clearline-tests-"))
    os.environ["CLEARLINE_HOME"] = str(home)


def _begin_apart(config: pytest.Config) -> None:
    """In a process that was forked off: nothing of the user's folders is shared."""
    _make_home(config)
    search: Any = config.pluginmanager.getplugin("secret-search")
    search.folders = [config.stash[_HOME]]


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_HOME], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before ``-m`` chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    used = {item: uses.marks_of(item) if isinstance(item, pytest.Function) else set() for item in items}
    for item, names in used.items():
        for name in names:
            item.add_marker(name)
    if config.getoption("--fast"):
        slow = {item for item in items if not used[item].isdisjoint(uses.SLOW)}
        config.hook.pytest_deselected(items=list(slow))
        items[:] = [item for item in items if item not in slow]
    cost: Counter[Path] = Counter()
    for item in items:
        cost[item.path] += _cost(used[item])
    items.sort(key=lambda item: -cost[item.path])  # the longest files first, so that all processes end together


def _cost(names: set[str]) -> int:
    """About how long a test takes that uses this, as a multiple of one that computes a little."""
    if not names.isdisjoint(uses.SLOW):
        return 100
    return 30 if "screen" in names else 1


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if sys.platform != "linux" and item.get_closest_marker("server") and not _has_mongod():
        pytest.skip("no mongod on this computer")  # Linux gets one with the demo extra: there its absence is a failure
    if item.get_closest_marker("netns") and (reason := namespaces.unavailable()):
        pytest.skip(reason)


@functools.cache
def _has_mongod() -> bool:
    try:
        find_mongod()
    except MongodNotFound:
        return False
    return True


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the laboratory's certificates live."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def authority(lab_folder: Path) -> Authority:
    """The private authority of all shared TLS deployments."""
    return Authority(lab_folder)


@pytest.fixture(scope="session")
def other_authority(lab_folder: Path) -> Authority:
    """An authority that has signed none of them."""
    return Authority(lab_folder, "Other CA", "Elsewhere")


@pytest.fixture(scope="session")
def x509_user(authority: Authority) -> Identity:
    """The client certificate that is a user of `x509_server`."""
    return authority.client("app")


@pytest.fixture(scope="session", autouse=True)
def real_scrypt_n() -> Iterator[int]:
    """Scrypt takes milliseconds instead of half a second: its parameters stand in each file. This is the real one."""
    real = encrypted._N
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encrypted, "_N", 2**10)
        yield real


@pytest.fixture(scope="session")
def standalone() -> Iterator[Deployment]:
    """One mongod without login and without TLS."""
    with deployments.standalone() as deployment:
        yield deployment


@pytest.fixture(scope="session")
def login_server() -> Iterator[Deployment]:
    """One mongod that demands a login, with `lab.deployments.USERS`."""
    with deployments.with_login() as deployment:
        yield deployment


@pytest.fixture(scope="session")
def sha1_server() -> Iterator[Deployment]:
    """One mongod that demands a login and has SCRAM-SHA-256 switched off."""
    with deployments.without_sha256() as deployment:
        yield deployment


@pytest.fixture(scope="session")
def tls_server(authority: Authority) -> Iterator[Deployment]:
    """One mongod that speaks TLS only, without login."""
    with deployments.with_tls(authority) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def mutual_tls_server(authority: Authority) -> Iterator[Deployment]:
    """One mongod that speaks TLS only and demands a client certificate of the authority."""
    with deployments.with_tls(authority, demand_certificate=True) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def x509_server(authority: Authority, x509_user: Identity) -> Iterator[Deployment]:
    """One mongod with TLS and login: `lab.deployments.USERS` and, by certificate, `x509_user`."""
    with deployments.with_x509(authority, certificate_user=x509_user) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def replica_set() -> Iterator[Deployment]:
    """A healthy set of three, ``rs0``, without login; the first server is primary."""
    with deployments.replica_set() as deployment:
        deployments.calm(deployment)
        yield deployment


@pytest.fixture(scope="session")
def login_set() -> Iterator[Deployment]:
    """A healthy set of two, ``rsL``, with a key file and `lab.deployments.USERS`."""
    pair = (deployments.Member(priority=2), deployments.Member())
    with deployments.replica_set(*pair, name="rsL", login=True) as deployment:
        deployments.calm(deployment)
        yield deployment


@pytest.fixture(scope="session")
def diverse_set() -> Iterator[Deployment]:
    """A healthy set of five, ``rs5``, with tags, a member of priority 0, a hidden one and an arbiter."""
    with deployments.diverse_set() as deployment:
        deployments.calm(deployment)
        yield deployment


@pytest.fixture(scope="session")
def uninitiated() -> Iterator[Deployment]:
    """One mongod with ``--replSet`` that nobody has initiated."""
    with deployments.uninitiated() as deployment:
        yield deployment


@pytest.fixture(autouse=True, scope="session")
def the_disk_is_not_waited_for() -> Iterator[None]:
    """No test cuts the power; in which order files are synced and renamed is seen by `core.test_whole_files`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def every_report_keeps_to_its_schema() -> Iterator[None]:
    """Each check of the suite ends with a report that ``resources/report.schema.json`` describes."""
    from clearline.core.check.reporter import Reporter

    finish = Reporter.finish

    def checked(self: Reporter) -> Report:
        report = finish(self)
        if len(report.servers) <= _MOST_VALIDATED:
            _schema().validate(json.loads(to_json(report)))
        return report

    Reporter.finish = checked  # type: ignore[method-assign]
    yield
    Reporter.finish = finish  # type: ignore[method-assign]


_MOST_VALIDATED = 10
"""Servers of a report: the sets of a thousand would take seconds, and their servers are alike."""


@functools.cache
def _schema() -> Any:
    import jsonschema

    return jsonschema.Draft202012Validator(json.loads(resource("report.schema.json").read_text("utf-8")))
