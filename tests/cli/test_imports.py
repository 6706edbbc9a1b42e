"""What a short command imports: a list that grows makes every probe of a pod or a monitor slower."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import deployments, peers

SAY_MODULES = """
import json, sys
before = set(sys.modules)
from clearline.__main__ import main
if sys.argv[1] == "check":
    from clearline.core.check import refusals
    refusals.KNOCK_S = 5.0  # a refusal may be as slow as a busy computer makes it
code = main(sys.argv[1:])
print(json.dumps([code, sorted(set(sys.modules) - before)]))
"""
NEVER = (
    "PySide6",
    "asyncssh",
    "dns",
    "idna",
    "cryptography",
    "keyring",
    "platformdirs",
    "certifi",
    "numpy",
    "statistics",
)
"""Libraries that a check of an address without DNS and TLS has no use for."""
UNUSED = tuple(
    f"clearline.{room}"
    for room in (
        *("ui", "core.watch", "core.explain", "core.storage", "core.checklist", "core.snippets", "core.inspection"),
        *("core.keyring.vault", "core.driver.oidc", "core.report.html", "core.report.history", "core.hops.ssh"),
    )
)
"""Rooms and modules of ours that it has no use for either."""
MOST = 204
"""Modules of ours: with every rule, and some room for new ones."""


def modules_of(*arguments: str) -> tuple[int, set[str]]:
    command = [sys.executable, "-c", SAY_MODULES, *arguments]
    environ = {**os.environ, "XDG_CONFIG_HOME": "/nowhere"}  # a desktop's settings are read where there are some
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environ)
    code, names = json.loads(done.stdout.splitlines()[-1])
    return code, set(names)


def roots(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def test_the_version_imports_nothing_but_the_package() -> None:
    code, names = modules_of("--version")
    assert code == 0
    assert {name for name in names if name.startswith("clearline")} == {"clearline", "clearline.__main__"}
    assert not roots(names) & {*NEVER, "asyncio", "argparse", "msgspec", "pymongo", "re"}


@pytest.mark.parametrize("port", ["closed", "open"])
def test_a_check_imports_only_what_it_needs(port: str) -> None:
    if port == "closed":
        with peers.closed_port() as number:
            code, names = modules_of("check", "--quiet", f"mongodb://127.0.0.1:{number}/")
        assert not roots(names) & {"pymongo", "bson", "tempfile", "zipfile"}, "it would only say that it is refused"
        late = {"clearline.core.exchange.encrypted", "clearline.core.watch", "clearline.core.explain"}
    else:
        with deployments.standalone() as deployment:
            code, names = modules_of("check", "--quiet", deployment.uri())
        late = {"clearline.core.check.compare", "clearline.core.hops.socks5", "clearline.core.hops.http_connect"}
    assert code == (port == "closed")
    assert not roots(names) & set(NEVER)
    assert not names & late
    assert not {name for name in names if name.startswith(UNUSED)}
    ours = {name for name in names if name.startswith("clearline")}
    assert len(ours) <= MOST, sorted(ours)


def test_an_explanation_needs_neither_a_loop_nor_the_driver(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("MongoServerError: Authentication failed.", encoding="utf-8")
    code, names = modules_of("explain", str(log))
    assert code == 0
    assert not roots(names) & {*NEVER, "asyncio", "ssl", "pymongo", "bson"}
