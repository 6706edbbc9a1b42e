"""Secrets are asked for, printed by agreed commands or kept, and whatever fails is told without quoting anything."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import threading
from pathlib import Path

import keyring.backends.fail
import pytest

from clearline.core.keyring import commands
from clearline.core.keyring.commands import CommandFailed, printed_by
from clearline.core.keyring.sources import Gathered, gather, lost
from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Tls
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD, Secret
from lab.command_lines import command_line
from lab.held_pipe import HeldPipe

WORD = "s3cret-Pä@ss-4711"


def command(code: str) -> str:
    return command_line([sys.executable, "-X", "utf8", "-c", code])


def profile(**sources: SecretSource) -> Profile:
    return Profile(id="p1", auth=Auth(user="app"), secrets=dict(sources))


def vault() -> Vault:
    return Vault(keyring.backends.fail.Keyring())


def found(wanted: Profile, own: Vault | None = None, answer: str | None = None) -> Gathered:
    async def ask(_name: str) -> Secret | None:
        return Secret(answer) if answer is not None else None

    return asyncio.run(gather(wanted, own or vault(), ask=ask))


def test_what_the_vault_keeps_is_taken_from_there() -> None:
    own = vault()
    own.keep_for_session("p1", PASSWORD, Secret(WORD))
    for source in (SecretSource(), SecretSource(place="session")):
        assert found(profile(password=source), own).secrets == {PASSWORD: Secret(WORD)}


def test_what_is_asked_each_time_comes_from_the_user_and_never_from_the_vault() -> None:
    own = vault()
    own.keep_for_session("p1", PASSWORD, Secret("old"))
    wanted = profile(password=SecretSource(place="ask"))
    assert found(wanted, own, WORD).secrets == {PASSWORD: Secret(WORD)}
    nobody = found(wanted, own)
    assert nobody.secrets == {}
    assert list(nobody.problems) == [PASSWORD]
    assert asyncio.run(gather(wanted, own)).problems


def test_nothing_is_asked_for_that_the_profile_has_no_use_for() -> None:
    sources = {PASSWORD: SecretSource(place="ask"), KEY_PASSWORD: SecretSource(place="ask")}
    assert found(Profile(secrets=sources)).problems == {}
    with_key = Profile(secrets=sources, tls=Tls(certificate_key_file="key.pem"))
    assert list(found(with_key).problems) == [KEY_PASSWORD]


def test_commands_and_references_are_left_to_the_check(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f"import pathlib; pathlib.Path({str(mark)!r}).touch(); print({WORD!r})"
    for source in (
        SecretSource(place="command", command=command(code)),
        SecretSource(place="reference", reference="${X}"),
    ):
        gathered = found(profile(password=source))
        assert (gathered.secrets, gathered.problems) == ({}, {})
    assert not mark.exists()


def test_only_the_first_line_counts_and_no_shell_reads_the_command() -> None:
    code = f"import sys; print({WORD!r}); print('user: app'); sys.stderr.write('gpg: hello')"
    assert asyncio.run(printed_by(command(code))) == Secret(WORD)
    echo = command("import sys; print(sys.argv[1:])") + " $HOME ; ls"
    assert asyncio.run(printed_by(echo)) == Secret(repr(["$HOME", ";", "ls"]))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (command(f"import sys; print({WORD!r}); sys.exit(3)"), "ended with the exit code 3"),
        (command("pass"), "printed nothing"),
        (command(f"print(); print({WORD!r})"), "printed nothing on its first line"),
        ("/no/such/program x", "cannot be started"),
        ('pass "half', "quotation mark"),
        ("   ", "is empty"),
    ],
)
def test_a_command_that_fails_is_told_without_its_output(wanted: str, words: str) -> None:
    with pytest.raises(CommandFailed, match=words) as failure:
        asyncio.run(printed_by(wanted))
    assert WORD not in str(failure.value)


def test_a_command_that_never_ends_is_ended() -> None:
    with pytest.raises(CommandFailed, match="within"):
        asyncio.run(printed_by(command("import threading; threading.Event().wait()"), timeout_s=0.3))


@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX")
def test_a_child_that_keeps_the_pipe_and_ignores_the_end_is_ended_too(tmp_path: Path) -> None:
    told = tmp_path / "child"
    child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    code = (
        "import pathlib, subprocess, sys; "
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}]); "
        f"pathlib.Path({str(told)!r}).write_text(str(child.pid)); print({WORD!r})"
    )
    assert asyncio.run(printed_by(command(code), timeout_s=30)) == Secret(WORD)
    pid = int(told.read_text())
    for _ in range(500):  # it is another program's child by now, which takes a moment to notice
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        threading.Event().wait(0.01)
    raise AssertionError("the child lives")


@pytest.mark.skipif(shutil.which("setsid") is None, reason="no setsid here")
def test_a_child_in_a_session_of_its_own_that_keeps_the_pipe_holds_nothing_up(tmp_path: Path) -> None:
    with HeldPipe(tmp_path / "pipe") as pipe, pytest.raises(CommandFailed, match="did not end"):
        endless = f"sh -c 'setsid cat {pipe.path} & cat {pipe.path}'"
        asyncio.run(asyncio.wait_for(printed_by(endless, timeout_s=0.2), 20))


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
def test_a_command_that_is_stopped_at_any_turn_of_its_start_leaves_nothing(tmp_path: Path) -> None:
    async def stopped(turns: int) -> None:
        task = asyncio.ensure_future(printed_by(f"sh -c 'cat {pipe.path} & cat {pipe.path}'"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 20)

    with HeldPipe(tmp_path / "pipe") as pipe:
        for turns in range(12):
            asyncio.run(stopped(turns))
        pipe.assert_no_reader_is_left()


def test_what_was_gathered_never_shows_itself() -> None:
    assert WORD not in repr(found(profile(password=SecretSource(place="ask")), answer=WORD))


@pytest.mark.parametrize(
    ("auth", "places", "known", "expected"),
    [
        (Auth(user="app"), {}, {}, (PASSWORD,)),
        (Auth(user="app"), {PASSWORD: SecretSource(place="session")}, {}, (PASSWORD,)),
        (Auth(user="app", mechanism="PLAIN"), {}, {}, (PASSWORD,)),
        (Auth(user="app"), {}, {PASSWORD: Secret("s")}, ()),
        (Auth(), {}, {}, ()),
        (Auth(user="CN=app", mechanism="MONGODB-X509"), {}, {}, ()),
        (Auth(user="app", mechanism="GSSAPI"), {}, {}, ()),
        (Auth(user="app"), {PASSWORD: SecretSource(place="ask")}, {}, ()),
        (Auth(user="app"), {PASSWORD: SecretSource(place="reference", reference="${P}")}, {}, ()),
    ],
)
def test_a_secret_is_lost_when_its_login_needs_it_and_its_place_has_it_no_more(
    auth: Auth, places: dict[str, SecretSource], known: dict[str, Secret], expected: tuple[str, ...]
) -> None:
    assert lost(Profile(auth=auth, secrets=places), known) == expected


def test_a_lost_password_is_asked_for_and_without_an_answer_it_is_said() -> None:
    profile = Profile(auth=Auth(user="app"))

    async def answer(name: str) -> Secret | None:
        return Secret("typed") if name == PASSWORD else None

    assert asyncio.run(gather(profile, vault(), ask=answer)).secrets == {PASSWORD: Secret("typed")}
    unanswered = asyncio.run(gather(profile, vault()))
    assert unanswered.secrets == {}
    assert list(unanswered.problems) == [PASSWORD]


PRINTS_LATIN = command("import sys; sys.stdout.buffer.write(bytes([0x70, 0xE4, 0x0D, 0x0A]))")


def test_a_line_that_is_no_utf_8_is_read_in_the_system_s_own_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_code_pages", lambda: ("cp1252",))
    assert asyncio.run(printed_by(PRINTS_LATIN)) == Secret("pä")


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        (("cp1252", "cp850"), "cp1252 and cp850 read differently; have it print UTF-8"),
        (("utf-8", "ascii", "cp-of-no-python"), "no UTF-8"),
    ],
)
def test_a_secret_is_never_guessed_from_two_code_pages(
    monkeypatch: pytest.MonkeyPatch, pages: tuple[str, ...], words: str
) -> None:
    monkeypatch.setattr(commands, "_code_pages", lambda: pages)
    with pytest.raises(CommandFailed, match=words):
        asyncio.run(printed_by(PRINTS_LATIN))


def test_two_code_pages_that_agree_are_no_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_code_pages", lambda: ("cp1252", "latin-1"))
    assert asyncio.run(printed_by(PRINTS_LATIN)) == Secret("pä")


def test_on_windows_a_command_opens_no_console(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    async def start(*_words: str, **options: object) -> None:
        asked.update(options)
        raise OSError(2, "not there")

    monkeypatch.setattr("subprocess.CREATE_NO_WINDOW", 0x08000000, raising=False)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    with pytest.raises(CommandFailed, match="cannot be started"):
        asyncio.run(printed_by("pass show db"))
    assert asked["creationflags"] == 0x08000000
