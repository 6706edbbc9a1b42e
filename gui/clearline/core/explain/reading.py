"""From a normalised text to its record: the grammars for what has a shape, numbers and symbols for everything else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from clearline.core.explain.grammars import GRAMMARS
from clearline.core.explain.normalise import Text
from clearline.core.explain.record import Address, Credential, LogEntry, Record
from clearline.core.explain.server_codes import CODES
from clearline.core.explain.signs import Sign, signs

_ADDRESS = re.compile(r"mongodb(\+srv)?://([^\s\"'`<>\\)}\]]*(?:<[^<>\s]*>[^\s\"'`<>\\)}\]]*)*)", re.IGNORECASE)
COVERED = re.compile(r"\[(?:redacted|filtered|hidden|masked|secret|removed)\]", re.IGNORECASE)
"""What programs write in a password's place with brackets, which would end an address."""
_CREDENTIAL = re.compile(r"mechanism=([\w\-]+)?, userName='([^']*)', source='([^']*)'")
_RUBY = re.compile(r"User (\S+) \(mechanism: \w+\) .{0,80}?\(auth source: ([\w$\-]+), used mechanism: ([\w\-]+)")
_CODE = re.compile(r"(?<!with )\bcode['\"]?\s{0,3}[:=]\s{0,3}(\d{1,6})\b")
_POOL = {
    "most": re.compile(r"maxPoolSize: (\d{1,9})\b"),
    "total": re.compile(r"total connections: (\d{1,9})\b"),
    "idle": re.compile(r"idle connections: (\d{1,9})\b"),
    "waited_s": re.compile(r"wait duration: ([\d.]+)s"),
}
_IN_USE_BY = 3
"""PyMongo counts them apart, and only all of them together tell."""
_IN_USE = re.compile(r"in use by (?:cursors|transactions|other operations): (\d{1,9})\b")
_SURROUNDINGS = {
    "atlas": re.compile(r"mongodb\.net|Atlas cluster|AtlasError", re.IGNORECASE),
    "documentdb": re.compile(
        r"docdb[\w.\-]*\.amazonaws\.com|DocumentDB|rds-combined|global-bundle\.pem", re.IGNORECASE
    ),
    "cosmosdb": re.compile(r"cosmos\.azure\.com|documents\.azure\.com|cosmosdb", re.IGNORECASE),
    "container": re.compile(
        r"^[\w.\-]+[_\-]\d+ +\| |\bdocker\b|laradock|(?<!\w)/app/node_modules|/usr/src/app"
        r"|\bn8n\b|these settings|kubernetes|container|\.svc\.cluster\.local|127\.0\.0\.11:53"
        r"|(?:stdout|stderr) F |\bpods?[/ ]|\.[ck]ompose"
        r"|(?:\s|\()/app/[\w/.\-]+\.(?:js|ts|py|go|rb|mjs|cjs)|/go/src/|/workspace/|/home/node/app|airbyte",
        re.IGNORECASE | re.MULTILINE,
    ),
    "function": re.compile(
        r"/var/task/|(?<!\$)\blambda\b(?!\$)|errorMessage\"|FUNCTION_ERROR|/vercel/|netlify|runtimeApi", re.IGNORECASE
    ),
    "hosted": re.compile(
        r"heroku|render\.com|/opt/render|railway|vercel|\bfly\.io|pythonanywhere|replit|glitch", re.IGNORECASE
    ),
    "macos": re.compile(r"/Users/|darwin|macOS", re.IGNORECASE),
}  # fmt: skip


def read(text: Text, driver: str | None) -> Record:
    """All facts of a text."""
    views = tuple(view for grammar in GRAMMARS for view in grammar(text.view))
    whole = "\n".join((*text.lines, text.view))
    found = tuple(signs(text.tight))
    return Record(
        driver=driver,
        views=views,
        signs=(*found, *_codes(text.view, {s.number for s in found if s.kind == "code"})),
        addresses=tuple(addresses(text.view)),
        credential=_credential(text.view),
        log=tuple(_log(text.objects)),
        surroundings=frozenset(name for name, words in _SURROUNDINGS.items() if words.search(whole)),
        pool=_pool(text.view),
    )


def _codes(view: str, known: set[int]) -> Iterator[Sign]:
    """Server codes behind a word that the compact text joins with ``code``."""
    for number in dict.fromkeys(int(found[1]) for found in _CODE.finditer(view)):
        if number in CODES and number not in known:
            yield Sign(kind="code", number=number, name=CODES[number])


def addresses(text: str) -> Iterator[Address]:
    """The connection strings in a text, without passwords. Never raises."""
    for found in _ADDRESS.finditer(COVERED.sub("redacted", text)):
        body = found[2].rstrip(".,;:")
        if text[found.end() :].lstrip(" ").startswith(("...", "…")) or found[2].endswith("..."):
            continue  # cut off by the program that printed it
        rest, _, query = body.partition("?")
        authority, _, database = rest.partition("/")
        if "@" not in authority and "@" in body:
            # A password with a slash or a question mark in it, which is none of the host.
            rest, _, query = body[body.rfind("@") :].partition("?")
            authority, _, database = rest.partition("/")
            authority = f"unescaped{authority}"
        before, at, hosts = authority.rpartition("@")
        options = {
            name.lower(): unquote_plus(value)
            for name, equals, value in (part.partition("=") for part in re.split("[&;]", query))
            if equals and "password" not in name.lower() and "token" not in name.lower()
        }
        yield Address(
            hosts=tuple(h for h in hosts.split(",") if h),
            srv=bool(found[1]),
            user=bool(at and before),
            database=database,
            options=options,
        )


def _credential(text: str) -> Credential:
    if found := _CREDENTIAL.search(text):
        return Credential(mechanism=found[1], user=found[2], source=found[3])
    if found := _RUBY.search(text):
        return Credential(user=found[1], source=found[2], mechanism=found[3])
    return Credential()


def _pool(text: str) -> dict[str, float]:
    found = {name: float(match[1]) for name, pattern in _POOL.items() if (match := pattern.search(text))}
    used = [int(number) for number in _IN_USE.findall(text)]
    if len(used) >= _IN_USE_BY:
        found["used"] = float(sum(used[:3]))
    return found


def _log(objects: tuple[tuple[int, dict[str, Any]], ...]) -> Iterator[LogEntry]:
    for line, value in objects:
        if "ctx" in value and isinstance(value.get("id"), int):
            yield log_entry(value, line)


def _part(value: dict[str, Any], name: str) -> dict[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def log_entry(value: dict[str, Any], line: int = 0) -> LogEntry:
    """One line of the server's JSON log; anything of an unexpected type is left out."""
    attributes = _part(value, "attr")
    error = attributes.get("error")
    code = error.get("code") if isinstance(error, dict) else attributes.get("result")
    words = error.get("errmsg", "") if isinstance(error, dict) else error
    application = _part(_part(attributes, "doc"), "application")
    time = value.get("t")

    def text(*names: str) -> str | None:
        return next((v for n in names if isinstance(v := attributes.get(n), str)), None)

    return LogEntry(
        id=value["id"],
        severity=str(value.get("s", "")),
        time=str(time.get("$date", "")) if isinstance(time, dict) else "",
        remote=text("remote", "client") or "",
        code=code if isinstance(code, int) else None,
        error=str(words or ""),
        user=text("user", "principalName"),
        database=text("db", "authenticationDatabase"),
        mechanism=text("mechanism"),
        application=text("appName") or (str(application["name"]) if "name" in application else None),
        line=line,
    )
