"""Talking to an OpenID provider: its description of itself, questions, answers, refusals. Blocks: for a thread."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

from clearline.core.files.drives import NoAnswer, waited_for

REQUEST_S: Final = 10.0
"""How long each piece of an answer may take."""
_ANSWER_S: Final = 20.0
"""How long one question may take: a byte now and then is no answer."""
_LONGEST_ANSWER: Final = 1_000_000


class SignInProblem(Exception):
    """Why no token was obtained; free of secrets."""


class Refused(Exception):
    """The provider's error answer (RFC 6749, section 5.2)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A question that is sent on would carry its secrets to another server, and bring that one's answer."""

    def redirect_request(self, *_: Any) -> None:
        return None


def discover(issuer: str) -> Mapping[str, Any]:
    """The provider's description of itself (OpenID Connect Discovery, section 4). Raises `SignInProblem`."""
    place = safe(issuer).rstrip("/") + "/.well-known/openid-configuration"
    try:
        provider = _ask(urllib.request.Request(place, headers={"Accept": "application/json"}))  # noqa: S310
    except Refused as refused:
        raise SignInProblem(f"the provider does not describe itself ({refused.code})") from None
    if str(provider.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise SignInProblem("the provider calls itself by another name than the server does")
    return provider


def token_from(provider: Mapping[str, Any], question: Mapping[str, str]) -> Mapping[str, Any]:
    """The answer of the token endpoint (RFC 6749, section 5.1). Raises `Refused` and `SignInProblem`."""
    answer = post(endpoint(provider, "token_endpoint"), question)
    if text_of(answer.get("access_token")) is None:
        raise SignInProblem("the provider's answer holds no access token")
    return answer


def post(place: str, question: Mapping[str, str]) -> Mapping[str, Any]:
    """Send a form and get a JSON object. Raises `Refused` and `SignInProblem`."""
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    data = urllib.parse.urlencode(question).encode()
    return _ask(urllib.request.Request(place, data=data, headers=headers, method="POST"))  # noqa: S310


def _ask(request: urllib.request.Request) -> Mapping[str, Any]:
    """The JSON object that answers; raises `Refused` with the provider's word for it, `SignInProblem` for silence."""
    try:
        return waited_for(request.full_url, _answer, request, limit_s=_ANSWER_S)
    except NoAnswer:
        place = urllib.parse.urlsplit(request.full_url).netloc
        raise SignInProblem(f"the provider at {place} does not answer (TimeoutError)") from None


def _answer(request: urllib.request.Request) -> Mapping[str, Any]:
    from clearline.core.tls.trust import os_roots_context

    secure = urllib.request.HTTPSHandler(context=os_roots_context())
    opener = urllib.request.build_opener(secure, _NoRedirect())
    try:
        with opener.open(request, timeout=REQUEST_S) as response:
            return _object(response.read(_LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            told = _object(error.read(_LONGEST_ANSWER), strict=False)
        raise Refused(word(told.get("error") or f"HTTP {error.code}")) from None
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        what = type(reason).__name__ if isinstance(reason, BaseException) else "no connection"
        raise SignInProblem(
            f"the provider at {urllib.parse.urlsplit(request.full_url).netloc} does not answer ({what})"
        ) from None


def _object(data: bytes, *, strict: bool = True) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    if strict:
        raise SignInProblem("the provider's answer is no JSON object")
    return {}


def endpoint(provider: Mapping[str, Any], name: str) -> str:
    """An address from the provider's description. Raises `SignInProblem`."""
    place = text_of(provider.get(name))
    if place is None:
        raise SignInProblem(f"the provider has no {name}")
    return safe(place)


def safe(address: str) -> str:
    """The address, if what is sent there is encrypted or stays on this computer. Raises `SignInProblem`."""
    try:
        parts = urllib.parse.urlsplit(address)
    except ValueError:  # brackets without an address
        raise SignInProblem("the provider's address makes no sense") from None
    if parts.scheme == "https" and parts.hostname:
        return address
    if parts.scheme == "http" and parts.hostname and _is_here(parts.hostname):
        return address
    raise SignInProblem("the provider's address is not encrypted (https)")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def usual_scopes(provider: Mapping[str, Any]) -> tuple[str, ...]:
    """What the MongoDB shell asks for as well: an identity, and a token for later without the user."""
    known = provider.get("scopes_supported")
    if not isinstance(known, list):
        return ("openid",)
    return tuple(scope for scope in ("openid", "offline_access") if scope in known)


def word(value: object) -> str:
    """An error code as a sentence may quote it."""
    text = "".join(c for c in str(value) if c.isprintable())
    return text[:60] or "no reason given"


def text_of(value: object) -> str | None:
    """A text that is not empty, None for anything else."""
    return value if isinstance(value, str) and value else None


def seconds_of(value: object) -> float | None:
    """A number of seconds above 0, None for anything else."""
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number is an answer, too
    except (TypeError, ValueError):
        return None
    return number if number > 0 else None
