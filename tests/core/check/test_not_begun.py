"""A check that is stopped before its first step has a report, for which nothing is done."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from clearline.core.check.check import not_begun
from clearline.core.check.request import Request
from clearline.core.report.report import Verdict


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_no_file_is_opened_that_a_check_would_wait_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What keeps a loop for ever, so that its check is given up, must not keep its report, too."""
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "pipe"))
    report = not_begun(Request(text="mongodb://ada:s3cret@db1/?tls=true"))
    assert report.verdict is Verdict.CANCELLED
    assert report.servers == ()
    assert "s3cret" not in report.target.uri
