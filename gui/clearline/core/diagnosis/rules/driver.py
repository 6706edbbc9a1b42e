"""Findings about the driver on this computer, and the last word when nothing else explains a failure."""

from __future__ import annotations

from collections.abc import Iterable

from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.standing import Outlook, answered, is_connected, outlook
from clearline.core.facts.login import DriverState
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding

PACKAGE_OF = {
    "pymongo_auth_aws": "pymongo[aws]",
    "kerberos": "pymongo[gssapi]",
    "gssapi": "pymongo[gssapi]",
    "winkerberos": "pymongo[gssapi]",
    "snappy": "pymongo[snappy]",
    "zstandard": "pymongo[zstd]",
    "backports.zstd": "pymongo[zstd]",
    "zlib": "a Python with zlib",
}
_COMPRESSOR_OF = {"snappy": "snappy", "zstandard": "zstd", "backports.zstd": "zstd", "zlib": "zlib"}


def missing_package(facts: Facts) -> Iterable[Finding]:
    """An auth mechanism whose library is not installed."""
    for name in facts.computer.missing_packages:
        if name not in _COMPRESSOR_OF:
            yield finding(
                "driver.missing-package",
                Certainty.PROVEN,
                evidence={"import": name},
                mechanism=facts.uri.options.get("authMechanism", "This"),
                package=facts.computer.how_to_get.get(name, PACKAGE_OF.get(name, name)),
            )


def compressors(facts: Facts) -> Iterable[Finding]:
    """Compressors that cannot be used, here or there."""
    missing = {_COMPRESSOR_OF[n] for n in facts.computer.missing_packages if n in _COMPRESSOR_OF}
    for name in sorted(missing):
        yield finding("driver.compressor-missing", Certainty.PROVEN, evidence={"compressor": name}, name=name)
    asked = [c for c in facts.uri.options.get("compressors") or () if c not in missing]
    live = answered(facts)
    if asked and live and is_connected(facts) and not any(set(asked) & set(h.compression) for _, h in live):
        yield finding(
            "driver.compression-not-offered",
            Certainty.PROVEN,
            evidence={m.address: list(h.compression) for m, h in live},
            names=", ".join(asked),
        )


def last_word(facts: Facts) -> Finding:
    """The finding for a failed check that no rule explains: said plainly, rather than guessed."""
    driver = facts.driver
    message = driver.message or "PyMongo found no suitable server in time"
    evidence = {"exception": driver.exception, "code": driver.code, "state": driver.state.value}
    healthy = outlook(facts) is Outlook.POSSIBLE and driver.state is not DriverState.NOT_STARTED
    code = "driver.disagrees" if healthy and driver.code is None else "driver.unexplained"
    return finding(code, Certainty.POSSIBLE, evidence=evidence, message=message)


RULES = (missing_package, compressors)
