"""Codes that a server sent, in a compact text: by number, or by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

CODES: dict[int, str] = {
    6: "HostUnreachable", 7: "HostNotFound", 11: "UserNotFound", 13: "Unauthorized", 18: "AuthenticationFailed",
    20: "IllegalOperation", 26: "NamespaceNotFound", 50: "MaxTimeMSExpired", 79: "UnknownReplWriteConcern",
    89: "NetworkTimeout", 91: "ShutdownInProgress", 93: "InvalidReplicaSetConfig", 94: "NotYetInitialized",
    100: "UnsatisfiableWriteConcern", 133: "FailedToSatisfyReadPreference", 141: "SSLHandshakeFailed",
    189: "PrimarySteppedDown", 202: "NetworkInterfaceExceededTimeLimit", 262: "ExceededTimeLimit",
    279: "ClientDisconnect",
    301: "RetryableWritesNotSupported", 303: "FeatureNotSupported", 322: "APIVersionError",
    323: "APIStrictError", 334: "MechanismUnavailable", 352: "UnsupportedOpQueryCommand",
    354: "LoadBalancerSupportMismatch", 391: "ReauthenticationRequired", 8000: "AtlasError",
    9001: "SocketException", 10107: "NotWritablePrimary",
    11600: "InterruptedAtShutdown", 11601: "Interrupted", 11602: "InterruptedDueToReplStateChange",
    13388: "StaleConfig", 13435: "NotPrimaryNoSecondaryOk", 13436: "NotPrimaryOrSecondary",
    16500: "RequestRateTooLarge", 17189: "RequireTLS", 498870: "APIVersionRequired",
}  # fmt: skip
"""Server codes that tell something of a connection (error_codes.yml of the server, and Atlas's and Cosmos's own)."""

_CODE_FRAME = re.compile(
    r"(?<![a-z])code[:=](\d{1,6})(?!\d)|failedwitherror(\d{1,6})|\[(\d{1,6}):[a-z]|errorcode(\d{1,6})[({]|error=(\d{4,6}),"
    r"|assertion:(\d{1,6}):|connection:(\d{5})the|\(code(\d{1,6})\)"
)
_NAMES = "|".join(CODES.values()).lower()
_NAMED_CODE = re.compile(rf"\((?!host)({_NAMES})\)|codename[:=]({_NAMES})")
"""Java and others write "(Host unreachable)", which is the network's error and no server's code."""
_BY_NAME = {name.lower(): code for code, name in CODES.items()}


def codes(tight: str) -> Iterator[tuple[int, int]]:
    """Every known code once, with its first place."""
    seen = set()
    for found in _CODE_FRAME.finditer(tight):
        code = int(next(group for group in found.groups() if group))
        if code in CODES and code not in seen:
            seen.add(code)
            yield code, found.start()
    for found in _NAMED_CODE.finditer(tight):
        code = _BY_NAME[next(group for group in found.groups() if group)]
        if code not in seen:
            seen.add(code)
            yield code, found.start()
