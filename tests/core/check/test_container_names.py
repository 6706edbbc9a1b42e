"""A real replica set that announces a name which only its own network knows, as one in a container does."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearline.core.check.library import check_sync
from clearline.core.profiles.profile import patched
from clearline.core.report.report import Verdict
from clearline.core.uri.connection_string import build, read
from lab import ssh_server
from lab.contained_member import contained

pytestmark = pytest.mark.skipif(ssh_server.unavailable() is not None, reason="needs a mount namespace (Linux, root)")


@pytest.mark.parametrize("name", ["4f5e6a7b8c9d", "mongo-1"])
def test_names_of_containers_are_told_with_what_helps(tmp_path: Path, name: str) -> None:
    with contained(tmp_path, name) as server:
        text = f"mongodb://127.0.0.1:{server.port}/?replicaSet=rs0"
        report = check_sync(text)
        assert report.verdict is Verdict.FAILED
        assert report.diagnosis is not None
        assert report.diagnosis.cause == "topology.internal-names"
        assert f"{name}:{server.port}" in report.diagnosis.summary
        docker = next(remedy for remedy in report.diagnosis.remedies if "Docker" in remedy.text)
        assert docker.patch is not None
        mended = build(patched(read(text).profile, docker.patch))
        assert "directConnection=true" in mended
        assert check_sync(mended).verdict is Verdict.CONNECTED
