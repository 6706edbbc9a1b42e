"""A command can always be left, whatever a server or a library does to its loop."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from msgspec.structs import replace

from clearline.cli import interrupts
from clearline.core.profiles.hop import KubernetesForward, SshServer
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds
from clearline.core.storage import store
from lab.held_pipe import HeldPipe
from lab.kubernetes_api import kubeconfig
from lab.mongo_peer import Command, MongoPeer, hello

ENDLESS = 2_147_483_647
"""Rounds of PBKDF2: half an hour, in the loop's own thread."""


def endless_login(command: Command) -> dict[str, Any]:
    first = dict(part.split("=", 1) for part in bytes(command.document["payload"]).decode()[3:].split(","))
    salt = base64.b64encode(b"0123456789abcdef").decode()
    payload = f"r={first['r']}more,s={salt},i={ENDLESS}".encode()
    return {"conversationId": 1, "done": False, "payload": payload, "ok": 1.0}


def started(*arguments: str, tmp_path: Path, program: tuple[str, ...] = ("-m", "clearline")) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        env={**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processor_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def wait_until_it_computes(pid: int) -> None:
    """Half a second of computing at a stretch: nothing but the password's hash takes so long in a check."""
    began = processor_ticks(pid)
    while processor_ticks(pid) < began + 50:
        threading.Event().wait(0.02)


@pytest.fixture
def usual_signals() -> Iterator[None]:
    """A terminal's end ends a program, also where the tests run behind nohup: what ignores it hands that on."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


KINDS = ("secret command", "proxy command", "sign-in program")
WITHOUT_WINDOWS = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def profile_with(kind: str, tmp_path: Path, program: str) -> Path:
    """The file of a profile that has a check start ``program``, a script of sh."""
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\n{program}\n")
    script.chmod(0o755)
    profile = Profile(seeds=Seeds(hosts=("127.0.0.1:1",)), auth=Auth(user="app"))
    match kind:
        case "secret command":
            source = SecretSource(place="command", command=str(script))
            profile = replace(profile, secrets={"password": source})
        case "proxy command":
            profile = Profile(seeds=profile.seeds, hops=(SshServer(host="h", user="u", proxy_command=str(script)),))
        case _:
            config = kubeconfig(tmp_path, 1, {"exec": {"command": str(script)}})
            profile = Profile(seeds=profile.seeds, hops=(KubernetesForward(kubeconfig=config),))
    file = tmp_path / "sent.json"
    store.save(profile, file)
    return file


@WITHOUT_WINDOWS
@pytest.mark.usefixtures("usual_signals")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])  # Windows lacks some
def test_a_signal_that_ends_a_check_ends_what_it_has_started(kind: str, name: str, tmp_path: Path) -> None:
    number = getattr(signal, name)
    up = tmp_path / "up"
    os.mkfifo(up)
    pipe = HeldPipe(tmp_path / "pipe")
    file = profile_with(kind, tmp_path, f"echo up > {up}\ncat {pipe.path} & cat {pipe.path}")
    with pipe:
        check = started("check", str(file), "--yes", tmp_path=tmp_path)
        assert up.read_text() == "up\n"
        check.send_signal(number)
        check.communicate(timeout=30)
        assert check.returncode == 128 + number
        pipe.assert_no_reader_is_left()


BETWEEN = """
    import os, signal, sys, time
    from pathlib import Path
    from clearline.core import child_processes

    note = child_processes.note_started
    up = Path(sys.argv.pop())

    def note_late(group):
        print(up.read_text(), end="", flush=True)  # it runs
        os.kill(os.getpid(), signal.SIGTERM)
        while not child_processes._over:  # the handler has begun
            time.sleep(0.001)
        note(group)

    child_processes.note_started = note_late
    from clearline.__main__ import main
    main()
"""


@WITHOUT_WINDOWS
@pytest.mark.usefixtures("usual_signals")
@pytest.mark.parametrize("kind", KINDS)
def test_a_signal_between_the_start_of_a_program_and_its_note_ends_it(kind: str, tmp_path: Path) -> None:
    up = tmp_path / "up"
    os.mkfifo(up)
    pipe = HeldPipe(tmp_path / "pipe")
    file = profile_with(kind, tmp_path, f"echo up > {up}\ncat {pipe.path} & cat {pipe.path}")
    with pipe:
        check = started("check", str(file), "--yes", str(up), tmp_path=tmp_path, program=("-c", dedent(BETWEEN)))
        said, _ = check.communicate(timeout=30)
        assert (check.returncode, said) == (128 + signal.SIGTERM, "up\n")
        pipe.assert_no_reader_is_left()


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the child's processor time in /proc")
def test_a_login_without_end_does_not_hold_the_program(tmp_path: Path) -> None:
    asked = threading.Event()

    def login(command: Command) -> dict[str, Any]:
        asked.set()
        return endless_login(command)

    with MongoPeer({"hello": hello(), "saslStart": login}) as peer:
        uri = f"mongodb://app:pw@127.0.0.1:{peer.port}/?authMechanism=SCRAM-SHA-256"
        check = started("check", uri, tmp_path=tmp_path)
        assert asked.wait(60)
        wait_until_it_computes(check.pid)
        check.send_signal(signal.SIGINT)
        out, err = check.communicate(timeout=30)
    assert check.returncode == 130
    assert "this is what is known" in err
    assert f"127.0.0.1:{peer.port}" in out
    assert "Traceback" not in err


STUCK = """
    import asyncio, sys, threading
    from clearline.cli import interrupts

    async def command():
        interrupts.on_signals(lambda: None)
        print("here", flush=True)
        threading.Event().wait()  # the loop's own thread never comes back

    try:
        interrupts.run(command)
    except interrupts.LoopStuck as stuck:
        from clearline.core.daemon_threads import end_with
        end_with(7 if stuck.stopped else 8)
"""


NO_CTRL_C = pytest.mark.skipif(sys.platform == "win32", reason="Python sends no program of Windows a Ctrl-C")


def stuck_program() -> subprocess.Popen[str]:
    program = subprocess.Popen([sys.executable, "-c", dedent(STUCK)], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "here\n"
    return program


@NO_CTRL_C
def test_the_second_ctrl_c_ends_the_program_at_once() -> None:
    program = stuck_program()
    program.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.2)  # the first one asks politely
    program.send_signal(signal.SIGINT)
    assert program.wait(60) == 130
    program.communicate()


@NO_CTRL_C
def test_a_stuck_loop_is_left_three_seconds_after_ctrl_c() -> None:
    program = stuck_program()
    program.send_signal(signal.SIGINT)
    assert program.wait(60) == 7
    program.communicate()


def test_what_a_command_returns_or_raises_comes_back() -> None:
    async def seven() -> int:
        await asyncio.sleep(0)
        return 7

    async def fail() -> int:
        raise BrokenPipeError

    assert interrupts.run(seven) == 7
    with pytest.raises(BrokenPipeError):
        interrupts.run(fail)


def test_a_loop_that_misses_its_beats_is_left_without_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "AT_MOST", 3)
    monkeypatch.setattr(interrupts, "BEAT_S", 0.02)
    over = threading.Event()

    async def stuck() -> None:
        over.wait()

    with pytest.raises(interrupts.LoopStuck) as caught:
        interrupts.run(stuck)
    over.set()
    assert not caught.value.stopped


def test_a_task_that_ignores_its_cancellation_does_not_hold_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_CLOSING_S", 0.1)
    enough = threading.Event()

    async def stubborn() -> None:
        while not enough.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue

    left = []

    async def command() -> int:
        left.append(asyncio.ensure_future(stubborn()))
        await asyncio.sleep(0)
        return 3

    assert interrupts.run(command) == 3
    enough.set()


UNREADY = """
    import asyncio
    from clearline.cli import interrupts

    async def command():
        print("here", flush=True)
        await asyncio.sleep(60)  # as while it imports: nothing is said about signals yet

    try:
        interrupts.run(command)
    except KeyboardInterrupt:
        print("ended")
"""


@NO_CTRL_C
def test_a_ctrl_c_before_a_command_has_a_way_of_its_own_is_a_ctrl_c() -> None:
    program = subprocess.Popen([sys.executable, "-c", dedent(UNREADY)], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "here\n"
    program.send_signal(signal.SIGINT)
    assert program.communicate(timeout=30)[0] == "ended\n"
    assert program.returncode == 0
