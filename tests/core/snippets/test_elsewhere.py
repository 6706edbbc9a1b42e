"""Commands for other places: shells and engines read them, and none holds a secret."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from clearline.cli import check
from clearline.core.snippets.elsewhere import Elsewhere, elsewhere
from lab.kubernetes_schemas import wrong_with

WAYS = {way.key: way for way in elsewhere("mongodb://app:***@db1.example.com/orders?tls=true&appName=it's")}
YAML = ("job", "github-actions")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize("way", [way for way in WAYS.values() if way.key not in YAML], ids=lambda way: way.key)
def test_a_shell_reads_the_command(way: Elsewhere) -> None:
    subprocess.run(["bash", "-n", "-c", way.text], check=True)
    said = subprocess.run(
        ["bash", "-c", way.text.splitlines()[0] + '\nprintf %s "$MONGODB_URI"'], check=True, capture_output=True
    )
    assert said.stdout.decode() == "mongodb://app:PASSWORD@db1.example.com/orders?tls=true&appName=it's"


@pytest.mark.parametrize("way", WAYS.values(), ids=lambda way: way.key)
def test_every_engine_is_asked_for_a_report_as_json(way: Elsewhere) -> None:
    flat = way.text.replace('", "', " ").replace("\\\n", " ")
    words = re.search(r"(?:clearline|clearline\.pyz|--) (check --json(?: -(?=\s))?)", flat)
    assert words is not None
    arguments = check.parser().parse_args(shlex.split(words[1])[1:])
    assert arguments.json


@pytest.mark.parametrize("key", YAML)
def test_what_is_yaml_takes_the_address_from_a_secret(key: str) -> None:
    text = WAYS[key].text
    assert yaml.safe_load(text)
    assert "db1.example.com" not in text


def test_kubernetes_takes_the_job() -> None:
    assert wrong_with(yaml.safe_load(WAYS["job"].text.replace("POOL", "a").replace("SECRET", "mongodb"))) == []
