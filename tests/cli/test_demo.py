"""The demo's MongoDB is a real replica set with login, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pymongo
import pytest
from pymongo.errors import OperationFailure

from clearline.cli import demo
from clearline.core.secrets.secret import PASSWORD

_WAITS_IN_THE_DEPLOYMENT = """
import sys, types
from clearline.cli import demo
app = types.ModuleType("clearline.ui.app")
def run_demo(profile, vault, *, screenshot, told):
    print(screenshot, flush=True)
    sys.stdin.readline()
    return 0
app.run_demo = run_demo
sys.modules["clearline.ui.app"] = app
sys.exit(demo.run([]))
"""


def test_the_demo_user_reads_its_orders_and_the_health_of_the_set() -> None:
    with demo.demo_deployment() as (profile, secrets):
        address = profile.seeds.hosts[0]
        with pymongo.MongoClient(
            address,
            username=profile.auth.user,
            password=secrets[PASSWORD].reveal(),
            authSource=profile.auth.source or "",
            replicaSet=profile.seeds.replica_set,
        ) as client:
            assert client[profile.seeds.database or ""].orders.count_documents({"state": "paid"}) == 2
            assert client.admin.command("replSetGetStatus")["myState"] == 1


def test_without_the_password_nothing_is_read() -> None:
    with demo.demo_deployment() as (profile, _):
        with pymongo.MongoClient(profile.seeds.hosts[0]) as client:
            with pytest.raises(OperationFailure) as refused:
                client.shop.orders.find_one()
            assert refused.value.code == 13  # Unauthorized


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, False),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_a_screen_is_what_the_session_names(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], expected: bool
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert demo.has_screen() is expected


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ending_the_demo_by_a_signal_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    environ = os.environ | {"TMPDIR": str(tmp_path), "CLEARLINE_HOME": str(tmp_path / "home")}
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        environ.pop(name, None)
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", _WAITS_IN_THE_DEPLOYMENT]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environ) as program:
        assert program.stdout
        assert program.stderr
        assert program.stdout.readline().strip() == str(tmp_path / "home" / "clearline-demo.png")
        program.send_signal(number)
        assert program.wait(60) == 130
        assert program.stderr.read() == ""
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
