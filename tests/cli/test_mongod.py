"""The private mongod is found, started, stopped, and never survives the program that started it."""

from __future__ import annotations

import importlib.machinery
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pymongo
import pytest

from clearline.cli.mongod import MongodFailed, MongodNotFound, PrivateMongod, find_mongod

_STARTS_ONE = """
import sys
from clearline.cli.mongod import PrivateMongod
server = PrivateMongod()
server.start()
print(server.process.pid, server.log_path.parent, flush=True)
sys.stdin.readline()
{then}
"""


def _hello_with(server: PrivateMongod) -> dict[str, object]:
    with pymongo.MongoClient(server.address, directConnection=True, serverSelectionTimeoutMS=5000) as client:
        return dict(client.admin.command("hello"))


def test_a_started_mongod_answers_and_a_stopped_one_leaves_nothing() -> None:
    with PrivateMongod() as server:
        assert _hello_with(server)["isWritablePrimary"] is True
        assert server.address == f"127.0.0.1:{server.port}"
        folder = server.log_path.parent
        assert "Waiting for connections" in server.log_path.read_text()
    assert server.process.returncode is not None
    assert not folder.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0


def test_extra_arguments_reach_the_server() -> None:
    with PrivateMongod(["--replSet", "lab"]) as server:
        assert _hello_with(server)["info"] == "Does not have a valid replica set config"


def test_a_server_that_crashed_comes_back_on_its_port_with_its_data() -> None:
    with PrivateMongod() as server:
        with pymongo.MongoClient(f"mongodb://{server.address}") as client:
            client.shop.get_collection("orders", write_concern=pymongo.WriteConcern(1, j=True)).insert_one({"_id": 1})
        address = server.address
        server.kill()
        server.start()
        assert server.address == address
        with pymongo.MongoClient(f"mongodb://{server.address}") as client:
            assert client.shop.orders.find_one() == {"_id": 1}


def test_a_given_data_folder_survives_the_server(tmp_path: Path) -> None:
    with PrivateMongod(dbpath=tmp_path / "data") as server:
        pass
    assert server.process.returncode == 0
    assert (tmp_path / "data" / "WiredTiger").is_file()


def test_an_argument_that_mongod_refuses_is_told_in_its_own_words() -> None:
    with pytest.raises(MongodFailed, match="--no-such-option"):
        PrivateMongod(["--no-such-option"]).start()


def test_a_program_that_does_not_run_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "mongod"
    broken.write_text("not a program")
    with pytest.raises(MongodFailed, match="Permission denied"):
        PrivateMongod(binary=broken).start()


def test_a_fixed_port_that_is_taken_fails_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(MongodFailed, match="code 48"):
            PrivateMongod(port=taken.getsockname()[1]).start()


def test_a_chosen_port_that_was_taken_meanwhile_is_chosen_again() -> None:
    server = PrivateMongod()
    with socket.create_server(("127.0.0.1", server.port)), server:
        assert _hello_with(server)["ok"] == 1.0


@pytest.mark.skipif(sys.platform != "linux", reason="two programs may bind one port, as long as neither listens")
def test_a_chosen_port_on_which_another_program_listens_first_is_chosen_again(tmp_path: Path) -> None:
    program = tmp_path / "mongod"
    program.write_text(f'#!/bin/bash\nexec {find_mongod()} "$@" > >(tee {tmp_path}/said)\n')
    program.chmod(0o755)
    os.mkfifo(tmp_path / "said")
    server = PrivateMongod(binary=program)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", server.port))

        def listen_when_the_server_has_bound() -> None:
            with (tmp_path / "said").open("r+b", buffering=0) as said:  # open for both: it has no end
                for line in iter(said.readline, b""):
                    if b'"id":22315,' in line:  # "Opening WiredTiger": between binding and listening
                        other.listen()
                    if b'"id":23016,' in line:  # "Waiting for connections": the second server's
                        return

        listener = threading.Thread(target=listen_when_the_server_has_bound)
        listener.start()
        with server:
            assert server.port != other.getsockname()[1]
            assert _hello_with(server)["ok"] == 1.0
        listener.join()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="SIGSTOP is POSIX")
def test_a_frozen_server_accepts_in_silence_and_still_stops_cleanly(tmp_path: Path) -> None:
    with PrivateMongod(dbpath=tmp_path) as server:
        server.freeze()
        os.waitid(os.P_PID, server.process.pid, os.WSTOPPED | os.WNOWAIT)
        with socket.create_connection(("127.0.0.1", server.port)):
            pass
        server.thaw()
        assert _hello_with(server)["ok"] == 1.0
        server.freeze()
    assert server.process.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux")
def test_the_server_dies_with_a_program_that_was_killed() -> None:
    command = [sys.executable, "-c", _STARTS_ONE.format(then="")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        pid, folder = program.stdout.readline().split()
        watched = os.pidfd_open(int(pid))
        program.kill()
        try:
            assert select.select([watched], [], [], 10)[0], "mongod still runs"
        finally:
            os.close(watched)
            subprocess.run(["rm", "-rf", folder], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="signal 0 ends a program there")
@pytest.mark.parametrize("then", ["raise RuntimeError('a bug')", "raise KeyboardInterrupt"])
def test_a_program_that_crashes_without_stopping_leaves_nothing(then: str) -> None:
    command = [sys.executable, "-c", _STARTS_ONE.format(then=then)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as program:
        assert program.stdout
        pid, folder = program.stdout.readline().split()
        program.communicate("\n", timeout=30)
    assert not Path(folder).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_without_any_mongod_the_message_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.machinery.PathFinder, "find_spec", lambda *_: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MongodNotFound, match=r"clearline\[demo\].*PATH"):
        find_mongod()


def test_without_the_wheel_the_mongod_on_path_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.machinery.PathFinder, "find_spec", lambda *_: None)
    own = tmp_path / ("mongod.exe" if sys.platform == "win32" else "mongod")
    own.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mongod() == own


@pytest.mark.parametrize(
    ("bind_ip", "expected"),
    [("127.0.0.1,::1", "127.0.0.1:27017"), ("0.0.0.0", "127.0.0.1:27017"), ("::1", "[::1]:27017")],
)
def test_the_address_is_one_that_a_client_on_this_computer_can_use(bind_ip: str, expected: str) -> None:
    assert PrivateMongod(port=27017, bind_ip=bind_ip).address == expected
