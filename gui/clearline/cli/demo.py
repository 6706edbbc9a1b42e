"""``clearline demo``: a private MongoDB, and the window that tests it at once."""

from __future__ import annotations

import argparse
import json
import os
import secrets as randomness
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from clearline.cli.mongod import MongodFailed, MongodNotFound, PrivateMongod
from clearline.cli.output import print_aside, print_text
from clearline.cli.usage import Parser
from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.report.report import Report
from clearline.core.secrets.secret import PASSWORD, Secret, Secrets
from clearline.paths import resource, user_data_dir

_SET_NAME = "demo"
_DATABASE = "shop"
_USER = "demo"
_OWNER = "owner"
# clusterMonitor may read the health of all servers: the demo's report leaves nothing out for want of a right.
_ROLES = ({"role": "readWrite", "db": _DATABASE}, {"role": "clusterMonitor", "db": "admin"})
_SELECTION_TIMEOUT_MS = 15_000


def run(argv: Sequence[str]) -> int:
    """Run the demo until its window is closed, or without a screen until the check is done.

    Returns the exit code of the check; 130 after Ctrl-C.
    """
    arguments = parser().parse_args(argv)
    screenshot: Path | None = arguments.screenshot
    if not has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        screenshot = screenshot or _default_screenshot()
    from clearline.ui.app import run_demo  # before a server is started that no window would show

    try:
        with _ended_by_signals(), demo_deployment() as (profile, vault):
            code = run_demo(profile, vault, screenshot=screenshot, told=_print if screenshot else None)
        if screenshot is not None and screenshot.exists():
            print_text(f"\nA picture of the window is in {screenshot}")
        return code
    except (MongodNotFound, MongodFailed) as problem:
        print_aside(str(problem))
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """What may follow the command."""
    made = Parser(prog="clearline demo", description="Test a private MongoDB in the window.")
    made.add_argument("--screenshot", type=Path, metavar="FILE", help="write a picture of the window here and end")
    return made


def _print(report: Report) -> None:
    from clearline.cli.report_text import render, terminal_width, unicode_fits

    print_text(render(report, colour=False, width=terminal_width(), unicode=unicode_fits(sys.stdout.encoding)))


def has_screen() -> bool:
    """Whether a window can be shown here."""
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def demo_deployment() -> Iterator[tuple[Profile, Secrets]]:
    """A one-member replica set with login and a few documents, and the profile and password to reach it.

    It listens on the loopback address only and is gone, data included, when the block is left.
    Raises `MongodNotFound` or `MongodFailed`.
    """
    password = Secret(randomness.token_urlsafe(18))
    with tempfile.TemporaryDirectory(prefix="clearline-demo-") as folder:
        # A replica set with login demands a key that its members share, even when there is only one.
        key_file = Path(folder, "members.key")
        key_file.touch(mode=0o600)
        key_file.write_text(randomness.token_hex(32))
        with PrivateMongod(["--auth", "--replSet", _SET_NAME, "--keyFile", str(key_file)]) as server:
            _fill(server.address, password)
            yield _demo_profile(server.address), {PASSWORD: password}


def _demo_profile(address: str) -> Profile:
    return Profile(
        id="demo",
        name="Demo",
        colour="teal",
        notes="A private MongoDB on this computer. It is gone when the demo ends.",
        seeds=Seeds(hosts=(address,), database=_DATABASE, replica_set=_SET_NAME),
        auth=Auth(user=_USER, source="admin"),
    )


def _fill(address: str, password: Secret) -> None:
    """Make the set, its users and its documents."""
    from pymongo import MongoClient

    def connect(user: str | None = None, secret: Secret | None = None, **options: Any) -> MongoClient[dict[str, Any]]:
        if secret:
            options |= {"username": user, "password": secret.reveal()}
        return MongoClient(address, **options, serverSelectionTimeoutMS=_SELECTION_TIMEOUT_MS)

    with connect(directConnection=True) as first:
        members = [{"_id": 0, "host": address}]
        first.admin.command("replSetInitiate", {"_id": _SET_NAME, "members": members})
    owner = Secret(randomness.token_urlsafe(18))
    with connect(replicaSet=_SET_NAME) as unknown:
        # A server without users lets a client on its own computer make the first one, with roles on admin only.
        unknown.admin.command("createUser", _OWNER, pwd=owner.reveal(), roles=["userAdminAnyDatabase"])
    with connect(_OWNER, owner, replicaSet=_SET_NAME) as manager:
        manager.admin.command("createUser", _USER, pwd=password.reveal(), roles=list(_ROLES))
    orders = json.loads(resource("demo/orders.json").read_text("utf-8"))
    with connect(_USER, password, replicaSet=_SET_NAME) as client:
        client[_DATABASE].orders.insert_many(orders)


def _default_screenshot() -> Path:
    folder = user_data_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path.cwd()
    return folder / "clearline-demo.png"


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let the signals that end a program unwind it as Ctrl-C does, so that the server is stopped and its data gone."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
