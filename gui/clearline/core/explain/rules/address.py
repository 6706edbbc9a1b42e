"""Mistakes in the address itself, as far as the text shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clearline.core.explain.reading import COVERED
from clearline.core.explain.record import Record
from clearline.core.explain.rules.guess import Guess
from clearline.core.findings import Certainty, Severity


def address_text(record: Record, text: str) -> Iterator[Guess]:
    """Gaps and mistakes in the address itself, as far as the text shows it."""
    if found := _UNSET.search(text):
        yield Guess(weight=3500, cause="uri.not-set", words=found[0].strip())
    elif found := _TEMPLATE.search(text):
        # A template beside an error may be the reader's own way of hiding the values.
        told = any(s.kind not in ("vague", "code") for s in record.signs)
        yield Guess(weight=1200 if told else 3500, cause="uri.not-set", words=found[0])
    elif found := _EMPTY.search(text):
        yield Guess(weight=3400, cause="uri.not-set", words=found[0])
        yield Guess(weight=3390, cause="uri.missing-host", certainty=Certainty.POSSIBLE, words=found[0])
    if found := _TWO_ATS.search(text) or _CUT_PASSWORD.search(text):
        yield Guess(weight=3500, cause="uri.unescaped-credentials", words=found[0])
    elif found := re.search(r"(?:invalid host|_mongodb\._tcp\.|ENOTFOUND)[ '\"]{0,2}[^\s'\"/]{0,200}@", text):
        yield Guess(weight=3450, cause="uri.unescaped-credentials", words=found[0])
    if found := _PLACEHOLDER.search(text):
        # Beside an error of the network, or of a login, the gap may be the reader's way of hiding a name.
        told = any(s.kind != "vague" for s in record.signs)
        yield Guess(weight=1200 if told else 3200, cause="uri.placeholder", words=found[0])
    if re.search(r"Invalid SRV host: \.(?:[\s\"'\\]|$)", text):
        yield Guess(weight=3300, cause="dns.srv-withdrawn")


def mistaken(record: Record, text: str) -> Iterator[Guess]:
    """The address stands in the text, and nothing else can have failed: judged as the window judges one."""
    if any(s.kind not in ("vague", "unreached") for s in record.signs) or record.views or record.log:
        return
    quoted = [found[0] for found in _QUOTED.finditer(_HINT.sub("", COVERED.sub("redacted", text)))]
    if not quoted or not _ADDRESS_FAILED.search(text):
        return
    from clearline.core.uri.connection_string import read  # rarely needed

    for address in quoted[:3]:
        for place, mistake in enumerate(read(address).mistakes):
            if mistake.severity is Severity.FAILURE and mistake.cause.startswith("uri."):
                yield Guess(weight=2450 - place, cause=mistake.cause, words=address[:12])


_HINT = re.compile(r"following format: mongodb\S+|mongodb://server:port/\S*")
"""How an address should look, in the words of the Ruby driver and of old ones of Node."""
_QUOTED = re.compile(r"mongodb(?:\+srv)?://[^\s'\"`,;)\]}|]+(?:,[^\s'\"`;)\]}|]+)*", re.IGNORECASE)
_ADDRESS_FAILED = re.compile(
    r"connection string|parse|ur[il] |URLEncode|ERR_INVALID_URL|malformed|not a valid|invalid",
    re.IGNORECASE,
)


def given_nothing(record: Record, text: str) -> Iterator[Guess]:
    """The driver's own reader of addresses was handed no text at all."""
    if (found := _NOTHING.search(text)) and _READS_ADDRESSES.search(text):
        yield Guess(weight=2600, cause="uri.not-set", words=found[0])


def variable_missing(record: Record, text: str) -> Iterator[Guess]:
    """A program says of its own variable for the address that there is none."""
    if not any(s.kind not in ("vague", "code") for s in record.signs) and (found := _NO_VARIABLE.search(text)):
        yield Guess(weight=2550, cause="uri.not-set", words=found[0])


_VARIABLE = (
    r"['\"`\[$(%]{0,3}\b\w{0,40}MONGO\w{0,40}(?:UR[IL]|HOST\w{0,9}|CONN\w{0,20}|STR(?:ING)?|DSN|SERVER|ADDR\w{0,9})\b"
    r"['\"`\])%]{0,3}"
)
_LACKS = (
    r"not (?:been )?(?:set|defined|found|provided|specified|present|configured)|missing|undefined|unset|required|empty"
    r"|None\b|must be (?:set|defined|provided)(?! to\b)"
)
_NO_VARIABLE = re.compile(
    rf"(?i:{_VARIABLE}[^\n.;/]{{0,40}}?\b(?:{_LACKS}))"
    r"|(?i:\b(?:missing|no|requires?|undefined|must (?:set|define|provide|specify|export))(?: \w+){0,5}:? "
    rf"{_VARIABLE})"
    rf"|(?i:\b(?:set|define|provide|specify)(?: \w+){{0,3}} {_VARIABLE} env)"
    rf"|KeyError: {_VARIABLE}|{_VARIABLE}\s{{1,9}}Required\b"
    r'|\b\w{0,40}MONGO\w{0,40}\\?" variable is not set'
)
_NOTHING = re.compile(
    r"Cannot read propert\w+ .{0,20}of (?:undefined|null)|'NoneType' object|NullPointerException|ArgumentNullException"
    r"|Value cannot be null|argument must be (?:of type string|str)\w*.{0,40}(?:undefined|null|None)|nil pointer"
    r"|NoMethodError|Call to a member function .{0,30} on null"
)
_READS_ADDRESSES = re.compile(
    r"uri_parser\.|connection_string\.(?:js|ts)|mongodb-connection-string-url|parse(?:Srv)?ConnectionString"
    r"|pymongo[\\/](?:\w+[\\/])?mongo_client\.py\", line \d+, in __init__"
    r"|com\.mongodb\.(?:ConnectionString|MongoClientURI)|MongoDB\.Driver\.(?:MongoUrl|Core\.Configuration\.ConnectionString)|mongo/uri\.rb"
)


def tool_missing(record: Record, text: str) -> Iterator[Guess]:
    """A shell does not find MongoDB's shell or one of its tools."""
    if found := _NO_TOOL.search(text):
        tool = next(part for part in found.groups() if part)
        also = " Images of MongoDB 6.0 and later have mongosh in its place." if tool == "mongo" else ""
        yield Guess(
            weight=2700,
            cause="app.driver-not-installed",
            words=found[0],
            summary=f"The program {tool} is not installed where it was called, or not in the PATH.",
            fix=f"Install {tool} there, or call it by its whole path.{also}",
        )


_TOOL = r"(mongo(?:sh|dump|restore|export|import|stat|top|files)?)(?:\.exe)?"
_NO_TOOL = re.compile(
    rf"\b{_TOOL}['\"’]?: (?:command )?not found|command not found: {_TOOL}(?![\w\-])"
    rf"|\b{_TOOL}['\"’] is not recognized|\bexec: \\?\"{_TOOL}\\?\": executable file not found"
    rf"|The term ['\"]{_TOOL}['\"] is not recognized|\b{_TOOL}: No such file or directory"
    rf"|env: ['‘]?{_TOOL}['’]?: No such file"
)


def absent_file(record: Record, text: str) -> Iterator[Guess]:
    """A file of certificates or keys that is not there, or may not be read: its name says what it holds."""
    kinds = {s.kind for s in record.signs}
    if not kinds & {"missing", "unreadable"} or (found := _HOLDS_KEYS.search(text)) is None:
        return
    if "missing" in kinds:
        bundled = "cacert.pem" in found[0]  # certifi's own list, which a packed program leaves behind
        yield Guess(weight=2300, cause="env.empty-trust-store" if bundled else "files.not-found", words=found[0])
    else:
        yield Guess(weight=2300, cause="files.no-permission", words=found[0])


_HOLDS_KEYS = re.compile(
    r"(?<![\w.\-])[\w.\-]{1,120}\.(?:pem|crt|cer|cert|key|p12|pfx|jks|crl|keytab)\b", re.IGNORECASE
)


def too_old_for_srv(record: Record, text: str) -> Iterator[Guess]:
    """A driver that names mongodb:// as the only scheme was made before mongodb+srv://."""
    only = re.search(r"scheme must be [\"']mongodb[\"'](?! or)|must start with [\"']mongodb://(?![\"'] or)", text)
    if only and ("mongodb+srv" in text or "mongodb://'" in text or re.search(r"mongodb://\W*$", text)):
        yield Guess(weight=3100, cause="app.client-too-old", words=only[0])
        yield Guess(weight=3090, cause="uri.bad-scheme", certainty=Certainty.POSSIBLE, words=only[0])


def ignored_ca(record: Record, text: str) -> Iterator[Guess]:
    """Java and .NET take their authorities from elsewhere than the address."""
    named = any(o in a.options for a in record.addresses for o in ("tlscafile", "sslca", "ssl_ca_certs", "sslcafile"))
    if (
        named
        and record.driver in ("java", "kotlin", "scala", "csharp")
        and any(s.kind == "verify" and s.number in (18, 19, 20, 21) for s in record.signs)
    ):
        yield Guess(weight=2500, cause="app.ca-option-ignored")


_TWO_ATS = re.compile(r"mongodb(?:\+srv)?://[^\s/@:]*:[^\s/@]*@[^\s/@]*@")
_CUT_PASSWORD = re.compile(r"mongodb(?:\+srv)?://[^\s/@?:]+:[^\s/@?<]*[/?][^\s@/=<>]*@[\w.\-]+")
"""A slash or a question mark in a password ends the host there; an option's value may hold an @ as well."""
_UNSET = re.compile(
    r"(?:\bENOTFOUND|_tcp\.|//|@|getaddrinfo|lookup|host:?)\s?['\"]?(?:undefined|null|None|NaN)\b(?!\.)"
    r"|(?:\bENOTFOUND|_tcp\.|//|@|getaddrinfo|lookup|string|got|Received):? ?['\"`]?\[object Object\]"
    r"|(?:\bENOTFOUND|_tcp\.|getaddrinfo|lookup) ?['\"]?(?:\$\{?\w+|%\w+%)"
    r"|Invalid \w+ ?: ?['\"]?\$\{\w+\}|<no value>|null:null"
    r"|process\.env\.\w+['\"]? ?(?:is|=|:) ?undefined|_tcp\.\$\{|\[(?:undefined|null|None|NaN):\d+\]",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"mongodb(?:\+srv)?://(?:(?!mongodb)[^\s\"])*(?:\$\{\w+\}|\{\{)", re.IGNORECASE)
"""The place in one address: to read on over the next would take the square of their number."""
_EMPTY = re.compile(r"mongodb(?:\+srv)?://(?::@|:\d|@|:?/(?![\w%]*\.sock))", re.IGNORECASE)
"""Parts of the address are there, and the host is not: the variable for it is empty."""
_PLACEHOLDER = re.compile(
    r"mongodb(?:\+srv)?://[^\s\"'/]*<(?:db_?)?(?:password|username|user|pass|your[\w \-]*)>[^\s\"']*", re.IGNORECASE
)
