"""What the nightly job tries of the Containerfile and with the engines of the recipes."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="roots of Linux")
container = pytest.importorskip("container")
engines = pytest.importorskip("engines")


def test_what_is_tried_is_hardened_and_podman_takes_its_settings(tmp_path: Path) -> None:
    assert {"--read-only", "--cap-drop"} <= set(container.HARDENED)
    tomllib.loads(container.ENGINE)
    stored = tomllib.loads(container.STORAGE.format(folder=tmp_path))
    assert Path(stored["storage"]["graphroot"]).is_relative_to(tmp_path)


def test_every_recipe_of_an_engine_that_debian_has_is_run_by_it() -> None:
    assert {engine.recipe for engine in engines.ENGINES} == {
        "ansible-task.yml",
        "nagios.cfg",
        "icinga2.conf",
        "compose.yaml",
    }
    for engine in engines.ENGINES:
        command = engines.entering(Path("/root of it"), Path("/opt/clearline"), Path("/tmp/w"), engine.script)
        assert "'/root of it/proc'" in command[command.index("-c") + 1]
        assert (engines.RECIPES / engine.recipe).is_file()
        assert engine.says
        assert subprocess.run(["sh", "-n", "-c", engine.script], check=False).returncode == 0


def test_the_nightly_job_tries_it() -> None:
    assert "dev.py try-container" in (container.ROOT / ".github" / "workflows" / "nightly.yml").read_text("utf-8")
