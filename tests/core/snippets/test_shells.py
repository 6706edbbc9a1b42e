"""Commands, given to a real shell."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from msgspec.structs import replace

from clearline.core.profiles.profile import Auth, Options, Profile, Seeds
from clearline.core.snippets import snippets
from clearline.core.snippets.shells import powershell
from clearline.core.snippets.snippet import Snippet
from clearline.core.snippets.variables import Kind, Piece
from core.snippets.profiles import FULL, PLAIN, PROFILES


def tool(profile: Profile, key: str) -> Snippet:
    return next(snippet for snippet in snippets(profile) if snippet.key == key)


def words_of(command: str, **environ: str) -> list[str]:
    """What a POSIX shell makes of it."""
    program = 'mongosh() { printf "%s\\n" "$@"; }; ' + command
    done = subprocess.run(["sh", "-c", program], env=environ, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
def test_a_posix_shell_reads_the_link_as_one_word() -> None:
    odd = replace(
        PLAIN, seeds=Seeds(hosts=("it's`here`$(x)",)), auth=Auth(user="a'b\"c$d"), options=Options(server_api="1")
    )
    for profile in (*PROFILES.values(), odd):
        words = words_of(tool(profile, "mongosh").text)
        assert len(words) == (1 if profile.options.server_api is None else 3)
        if profile is not PROFILES["references"]:
            assert words[0] == tool(profile, "compass-link").text.strip()


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
def test_references_are_variables_of_the_shell() -> None:
    command = tool(PROFILES["references"], "mongosh")
    values = {"DB_HOST": "db.example.com", "DB_USER": "app", "db": "orders", "STAGE": "test", "KEY_FILE": "/k.pem"}
    assert words_of(command.text, **values)[0].startswith("mongodb://app@db.example.com:27017,two.example.com/orders?")
    assert set(command.env) == set(values)


def test_powershell_gets_its_own_quotation_marks() -> None:
    assert powershell([Piece(Kind.TEXT, "mongodb://it's/?a=b&c=$d")]) == "'mongodb://it''s/?a=b&c=$d'"
    pieces = [Piece(Kind.TEXT, 'mongodb://"$x`'), Piece(Kind.PLAIN, "HOST"), Piece(Kind.TEXT, "/")]
    assert powershell(pieces) == '"mongodb://`"`$x``$($env:HOST)/"'


def test_no_tool_is_given_a_password_and_the_user_is_told_that_it_asks() -> None:
    for key in ("mongosh", "mongosh-powershell", "compass-link", "compass"):
        made = tool(FULL, key)
        assert "a%40b@db1.example.com" in made.text
        assert "MONGODB_PASSWORD" not in made.text
        assert "assword" in made.note


def test_the_env_template_has_empty_places_for_secrets_and_everything_else() -> None:
    made = tool(FULL, "dotenv")
    assert made.note.startswith("Fill in MONGODB_PASSWORD. ")
    lines = made.text.splitlines()
    assert "MONGODB_PASSWORD=" in lines
    assert "# MONGODB_TLS_KEY_PASSWORD=" in lines
    assert "MONGODB_USERNAME='a@b'" in lines
    assert any(
        line.startswith("MONGODB_URI='mongodb://db1.example.com,db2.example.com:27018/orders.items?") for line in lines
    )
