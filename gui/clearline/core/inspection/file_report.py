"""A certificate file that a profile names, for its owner: what it is, until when, what is wrong, how to convert it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from clearline.core.facts.computer import CertificateFacts, FileFacts, FileFormat, Readable
from clearline.core.facts.whole import Facts
from clearline.core.files.drives import on_another_computer
from clearline.core.findings import Severity
from clearline.core.inspection.chain_words import name_of, validity
from clearline.core.profiles.profile import Profile, Tls
from clearline.core.secrets.secret import KEY_PASSWORD, Secret
from clearline.core.tls.conversions import CA, CLIENT, CRL, OTHER_HALF, Der, binary_kind, conversions

_FIELDS: Final = {CA: "ca_file", CLIENT: "certificate_key_file", CRL: "crl_file"}


class Line(NamedTuple):
    """One line of the card: what it is about, the words, and how bad it is."""

    label: str
    words: str
    severity: Severity | None = None


class FileProblem(NamedTuple):
    """What is wrong with a file, what to do, and the commands that do it."""

    severity: Severity
    title: str
    fix: str
    commands: tuple[str, ...] = ()


class FileReport(NamedTuple):
    """All about one file. Holds no secret."""

    facts: FileFacts
    kind: str
    lines: tuple[Line, ...]
    problems: tuple[FileProblem, ...]

    @property
    def good(self) -> bool:
        """It was read, and nothing is wrong with it."""
        return self.facts.readable is Readable.OK and not self.problems


def inspect_file(option: str, path: str, key_password: Secret | None, env_file: str | None = None) -> FileReport:
    """Read a file as the driver would and say what it is; references in the path are resolved first.

    Takes milliseconds, but files can lie on a slow network: call it in a daemon thread. Never raises for what the file
    or its place is. One on another computer is not opened: that is for a check, which is agreed to.
    """
    from clearline.core.probes.files import inspect_files

    path = with_variables(path, env_file)
    if on_another_computer(path):
        unseen = FileFacts(option=option, path=path, readable=Readable.OTHER)
        return FileReport(unseen, "a file on another computer: it is read when the connection is tested", (), ())
    profile = Profile(id="", tls=msgspec.structs.replace(Tls(), **{_FIELDS[option]: path}))
    secrets = {KEY_PASSWORD: key_password} if key_password else {}
    [facts] = inspect_files(profile, secrets, datetime.now(UTC))
    unusual = facts.readable is Readable.OK and not facts.certificates and not facts.crl_count
    return report_of(facts, binary_kind(path) if unusual else None)


def with_variables(text: str, env_file: str | None) -> str:
    """A text with the values of its references; unknown ones stay. Reads the ``.env`` file: for a daemon thread."""
    from clearline.core.secrets.references import REFERENCE, has_references, variables

    if not has_references(text) or (env_file and on_another_computer(env_file)):
        return text
    known = variables(env_file)
    return REFERENCE.sub(lambda found: known.find(found[1]) or found[0], text)


def report_of(facts: FileFacts, holds: Der | None = None, *, windows: bool = sys.platform == "win32") -> FileReport:
    """The card of a file; ``holds`` is what its bytes are when they are no PEM certificate."""
    lines = [*_certificate_lines(facts), *_list_lines(facts), *_key_lines(facts)]
    return FileReport(facts, _kind(facts, holds), tuple(lines), tuple(_problems(facts, holds, windows)))


# ---------------------------------------------------------------- what it is


def _kind(facts: FileFacts, holds: Der | None) -> str:
    match facts.readable:
        case Readable.NOT_FOUND:
            return "no such file"
        case Readable.FOLDER:
            return "a folder"
        case Readable.NO_PERMISSION | Readable.OTHER:
            return "a file that cannot be read"
        case Readable.OK:
            pass
    match facts.format:
        case FileFormat.PKCS12:
            return "PKCS#12 (.p12, .pfx)"
        case FileFormat.JKS:
            return "Java key store"
        case FileFormat.DER:
            return f"DER: {holds.value}" if holds else "DER, binary"
        case FileFormat.EMPTY:
            return "empty file"
        case FileFormat.BINARY:
            return "binary file of an unknown kind"
        case FileFormat.PEM:
            return "PEM: " + _contents(facts, holds)
        case _:
            return "text without PEM blocks"


def _contents(facts: FileFacts, holds: Der | None) -> str:
    authorities = sum(certificate.is_ca for certificate in facts.certificates)
    parts = []
    if facts.option == CA and authorities == len(facts.certificates):
        parts += [_count(authorities, "authority", "authorities")] if authorities else []
    elif facts.certificates:
        parts.append(_count(len(facts.certificates), "certificate", "certificates"))
    if facts.key_present:
        parts.append("private key")
    if facts.crl_count:
        parts.append(_count(facts.crl_count, "revocation list", "revocation lists"))
    return " and ".join(parts) or (holds.value if holds else "neither certificate nor key")


def _certificate_lines(facts: FileFacts) -> list[Line]:
    if not facts.certificates:
        return []
    # Of a list of authorities, the one that ends first is the one to look at.
    shown = min(facts.certificates, key=lambda c: c.days_left) if facts.option == CA else facts.certificates[0]
    severity, words = validity(shown)
    if facts.option == CA and len(facts.certificates) > 1:
        names = [name_of(certificate) for certificate in facts.certificates]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        ends = Line("Valid", f"the first to end is {name_of(shown)}: {words}", severity and Severity.WARNING)
        return [Line("Holds", ", ".join(names[:4]) + more), ends]
    lines = [Line("Subject", shown.subject), Line("Issuer", "itself" if shown.self_signed else shown.issuer)]
    if own := (*shown.names, *shown.addresses):
        lines.append(Line("Names", ", ".join(own)))
    return [*lines, Line("Valid", words, severity)]


def _list_lines(facts: FileFacts) -> list[Line]:
    if not facts.crl_count:
        return []
    date = (facts.crl_next_update or "")[:10]
    ends = Line("Next list", f"was due on {date}" if facts.crl_expired else date or "not said")
    return [Line("Issuer", ", ".join(facts.crl_issuers)), ends._replace(severity=_fault_if(facts.crl_expired))]


def _key_lines(facts: FileFacts) -> list[Line]:
    if facts.option != CLIENT or facts.readable is not Readable.OK or facts.format is not FileFormat.PEM:
        return []
    if not facts.key_present:
        return [Line("Key", "missing", Severity.FAILURE)]
    words = "encrypted" if facts.key_encrypted else "not encrypted"
    match facts.key_opens:
        case True if facts.key_encrypted:
            words += ", opens with the password"
        case False if facts.key_encrypted and facts.key_password_given:
            words += ", does not open with this password"
        case False if facts.key_encrypted:
            words += ", needs its password"
        case False:
            words += ", unreadable"
    match facts.key_matches:
        case True:
            words += ", belongs to the certificate"
        case False:
            words += ", belongs to another certificate"
    return [Line("Key", words, _fault_if(facts.key_opens is False or facts.key_matches is False))]


# ---------------------------------------------------------------- what is wrong


def _problems(facts: FileFacts, holds: Der | None, windows: bool) -> list[FileProblem]:
    from clearline.core.diagnosis.rules.files import files

    found = []
    for finding in files(Facts(files=(facts,), files_checked=True)):
        commands = conversions(facts, holds, windows=windows)
        fix = finding.remedies[0].text
        if commands:
            fix = "This command converts it; then choose the file that it writes."
            if any(name in command for name in OTHER_HALF.values() for command in commands):
                missing = OTHER_HALF[facts.key_present]
                fix = f"This command joins both into one file: put the right name in place of {missing}."
            if facts.format is FileFormat.PKCS12:
                fix += " It asks for the file's password; if OpenSSL 3 refuses an old file, add -legacy."
        found.append(FileProblem(finding.severity, _without_path(finding.summary, facts), fix, commands))
    return found or _doubts(facts)


def _without_path(sentence: str, facts: FileFacts) -> str:
    """The path stands in the field above; that of a file which is not there is worth reading twice."""
    if not facts.path.strip() or facts.readable is Readable.NOT_FOUND:
        return sentence
    said = sentence.replace(facts.path, "this file")
    return said[:1].upper() + said[1:]


def _doubts(facts: FileFacts) -> list[FileProblem]:
    """What the driver would take and what will not work, or should not be."""
    doubts = []
    if facts.option == CA and facts.key_present:
        title = "A CA file needs no private key, and this one holds one."
        doubts.append(FileProblem(Severity.WARNING, title, "Keep the key apart, and never give this file away."))
    usable = any(certificate.is_ca or certificate.self_signed for certificate in facts.certificates)
    if facts.option == CA and facts.certificates and not usable:
        title = f"{name_of(facts.certificates[0])} is no authority, so OpenSSL does not trust what it signs or is."
        fix = "Choose the file of the authority that issued the server's certificate."
        doubts.append(FileProblem(Severity.WARNING, title, fix))
    for certificate in facts.certificates[:1] if facts.option == CLIENT else facts.certificates:
        if facts.option != CRL and (problem := _outdated(certificate, many=len(facts.certificates) > 1)):
            doubts.append(problem)
            break
    if facts.crl_expired:
        title = f"The revocation list is out of date: the next was due on {(facts.crl_next_update or '')[:10]}."
        fix = "Get the newest one from the authority; with this one every certificate is refused."
        doubts.append(FileProblem(Severity.FAILURE, title, fix))
    return doubts


def _outdated(certificate: CertificateFacts, *, many: bool) -> FileProblem | None:
    severity, words = validity(certificate)
    if severity is None:
        return None
    if severity is Severity.FAILURE and many:
        severity = Severity.WARNING  # the others may do
    fix = "Get a new one from its issuer."
    if certificate.not_yet_valid:
        fix = "Look at this computer's clock first."
    return FileProblem(severity, f"{name_of(certificate)}: {words}.", fix)


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _fault_if(bad: bool) -> Severity | None:
    return Severity.FAILURE if bad else None
