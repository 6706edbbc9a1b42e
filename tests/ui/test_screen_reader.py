"""What a screen reader gets of the window, over a real accessibility bus and on a screen without a monitor."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_LAUNCHERS = ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")
_missing = [tool for tool in ("dbus-run-session", "xvfb-run", "xauth") if shutil.which(tool) is None]
if not any(Path(launcher).exists() for launcher in _LAUNCHERS):
    _missing.append("at-spi2-core")


@pytest.mark.skipif(bool(_missing), reason=f"not installed here: {', '.join(_missing)}")
def test_the_verdict_is_announced_and_every_part_says_what_it_is(tmp_path: Path) -> None:
    listening = Path(__file__).with_name("listening.py")
    command = ["dbus-run-session", "--", "xvfb-run", "-a", sys.executable, str(listening), str(tmp_path)]
    environ = {**os.environ, "QT_QPA_PLATFORM": "xcb", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}
    environ |= {name: str(tmp_path) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "CLEARLINE_HOME")}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    heard = json.loads(done.stdout.splitlines()[-1])
    assert heard["announced"] == "Cannot connect The password of user app is wrong. → Type the password again."
    names = [name for _, name in heard["parts"]]
    for part in (
        "Connection string",
        "Test the connection",
        "Verdict: The password of user app is wrong.",
        "What to do: → Type the password again.",
        "Type the password",
        "About the connection string: Replica set rs0, 3 hosts, user app, no TLS",
        "TLS of db1.example.com:27017: passed, 19 ms, TLSv1.3",
    ):
        assert part in names
    assert "Verdict" not in names, "a name that hides what it names"
