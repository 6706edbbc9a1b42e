"""What stands around an address that was pasted with a command: ``mongosh --username app "mongodb://…" --tls``.

The names are those of mongosh and the database tools; what an address can hold as well counts only where it does not.
"""

from __future__ import annotations

import shlex
from typing import Any, Final
from urllib.parse import quote

import msgspec

from clearline.core.secrets.references import is_reference
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD, Secret, Unshown
from clearline.core.text.late_patterns import late
from clearline.core.uri.parts import UriText
from clearline.core.uri.setting_lines import address_of
from clearline.core.uri.surroundings import TOOL, tool_of

_LONG: Final[dict[str, tuple[str, str]]] = {
    "username": ("auth", "user"),
    "authenticationdatabase": ("auth", "source"),
    "authenticationmechanism": ("auth", "mechanism"),
    "tlscafile": ("tls", "ca_file"),
    "sslcafile": ("tls", "ca_file"),
    "tlscertificatekeyfile": ("tls", "certificate_key_file"),
    "sslpemkeyfile": ("tls", "certificate_key_file"),
    "tlscrlfile": ("tls", "crl_file"),
    "sslcrlfile": ("tls", "crl_file"),
    "apiversion": ("options", "server_api"),
}
_FLAGS: Final[dict[str, tuple[str, str]]] = {
    "tls": ("tls", "enabled"),
    "ssl": ("tls", "enabled"),
    "tlsallowinvalidcertificates": ("tls", "allow_invalid_certificates"),
    "sslallowinvalidcertificates": ("tls", "allow_invalid_certificates"),
    "tlsallowinvalidhostnames": ("tls", "allow_invalid_hostnames"),
    "sslallowinvalidhostnames": ("tls", "allow_invalid_hostnames"),
    "retrywrites": ("options", "retry_writes"),
}
_SECRETS: Final = {
    "password": PASSWORD,
    "tlscertificatekeyfilepassword": KEY_PASSWORD,
    "sslpemkeypassword": KEY_PASSWORD,
}
_CURLED: Final = late(r"(?<![^\s=])[‘“]([^‘’“”]*)[’”](?=\s|$)")
_SHORT: Final = {"u": "username", "p": "password"}


class ShellOptions(Unshown, frozen=True):
    """Profile values by section and attribute, and secrets by name; a secret may be a reference. Never shows itself."""

    fields: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    secrets: dict[str, Secret] = msgspec.field(default_factory=dict)
    references: dict[str, str] = msgspec.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.fields or self.secrets or self.references)


def shell_options(parts: UriText) -> ShellOptions:
    """The options before and after the address, where they are those of a tool of MongoDB; none of other commands."""
    found = ShellOptions()
    prefix = parts.prefix.text if parts.prefix is not None else ""
    tool = TOOL.search(prefix) if prefix else None
    if tool is not None:
        _read(_words(prefix[tool.end() :]), found, tool=True)
    if parts.tail is not None and (tool is not None or not prefix):
        _read(_words(parts.typed[parts.tail.start :]), found, tool=tool is not None)
    return found


def _read(words: list[str], found: ShellOptions, *, tool: bool) -> None:
    while words:
        word = words.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or not name:
            continue
        key = name.lower() if word.startswith("--") else _SHORT.get(name[0], "") if tool else ""
        if key and not word.startswith("--") and len(word) > 2:  # as in -ps3cret
            equals, value = "=", word[2:].removeprefix("=")
        if key in _FLAGS:
            _put(found, _FLAGS[key], value != "false")
            continue
        if key not in _LONG and key not in _SECRETS:
            continue
        if not equals:
            if not words or words[0].startswith("-"):
                continue  # the tool would ask for it
            value = words.pop(0)
        if key in _LONG:
            _put(found, _LONG[key], value)
        elif is_reference(value):
            found.references[_SECRETS[key]] = value
        elif value:
            found.secrets[_SECRETS[key]] = Secret(value)


def with_address(text: str) -> str:
    """A tool's command that names its server by options, with the address that they come to; other texts as they are.

    ``mongo --host rs0/db1,db2 -u app`` becomes ``mongo "mongodb://db1,db2/?replicaSet=rs0" -u app``, which is read as
    any other command with an address. The first line counts. So does a set's list, ``rs0/db1:27017,db2:27017``, and
    settings on several lines.
    """
    if (address := address_of(text)) is not None:
        return address
    if listed := _LISTED.fullmatch(text.strip()):
        return f"mongodb://{listed[2]}/?replicaSet={listed[1]}"
    line = text.strip().removeprefix("$ ").partition("\n")[0]
    tool = tool_of(line)
    if tool is None or "://" in line:
        return text
    host, port, database, rest = "", "", "", []
    words = _words(line[tool.end() :])
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name in _SERVER or (name == "-h" and tool[0].lower() not in ("mongosh", "mongo")):
            value = value if equals else words.pop(0) if words else ""
            if name in ("--db", "-d"):
                database = value
            elif name == "--port":
                port = value
            else:
                host = value
        elif word.startswith("-"):
            rest.append(word)
            if words and not words[0].startswith("-") and not equals and _takes_value(word):
                rest.append(words.pop(0))
        elif not rest and not host and any(sign in word for sign in ".:/"):  # the old form: mongo db1:27017/shop
            host, _, database = word.partition("/")
        elif _DATABASE.fullmatch(word):
            database = word
        else:
            rest.append(word)
    if not host and not port:
        return text
    set_name, slash, hosts = host.rpartition("/")
    first, *others = (hosts or "localhost").split(",")
    bare = first if first.startswith("[") or first.count(":") < 2 else f"[{first}]"
    if port and not bare.rpartition("]")[2].count(":"):
        bare += f":{port}"
    query = f"?replicaSet={quote(set_name)}" if slash and set_name else ""
    address = f"mongodb://{','.join([bare, *others])}/{quote(database)}{query}"
    return " ".join([tool[0], f'"{address}"', *map(shlex.quote, rest)])


_LISTED: Final = late(r"([\w\-]{1,63})/([\w.\-]{1,253}:\d{1,5}(?:,[\w.\-]{1,253}:\d{1,5}){0,49})")
_VALUED: Final = frozenset({
    "c", "collection", "o", "out", "f", "fields", "q", "query", "j", "numparallelcollections", "numinsertionworkers",
    "file", "dir", "archive", "config", "queryfile", "fieldfile", "sort", "limit", "skip", "type", "mode",
    "upsertfields", "nsinclude", "nsexclude", "nsfrom", "nsto", "readpreference", "writeconcern", "eval",
})  # fmt: skip
"""Further options of the database tools that are followed by their value."""
_SERVER: Final = frozenset({"--host", "--port", "--db", "-d"})
_DATABASE: Final = late(r"[\w-]{1,63}")


def _takes_value(word: str) -> bool:
    name = word.lstrip("-").lower()
    return name in _LONG or name in _SECRETS or name in _VALUED or (not word.startswith("--") and name in _SHORT)


def _put(found: ShellOptions, place: tuple[str, str], value: Any) -> None:
    section, attribute = place
    found.fields.setdefault(section, {})[attribute] = value


def _words(text: str) -> list[str]:
    """The words of a command's rest, also where its last quotation mark is missing or a web page has curled them."""
    text = _CURLED.sub(lambda found: shlex.quote(found[1]), text.lstrip("\"'`“”‘’ ").partition("\n")[0])
    for closing in ("", "'", '"'):
        try:
            return shlex.split(text + closing, comments=True)
        except ValueError:
            continue
    return text.split()
