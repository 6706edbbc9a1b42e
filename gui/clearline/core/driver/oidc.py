"""Signing in at an OIDC provider as a human: PyMongo asks for a token through a callback, and this gets one.

The server names the provider (issuer, client, scopes). Where that has a page for it the user signs in in the browser,
and the provider sends them back to a listener of ours (authorization code with PKCE, RFC 7636 and 8252); else the user
types a code on the provider's page (device authorization, RFC 8628). The listener's address is the one that the
MongoDB shell uses, so that a provider that was set up for that has set it up for this.

Everything here blocks and runs in the daemon thread in which PyMongo calls it (auth_oidc: ``run_in_executor``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import queue
import secrets
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from clearline.core.driver.oidc_provider import (
    REQUEST_S,
    Refused,
    SignInProblem,
    discover,
    endpoint,
    post,
    safe,
    seconds_of,
    text_of,
    token_from,
    usual_scopes,
    word,
)
from clearline.core.profiles.profile import Profile

if TYPE_CHECKING:
    from pymongo.auth_oidc import OIDCCallback

OnPrompt = Callable[[str, str | None], None]
"""Told the page to open in the browser, and the code to type there, None where none is needed. Called in a thread."""

HUMAN_S: Final = 300.0
"""How long PyMongo gives a human (auth_oidc_shared.HUMAN_CALLBACK_TIMEOUT_SECONDS)."""
ALLOWED_HOSTS: Final = (
    "*.mongodb.net",
    "*.mongodb-dev.net",
    "*.mongodb-qa.net",
    "*.mongodbgov.net",
    "localhost",
    "127.0.0.1",
    "::1",
    "*.mongo.com",
)
"""Where PyMongo sends a human's token without being told (auth_shared._build_credentials_tuple)."""
REDIRECT_PORT: Final = 27097
"""The port of mongosh's redirect address, http://localhost:27097/redirect."""
_PATH: Final = "/redirect"
_PAUSE_S: Final = 0.05
_POLL_S: Final = 5.0
"""Pause between two questions for a token, unless the provider says otherwise (RFC 8628, section 3.5)."""
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_DONE: Final = b"<!doctype html><title>Clearline</title><p>You can close this page and go back to Clearline.</p>"


class Flow(Enum):
    """How the user signs in."""

    BROWSER = "browser"
    """In a page that comes back to this computer by itself."""
    DEVICE = "device"
    """With a code that the user types on a page, on any device."""


def wants_human(profile: Profile) -> bool:
    """Whether a profile's sign-in is OIDC without an environment that gives tokens to programs."""
    return profile.auth.mechanism == "MONGODB-OIDC" and not profile.auth.properties.get("ENVIRONMENT")


class HumanSignIn:
    """One sign-in of a human. ``flow`` None takes the browser where the provider offers it.

    `callback` is for PyMongo's ``OIDC_HUMAN_CALLBACK``; `stop` ends a sign-in under way, from any thread.
    """

    def __init__(
        self,
        on_prompt: OnPrompt,
        *,
        flow: Flow | None = None,
        patience_s: float = HUMAN_S,
        redirect_port: int = REDIRECT_PORT,
    ) -> None:
        self.patience_s = patience_s
        self._on_prompt = on_prompt
        self._flow = flow
        self._port = redirect_port
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the sign-in: its callback raises `SignInProblem`."""
        self._stopped.set()

    def properties(self, hosts: tuple[str, ...] = ()) -> dict[str, Any]:
        """The authMechanismProperties for PyMongo's constructor.

        A token goes only to hosts that PyMongo allows by itself and to ``hosts``: any other server could name the
        provider of another deployment and would get a token for it.
        """
        found: dict[str, Any] = {"OIDC_HUMAN_CALLBACK": self.callback()}
        if hosts:
            found["ALLOWED_HOSTS"] = [*ALLOWED_HOSTS, *hosts]
        return found

    def callback(self) -> OIDCCallback:
        """What PyMongo calls when it needs a token."""
        from pymongo.auth_oidc import OIDCCallback, OIDCCallbackContext, OIDCCallbackResult

        sign_in = self

        class Callback(OIDCCallback):
            def fetch(self, context: OIDCCallbackContext) -> OIDCCallbackResult:
                info = context.idp_info
                if info is None or not info.clientId:
                    raise SignInProblem("the server names no provider at which a human can sign in")
                answer = sign_in.token(
                    info.issuer,
                    info.clientId,
                    tuple(info.requestScopes or ()),
                    refresh_token=context.refresh_token,
                    timeout_s=context.timeout_seconds,
                )
                return OIDCCallbackResult(
                    access_token=str(answer["access_token"]),
                    expires_in_seconds=seconds_of(answer.get("expires_in")),
                    refresh_token=text_of(answer.get("refresh_token")),
                )

        return Callback()

    def token(
        self,
        issuer: str,
        client_id: str,
        scopes: tuple[str, ...] = (),
        *,
        refresh_token: str | None = None,
        timeout_s: float = HUMAN_S,
    ) -> Mapping[str, Any]:
        """The provider's token answer (RFC 6749, section 5.1). Raises `SignInProblem`."""
        end = time.monotonic() + min(timeout_s, self.patience_s)
        provider = discover(issuer)
        if refresh_token is not None:
            try:
                return token_from(
                    provider, {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id}
                )
            except Refused:
                pass  # it has expired: sign in again
        scope = " ".join(dict.fromkeys((*scopes, *usual_scopes(provider))))
        browser = "authorization_endpoint" in provider and self._flow is not Flow.DEVICE
        if browser:
            try:
                listener = _Listener(self._port)
            except OSError:
                # Another program listens there. The provider knows no other address of ours.
                if "device_authorization_endpoint" not in provider:
                    raise SignInProblem(f"the port {self._port} for the browser's way back is in use") from None
            else:
                with listener:
                    return self._in_browser(provider, client_id, scope, listener, end)
        return self._with_code(provider, client_id, scope, end)

    def _in_browser(
        self, provider: Mapping[str, Any], client_id: str, scope: str, listener: _Listener, end: float
    ) -> Mapping[str, Any]:
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        question = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": listener.address,
            "scope": scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        page = endpoint(provider, "authorization_endpoint")
        self._prompt(f"{page}{'&' if '?' in page else '?'}{urllib.parse.urlencode(question)}", None)
        answer = self._awaited(listener, state, end)
        if "code" not in answer:
            raise SignInProblem(f"the provider refused the sign-in ({word(answer.get('error'))})")
        wanted = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": listener.address}
        try:
            return token_from(provider, {**wanted, "client_id": client_id, "code_verifier": verifier})
        except Refused as refused:
            raise SignInProblem(f"the provider gives no token ({refused.code})") from None

    def _prompt(self, page: str, code: str | None) -> None:
        if self._stopped.is_set():  # while the provider was asked: its page is not wanted any more
            raise SignInProblem("the sign-in was stopped")
        self._on_prompt(page, code)

    def _awaited(self, listener: _Listener, state: str, end: float) -> Mapping[str, str]:
        while not self._stopped.is_set():
            if time.monotonic() >= end:
                raise SignInProblem("there was no sign-in in time")
            answer = listener.answer(0.2)
            # Any program on this computer can call the listener; only the provider knows the state.
            if answer is not None and hmac.compare_digest(answer.get("state", ""), state):
                return answer
        raise SignInProblem("the sign-in was stopped")

    def _with_code(self, provider: Mapping[str, Any], client_id: str, scope: str, end: float) -> Mapping[str, Any]:
        try:
            device = post(endpoint(provider, "device_authorization_endpoint"), {"client_id": client_id, "scope": scope})
        except Refused as refused:
            raise SignInProblem(f"the provider refuses the sign-in with a code ({refused.code})") from None
        code, page = text_of(device.get("user_code")), text_of(device.get("verification_uri"))
        if code is None or page is None or "device_code" not in device:
            raise SignInProblem("the provider's answer to the sign-in with a code makes no sense")
        self._prompt(safe(page), code)
        end = min(end, time.monotonic() + (seconds_of(device.get("expires_in")) or HUMAN_S))
        pause = seconds_of(device.get("interval")) or _POLL_S
        question = {"grant_type": _DEVICE_GRANT, "device_code": str(device["device_code"]), "client_id": client_id}
        while time.monotonic() < end:
            if self._stopped.wait(min(pause, max(0.0, end - time.monotonic()))):
                raise SignInProblem("the sign-in was stopped")
            try:
                return token_from(provider, question)
            except Refused as refused:
                if refused.code == "slow_down":
                    pause += _POLL_S
                elif refused.code != "authorization_pending":
                    raise SignInProblem(f"the provider gives no token ({refused.code})") from None
        raise SignInProblem("there was no sign-in in time")


# ---------------------------------------------------------------- the way back from the browser


class _Listener:
    """A web server on this computer alone, for the one page to which the provider sends the browser back."""

    def __init__(self, port: int) -> None:
        import http.server
        import socketserver

        answers: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = REQUEST_S

            def do_GET(self) -> None:
                place = urllib.parse.urlsplit(self.path)
                if place.path != _PATH:
                    self.send_error(404)
                    return
                answers.put(dict(urllib.parse.parse_qsl(place.query)))
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(_DONE)))
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(_DONE)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the address holds the provider's code."""

        # Threads: a browser opens connections ahead and says nothing on them. Not HTTPServer: that asks DNS for a name.
        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = os.name == "posix"  # on Windows it would let a second program take the port over
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing: a browser that hangs up is no error."""

        self._server = Server(("127.0.0.1", port), Handler)
        self._answers = answers

    def __enter__(self) -> _Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    @property
    def address(self) -> str:
        """The redirect address that the provider is told."""
        return f"http://localhost:{self._server.server_address[1]}{_PATH}"

    def answer(self, timeout_s: float) -> dict[str, str] | None:
        """The next call's parameters, None when there is none in time."""
        self._server.timeout = timeout_s
        self._server.handle_request()
        try:
            return self._answers.get(timeout=_PAUSE_S)
        except queue.Empty:
            return None
