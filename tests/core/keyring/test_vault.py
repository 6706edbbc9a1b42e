"""Secrets go to a real keyring and come back; without one they stay in memory, and it is said why."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend

from clearline.core import daemon_threads
from clearline.core.keyring.patient_vault import PatientVault
from clearline.core.keyring.vault import MEMORY_SERVICE, Vault, WhereKept, WhyMemory
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.profiles.secret_places import ASK, KEYRING, SESSION
from clearline.core.secrets.secret import Secret

SECRET_WORD = "s3cret-Pä@ss-4711"

_missing = [tool for tool in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(tool) is None]
needs_secret_service = pytest.mark.skipif(bool(_missing), reason=f"not installed: {', '.join(_missing)}")

_PREAMBLE = f"""
import asyncio, json, os, signal
from pathlib import Path
from clearline.core.profiles.profile import Profile, SecretSource
from clearline.core.secrets.secret import Secret
from clearline.core.keyring.patient_vault import PatientVault
from clearline.core.keyring.vault import Vault
WORD = {SECRET_WORD!r}
vault = Vault()

def tell(**said):
    print(json.dumps(said | {{"where": vault.state.where.name, "why": vault.state.why and vault.state.why.name,
                              "state": str(vault.state)}}))
"""
_WRITES = 'tell(kept=vault.write("p1", "password", Secret(WORD)).name)'
_READS = 'secret = vault.read("p1", "password"); tell(same=secret is not None and secret.reveal() == WORD)'
_LOCKS = """
import secretstorage
bus = secretstorage.dbus_init()
secretstorage.get_default_collection(bus).lock()
bus.close()
"""
_FREEZES = """
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
with open_dbus_connection() as bus:
    [daemon] = bus.send_and_get_reply(message_bus.GetConnectionUnixProcessID("org.freedesktop.secrets")).body
os.kill(daemon, signal.SIGSTOP)
Path.home().joinpath("daemon.pid").write_text(str(daemon))
"""
_THAWS = 'os.kill(int(Path.home().joinpath("daemon.pid").read_text()), signal.SIGCONT)'

_WAITS_FOR_A_FROZEN_KEYRING = """
import threading
async def main():
    kept = await PatientVault(vault, timeout_s=0.3).keep(Profile(id="p1"), "password", Secret(WORD))
    read = await PatientVault(vault, timeout_s=0.3).secrets_of("p1", ["password"])
    tell(kept=kept.name, same=read["password"].reveal() == WORD)
    later = await PatientVault(vault, timeout_s=0.3).keep(Profile(id="p2"), "password", Secret(WORD))
    asking = [thread for thread in threading.enumerate() if thread.name.startswith("daemon-")]
    os.kill(daemon, signal.SIGCONT)
    for thread in asking:
        await asyncio.to_thread(thread.join)
    tell(later=later.name, where_now=[vault.where(p, "password").name for p in ("p1", "p2")])
asyncio.run(main())
"""
_NEVER_WAITS_AT_EXIT = """
async def main():
    await PatientVault(vault, timeout_s=0.1).keep(Profile(id="p1"), "password", Secret(WORD))
    tell()
asyncio.run(main())
"""


def _in_a_session(folder: Path, *programs: str, unlocked: bool = True) -> list[dict[str, Any]]:
    """What each program told, run one after the other in a D-Bus session with a Secret Service of its own."""
    steps = ["printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1"] if unlocked else []
    for number, program in enumerate(programs):
        path = folder / f"program{number}.py"
        path.write_text(_PREAMBLE + program)
        steps.append(f"{sys.executable} {path}")
    return _told(["dbus-run-session", "--", "sh", "-ec", "\n".join(steps)], folder)


def _told(command: list[str], folder: Path) -> list[dict[str, Any]]:
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(runtime)}
    environ |= {name: os.environ[name] for name in ("PYTHONPATH", "LANG") if name in os.environ}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@needs_secret_service
def test_a_secret_written_in_one_process_is_read_in_another(tmp_path: Path) -> None:
    written, read = _in_a_session(tmp_path, _WRITES, _READS)
    assert written == {"kept": "KEYRING", "where": "KEYRING", "why": None, "state": "in the GNOME keyring"}
    assert read["same"] is True


@needs_secret_service
def test_no_file_of_the_session_holds_the_secret_in_clear(tmp_path: Path) -> None:
    _in_a_session(tmp_path, _WRITES)
    (tmp_path / "program0.py").unlink()  # it quotes the word
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".keyring" for path in files)
    assert not [path for path in files if SECRET_WORD.encode() in path.read_bytes()]


@needs_secret_service
def test_a_deleted_secret_is_gone_from_the_keyring_and_others_stay(tmp_path: Path) -> None:
    delete = 'vault.write("p2", "password", Secret("other")); tell(gone=vault.delete("p1", "password"))'
    again = 'tell(gone=vault.delete("p1", "password"), left=list(vault.secrets_of("p2", ("password", "x"))))'
    _, deleted, read, repeated = _in_a_session(tmp_path, _WRITES, delete, _READS, again)
    assert deleted["gone"] is True
    assert read["same"] is False
    assert repeated["gone"] is True
    assert repeated["left"] == ["password"]


@needs_secret_service
def test_a_locked_keyring_leaves_the_secret_in_memory_and_says_so(tmp_path: Path) -> None:
    told, read = _in_a_session(tmp_path, _LOCKS + _WRITES + "\n" + _READS)
    assert (told["where"], told["why"]) == ("MEMORY", "LOCKED")
    assert told["state"] == "this session only: the keyring is locked"
    assert read["same"] is True


@needs_secret_service
def test_a_dismissed_prompt_means_refused(tmp_path: Path) -> None:
    # A service without any keyring asks for the password of a new one; with no screen, its prompt is dismissed.
    [told] = _in_a_session(tmp_path, _WRITES, unlocked=False)
    assert (told["kept"], told["why"]) == ("MEMORY", "REFUSED")


@needs_secret_service
def test_a_session_without_secret_service_has_no_keyring(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_PREAMBLE + _WRITES + "\n" + _READS)
    written, read = _told([sys.executable, str(program)], tmp_path)
    assert (written["kept"], written["why"]) == ("MEMORY", "NO_KEYRING")
    assert read["same"] is True


@needs_secret_service
def test_a_keyring_that_does_not_answer_costs_its_time_limit_and_is_used_when_it_answers_late(tmp_path: Path) -> None:
    slow, late, read = _in_a_session(
        tmp_path, "vault.read('p', 'x')\n" + _FREEZES + _WAITS_FOR_A_FROZEN_KEYRING, _READS
    )
    assert (slow["kept"], slow["why"], slow["same"]) == ("MEMORY", "SLOW", True)
    assert late["later"] == "MEMORY"
    assert (late["where"], late["where_now"]) == ("KEYRING", ["KEYRING", "KEYRING"])
    assert read["same"] is True


@needs_secret_service
def test_a_program_ends_while_the_keyring_still_does_not_answer(tmp_path: Path) -> None:
    [told] = _in_a_session(tmp_path, _FREEZES + _NEVER_WAITS_AT_EXIT, _THAWS)  # thawed only after its end
    assert told["why"] == "SLOW"


_STARTS_A_SERVICE = """
import secretstorage, subprocess
tell(kept=vault.write("p1", "password", Secret(WORD)).name, place=vault.place(Profile(id="p1"), "password"))
unlock = ["gnome-keyring-daemon", "--unlock", "--components=secrets"]
subprocess.run(unlock, input=b"pw", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
bus = secretstorage.dbus_init()
while not secretstorage.check_service_availability(bus):
    pass  # the daemon takes its name on the bus a moment after its starter has ended
tell(before=vault.where("p1", "password").name)
vault.ask_again()
tell(after=vault.where("p1", "password").name, place=vault.place(Profile(id="p1"), "password"))
"""
_MOVES = """
def moved(to):
    global profile
    answer = vault.move(profile, "password", SecretSource(place=to))
    profile = answer.profile
    tell(done=answer.done, left=answer.left_behind, place=vault.place(profile, "password"),
         here=(Vault().read("p1", "password") or Secret("")).reveal() == WORD)
profile = Profile(id="p1")
vault.keep(profile, "password", Secret(WORD))
moved("session"); moved("keyring"); moved("ask")
"""
_MOVES_WHILE_LOCKED = """
answer = vault.move(Profile(id="p1"), "password", SecretSource(place="session"))
tell(done=answer.done, same=answer.profile == Profile(id="p1"), gone=vault.delete_all("p1", ["password"]))
"""


@needs_secret_service
def test_a_keyring_that_starts_after_the_program_is_found_when_it_is_asked_again(tmp_path: Path) -> None:
    # With a service file on the bus the service would be started by the first question: this bus has none.
    bus = tmp_path / "bus.conf"
    bus.write_text(
        "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>"
        '<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>'
        '<allow own="*"/></policy></busconfig>'
    )
    program = tmp_path / "program.py"
    program.write_text(_PREAMBLE + _STARTS_A_SERVICE)
    command = ["dbus-run-session", f"--config-file={bus}", "--", sys.executable, str(program)]
    first, waiting, after = _told(command, tmp_path)
    assert (first["kept"], first["why"]) == ("MEMORY", "NO_KEYRING")
    assert first["place"] == "this session only: this computer has no keyring that keeps secrets safe"
    assert waiting["before"] == "MEMORY"
    assert (after["after"], after["why"], after["place"]) == ("KEYRING", None, "in the GNOME keyring")


@needs_secret_service
def test_a_secret_moves_between_the_real_keyring_and_memory_without_leaving_a_copy(tmp_path: Path) -> None:
    session, back, asked = _in_a_session(tmp_path, _MOVES)
    assert (session["done"], session["left"], session["place"], session["here"]) == (
        True,
        False,
        "this session only",
        False,
    )
    assert (back["done"], back["place"], back["here"]) == (True, "in the GNOME keyring", True)
    assert (asked["done"], asked["place"], asked["here"]) == (True, "asked each time", False)


@needs_secret_service
def test_a_secret_in_a_locked_keyring_is_not_moved_and_not_lost(tmp_path: Path) -> None:
    _, moved = _in_a_session(tmp_path, _WRITES, _LOCKS + _MOVES_WHILE_LOCKED)
    assert (moved["done"], moved["same"], moved["gone"], moved["why"]) == (False, True, False, "LOCKED")


class MemoryKeyring(KeyringBackend):
    """A keyring that keeps in memory what a test may look at, and raises or waits when told to."""

    priority = 5  # type: ignore[assignment]
    viable = False  # type: ignore[assignment]  # never found by keyring's own search
    name = "test keyring"

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.memories: dict[tuple[str, str], str] = {}
        self.error: Exception | None = None
        self.calls = 0

    def _work(self) -> None:
        self.calls += 1
        if self.error:
            raise self.error

    def _of(self, service: str) -> dict[tuple[str, str], str]:
        return self.memories if service == MEMORY_SERVICE else self.entries

    def get_password(self, service: str, username: str) -> str | None:
        self._work()
        return self._of(service).get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._work()
        self._of(service)[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._work()
        del self._of(service)[service, username]


class PlaintextKeyring(MemoryKeyring):
    """Named as the backend of keyrings.alt that writes a file in clear."""


def test_the_keyring_is_not_touched_before_it_is_needed() -> None:
    backend = MemoryKeyring()
    vault = Vault(backend)
    assert vault.state.why is WhyMemory.NOT_ASKED
    vault.keep_for_session("p1", "password", Secret(SECRET_WORD))
    assert vault.read("p1", "password") == Secret(SECRET_WORD)
    assert vault.where("p1", "password") is WhereKept.MEMORY
    assert backend.calls == 0


def test_secrets_are_filed_by_profile_id_and_name() -> None:
    backend = MemoryKeyring()
    vault = Vault(backend)
    assert vault.write("p1", "AWS_SESSION_TOKEN", Secret(SECRET_WORD)) is WhereKept.KEYRING
    assert backend.entries == {("Clearline", "p1/AWS_SESSION_TOKEN"): SECRET_WORD}
    assert vault.where("p1", "AWS_SESSION_TOKEN") is WhereKept.KEYRING
    assert vault.where("p1", "password") is None
    assert str(vault.state) == "in the test keyring"
    assert SECRET_WORD not in repr(vars(vault))


@pytest.mark.parametrize(
    "backend", [keyring.backends.fail.Keyring(), keyring.backends.null.Keyring(), PlaintextKeyring()], ids=str
)
def test_backends_that_keep_nothing_or_keep_it_in_clear_count_as_none(backend: KeyringBackend) -> None:
    vault = Vault(backend)
    assert vault.write("p1", "password", Secret(SECRET_WORD)) is WhereKept.MEMORY
    assert vault.read("p1", "password") == Secret(SECRET_WORD)
    assert vault.state.why is WhyMemory.NO_KEYRING
    assert vault.delete("p1", "password") is True
    assert vault.read("p1", "password") is None
    if isinstance(backend, PlaintextKeyring):
        assert backend.entries == {}


def test_a_chain_is_used_through_its_first_safe_member(monkeypatch: pytest.MonkeyPatch) -> None:
    safe = MemoryKeyring()
    monkeypatch.setattr(ChainerBackend, "backends", [PlaintextKeyring(), safe])
    assert Vault(ChainerBackend()).write("p1", "password", Secret(SECRET_WORD)) is WhereKept.KEYRING
    assert len(safe.entries) == 1


def test_an_error_of_the_backend_keeps_its_text_out_and_the_value_in_memory() -> None:
    backend = MemoryKeyring()
    backend.error = OSError(f"CredWrite {SECRET_WORD}")
    vault = Vault(backend)
    assert vault.write("p1", "password", Secret(SECRET_WORD)) is WhereKept.MEMORY
    assert vault.state.why is WhyMemory.ERROR
    assert SECRET_WORD not in repr(vault.state)
    assert vault.read("p1", "password") == Secret(SECRET_WORD)
    assert vault.delete("p1", "password") is False


def test_a_locked_keyring_is_asked_once_and_again_only_on_request() -> None:
    backend = MemoryKeyring()
    backend.error = keyring.errors.KeyringLocked()
    vault = Vault(backend)
    for name in ("password", "proxyPassword"):
        assert vault.write("p1", name, Secret(SECRET_WORD)) is WhereKept.MEMORY
    assert vault.read("p2", "password") is None
    assert backend.calls == 1
    backend.error = None
    assert vault.ask_again().where is WhereKept.KEYRING
    assert sorted(user for _, user in backend.entries) == ["p1/password", "p1/proxyPassword"]
    assert vault.where("p1", "password") is WhereKept.KEYRING


def test_what_was_meant_for_this_session_is_not_filed_later() -> None:
    backend = MemoryKeyring()
    vault = Vault(backend)
    vault.keep_for_session("p1", "password", Secret(SECRET_WORD))
    vault.ask_again()
    assert backend.entries == {}
    assert vault.where("p1", "password") is WhereKept.MEMORY


def test_the_awaitable_forms_do_what_the_blocking_ones_do() -> None:
    backend = MemoryKeyring()

    async def use() -> None:
        vault = Vault(backend)
        assert await PatientVault(vault).keep(Profile(id="p1"), "password", Secret(SECRET_WORD)) is WhereKept.KEYRING
        assert await PatientVault(vault).secrets_of("p1", ["password"]) == {"password": Secret(SECRET_WORD)}
        assert await PatientVault(vault).secrets_of("p1", ["password", "x"]) == {"password": Secret(SECRET_WORD)}
        assert await PatientVault(vault).delete("p1", "password") is True
        assert (await PatientVault(vault).ask_again()).where is WhereKept.KEYRING

    asyncio.run(use())
    assert backend.entries == {}


def test_a_value_typed_while_the_keyring_is_busy_with_the_old_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_threads, "_IDLE_S", 0.0)  # its threads are joined here
    busy, go_on = threading.Event(), threading.Event()

    class Slow(MemoryKeyring):
        def set_password(self, service: str, username: str, password: str) -> None:
            busy.set()
            go_on.wait()
            super().set_password(service, username, password)

    backend = Slow()
    vault = Vault(backend)

    async def use() -> None:
        old = asyncio.create_task(PatientVault(vault, timeout_s=0.05).keep(Profile(id="p1"), "password", Secret("old")))
        await asyncio.to_thread(busy.wait)
        await old
        asking = [thread for thread in threading.enumerate() if thread.name.startswith("daemon-")]
        new = PatientVault(vault, timeout_s=0.05).keep(Profile(id="p1"), "password", Secret("new"))
        assert await new is WhereKept.MEMORY
        assert vault.read("p1", "password") == Secret("new")
        go_on.set()
        for thread in asking:
            await asyncio.to_thread(thread.join)

    asyncio.run(use())
    assert backend.entries == {("Clearline", "p1/password"): "new"}
    assert vault.where("p1", "password") is WhereKept.KEYRING


# ---------------------------------------------------------------- by the profile's wish

COMMAND = SecretSource(place="command", command="pass show orders")
REFERENCE = SecretSource(place="reference", reference="${ORDERS_PASSWORD}")


def _profile(source: SecretSource = KEYRING, profile_id: str = "p1") -> Profile:
    return Profile(id=profile_id, secrets={} if source == KEYRING else {"password": source})


def test_the_place_of_each_secret_is_told_in_words() -> None:
    vault = Vault(MemoryKeyring())
    assert vault.place(_profile(), "password") == "in the keyring of this computer"
    vault.keep(_profile(), "password", Secret(SECRET_WORD))
    assert vault.place(_profile(), "password") == "in the test keyring"
    assert vault.place(_profile(SESSION), "password") == "this session only"
    assert vault.place(_profile(ASK), "password") == "asked each time"
    assert vault.place(_profile(REFERENCE), "password") == "from ${ORDERS_PASSWORD}"
    assert vault.place(_profile(COMMAND), "password") == "printed by a command"


def test_the_place_says_when_the_keyring_has_not_taken_it() -> None:
    backend = MemoryKeyring()
    backend.error = keyring.errors.KeyringLocked()
    vault = Vault(backend)
    vault.keep(_profile(), "password", Secret(SECRET_WORD))
    assert vault.place(_profile(), "password") == "this session only: the keyring is locked"
    vault.keep_for_session("p2", "password", Secret(SECRET_WORD))
    assert vault.place(_profile(profile_id="p2"), "password") == "this session only"


def test_a_secret_is_kept_where_its_profile_says_and_nowhere_else() -> None:
    backend = MemoryKeyring()
    vault = Vault(backend)
    assert vault.keep(_profile(SESSION), "password", Secret(SECRET_WORD)) is WhereKept.MEMORY
    for source in (ASK, REFERENCE, COMMAND):
        assert vault.keep(_profile(source, "p2"), "password", Secret(SECRET_WORD)) is None
    assert backend.entries == {}
    assert vault.where("p2", "password") is None
    assert vault.keep(_profile(), "password", Secret(SECRET_WORD)) is WhereKept.KEYRING
    assert list(backend.entries) == [("Clearline", "p1/password")]


@pytest.mark.parametrize("to", [ASK, REFERENCE, COMMAND])
def test_what_comes_from_elsewhere_from_now_on_is_forgotten_here(to: SecretSource) -> None:
    backend = MemoryKeyring()
    vault = Vault(backend)
    vault.keep(_profile(), "password", Secret(SECRET_WORD))
    moved = vault.move(_profile(), "password", to)
    assert (moved.done, moved.left_behind) == (True, False)
    assert moved.profile.secrets == {"password": to}
    assert backend.entries == {}
    assert vault.read("p1", "password") is None


def test_moving_back_to_the_usual_place_is_not_written_down() -> None:
    vault = Vault(MemoryKeyring())
    moved = vault.move(_profile(ASK), "password", KEYRING, Secret(SECRET_WORD))
    assert moved.profile == _profile()
    assert vault.where("p1", "password") is WhereKept.KEYRING


def test_a_keyring_that_does_not_let_go_of_its_copy_is_told() -> None:
    backend = MemoryKeyring()
    vault = Vault(backend)
    vault.keep(_profile(), "password", Secret(SECRET_WORD))
    backend.error = OSError()
    moved = vault.move(_profile(), "password", SESSION, Secret(SECRET_WORD))
    assert (moved.done, moved.left_behind) == (True, True)
    assert vault.read("p1", "password") == Secret(SECRET_WORD)


def test_all_secrets_of_a_profile_go_at_once_and_those_of_others_stay() -> None:
    backend = MemoryKeyring()
    vault = Vault(backend)
    for profile_id, name in (("p1", "password"), ("p1", "proxyPassword"), ("p2", "password")):
        vault.write(profile_id, name, Secret(SECRET_WORD))
    assert vault.delete_all("p1", ["password", "proxyPassword", "never there"]) is True
    assert list(backend.entries) == [("Clearline", "p2/password")]


def test_a_copy_of_a_profile_gets_copies_of_its_secrets() -> None:
    backend = MemoryKeyring()
    vault = Vault(backend)
    vault.keep(_profile(), "password", Secret(SECRET_WORD))
    vault.copy_all(_profile(), _profile(profile_id="p2"), ["password", "proxyPassword"])
    assert vault.read("p2", "password") == vault.read("p1", "password") == Secret(SECRET_WORD)


def test_the_awaitable_forms_move_keep_copy_and_delete() -> None:
    backend = MemoryKeyring()

    async def use() -> None:
        vault = Vault(backend)
        assert await PatientVault(vault).keep(_profile(), "password", Secret(SECRET_WORD)) is WhereKept.KEYRING
        await PatientVault(vault).copy_all(_profile(), _profile(profile_id="p2"), ["password"])
        assert (await PatientVault(vault).move(_profile(), "password", SESSION)).profile == _profile(SESSION)
        assert list(backend.entries) == [("Clearline", "p2/password")]
        assert await PatientVault(vault).delete_all("p2", ["password"]) is True

    asyncio.run(use())
    assert backend.entries == {}


def test_a_move_that_takes_too_long_is_not_done_later_behind_the_users_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_threads, "_IDLE_S", 0.0)  # its threads are joined here
    asked, go_on = threading.Event(), threading.Event()

    class Slow(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            asked.set()
            go_on.wait()
            return super().get_password(service, username)

    backend = Slow()
    backend.entries["Clearline", "p1/password"] = SECRET_WORD
    vault = Vault(backend)

    async def use() -> None:
        moved = await PatientVault(vault, timeout_s=0.05).move(_profile(), "password", SESSION)
        assert (moved.done, moved.profile) == (False, _profile())
        asking = [thread for thread in threading.enumerate() if thread.name.startswith("daemon-")]
        go_on.set()
        for thread in asking:
            await asyncio.to_thread(thread.join)

    asyncio.run(use())
    assert backend.entries == {("Clearline", "p1/password"): SECRET_WORD}
