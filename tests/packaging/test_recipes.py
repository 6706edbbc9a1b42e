"""Every `clearline` command of the recipes does what it is there for, against a real server.

Kubernetes' own schemas judge what is for it, systemd its units; the other engines run in a root of the nightly job.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import peers
from lab.deployment import Deployment
from lab.kubernetes_schemas import wrong_with

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "packaging" / "recipes"
YAML = sorted(path for path in RECIPES.iterdir() if path.suffix in (".yml", ".yaml"))


def nodes(tree: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    yield key, tree
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from nodes(value, str(name))
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value, key)


def commands(path: Path) -> list[str]:
    """The shell text of every command of a recipe that runs clearline."""
    text = path.read_text("utf-8")
    found: list[str] = []
    if path in YAML:
        tree = yaml.safe_load(text)
        for key, value in nodes(tree):
            if isinstance(value, dict) and value.get("image") == "clearline" and isinstance(value.get("command"), list):
                words = value["command"]
                found.append(shlex.join(words if words[0] == "clearline" else ["clearline", *words]))
            elif key == "test" and isinstance(value, list) and value[0] == "CMD":
                found.append(shlex.join(value[1:]))
            elif isinstance(value, str) and key in ("run", "ansible.builtin.command", "ansible.builtin.shell"):
                found.append(value)
    elif path.suffix == ".cfg":
        found += re.findall(r"^\s*command_line\s+(.+)$", text, re.MULTILINE)
    elif path.suffix == ".conf":
        found += [shlex.join(re.findall(r'"([^"]*)"', words)) for words in re.findall(r"command = \[(.+?)\]", text)]
    elif path.suffix == ".service":
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str  # type: ignore[assignment]
        unit.read_string(text)
        found.append(unit["Service"]["ExecStart"])
    elif path.suffix == ".ps1":
        program, arguments = re.search(r"-Execute '(\w+)\.exe' -Argument '([^']+)'", text).groups()  # type: ignore[union-attr]
        found.append(f"{program} {arguments}")
    return [command for command in found if "clearline" in command]


ALL = [(path.name, command) for path in sorted(RECIPES.iterdir()) for command in commands(path)]


@pytest.fixture
def shell(tmp_path: Path) -> Any:
    """Runs a command as its engine would, through bash, where clearline is on PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "clearline").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m clearline "$@"\n')
    (programs / "clearline").chmod(0o755)

    def run(command: str, uri: str) -> subprocess.CompletedProcess[str]:
        environ = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "CLEARLINE_HOME": str(tmp_path / "home"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "MONGODB_URI": uri,
            "UNTIL": "connected",
            "SECONDS_TO_WAIT": "1",
        }
        command = command.replace("mongodb://mongo:27017/", uri).replace("$USER5$", uri)
        command = re.sub(r"--until \w+ --for \d+", "--until connected --for 1", command)
        command = re.sub(r"watch --interval \d+", "watch --interval 1 --for 1", command)
        started = ["bash", "-euo", "pipefail", "-c", command]
        return subprocess.run(started, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    return run


def test_every_recipe_runs_a_command_and_stands_in_the_table() -> None:
    table = (RECIPES / "README.md").read_text("utf-8")
    files = {path.name for path in RECIPES.iterdir()} - {"README.md"}
    assert {name for name, _ in ALL} == files - {"clearline-check.timer"}
    assert {name for name in files if f"({name})" not in table} == set()


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_a_recipe_is_yaml_and_hardened(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text("utf-8")):
        assert document
        for _, node in nodes(document):
            if isinstance(node, dict) and node.get("image") == "clearline" and "env" in node:  # Kubernetes
                assert node["securityContext"]["runAsNonRoot"] is True
                assert node["securityContext"]["readOnlyRootFilesystem"] is True


FOR_KUBERNETES = [path for path in YAML if "apiVersion" in path.read_text("utf-8")]


@pytest.mark.parametrize("path", FOR_KUBERNETES, ids=lambda path: path.name)
def test_kubernetes_takes_a_recipe(path: Path) -> None:
    text = path.read_text("utf-8").replace("{{ .Release.Name }}", "orders")  # all that Helm fills in
    assert "{{" not in text
    for document in yaml.safe_load_all(text):
        assert wrong_with(document) == []
        pod = next(node for key, node in nodes(document) if "containers" in (node if isinstance(node, dict) else ()))
        pod["containers"][0]["comand"] = ["clearline"]
        assert wrong_with(document) != []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd judges its units")
def test_systemd_takes_its_units(tmp_path: Path) -> None:
    (tmp_path / "clearline").write_text("#!/bin/sh\n")
    (tmp_path / "clearline").chmod(0o755)
    units = [tmp_path / name for name in ("clearline-check.service", "clearline-check.timer")]
    for unit in units:
        text = (RECIPES / unit.name).read_text("utf-8")
        unit.write_text(text.replace("ExecStart=clearline", f"ExecStart={tmp_path}/clearline"))
    verify = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    units[0].write_text(units[0].read_text().replace("oneshot", "once").replace("ProtectHome=yes", "ProtectHouse=yes"))
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert "once" in done.stderr
    assert "ProtectHouse" in done.stderr


@pytest.mark.parametrize(("name", "command"), [one for one in ALL if "merge" not in one[1]])
def test_a_command_connects(shell: Any, standalone: Deployment, name: str, command: str) -> None:
    done = shell(command, standalone.uri())
    assert done.returncode in ((0, 1) if "nagios" in command else (0,)), done.stdout + done.stderr


@pytest.mark.parametrize(("name", "command"), [one for one in ALL if "merge" not in one[1] and "watch" not in one[1]])
def test_a_command_tells_why_it_failed(shell: Any, name: str, command: str) -> None:
    with peers.closed_port() as port:
        done = shell(command, f"mongodb://127.0.0.1:{port}/")
    assert done.returncode == (14 if "class" in command else 2 if "nagios" in command else 1), done.stdout + done.stderr
    assert "nothing listens" in done.stdout


def test_the_action_annotates_the_run_and_writes_its_summary(shell: Any, tmp_path: Path) -> None:
    [command] = [command for name, command in ALL if name == "github-action.yml"]
    with peers.closed_port() as port:
        done = shell(command, f"mongodb://127.0.0.1:{port}/")
    [line] = [line for line in done.stdout.splitlines() if line.startswith("::error")]
    assert "nothing listens" in line
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("## ")


def test_the_reports_of_all_hosts_are_merged(shell: Any, standalone: Deployment, tmp_path: Path) -> None:
    check, merge = [command for name, command in ALL if name == "ansible-task.yml"]
    (tmp_path / "db1.json").write_text(shell(check, standalone.uri()).stdout)
    with peers.closed_port() as port:
        (tmp_path / "db2.json").write_text(shell(check, f"mongodb://127.0.0.1:{port}/").stdout)
    done = shell(merge, "")
    assert done.returncode == 1
    assert "db1" in done.stdout
    assert "db2" in done.stdout


def test_units_and_the_task_of_windows_are_whole() -> None:
    timer = configparser.ConfigParser(strict=False, interpolation=None)
    timer.read_string((RECIPES / "clearline-check.timer").read_text("utf-8"))
    assert {"Unit", "Timer", "Install"} <= set(timer)
    task = (RECIPES / "windows-task.ps1").read_text("utf-8")
    assert task.count("(") == task.count(")")
    assert set(re.findall(r"\$(\w+) =", task)) == {"action", "trigger"}
