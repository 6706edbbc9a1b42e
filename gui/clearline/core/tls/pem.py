"""PEM blocks and file formats, told apart with tolerance: what people pass as certificate files is rarely tidy.

A block counts where OpenSSL sees one (BEGIN and END at the start of a line, text around them ignored, CRLF and a byte
order mark allowed), and what is wrong with the rest is said.
"""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

from clearline.core.facts.computer import FileFormat

_TRUSTED = "TRUSTED CERTIFICATE"
"""OpenSSL's own form: a certificate, and what it is trusted for behind it."""
_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_KEY_FILE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\t ")
"""What mongod takes in a key file."""
JOINED = "put together from files without a line break between two blocks"
ESCAPED = "written with \\n in place of line breaks"
"""What is damaged about a text whose blocks are whole, to the eye."""
_KEYSTORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")  # Java's JKS and JCEKS


class Block(msgspec.Struct, frozen=True):
    """One PEM block: its label, its text from BEGIN to END, and its bytes (None when they do not decode).

    The text may hold a private key, so it is never shown.
    """

    label: str
    text: bytes
    der: bytes | None
    encrypted: bool

    def __repr__(self) -> str:
        return f"Block({self.label!r})"

    @property
    def is_certificate(self) -> bool:
        """A certificate under any of the labels that OpenSSL takes."""
        return self.label in ("CERTIFICATE", "X509 CERTIFICATE", _TRUSTED)

    @property
    def is_crl(self) -> bool:
        """A revocation list."""
        return self.label == "X509 CRL"

    @property
    def is_key(self) -> bool:
        """A private key of any kind that TLS can use, encrypted or not."""
        return self.label.endswith("PRIVATE KEY") and self.label != "OPENSSH PRIVATE KEY"


def blocks_of(data: bytes) -> tuple[tuple[Block, ...], bool]:
    """The whole blocks of a file in order, and whether one of them is cut off (BEGIN without END, or the reverse)."""
    blocks: list[Block] = []
    lines: list[bytes] = []
    label: bytes | None = None
    cut = False
    for line in map(bytes.rstrip, data.removeprefix(_UTF8_MARK).split(b"\n")):
        if line.startswith(_BEGIN) and line.endswith(_DASHES):
            cut = cut or label is not None
            label, lines = line[len(_BEGIN) : -len(_DASHES)], [line]
        elif line.startswith(_END):
            if label is not None and line == _END + label + _DASHES:
                blocks.append(_block(label, [*lines, line]))
            else:
                cut = True
            label = None
        elif label is not None:
            lines.append(line)
    return tuple(blocks), cut or label is not None


def format_of(data: bytes) -> FileFormat:
    """What kind of file begins with ``data``."""
    if not data.strip():
        return FileFormat.EMPTY
    if any(line.startswith(_BEGIN) for line in data.removeprefix(_UTF8_MARK).split(b"\n")):
        return FileFormat.PEM
    if data.startswith(_KEYSTORES):
        return FileFormat.JKS
    if content := _sequence_content(data):
        return FileFormat.PKCS12 if content.startswith(b"\x02\x01\x03") else FileFormat.DER
    if b"\0" in data and not data.startswith(_UTF16_MARKS):
        return FileFormat.BINARY
    try:
        data[:4096].decode("utf-16" if data.startswith(_UTF16_MARKS) else "utf-8")
    except UnicodeDecodeError as error:
        return FileFormat.TEXT if error.start > 4090 else FileFormat.BINARY  # a character cut by the limit is none
    return FileFormat.TEXT


_OTHER_TEXTS = (
    (rb"\Aversion https://git-lfs", "pointer of Git LFS"),
    (rb"\A\$ANSIBLE_VAULT;", "vault of Ansible"),
    (rb"\Aage-encryption\.org/|-----BEGIN AGE ENCRYPTED", "file encrypted with age"),
    (rb"ENC\[AES256_GCM,", "file encrypted with SOPS"),
    (rb"(?m)^kind: ?[A-Z]\w+\r?$|^apiVersion: ", "manifest of Kubernetes"),
    (rb"\xe2\x80[\x90-\x95][\xe2\x80\x90-\x95-]{0,12}BEGIN ", "typographic dashes"),
)
"""What begins, or says, so."""


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split())[:40])
    except binascii.Error:
        return b""


def contents_of(data: bytes, blocks: tuple[Block, ...]) -> tuple[str, ...]:
    """What a text holds that TLS has no use for: labels of other PEM blocks, or another kind of text."""
    others = dict.fromkeys(b.label for b in blocks if not (b.is_certificate or b.is_crl or b.is_key))
    if blocks:
        return tuple(label[:40] for label in others)[:4]
    text = data[:4096].lstrip(_UTF8_MARK).strip()
    if text.startswith((b"ssh-", b"ecdsa-sha2-")):
        return ("SSH public key",)
    if text[:15].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return ("web page",)
    for sign, kind in _OTHER_TEXTS:
        if re.search(sign, text[:2048]) is not None:
            return (kind,)
    if all(c in _KEY_FILE for c in text) and _decoded(text[:64]).startswith(_BEGIN):
        return ("base64 of a PEM file",)
    if 6 <= len(text) <= 1024 and all(c in _KEY_FILE for c in text):
        return ("key file of a replica set",)
    return ()


def spoilt(data: bytes) -> str | None:
    """What keeps OpenSSL from the blocks of a text in which people see them; None where nothing of the kind does."""
    if b"-----\\n" in data:
        return ESCAPED
    if re.search(rb"-----END [A-Z0-9 ]{1,40}----------BEGIN ", data) is not None:
        return JOINED
    return None


def is_utf16_pem(data: bytes) -> bool:
    """PEM text in UTF-16, as PowerShell's ``>`` writes it: people see the blocks, OpenSSL does not."""
    return data.startswith(_UTF16_MARKS) and "-----BEGIN " in data.decode("utf-16", "replace")


def _block(label: bytes, lines: list[bytes]) -> Block:
    body = lines[1:-1]
    headers = [line for line in body if b":" in line]
    encrypted = label == b"ENCRYPTED PRIVATE KEY" or any(
        line.startswith(b"Proc-Type:") and line.endswith(b"ENCRYPTED") for line in headers
    )
    if headers:  # RFC 1421 headers end with an empty line
        body = body[body.index(headers[-1]) + 1 :]
    try:
        der = base64.b64decode(b"".join(body), validate=True)
    except binascii.Error:
        der = None
    name = label.decode("ascii", "replace")
    if der and name == _TRUSTED:
        der = der[: _length_of(der)]
    return Block(name, b"\n".join(lines) + b"\n", der or None, encrypted)


def _length_of(der: bytes) -> int:
    """The length of the first DER value, its head included."""
    if len(der) < 2 or der[1] < 0x80:
        return 2 + der[1] if len(der) > 1 else len(der)
    size = der[1] & 0x7F
    return 2 + size + int.from_bytes(der[2 : 2 + size], "big")


def _sequence_content(data: bytes) -> bytes | None:
    """The first bytes inside the DER (or BER) sequence that ``data`` is; None when it is none."""
    if len(data) < 8 or data[0] != 0x30:
        return None
    if data[1] == 0x80:  # BER of indefinite length, as some programs write PKCS#12
        return data[2:8]
    if data[1] < 0x80:  # 0x30 is also the digit 0, so a short sequence must end where the file does
        return data[2:8] if len(data.rstrip(b"\r\n\0")) <= 2 + data[1] <= len(data) else None
    start = 2 + (data[1] & 0x7F)
    return data[start : start + 6] if start <= 6 else None
