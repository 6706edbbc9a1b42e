"""A scripted OpenID provider on this computer: discovery, the sign-in page, the code for devices, tokens.

``with IdentityProvider() as idp: idp.issuer``. It checks what a real one checks (PKCE, the redirect, the client)
and hands out ``idp.access_token``. ``authorize(url)`` is the user's browser: it signs in and follows the way back.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import threading
import urllib.parse
import urllib.request
from typing import Any, Self

CLIENT = "clearline-client"


class IdentityProvider:
    """The provider; its fields may be changed while it runs."""

    def __init__(self, *, browser: bool = True, device: bool = True) -> None:
        self.access_token = "token-of-the-provider"
        self.pending = 2
        """So many questions of a device are answered with "not yet"."""
        self.refuse: str | None = None
        """The error that the token endpoint answers with."""
        self.denies = False
        """The user says no."""
        self.other_issuer: str | None = None
        self.questions: list[dict[str, str]] = []
        """What the token endpoint was asked."""
        self._browser, self._device = browser, device
        self._asked: dict[str, dict[str, str]] = {}
        idp = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                place = urllib.parse.urlsplit(self.path)
                if place.path == "/.well-known/openid-configuration":
                    idp._tell(self, 200, idp._description())
                elif place.path == "/authorize":
                    self.send_response(302)
                    self.send_header("Location", idp._way_back(dict(urllib.parse.parse_qsl(place.query))))
                    self.end_headers()
                else:
                    idp._tell(self, 404, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                question = dict(urllib.parse.parse_qsl(body))
                if self.path == "/device":
                    idp._tell(self, *idp._device_code(question))
                else:
                    idp.questions.append(question)
                    idp._tell(self, *idp._token(question))

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def authorize(self, url: str) -> threading.Thread:
        """Sign in as the user in a browser would."""

        def browse() -> None:
            with urllib.request.urlopen(url, timeout=10) as page:
                page.read()

        thread = threading.Thread(target=browse)
        thread.start()
        return thread

    def _description(self) -> dict[str, Any]:
        found = {
            "issuer": self.other_issuer or self.issuer,
            "token_endpoint": f"{self.issuer}/token",
            "scopes_supported": ["openid", "offline_access"],
        }
        if self._browser:
            found["authorization_endpoint"] = f"{self.issuer}/authorize"
        if self._device:
            found["device_authorization_endpoint"] = f"{self.issuer}/device"
        return found

    def _way_back(self, question: dict[str, str]) -> str:
        assert question["response_type"] == "code"
        assert question["client_id"] == CLIENT
        assert question["code_challenge_method"] == "S256"
        if self.denies:
            answer = {"error": "access_denied", "state": question["state"]}
        else:
            self._asked["the-code"] = question
            answer = {"code": "the-code", "state": question["state"]}
        return f"{question['redirect_uri']}?{urllib.parse.urlencode(answer)}"

    def _device_code(self, question: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if question["client_id"] != CLIENT:
            return 401, {"error": "invalid_client"}
        page = f"{self.issuer}/activate"
        return 200, {
            "device_code": "device-secret",
            "user_code": "WDJB-MJHT",
            "verification_uri": page,
            "expires_in": 600,
            "interval": 0.05,
        }

    def _token(self, question: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.refuse is not None:
            return 400, {"error": self.refuse}
        match question["grant_type"]:
            case "authorization_code":
                asked = self._asked.pop(question["code"])
                digest = hashlib.sha256(question["code_verifier"].encode()).digest()
                assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
                assert question["redirect_uri"] == asked["redirect_uri"]
            case "refresh_token":
                if question["refresh_token"] != "refresh-1":
                    return 400, {"error": "invalid_grant"}
            case _:
                assert question["device_code"] == "device-secret"
                self.pending -= 1
                if self.denies:
                    return 400, {"error": "access_denied"}
                if self.pending >= 0:
                    return 400, {"error": "authorization_pending"}
        return 200, {"access_token": self.access_token, "expires_in": 3600, "refresh_token": "refresh-1"}

    @staticmethod
    def _tell(handler: http.server.BaseHTTPRequestHandler, status: int, answer: dict[str, Any]) -> None:
        data = json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
