"""Findings about the certificate, key and revocation files that the profile names; nothing is sent for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from clearline.core.diagnosis.catalogue import finding, listed
from clearline.core.diagnosis.rules.evidence import file_of
from clearline.core.facts.computer import FileFacts, FileFormat, Readable
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Json
from clearline.core.text.late_patterns import late
from clearline.core.tls.pem import ESCAPED, JOINED

CA, CLIENT, CRL = "tlsCAFile", "tlsCertificateKeyFile", "tlsCRLFile"
_FIELDS = {CA: "caFile", CLIENT: "certificateKeyFile", CRL: "crlFile"}
_BINARY = {FileFormat.DER: "DER", FileFormat.PKCS12: "PKCS#12", FileFormat.JKS: "a Java key store"}


def swapped(facts: Facts) -> Finding | None:
    """Each of the two files stands where the other belongs."""
    ca, client = file_of(facts, CA), file_of(facts, CLIENT)
    if ca is None or client is None or ca.path == client.path:
        return None
    holds_identity = ca.key_present and bool(ca.certificates) and not ca.certificates[0].is_ca
    holds_authority = not client.key_present and any(c.is_ca for c in client.certificates)
    if not (holds_identity and holds_authority):
        return None
    # A self-signed server's own file may be meant as its authority, and the other be a mistake of its own.
    return finding(
        "files.swapped",
        Certainty.LIKELY if ca.certificates[0].self_signed else Certainty.PROVEN,
        evidence={CA: ca.path, CLIENT: client.path},
        patch={"tls": {"caFile": client.path, "certificateKeyFile": ca.path}},
    )


def files(facts: Facts) -> Iterable[Finding]:
    """The first trouble of every file."""
    if found := swapped(facts):
        yield found
        return
    for file in facts.files:
        if found := _opening(file) or _form(file) or _content(file):
            yield found


def _evidence(file: FileFacts) -> dict[str, Json]:
    return {
        "option": file.option,
        "path": file.path,
        "errno": file.errno,
        "format": file.format.value if file.format else None,
        "certificates": [c.subject for c in file.certificates],
        "key": file.key_present,
        "openssl": file.openssl_error,
    }


def _opening(file: FileFacts) -> Finding | None:
    tell = partial(finding, certainty=Certainty.PROVEN, evidence=_evidence(file))
    another = "ask-ca-file" if file.option == CA else None
    match file.readable:
        case Readable.OK:
            return None
        case Readable.NOT_FOUND if file.literal_plus_path is not None:
            meant = {"tls": {_FIELDS[file.option]: file.literal_plus_path}} if file.option in _FIELDS else None
            return tell("files.plus-in-path", file=file.literal_plus_path, patch=meant)
        case Readable.NOT_FOUND:
            patch, hint = _meant_path(file)
            return tell(
                "files.not-found",
                file=file.path,
                option=file.option,
                detail=hint,
                patch=patch,
                action=None if patch else another,
            )
        case Readable.FOLDER:
            return tell("files.is-a-folder", file=file.path, option=file.option, action=another)
        case Readable.NO_PERMISSION:
            return tell("files.no-permission", file=file.path)
        case Readable.NO_FILE:
            return tell("files.not-a-file", file=file.path, option=file.option, action=another)
        case Readable.OTHER:
            number = f" (error {file.errno})" if file.errno is not None else ""
            what = f"unreadable{number}"
            return finding("files.damaged", Certainty.LIKELY, evidence=_evidence(file), file=file.path, what=what)


_WINDOWS_PATH = late(r"[A-Za-z]:[\\/]|\\\\")


def _meant_path(file: FileFacts) -> tuple[dict[str, object] | None, str]:
    """The change that a path's own form asks for, and what is odd about it."""
    path = file.path
    if len(path) > 2 and path[0] == path[-1] and path[0] in "\"'":
        patch: dict[str, object] = {"tls": {_FIELDS[file.option]: path[1:-1]}} if file.option in _FIELDS else {}
        return patch or None, "The quotation marks were taken for a part of the name."
    if path.startswith("~"):
        return None, "Only a shell makes a folder of ~: write the whole path."
    if "$" in path or path.count("%") > 1:
        return None, "No shell replaces a variable in an address: write the whole path."
    if not (path.startswith("/") or _WINDOWS_PATH.match(path)):
        return None, "It is looked for from the folder in which a program was started: another one for each."
    return None, ""


def _form(file: FileFacts) -> Finding | None:
    tell = partial(finding, certainty=Certainty.PROVEN, evidence=_evidence(file), file=file.path)
    if file.format is FileFormat.EMPTY:
        return tell("files.damaged", what="empty")
    if file.format in _BINARY:
        return tell("files.der-format", detail=f"By its first bytes it is {_BINARY[file.format]}.")
    if file.damaged is not None:
        means, fix = _SPOILT.get(file.damaged, ("", ""))
        return tell("files.damaged", what=file.damaged, means=means, fix=fix)
    return None


_SPOILT = {
    JOINED: (
        "The first of the files did not end with a line break, so its END and the next BEGIN stand on one line.",
        "Put a line break between -----END …----- and -----BEGIN …-----.",
    ),
    ESCAPED: (
        "Variables and JSON hold a file on one line like this, and what reads them has to turn it back.",
        "Write real line breaks, as printf '%b' does with the value of a variable.",
    ),
}
"""What is wrong with a text whose blocks are whole, to the eye: meaning and advice."""

_MEANINGS = {
    "CERTIFICATE REQUEST": "a certificate request, which an authority makes a certificate of",
    "NEW CERTIFICATE REQUEST": "a certificate request, which an authority makes a certificate of",
    "OPENSSH PRIVATE KEY": "a private key of OpenSSH, which logs in to SSH servers",
    "SSH public key": "a public key of OpenSSH, which logs in to SSH servers",
    "PUBLIC KEY": "a public key alone",
    "PKCS7": "certificates in PKCS#7 form: openssl pkcs7 -print_certs takes them out",
    "PGP PUBLIC KEY BLOCK": "a key of PGP",
    "web page": "a web page, such as a sign-in page that was saved in place of the file",
    "pointer of Git LFS": "a pointer of Git LFS: git lfs pull fetches the file itself",
    "vault of Ansible": "an encrypted vault of Ansible: ansible-vault view decrypts it",
    "file encrypted with age": "text that age has encrypted",
    "file encrypted with SOPS": "text that SOPS has encrypted: sops -d decrypts it",
    "manifest of Kubernetes": "a manifest of Kubernetes: the file is one of the values in it, in base64",
    "typographic dashes": "a block whose dashes an editor or a chat made typographic ones: five plain - each",
    "base64 of a PEM file": "the base64 form of a PEM file, as a Kubernetes secret shows it: base64 -d gives the file",
    "key file of a replica set": "text such as the members of a replica set share in their key file, or base64 "
    "without its BEGIN line",
}


def _holds(file: FileFacts) -> str:
    """What the file holds instead, where that is known."""
    known = [_MEANINGS.get(what, what) for what in file.holds]
    if file.key_present:
        known.append("a private key")
    if file.crl_count and file.option == CA:
        known.append("a revocation list")
    return f"It holds {listed(known)}." if known else ""


def _content(file: FileFacts) -> Finding | None:
    tell = partial(finding, certainty=Certainty.PROVEN, evidence=_evidence(file), file=file.path)
    match file.option:
        case "tlsCertificateKeyFile" if found := _client(file):
            return found
        case "tlsCRLFile" if not file.crl_count and not file.certificates:
            told = "A revocation list stands in a BEGIN X509 CRL block."
            return tell("files.no-certificate", detail=f"{told} {_holds(file)}".strip())
        case "tlsCAFile" if not file.certificates:
            return tell("files.no-certificate", detail=_holds(file))
        case _ if file.openssl_error is not None:
            return tell("files.damaged", what=f"not accepted by OpenSSL ({file.openssl_error})")
        case _:
            return None


def _client(file: FileFacts) -> Finding | None:
    tell = partial(finding, certainty=Certainty.PROVEN, evidence=_evidence(file), file=file.path)
    if not file.certificates and not file.key_present:
        return tell("files.no-certificate", detail=_holds(file))
    if not file.certificates:
        return tell("files.no-client-certificate")
    if not file.key_present:
        authority = all(c.is_ca for c in file.certificates)
        told = "It is an authority's certificate, as tlsCAFile takes one." if authority else ""
        return tell("files.no-key", detail=told)
    if file.key_encrypted and not file.key_password_given:
        return tell("files.key-password-missing", action="ask-key-password")
    if file.key_opens is False:
        if file.key_encrypted:
            return finding(
                "files.key-password-wrong",
                Certainty.LIKELY,
                evidence=_evidence(file),
                detail="A key block that was damaged on its way looks the same.",
                action="ask-key-password",
                file=file.path,
            )
        return tell("files.damaged", what="holding a private key that does not decode")
    if file.key_matches is False and file.key_fits_later:
        return tell(
            "files.key-mismatch",
            summary=f"In {file.path} the certificate that belongs to the key does not come first.",
            detail=f"The key belongs to certificate {file.key_fits_later + 1} of the file.",
            fix="Put that certificate before the others: its own first, then the intermediates above it.",
        )
    if file.key_matches is False:
        return tell("files.key-mismatch")
    return None


RULES: tuple[Callable[[Facts], Iterable[Finding]], ...] = (files,)
