"""What a presented chain means, in words: who is trusted by whom, what is wrong, and what to do about it."""

from __future__ import annotations

from typing import Final, NamedTuple

from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.servers import Reach
from clearline.core.findings import Severity
from clearline.core.inspection.server_certificates import Presented, PresentedChain, Trust, TrustedBy

SOON_DAYS: Final = 30
_NOT_YET_VALID, _EXPIRED = 9, 10
_WHY: Final = {
    _NOT_YET_VALID: "a certificate of the chain is not valid yet",
    _EXPIRED: "a certificate of the chain has expired",
    18: "the server signed its certificate itself, and it is not in the list",
    19: "the chain ends with an authority that is not in the list",
    20: "the authority that issued the chain is not in the list",
    21: "the authority that issued the certificate is neither presented nor in the list",
    2: "an issuer of the chain is not in the list",
    7: "an authority of that name is in the list, but with another key",
}


class ChainProblem(NamedTuple):
    """One thing to know about a chain."""

    severity: Severity
    title: str
    fix: str = ""


def name_of(facts: CertificateFacts) -> str:
    """A certificate as one calls it: its common name, else a name that it is made out to, else its subject."""
    from clearline.core.diagnosis.rules.evidence import short_name

    return facts.common_name or next(iter((*facts.names, *facts.addresses)), "") or short_name(facts.subject)


def source_words(source: TrustedBy) -> str:
    """A source of trusted authorities, as a sentence has it."""
    return {
        TrustedBy.FILE: "the CA file",
        TrustedBy.DRIVER: "the driver's default roots",
        TrustedBy.SYSTEM: "the operating system",
        TrustedBy.BUNDLED: "the bundled roots",
    }[source]


def trust_words(trust: Trust) -> str:
    """Whether, and why not, a source trusts the chain."""
    if trust.roots_unreadable:
        return "cannot be loaded"
    if trust.reach is Reach.OK:
        return f"trusted, through {name_of(trust.root.facts)}" if trust.root else "trusted"
    if trust.verify_code is not None:
        return "not trusted: " + _WHY.get(trust.verify_code, f"OpenSSL's verification code is {trust.verify_code}")
    return "not found out: the connection ended before"


def kind_of(chain: PresentedChain, place: int) -> str:
    """What the certificate at a place of the chain is."""
    facts = chain.certificates[place].facts
    if place == 0:
        return "server, self-signed" if facts.self_signed else "server"
    return "root" if facts.self_signed else "intermediate"


def validity(facts: CertificateFacts) -> tuple[Severity | None, str]:
    """How long a certificate is valid, as words, and how bad that is."""
    date = facts.not_after[:10]
    if facts.not_yet_valid:
        return Severity.FAILURE, f"valid only from {facts.not_before[:10]} on"
    if facts.days_left < 0:
        return Severity.FAILURE, f"expired on {date}, {_days(-facts.days_left)} ago"
    if facts.days_left <= SOON_DAYS:
        return Severity.WARNING, f"until {date}: only {_days(facts.days_left)} left"
    return None, f"until {date}, {_days(facts.days_left)} left"


def unknown_root(chain: PresentedChain) -> Presented | None:
    """The presented certificate that vouches for itself and is not trusted here: one could trust it by hand."""
    if not chain.certificates or any(trust.reach is Reach.OK for trust in chain.trust) or not chain.trust:
        return None
    last = chain.certificates[-1]
    return last if last.facts.self_signed else None


def problems_of(chain: PresentedChain, used: TrustedBy) -> tuple[ChainProblem, ...]:
    """What is wrong with the chain for a profile that uses one of the sources; the worst first."""
    if not chain.certificates:
        return (_nothing_presented(chain),)
    found = [*_dates(chain), *_name(chain), *_trust(chain, used)]
    return tuple(sorted(found, key=lambda problem: list(Severity).index(problem.severity)))


def _dates(chain: PresentedChain) -> list[ChainProblem]:
    found = []
    for place, certificate in enumerate(chain.certificates):
        severity, words = validity(certificate.facts)
        if severity is not None:
            what = f"The {kind_of(chain, place)} certificate {name_of(certificate.facts)} {_as_sentence(words)}."
            fix = "Who runs the server renews it."
            if certificate.facts.not_yet_valid:
                fix = "Look at this computer's clock first; else who runs the server issues another one."
            found.append(ChainProblem(severity, what, fix))
    return found


def _name(chain: PresentedChain) -> list[ChainProblem]:
    if chain.name_matches is not False:
        return []
    from clearline.core.diagnosis.catalogue import listed

    own = chain.certificates[0].facts
    names = listed([*own.names, *own.addresses], nothing="no name at all")
    title = f"The certificate is made out to {names}, not to {chain.server_name}."
    if not own.has_san and own.common_name:
        title = f"The certificate names {own.common_name} in its subject only, where clients no longer look."
    return [ChainProblem(Severity.FAILURE, title, "Connect by a name of the certificate, or have one issued for it.")]


def _trust(chain: PresentedChain, used: TrustedBy) -> list[ChainProblem]:
    own = chain.trusted_by(used)
    if own is None or own.reach is Reach.OK or own.verify_code in (_EXPIRED, _NOT_YET_VALID):
        return []
    if own.roots_unreadable:
        title = f"{_capital(source_words(used))} cannot be loaded, so nothing can be verified with it."
        return [ChainProblem(Severity.FAILURE, title, "See what is wrong with the file.")]
    if own.verify_code is None:
        title = f"Whether {source_words(used)} vouches for the chain was not found out."
        return [ChainProblem(Severity.WARNING, title, "Fetch it again.")]
    title = f"For {source_words(used)} the chain is not trusted: {_WHY.get(own.verify_code, 'it does not verify')}."
    others = [trust for trust in chain.trust if trust.reach is Reach.OK]
    if others:
        fix = f"{_capital(source_words(others[0].source))} would do: choose that as the trust source."
    elif len(chain.certificates) == 1 and not chain.certificates[0].facts.self_signed:
        issuer = chain.certificates[0].facts.issuer
        fix = f"The server presents no intermediate. Get the authority's file from who runs the server ({issuer})."
    else:
        fix = "Get the authority's file from who runs the server, and choose it as the CA file."
    return [ChainProblem(Severity.FAILURE, title, fix)]


def _nothing_presented(chain: PresentedChain) -> ChainProblem:
    place = chain.host if chain.port is None else f"{chain.host}:{chain.port}"
    said = Severity.FAILURE
    if not chain.address and chain.reach is Reach.OTHER:
        return ChainProblem(said, f"The name {chain.host} has no address here.", "Correct the host on the Server page.")
    number = f" (error {chain.errno})" if chain.errno is not None else ""
    match chain.reach:
        case Reach.SILENT:
            return ChainProblem(
                said, f"{place} did not answer in time.", "A firewall may drop it: test the connection."
            )
        case Reach.REFUSED:
            return ChainProblem(said, f"{place} refuses connections.", "Is the port right, and does the server run?")
        case Reach.NOT_MONGODB | Reach.CLOSED | Reach.RESET:
            return ChainProblem(said, f"{place} does not speak TLS.", "It may be a server without TLS: switch TLS off.")
        case Reach.TLS_ALERT:
            return ChainProblem(said, f"{place} broke off the handshake (TLS alert {chain.alert}).", "Test it for why.")
        case _:
            return ChainProblem(said, f"{place} could not be reached{number}.", "Test the connection for why.")


def _as_sentence(words: str) -> str:
    return words if words.startswith("expired") else f"is {words.replace('until', 'valid until')}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _days(days: float) -> str:
    whole = int(days)
    return f"{whole:,} day" if whole == 1 else f"{whole:,} days"
