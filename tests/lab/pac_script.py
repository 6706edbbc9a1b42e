"""What evaluates a proxy script (PAC) on Windows and macOS, as a stand-in: no other system brings an evaluator."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

from clearline.core.hops import pac, system_settings

URL = "http://wpad/proxy.pac"


class Script:
    """Stands for WinHTTP and CFNetwork, which no other system has: answers by host."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = answers
        self.asked: list[tuple[str | None, str]] = []

    def find_proxy(self, script: str | None, url: str) -> str:
        """As FindProxyForURL answers; a url that is in no answer meets a mistake in the script."""
        self.asked.append((script, url))
        for part, answer in self.answers.items():
            if part in url:
                return answer
        raise pac.PacProblem("it has a mistake")


@contextmanager
def evaluated(answers: Mapping[str, str]) -> Iterator[Script]:
    """The settings of a user's desktop (KDE) name the script at `URL`, and something evaluates it."""
    if sys.platform == "win32":
        pytest.skip("plays a desktop of Linux")
    script = Script(answers)
    proxies = {name for name in os.environ if name.upper() in ("MONGODB_PROXY", "ALL_PROXY", "HTTPS_PROXY", "NO_PROXY")}
    with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, {"HOME": home}):
        for name in proxies:
            del os.environ[name]
        settings = Path(home, ".config")
        settings.mkdir()
        (settings / "kioslaverc").write_text(f"[Proxy Settings]\nProxyType=2\nProxy Config Script={URL}\n")
        with (
            mock.patch.object(pac, "evaluator", return_value=script),
            mock.patch.object(system_settings, "sys", SimpleNamespace(platform="linux")),
        ):
            yield script
