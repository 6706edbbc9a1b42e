"""What holds for every snippet of every profile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.snippets import Group, Language, snippets
from clearline.core.uri import connection_string
from core.snippets.profiles import FULL, PLAIN, PROFILES, SECRETS, anything
from examples import examples

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def python_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every Python snippet of every profile as a file."""
    folder = tmp_path_factory.mktemp("snippets")
    for number, profile in enumerate((*PROFILES.values(), *(anything(seed) for seed in range(20)))):
        for snippet in snippets(profile):
            if snippet.language is Language.PYTHON:
                name = f"p{number}_{snippet.key.replace('-', '_')}.py"
                (folder / name).write_text(snippet.text, "utf-8")
    return folder


def run(*command: Path | str) -> None:
    done = subprocess.run([sys.executable, "-m", *map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_python_passes_the_lint_of_this_project(python_files: Path) -> None:
    config = ROOT / "pyproject.toml"  # but what it bans as unsafe in our loops is what PyMongo's own examples use
    run("ruff", "check", "--no-cache", "--config", config, "--ignore", "TID251", python_files)


def test_python_stands_as_the_formatter_would_leave_it(python_files: Path) -> None:
    run("ruff", "format", "--check", "--diff", "--no-cache", "--config", ROOT / "pyproject.toml", python_files)


def test_python_is_clean_for_the_strict_type_checker(python_files: Path, tmp_path: Path) -> None:
    names = [name for name in PROFILES if name in ("full", "bundled", "references")]
    files = [f for n in names for f in python_files.glob(f"p{list(PROFILES).index(n)}_*.py")]
    assert len(files) == 30
    run("mypy", "--strict", "--config-file=", "--cache-dir", tmp_path, *files)


@pytest.mark.parametrize("name", PROFILES)
def test_no_snippet_holds_a_secret(name: str) -> None:
    for snippet in snippets(PROFILES[name]):
        assert not [secret for secret in SECRETS if secret in snippet.text + snippet.note], snippet.key


WORDS = st.text(min_size=1)
TELLING = st.text(st.characters(codec="utf-8"), min_size=1).map(lambda text: f"{text}hidden-W0RD")


@examples(60)
@given(user=WORDS, password=TELLING, key=TELLING, mechanism=st.sampled_from(("PLAIN", "SCRAM-SHA-256", "MONGODB-AWS")))
def test_whatever_the_secrets_are_no_snippet_holds_them(user: str, password: str, key: str, mechanism: str) -> None:
    user, password, key = (quote(text, safe="", errors="replace") for text in (user, password, key))
    reading = connection_string.read(
        f"mongodb://{user}:{password}@localhost/?authMechanism={mechanism}&tlsCertificateKeyFile=/a.pem&sslPass={key}"
        f"&tlsCertificateKeyFilePassword={key}&authMechanismProperties=AWS_SESSION_TOKEN:{key}&proxyPassword={key}"
    )
    for snippet in snippets(reading.profile):
        assert "hidden-W0RD" not in snippet.text + snippet.note
        if snippet.language is Language.PYTHON:
            compile(snippet.text, snippet.key, "exec")


def test_every_profile_has_the_same_snippets_in_the_same_order() -> None:
    first = [(s.key, s.title, s.group) for s in snippets(PLAIN)]
    assert len(set(first)) == len(first)
    assert [group for _, _, group in first] == sorted((group for _, _, group in first), key=list(Group).index)
    for profile in PROFILES.values():
        found = snippets(profile)
        assert [(s.key, s.title, s.group) for s in found if s.key != "way"] == first
        assert any(s.key == "way" for s in found) is bool(profile.hops)


def test_every_variable_that_is_read_is_named() -> None:
    for profile in PROFILES.values():
        for snippet in snippets(profile):
            for name in snippet.env:
                assert name in snippet.text, (snippet.key, name)
    sync = snippets(FULL)[0]
    assert sync.env == ("MONGODB_PASSWORD",)
    assert sync.optional_env == ("MONGODB_TLS_KEY_PASSWORD",)


def test_what_the_profile_does_not_set_is_not_in_the_code() -> None:
    assert "    return MongoClient(URI)\n" in snippets(PLAIN)[0].text


def test_packages_of_compression_and_login_are_named() -> None:
    assert snippets(FULL)[0].needs == ("pymongo[snappy,zstd]",)
    assert snippets(PROFILES["aws"])[0].needs == ("pymongo[aws]",)
    assert snippets(PROFILES["kerberos"])[0].needs == ("pymongo[gssapi]",)
    assert snippets(PROFILES["bundled"])[0].needs == ("pymongo", "certifi")
