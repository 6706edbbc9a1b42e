"""What is different since it worked: two reports compared, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

import msgspec

from clearline.core.findings import Severity
from clearline.core.report.report import Report, ServerResult


class Kind(Enum):
    """What has changed."""

    TARGET = "target"
    SERVERS = "servers"
    ADDRESSES = "addresses"
    CERTIFICATE = "certificate"
    TLS_VERSION = "tls-version"
    DEPLOYMENT = "deployment"
    PRIMARY = "primary"
    ROLE = "role"
    VERSION = "version"
    USER = "user"
    ROLES = "roles"
    OPTION = "option"
    FINDING = "finding"
    DRIVER = "driver"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. ``words`` is a whole sentence; an empty ``before`` or ``after`` means that it was not there."""

    kind: Kind
    words: str
    before: str = ""
    after: str = ""
    server: str | None = None


def compare(now: Report, before: Report) -> tuple[Change, ...]:
    """What is different between a check and an earlier one, usually the last that connected; what explains most first.

    What the newer check did not get to see (the certificate of a server that is not reached any more) is no change.
    """
    return (
        *_target(now, before),
        *_servers(now, before),
        *_deployment(now, before),
        *_identity(now, before),
        *_options(now, before),
        *_driver(now, before),
        *_findings(now, before),
    )


def _target(now: Report, before: Report) -> Iterator[Change]:
    if now.target.uri != before.target.uri:
        yield _change(Kind.TARGET, "The connection string", before.target.uri, now.target.uri)


def _servers(now: Report, before: Report) -> Iterator[Change]:
    known = {server.address: server for server in before.every_server}
    present = {server.address: server for server in now.every_server}
    if present:
        # A check that failed early knows the seeds alone: that the members are not listed says nothing then.
        whole = any(server.advertised for server in now.every_server)
        for address, server in known.items():
            if address not in present and (whole or server.seed):
                yield Change(
                    kind=Kind.SERVERS, words=f"{address} is no longer a server of it.", before=address, server=address
                )
        for address in present:
            if known and address not in known:
                yield Change(
                    kind=Kind.SERVERS, words=f"{address} is a server that was not there.", after=address, server=address
                )
    for address, server in present.items():
        if (old := known.get(address)) is not None:
            yield from _server(server, old)


def _server(now: ServerResult, before: ServerResult) -> Iterator[Change]:
    at = now.address
    new, old = now.addresses, before.addresses
    if new and old and set(new) != set(old):
        yield _change(Kind.ADDRESSES, f"The address of {at}", _listed(old), _listed(new), at)
    if now.tls and before.tls:
        yield from _certificate(now, before)
        if now.tls.version and before.tls.version and now.tls.version != before.tls.version:
            yield _change(Kind.TLS_VERSION, f"The TLS version of {at}", before.tls.version, now.tls.version, at)
    if now.role and before.role and now.role != before.role:
        yield _change(Kind.ROLE, f"The role of {at}", before.role, now.role, at)
    if now.version and before.version and now.version != before.version:
        yield _change(Kind.VERSION, f"The version of {at}", before.version, now.version, at)
    if now.set_name != before.set_name and now.set_name and before.set_name:
        yield _change(Kind.DEPLOYMENT, f"The replica set of {at}", before.set_name, now.set_name, at)


def _certificate(now: ServerResult, before: ServerResult) -> Iterator[Change]:
    assert now.tls is not None
    assert before.tls is not None
    if not now.tls.chain or not before.tls.chain:
        return
    new, old = now.tls.chain[0], before.tls.chain[0]
    at = now.address
    if new.issuer != old.issuer:
        yield _change(Kind.CERTIFICATE, f"The issuer of the certificate of {at}", old.issuer, new.issuer, at)
    if new.subject != old.subject:
        yield _change(Kind.CERTIFICATE, f"The subject of the certificate of {at}", old.subject, new.subject, at)
    serial, known = now.certificate_serial, before.certificate_serial
    if serial and known and serial != known:
        yield _change(Kind.CERTIFICATE, f"The serial number of the certificate of {at}", known, serial, at)
    elif new.not_after != old.not_after:
        yield _change(Kind.CERTIFICATE, f"The end of the certificate of {at}", old.not_after, new.not_after, at)


def _deployment(now: Report, before: Report) -> Iterator[Change]:
    new, old = now.deployment, before.deployment
    if new is None or old is None:
        return
    pairs = (
        (Kind.DEPLOYMENT, "The kind of deployment", old.kind, new.kind),
        (Kind.DEPLOYMENT, "The product", old.product, new.product),
        (Kind.DEPLOYMENT, "The name of the replica set", old.set_name, new.set_name),
        (Kind.VERSION, "The version of the deployment", old.version, new.version),
        (Kind.VERSION, "The edition", old.edition, new.edition),
    )
    for kind, what, was, is_ in pairs:
        if was and is_ and was != is_:
            yield _change(kind, what, was, is_)
    if old.primary and old.primary != new.primary:
        if new.primary:
            yield _change(Kind.PRIMARY, "The primary", old.primary, new.primary)
        else:
            words = f"There is no primary; it was {old.primary}."
            yield Change(kind=Kind.PRIMARY, words=words, before=old.primary)


def _identity(now: Report, before: Report) -> Iterator[Change]:
    new, old = now.identity, before.identity
    if new is None or old is None:
        return
    if new.user != old.user:
        yield _change(Kind.USER, "The user", old.user, new.user)
    if new.mechanism and old.mechanism and new.mechanism != old.mechanism:
        yield _change(Kind.USER, "The mechanism of the login", old.mechanism, new.mechanism)
    yield from _each(Kind.ROLES, f"The role {{}} of {new.user}", old.roles, new.roles)


def _each(kind: Kind, what: str, before: Iterable[str], now: Iterable[str]) -> Iterator[Change]:
    old, new = list(before), list(now)
    for name in old:
        if name not in new:
            yield Change(kind=kind, words=f"{what.format(name)} is gone.", before=name)
    for name in new:
        if name not in old:
            yield Change(kind=kind, words=f"{what.format(name)} is new.", after=name)


def _options(now: Report, before: Report) -> Iterator[Change]:
    new, old = now.effective, before.effective
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) == new.get(name):
            continue
        if name not in new:
            words = f"The option {name} is no longer set; it was {_flat(old[name])}."
            yield Change(kind=Kind.OPTION, words=words, before=_flat(old[name]))
        elif name not in old:
            yield Change(
                kind=Kind.OPTION, words=f"The option {name} is set, to {_flat(new[name])}.", after=_flat(new[name])
            )
        else:
            yield _change(Kind.OPTION, f"The option {name}", _flat(old[name]), _flat(new[name]))


def _driver(now: Report, before: Report) -> Iterator[Change]:
    if now.driver.version != before.driver.version:
        yield _change(Kind.DRIVER, f"The version of {now.driver.name}", before.driver.version, now.driver.version)
    if now.app_version != before.app_version:
        yield _change(Kind.DRIVER, "The version of Clearline", before.app_version, now.app_version)


def _findings(now: Report, before: Report) -> Iterator[Change]:
    known = {(finding.cause, finding.server) for finding in before.findings}
    present = {(finding.cause, finding.server) for finding in now.findings}
    for finding in now.findings:
        if (finding.cause, finding.server) not in known and finding.severity is not Severity.NOTE:
            words = f"New {finding.severity.value}: {finding.summary}"
            yield Change(kind=Kind.FINDING, words=words, after=finding.summary, server=finding.server)
    for finding in before.findings:
        if (finding.cause, finding.server) not in present and finding.severity is not Severity.NOTE:
            words = f"No longer found: {finding.summary}"
            yield Change(kind=Kind.FINDING, words=words, before=finding.summary, server=finding.server)


def _change(kind: Kind, what: str, before: str, after: str, server: str | None = None) -> Change:
    words = f"{what} is now {after}; it was {before}."
    return Change(kind=kind, words=words, before=before, after=after, server=server)


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(sorted(texts))


def _flat(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(_flat(item) for item in value)
    return str(value)
