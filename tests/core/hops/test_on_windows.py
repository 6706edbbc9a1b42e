"""What hops do otherwise on Windows, fed on any system."""

from __future__ import annotations

import asyncio
import base64
import socket
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from clearline.core.facts.hops import HopFacts, Trouble
from clearline.core.hops import direct, kubeconfig, proxy_command, proxy_login, windows_sockets
from clearline.core.hops.gssapi import CREDENTIALS_EXPIRED, FAILURE, NO_CREDENTIALS
from clearline.core.hops.hop_log import HopLog, Terms
from clearline.core.hops.kubeconfig import KubeconfigProblem
from clearline.core.hops.loop import HopLoop
from clearline.core.hops.trouble import HopError

NO_WINDOW = 0x08000000


def log(host: str, port: int) -> HopLog:
    return HopLog(0, HopFacts(kind="ssh", host=host, port=port), Terms(), lambda: None)


def test_a_program_on_the_way_opens_no_console(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    class Loop(HopLoop):
        async def subprocess_exec(self, _factory: Any, *words: Any, **options: Any) -> Any:  # type: ignore[override]
            asked.update(options, words=words)
            raise FileNotFoundError(2, "not there")

    monkeypatch.setattr("subprocess.CREATE_NO_WINDOW", NO_WINDOW, raising=False)
    with asyncio.Runner(loop_factory=Loop) as runner, pytest.raises(HopError) as raised:
        runner.run(proxy_command.start(log("db", 22), "connect -S proxy db 22"))
    assert raised.value.failure.trouble is Trouble.COMMAND_MISSING
    assert (asked["creationflags"], asked["words"]) == (NO_WINDOW, ("connect", "-S", "proxy", "db", "22"))


def test_a_sign_in_program_of_kubernetes_opens_no_console(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def started(*_: Any, **options: Any) -> Any:
        asked.update(options)
        raise OSError

    monkeypatch.setattr("subprocess.CREATE_NO_WINDOW", NO_WINDOW, raising=False)
    monkeypatch.setattr("subprocess.Popen", started)
    with pytest.raises(KubeconfigProblem):
        kubeconfig._plugin({"command": "aws"}, "config", True)
    assert asked["creationflags"] == NO_WINDOW


@pytest.mark.parametrize(("host", "asked"), [("127.0.0.1", True), ("192.0.2.1", False)])
def test_a_proxy_on_this_computer_that_is_not_there_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, host: str, asked: bool
) -> None:
    """To another computer a packet may be lost, and has to be sent again."""
    told: list[socket.socket] = []

    class Loop(HopLoop):
        async def sock_connect(self, sock: socket.socket, address: Any) -> None:
            raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(windows_sockets, "ON_WINDOWS", True)
    monkeypatch.setattr(windows_sockets, "no_syn_again", told.append)
    with asyncio.Runner(loop_factory=Loop) as runner, pytest.raises(HopError) as raised:
        runner.run(direct.connect(log(host, 3128), host, 3128))
    assert raised.value.failure.trouble is Trouble.REFUSED
    assert bool(told) is asked


class WindowsSignIn:
    """Stands for pyspnego over SSPI: answers with tokens, or fails with a number of Windows."""

    def __init__(self, *tokens: bytes, number: int = 0) -> None:
        self.tokens, self.number = list(tokens), number
        self.asked: list[Any] = []
        self.complete = False

    def client(self, **asked: Any) -> WindowsSignIn:
        self.asked.append(asked)
        return self

    def step(self, said: bytes | None) -> bytes | None:
        self.asked.append(said)
        if self.number:
            problem = ValueError("SpnegoError")
            problem.base_error = SimpleNamespace(winerror=self.number - (1 << 32))  # type: ignore[attr-defined]
            raise problem
        self.complete = len(self.tokens) == 1
        return self.tokens.pop(0)


def negotiate(monkeypatch: pytest.MonkeyPatch, windows: WindowsSignIn) -> proxy_login.Steps:
    monkeypatch.setattr(proxy_login, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setitem(sys.modules, "spnego", windows)
    steps = proxy_login.begin("kerberos", "proxy.example.com", None, None)
    assert steps is not None
    return steps


def test_who_is_signed_in_to_windows_signs_in_at_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = WindowsSignIn(b"ticket", b"more")
    steps = negotiate(monkeypatch, windows)
    assert steps.next(None) == f"Negotiate {base64.b64encode(b'ticket').decode()}"
    assert not steps.finished
    assert steps.next(base64.b64encode(b"challenge").decode()) == f"Negotiate {base64.b64encode(b'more').decode()}"
    assert steps.finished
    known = {"hostname": "proxy.example.com", "service": "HTTP", "protocol": "negotiate"}
    assert windows.asked == [known, None, b"challenge"]


@pytest.mark.parametrize(
    ("windows", "major"),
    [
        (WindowsSignIn(number=0x8009030E), NO_CREDENTIALS),
        (WindowsSignIn(number=0x80090317), CREDENTIALS_EXPIRED),
        (WindowsSignIn(number=0x80090303), FAILURE),
        (WindowsSignIn(b"spnego NTLMSSP\0 wish"), FAILURE),  # Windows got no ticket for this proxy
    ],
)
def test_what_windows_refuses_is_told_in_the_numbers_of_other_systems(
    monkeypatch: pytest.MonkeyPatch, windows: WindowsSignIn, major: int
) -> None:
    with pytest.raises(proxy_login.NoTicket) as raised:
        negotiate(monkeypatch, windows).next(None)
    assert (raised.value.what, raised.value.major) == ("kerberos", major)
