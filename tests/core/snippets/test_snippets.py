"""What holds for every snippet of every profile."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clearline.core.profiles.hop import HttpProxy, KubernetesForward, Socks5Proxy, SshServer
from clearline.core.profiles.profile import Auth, Options, Profile, Reads, SecretSource, Seeds, Tls, Unread, Writes
from clearline.core.snippets import Group, Language, snippets
from clearline.core.uri import connection_string
from core.snippets.profiles import FULL, PLAIN, PROFILES, SECRETS, anything, profile_of
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


def test_python_is_clean_for_the_strict_type_checker(python_files: Path) -> None:
    names = [name for name in PROFILES if name in ("full", "bundled", "references")]
    files = [f for n in names for f in python_files.glob(f"p{list(PROFILES).index(n)}_*.py")]
    assert len(files) == 30
    # With the settings that the project is checked with, or its cache would be of no use to either.
    run("mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir", ROOT / ".mypy_cache", *files)


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


# ---------------------------------------------------------------- profiles that others wrote

CANARY = "canary()"
PAYLOADS = [
    f"a;>ran;\n{CANARY}\n",
    f"a'$(>ran)'`>ran`\"$(>ran)\n>ran\n{CANARY}",
    f"a'''+{CANARY}+'''\"\"\"+{CANARY}+\"\"\"",
    f"Primary\n{CANARY}\n#",
    f"DATETIME) + {CANARY} + (1",
    f"1).build()); {CANARY} //",
    "a\\",
    f"a\r>ran\r{CANARY}\r",
    f"a\u2028{CANARY}\x85{CANARY}\x0b{CANARY}\x0c{CANARY}",
    f"*/ {CANARY} /*",
    f'"#; {CANARY}; r#"',
    "-oProxyCommand=>ran",
    "$(>ran)",
    "!ran",
]
FIELDS = {
    "name": lambda x: {"name": x, "folder": x, "notes": x, "env_file": x},
    "seeds": lambda x: {"seeds": Seeds(hosts=(x,), database=x, replica_set=x)},
    "srv": lambda x: {"seeds": Seeds(srv=True, hosts=(x,), srv_service_name=x, srv_allowed_hosts_suffix=x)},
    "login": lambda x: {"auth": Auth(user=x, source=x, mechanism=x, properties={x: x, "SERVICE_NAME": x})},
    "plain": lambda x: {"auth": Auth(user=x, source=x, mechanism="PLAIN"), "tls": Tls(enabled=True, ca_file=x)},
    "token": lambda x: {"auth": Auth(mechanism="MONGODB-OIDC", properties={"ENVIRONMENT": x, "TOKEN_RESOURCE": x})},
    "tls": lambda x: {"tls": Tls(enabled=True, ca_file=x, certificate_key_file=x, crl_file=x)},
    "data": lambda x: {
        "reads": Reads(preference=x, tags=({x: x},), concern_level=x),
        "writes": Writes(w=x),
        "options": Options(
            app_name=x,
            compressors=(x,),
            server_monitoring_mode=x,
            uuid_representation=x,
            unicode_decode_error_handler=x,
            datetime_conversion=x,
            driver=x,
            server_api=x,
        ),
    },
    "unread": lambda x: {"unread": (Unread(name=x, value=x), Unread(name=f"b{x}", value=None))},
    "secrets": lambda x: {
        "secrets": {
            "password": SecretSource(place="reference", reference=f"${{{x}}}"),
            x: SecretSource(place="command", command=x),
        }
    },
    "ssh": lambda x: {"hops": (SshServer(host=x, user=x, key_file=x, config_alias=x, proxy_command=x),)},
    "proxy": lambda x: {"hops": (HttpProxy(host=x, user=x, login="basic"),)},
    "socks": lambda x: {"hops": (Socks5Proxy(host=x, user=x),)},
    "pods": lambda x: {"hops": (KubernetesForward(context=x, namespace=x, kubeconfig=x, pods={x: x}),)},
}


_CODE = re.compile(r"""("(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|(?m://|\#)[^\n\r\v\f\x85\u2028]*)""")
"""Texts and comments, which end with their line: what is left is code."""


@pytest.mark.parametrize("field", FIELDS)
def test_nothing_that_a_profile_says_becomes_code(field: str, tmp_path: Path) -> None:
    shells: dict[str, None] = {}
    for payload in PAYLOADS:
        profile = replace(Profile(seeds=Seeds(hosts=("db1:27017",))), **FIELDS[field](payload))
        for snippet in snippets(profile):
            if snippet.language is Language.PYTHON:
                names = [node.id for node in ast.walk(ast.parse(snippet.text)) if isinstance(node, ast.Name)]
                assert "canary" not in names, snippet.title
            elif snippet.language is Language.BASH:
                shells[snippet.text] = None
            elif snippet.language is not Language.POWERSHELL:  # whose quotation marks go over several lines
                assert "canary" not in _CODE.sub("", snippet.text), snippet.title
    if os.name == "posix":
        nothing = {"PATH": "/nonexistent", "HOME": "/nonexistent"}
        for text in shells:
            subprocess.run(["/bin/sh", "-c", text], cwd=tmp_path, env=nothing, capture_output=True, check=False)
            assert [*tmp_path.iterdir()] == [], text


def test_temporary_credentials_of_amazon_have_a_place_for_their_token() -> None:
    """The access key says that they are: its owner's profile need not name the token."""
    text = "mongodb://{}:s3cret-w0rd@h/?authMechanism=MONGODB-AWS"
    made = {snippet.key: snippet.text for snippet in snippets(profile_of(text.format("ASIAX")))}
    for key in ("sync", "async", "environment"):
        assert '{"AWS_SESSION_TOKEN": os.environ["AWS_SESSION_TOKEN"]}' in made[key]
    assert "\nAWS_SESSION_TOKEN=\n" in made["dotenv"]
    assert "${AWS_SESSION_TOKEN}" not in made["dotenv"]
    lasting = {snippet.key: snippet.text for snippet in snippets(profile_of(text.format("AKIAX")))}
    assert "AWS_SESSION_TOKEN" not in lasting["sync"]
