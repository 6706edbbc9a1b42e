"""Numbers and symbols in a text: system errors, alerts, verify codes, server codes, DNS answers.

The only translated words are the systems' own sentences, in `windows_words` and `linux_words`: some programs print
nothing else.

Everything is looked up in a text without white space and quotation marks and in lower case (`normalise.compact`), so
that a line wrapped inside a word still tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import msgspec

from clearline.core.explain.linux_words import LINUX_WORDS
from clearline.core.explain.server_codes import CODES, codes
from clearline.core.explain.windows_words import WINDOWS_WORDS


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """One fact: its kind, its number where it has one, and where it stands in the compact text."""

    kind: str
    """``refused``, ``silent``, … (see `SYSTEM`), ``alert``, ``verify``, ``code``, ``dns``, ``not-tls``, ``closed`` …"""
    number: int = 0
    name: str = ""
    at: int = 0
    received: bool = True
    """Of an alert: the writer received it (the other side complains), it did not send it."""


# fmt: off
SYSTEM: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    # kind: numbers (Linux, macOS, Windows), symbols and the texts that a runtime never translates
    "refused": (
        (111, 61, 10061),
        ("econnrefused", "wsaeconnrefused", "connectionrefused", "activelyrefused", "connection_refused"),
    ),
    "silent": (
        (110, 60, 10060),
        (
            "etimedout", "wsaetimedout", "connecttimedout", "connectiontimedout", "i/otimeout",
            "connectiontimeoutcalling", "timedoutconnectingto", "secondstoconnect",
            "attempttimedout", "handshaketimedout", "didnotproperlyrespond",
        ),
    ),
    "unreachable": (
        (113, 65, 10065, 112, 64, 10064),
        ("ehostunreach", "ehostdown", "hostisdown", "wsaehostunreach", "noroutetohost", "hostisunreachable"),
    ),
    "no-network": ((101, 51, 10051), ("enetunreach", "wsaenetunreach", "networkisunreachable", "networkunreachable")),
    "no-family": ((97, 47, 10047), ("eafnosupport", "addressincompatiblewiththerequestedprotocol")),
    "denied": ((10013,), ("connecteacces", "connecteperm", "wsaeacces", "forbiddenbyitsaccesspermissions",
                           "connect:operationnotpermitted", "connect:permissiondenied")),
    "no-handles": ((24, 10024), ("emfile", "enfile", "toomanyopenfiles")),
    "reset": (
        (104, 54, 10054),
        ("econnreset", "wsaeconnreset", "connectionreset", "brokenpipe", "epipe", "forciblyclosed"),
    ),
    "aborted": ((103, 53, 10053), ("econnaborted", "wsaeconnaborted", "softwarecausedconnectionabort")),
    "unknown-name": (
        (-2, 8, 11001, 11004),
        (
            "getaddrinfoenotfound", "queryaenotfound", "queryaaaaenotfound",
            "eai_noname", "code:enotfound", "unknownhostexception", "nosuchhost", "unknownhost",
            "failedtoresolve", "nameorservicenotknown", "nodenamenorservnameprovided", "badaddress",
            "failedtolookupaddressinformation", "nosuchhostisknown", "wsahost_not_found",
            "noaddressassociatedwithhostname", "couldnotfindaddress", "hostnotfound", ":nxdomain",
            "system.net.dns.",  # .NET's stack, whatever the sentence above it is in
        ),
    ),
    "name-later": (
        (-3, 11002),
        ("eai_again", "temporaryfailureinnameresolution", "temporarilyunavailableatsystem.net.dns", "wsatry_again"),
    ),
    "missing": ((2,), ("enoent",)),
    "unreadable": ((13,), ("eacces:permissiondenied,open",)),
    "port-in-use": ((98, 48, 10048), ("eaddrinuse", "addressalreadyinuse")),
}
"""``missing`` (2) and ``unreadable`` (13) are about files, or about a socket's path."""

_BY_NUMBER = {number: kind for kind, (numbers, _) in SYSTEM.items() for number in numbers}
_NUMBER_FRAME = re.compile(
    r"\[errno(-?\d{1,5})\]|winerror(\d{4,5})|oserror(\d{1,5})\)|socketexception\((?:0x[0-9a-f]+|[\d,]*?(\d{1,5}))\)"
    r"|exception\(\d{8},(\d{1,5})\)|delayedconnecterror:(\d{1,3})(?!\d)|errno[:=]-?(\d{1,5})(?!\d)|wsaerror[:=]?(\d{5})|\((100\d\d)\)"
    r"|socketfailedwithcode(\d{1,3})(?!\d)"
)
_READ_SILENT = re.compile(r"readtcp[\w.\[\]:%]{1,60}-[\w.\[\]:%]{1,60}:i/otimeout")
"""Go names both ends of a connection that stood: what was silent was the server behind it."""
_WAITED = re.compile(r":timedout(?!after\d|while)")
"""Python's words behind a server or a class; Java's and Node's headlines go on."""
_LIBUV = {4078: "refused", 4039: "silent", 4077: "reset", 3008: "unknown-name", 3001: "name-later", 4058: "missing"}
"""libuv's numbers on Windows, without their sign."""

_ALERTS: dict[int, tuple[str, ...]] = {
    # RFC 8446, section 6; the names of OpenSSL and of Go differ
    10: ("unexpectedmessage",),
    40: ("handshakefailure",),
    42: ("badcertificate",),
    43: ("unsupportedcertificate",),
    44: ("certificaterevoked", "revokedcertificate"),
    45: ("certificateexpired", "expiredcertificate"),
    46: ("certificateunknown", "unknowncertificate"),
    47: ("illegalparameter",),
    48: ("unknownca", "unknowncertificateauthority"),
    49: ("accessdenied",),
    50: ("decodeerror", "errordecodingmessage"),
    51: ("decrypterror", "errordecryptingmessage"),
    70: ("protocolversion", "protocolversionnotsupported"),
    71: ("insufficientsecurity", "insufficientsecuritylevel"),
    80: ("internalerror",),
    112: ("unrecognizedname", "unrecognisedname"),
    116: ("certificaterequired",),
    120: ("noapplicationprotocol",),
}
_ALERT_NUMBER = re.compile(r"alert(?:number|code)?[:=]?(\d{1,3})(?!\d)")
_ALERT_HEADS = ("alert", "remoteerror:tls:", "fatalalert:", "tlsalert:", "alertreceived:", "tlsv1", "sslv3", "tlsv13")

_VERIFY: dict[int, tuple[str, ...]] = {
    # X509_V_ERR numbers of OpenSSL; first its own words and Node's symbol, then Java, Go, rustls, .NET, Apple, Schannel
    10: (
        "certificatehasexpired", "cert_has_expired", "certificateexpiredexception", "invalidpeercertificate:expired",
        "invalidpeercertificate:certexpired", "invalidpeercertificate:certificateexpired", "errsslcertexpired",
        "invalidcertificate(expired",
        "sec_e_cert_expired", "0x80090328", "0x800b0101", "-9814",
    ),
    9: (
        "isnotyetvalid", "cert_not_yet_valid", "certificatenotyetvalidexception", "notvalidyet",
        "certificatenotvalidyet",
        "-9815",
    ),
    18: ("self-signedcertificate", "selfsignedcertificate", "depth_zero_self_signed_cert", "selfsigned"),
    19: (
        "self-signedcertificateincertificatechain", "selfsignedcertificateincertificatechain",
        "self_signed_cert_in_chain", "errorcode:untrustedroot", "chain:untrustedroot", "sec_e_untrusted_root",
        "0x800b0109", "0x80090325", "certificate_verify_failed:selfsignedcertificateincertificatechain",
    ),
    20: (
        "unabletogetlocalissuercertificate", "unabletogetissuercertificate",
        "unable_to_get_issuer_cert_locally", "pkixpathbuildingfailed",
        "pkixpathvalidationfailed",
        "certificatesignedbyunknownauthority", "unknownissuer", "chain:partialchain", "-9807", "-9813",
        "unabletofindvalidcertificationpath", "certificateisnottrusted",
    ),
    21: ("unabletoverifythefirstcertificate", "unable_to_verify_leaf_signature"),
    23: (
        "verifyfailed:certificaterevoked", "cert_revoked", "invalidpeercertificate:revoked",
        "invalidcertificate(revoked", "0x80092010",
    ),
    62: (
        "hostnamemismatch", "err_tls_cert_altname_invalid", "doesnotmatchcertificatesaltnames", "nonamematching",
        "nosubjectalternativednsnamematching", "certificateisvalidfor", "notvalidforname",
        "remotecertificatenamemismatch", "0x80090322", "0x800b010f", "sec_e_wrong_principal", "-9843",
        "doesnotmatchtheservercertificate", "certificatehostname",
    ),
    64: ("ipaddressmismatch", "nosubjectalternativenamesmatchingipaddress", "doesntcontainanyipsans",
         "becauseitdoesn’tcontainanyipsans", "cannotvalidatecertificatefor", "isnotinthecertslist"),
    24: ("invalidcacertificate",),
    26: ("unsupportedcertificatepurpose", "unsuitablecertificatepurpose"),
    67: ("cacertificatekeytooweak",),
    68: ("casignaturedigestalgorithmtooweak",),
    12: ("crlhasexpired", "crl_has_expired"),
    3: ("unabletogetcertificatecrl", "unable_to_get_crl"),
    66: ("eecertificatekeytooweak", "eekeytoosmall"),
}  # fmt: skip
_VERIFY_NUMBER = re.compile(
    r"certificateverifyfailed\((\d{1,2})\)|verify(?:code|error|result)?[:=]+(?:num=)?(\d{1,2})(?!\d)"
)

_GO_BEFORE = re.compile(r"currenttime[0-9t:.z+\-]+isbefore")

_NOT_TLS = (
    "wrongversionnumber", "wrong_version_number", "firstrecorddoesnotlooklikeatlshandshake", "unknownprotocol",
    "unsupportedorunrecognizedsslmessage", "unrecognizedsslmessage", "plaintextconnection?", "packetlengthtoolong",
    "packet_length_too_long", "invalidcontenttype", "corruptmessageoftypeinvalidcontenttype", "-9800",
    "sslroutines:httprequest",
    "thehandshakefailedduetoanunexpectedpacketformat", "cannotdetermineproperframesize", "receivedcorruptmessage",
    "recordlayerfailure", "record_layer_failure",
)  # fmt: skip
_WORDS = {
    "not-tls": _NOT_TLS,
    "tls-closed": (
        "eofoccurredinviolation", "remotehostclosedconnectionduringhandshake", "remotehostterminatedthehandshake",
        "-9806", "-9805", "clientnetworksocketdisconnectedbeforesecuretlsconnection", "tlshandshakeeof",
        "connectionterminatedduringhandshake",
        "remotepartyhasclosedthetransportstream", "unexpectedeofduringhandshake", "ssl_error_eof", "sslhandshake:eof",
        "sslhandshakefailed:streamtruncated",
        "sslpeershutdownincorrectly", "unexpectedeofwhilereading", "unexpected_eof_while_reading",
        "unexpectedeofor0bytesfromthetransport",
    ),
    "closed": (
        "connectionclosed", "connectionwasclosed", "handshake:eof", "unexpectedeof", "unexpectedendoffile",
        "unexpectedlyclosed", "closedbyremotehost", "peerclosed", "sockethangup", "endofstreamexception", "earlyeof",
        "eofexception", "socketwasunexpectedlyclosed",
    ),
    "unreached": (
        "failedtoconnecttoserver[", "failedtoconnectto[", "couldntconnecttoserver", "noreachableservers",
        "java.net.connectexception:", "net.sockets.socketexception(0x80004005):",  # whatever the system's language says
        "couldnotconnecttoserver:",
    ),
    "slow": ("sockettimeoutcalling", "readtimedout", "messageheader:contextdeadlineexceeded"),
    "lost": ("prematurelyreachedendofstream", "messageheader:eof", "messageheader:connectionreset",
             "poolwascleared", "interruptedduetoservermonitortimeout"),
    "vague": (
        "serverselectiontimedout", "nosuitableserversfound", "noserversavailable", "noserverisavailable",
        "serverselectiontimeouterror", "serverselectiontimeout:", "serverselectiontimeoutexception",
        "noserversfoundyet", "noavailableservers", "couldnotconnecttoanyservers",
        "atimeoutoccurred", "atimeoutoccured", "timedoutwhilewaiting", "serverisavailableincluster",
        "selectionerror", "serverselectionerror",
    ),
}  # fmt: skip

_LOST = re.compile(r"connection(\d+|<monitor)to[\w.\-\[\]:%]{3,80}?closed")
"""Node numbers the connections of operations; the monitor's is closed before anything was asked of it."""

_DNS_NODE = re.compile(r"query(srv|txt|a|aaaa)(e[a-z]+?)(?=_mongodb|[a-z0-9\-]*\.|[^a-z]|$)")
_DNS_NAMES = {
    "enotfound": "nxdomain", "enodata": "nodata", "eservfail": "servfail", "erefused": "refused",
    "econnrefused": "port-closed", "etimeout": "silent", "ebadresp": "malformed", "eformerr": "malformed",
    "enotimp": "refused", "etimedout": "silent",
}  # fmt: skip
_DNS_TEXTS = {
    "nxdomain": ("dnsquerynamedoesnotexist", "dnsnamenotfound[responsecode3]", "dnsnamedoesnotexist",
                 "non-existentdomain", "norecordfoundforquery", "norecordsfoundforquery", "norecordfoundforname"),
    "nodata": ("doesnotcontainananswertothequestion", "nosrvrecords"),
    "servfail": ("answeredservfail", "servermisbehaving", "dnsserverfailure[responsecode2]", "responsecode2]"),
    "refused": ("answeredrefused", "[responsecode5]", "queryrefused"),
    "port-closed": ("portunreachableexception",),
    "silent": ("resolutionlifetimeexpired", "dnsoperationtimedout", "receivetimedout", "allnameserversfailed",
               "dnstimeout", "communicationexception:dnserror", "smallrye.mutiny.timeoutexception"),
    "malformed": ("cannotunmarshaldnsmessage",),
}  # fmt: skip
_LOOKUP_SILENT = re.compile(r"lookup(_mongodb\._tcp\.)?[\w.\-]{1,253}?:(?:i/otimeout|contextdeadlineexceeded)")
"""Go names no name server where it asks through the system's library."""
_OVER_HTTPS = re.compile(r"(?:resolve|dns-query)\?name=[\w.\-]{1,253}&type=(16|33)(?!\d)")
"""Some drivers ask a web service for the records of a name; 16 is TXT, 33 is SRV."""
_LOOKUP_ON = re.compile(r"lookup(_mongodb\._tcp\.)?([\w.\-]{1,253}?)on(\[?[0-9a-f.:]+\]?:\d+):(.{0,90})")


def symbols() -> set[str]:
    """Every symbol of a system or a resolver that is one word."""
    spelt = {word for _, words in SYSTEM.values() for word in words} | set(_DNS_NAMES)
    return {word for word in spelt if re.fullmatch(r"e[a-z]{5,12}", word)}


def signs(tight: str) -> Iterator[Sign]:
    """Every number and symbol in a compact text, the first place of each."""
    yield from _system(tight)
    yield from _tls(tight)
    for kind, words in _WORDS.items():
        at = min((place for word in words if (place := tight.find(word)) >= 0), default=-1)
        if at >= 0:
            yield Sign(kind=kind, at=at)
    if found_lost := _LOST.search(tight):
        worked = found_lost[1].isdigit() and "onfirstconnect" not in tight
        yield Sign(kind="lost" if worked else "closed", at=found_lost.start())
    for code, place in codes(tight):
        yield Sign(kind="code", number=code, name=CODES[code], at=place)
    yield from _dns(tight)


def _system(tight: str) -> Iterator[Sign]:
    places: dict[str, Sign] = {}
    for kind, (_, words) in SYSTEM.items():
        spelt = (*words, *WINDOWS_WORDS.get(kind, ()), *LINUX_WORDS.get(kind, ()))
        at = min((place for word in spelt if (place := tight.find(word)) >= 0), default=-1)
        if at >= 0:
            places[kind] = Sign(kind=kind, at=at)
    if (waited := _WAITED.search(tight)) and "silent" not in places:
        places["silent"] = Sign(kind="silent", at=waited.start())
    read = _READ_SILENT.search(tight) if "silent" in places else None
    if read and read.start() < places["silent"].at < read.end() and "i/otimeout" not in _READ_SILENT.sub("", tight):
        places["silent"] = Sign(kind="slow", at=read.start())
    for found in _NUMBER_FRAME.finditer(tight):
        number = int(next((group for group in found.groups() if group), "0"))
        kind_or_none = _BY_NUMBER.get(number) or _LIBUV.get(number)
        if kind_or_none and (kind_or_none not in places or places[kind_or_none].at > found.start()):
            places[kind_or_none] = Sign(kind=kind_or_none, number=number, at=found.start())
    yield from places.values()


@cache
def _alert_spellings() -> dict[int, tuple[str, ...]]:
    """Every way of writing an alert: the word before it, and its name with and without underscores."""
    return {
        number: tuple(head + word for name in names for word in {name, _snake(name)} for head in _ALERT_HEADS)
        for number, names in _ALERTS.items()
    }


def _tls(tight: str) -> Iterator[Sign]:
    may_alert = any(head in tight for head in _ALERT_HEADS)  # each spelling begins with one; most texts hold none
    for number, spellings in _alert_spellings().items() if may_alert else ():
        spelt_out = tight.replace("certificateauthority", "ca") if number == 46 else tight  # Go's name of 48
        at = min((place for spelt in spellings if (place := spelt_out.find(spelt)) >= 0), default=-1)
        if at >= 0:
            yield Sign(kind="alert", number=number, at=at)
    for found in _ALERT_NUMBER.finditer(tight):
        if int(found[1]) in _ALERTS:
            yield Sign(kind="alert", number=int(found[1]), at=found.start())
    if "-9838" in tight:
        yield Sign(kind="alert", number=80, at=tight.find("-9838"))
    best: dict[int, int] = {}
    for number, words in _VERIFY.items():
        at = min((place for word in words if (place := tight.find(word)) >= 0), default=-1)
        if at >= 0:
            best[number] = at
    if 19 in best:
        best.pop(18, None)
    if best.keys() & {9, 10, 23, 62, 64}:
        best.pop(20, None)  # Java says that the chain does not hold, and then why
    if 64 in best:
        best.pop(62, None)
    if 10 in best and 9 in best:  # Go names both, and then which it was
        best.pop(10 if _GO_BEFORE.search(tight) else 9)
    for found in _VERIFY_NUMBER.finditer(tight):
        number = int(found[1] or found[2])
        if number in _VERIFY:
            best = {number: found.start()}
    for number, at in best.items():
        yield Sign(kind="verify", number=number, at=at, received=False)


_FIRST_WORDS = (
    "certificate", "unknown", "expired", "revoked", "handshake", "protocol", "internal", "bad", "unsupported",
    "unrecognized", "illegal", "access", "decode", "decrypt", "insufficient", "unexpected", "no",
)  # fmt: skip


def _snake(name: str) -> str:
    """OpenSSL's and Java's spelling with underscores."""
    for word in _FIRST_WORDS:
        if name.startswith(word) and len(name) > len(word):
            return f"{word}_{name[len(word) :]}"
    return name


def _dns(tight: str) -> Iterator[Sign]:
    if found := _DNS_NODE.search(tight):
        for symbol, outcome in _DNS_NAMES.items():
            if found[2].startswith(symbol):
                yield Sign(kind="dns", name=f"{found[1]} {outcome}", at=found.start())
                return
    what = "txt" if "txt" in tight else "srv"
    if (found := _OVER_HTTPS.search(tight)) and any(s.kind == "silent" for s in _system(tight)):
        yield Sign(kind="dns", name=f"{'txt' if found[1] == '16' else 'srv'} silent", at=found.start())
        return
    if found := _LOOKUP_ON.search(tight):
        said = found[4]
        outcome = (
            "port-closed" if "connectionrefused" in said[:80]
            else "nxdomain" if said.startswith("nosuchhost")
            else "servfail" if said.startswith("servermisbehaving")
            else "malformed" if "cannotunmarshal" in said
            else "silent" if "i/otimeout" in said
            else ""
        )  # fmt: skip
        if outcome:
            kind = what if found[1] or "errorparsinguri" in tight else "host"
            yield Sign(kind="dns", name=f"{kind} {outcome}", at=found.start())
        return
    if found := _LOOKUP_SILENT.search(tight):
        yield Sign(kind="dns", name=f"{what if found[1] else 'host'} silent", at=found.start())
        return
    for outcome, words in _DNS_TEXTS.items():
        at = min((place for word in words if (place := tight.find(word)) >= 0), default=-1)
        if at >= 0:
            yield Sign(kind="dns", name=f"{what} {outcome}", at=at)
            return
