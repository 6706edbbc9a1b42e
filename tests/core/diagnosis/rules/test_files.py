from __future__ import annotations

from typing import Any

import pytest

from clearline.core.diagnosis.rules import files
from clearline.core.facts.computer import FileFacts, FileFormat, Readable
from clearline.core.findings import Certainty, Finding
from clearline.core.tls.pem import ESCAPED, JOINED
from lab.hand_made_facts import LEAF, ROOT, certificate, facts, file

CA, CLIENT, CRL = "tlsCAFile", "tlsCertificateKeyFile", "tlsCRLFile"
MINE = certificate("CN=app")
IDENTITY: dict[str, Any] = {"key_present": True, "key_opens": True, "key_matches": True}


def found(*named: FileFacts) -> list[Finding]:
    return [f for rule in files.RULES for f in rule(facts(files=named, options={"tls": True}))]


HEALTHY = (
    file(CA, ROOT),
    file(CA, LEAF),  # the server's self-signed certificate, given as its own authority
    file(CA, ROOT, LEAF, key_present=True),
    file(CLIENT, MINE, **IDENTITY),
    file(CLIENT, MINE, ROOT, **IDENTITY),
    file(CLIENT, MINE, **IDENTITY, key_encrypted=True, key_password_given=True),
    file(CLIENT, MINE, key_present=True, key_opens=None),
    file(CRL, crl_count=1, crl_issuers=("CN=Lab CA",)),
    file(CRL, crl_count=1, crl_expired=True),  # the handshake tells what comes of it
)


@pytest.mark.parametrize("named", HEALTHY)
def test_a_healthy_file_gives_nothing(named: FileFacts) -> None:
    assert found(named) == []


@pytest.mark.parametrize(
    ("named", "code"),
    [
        (file(CA, readable=Readable.NOT_FOUND, errno=2), "files.not-found"),
        (file(CA, readable=Readable.FOLDER, errno=21), "files.is-a-folder"),
        (file(CA, readable=Readable.NO_PERMISSION, errno=13), "files.no-permission"),
        (file(CA, readable=Readable.OTHER, errno=40), "files.damaged"),
        (file(CA, format=FileFormat.TEXT, openssl_error="X509 NO_CERTIFICATE_OR_CRL_FOUND"), "files.no-certificate"),
        (file(CA, format=FileFormat.BINARY), "files.no-certificate"),
        (file(CA, format=FileFormat.EMPTY, size=0, damaged="empty"), "files.damaged"),
        (file(CA, format=FileFormat.DER), "files.der-format"),
        (file(CA, damaged="cut off in the middle of a block"), "files.damaged"),
        (file(CA, ROOT, damaged="not decodable"), "files.damaged"),
        (file(CA, key_present=True), "files.no-certificate"),
        (file(CA, ROOT, openssl_error="X509 196"), "files.damaged"),
        (file(CRL, format=FileFormat.TEXT), "files.no-certificate"),
        (file(CLIENT, format=FileFormat.DER), "files.der-format"),
        (file(CLIENT, format=FileFormat.PKCS12), "files.der-format"),
        (file(CLIENT, format=FileFormat.JKS), "files.der-format"),
        (file(CLIENT, MINE), "files.no-key"),
        (file(CLIENT, key_present=True), "files.no-client-certificate"),
        (file(CLIENT, format=FileFormat.TEXT), "files.no-certificate"),
        (file(CLIENT, MINE, key_present=True, key_opens=True, key_matches=False), "files.key-mismatch"),
        (file(CLIENT, MINE, key_present=True, key_encrypted=True, key_opens=False), "files.key-password-missing"),
        (
            file(CLIENT, MINE, key_present=True, key_encrypted=True, key_password_given=True, key_opens=False),
            "files.key-password-wrong",
        ),
        (file(CLIENT, MINE, key_present=True, key_opens=False), "files.damaged"),
        (file(CLIENT, MINE, **IDENTITY, openssl_error="SSL EE_KEY_TOO_SMALL"), "files.damaged"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(named: FileFacts, code: str) -> None:
    (only,) = found(named)
    assert only.cause == code
    likely = code == "files.key-password-wrong" or named.readable is Readable.OTHER
    assert only.certainty is (Certainty.LIKELY if likely else Certainty.PROVEN)


def test_a_wrong_key_password_names_the_damage_that_looks_the_same() -> None:
    locked = {"key_present": True, "key_encrypted": True, "key_password_given": True, "key_opens": False}
    (only,) = found(file(CLIENT, MINE, **locked))
    assert "damaged" in only.detail


def test_a_key_that_fits_a_later_certificate_asks_for_their_order() -> None:
    fits_the_second = {"key_present": True, "key_opens": True, "key_matches": False, "key_fits_later": 1}
    (only,) = found(file(CLIENT, ROOT, MINE, **fits_the_second))
    assert (only.cause, only.certainty) == ("files.key-mismatch", Certainty.PROVEN)
    assert "certificate 2" in only.detail
    assert "before the others" in only.remedies[0].text


def test_a_self_signed_server_file_as_its_own_authority_may_be_no_exchange() -> None:
    own = certificate("CN=db1", "CN=db1")
    (only,) = found(file(CA, own, key_present=True, path="/a"), file(CLIENT, ROOT, path="/b"))
    assert (only.cause, only.certainty) == ("files.swapped", Certainty.LIKELY)


def test_a_plus_in_a_path_is_repaired_by_a_patch() -> None:
    (only,) = found(file(CA, readable=Readable.NOT_FOUND, path="/ca inter.pem", literal_plus_path="/ca+inter.pem"))
    assert only.cause == "files.plus-in-path"
    assert only.remedies[0].patch == {"tls": {"caFile": "/ca+inter.pem"}}


def test_swapped_files_are_one_finding_with_the_exchange_as_its_fix() -> None:
    (only,) = found(file(CA, MINE, key_present=True, path="/a"), file(CLIENT, ROOT, path="/b"))
    assert only.cause == "files.swapped"
    assert only.remedies[0].patch == {"tls": {"caFile": "/b", "certificateKeyFile": "/a"}}


def test_one_file_for_both_options_is_not_swapped() -> None:
    both = {"path": "/all.pem", **IDENTITY}
    assert found(file(CA, MINE, ROOT, **both), file(CLIENT, MINE, ROOT, **both)) == []


def test_an_authority_without_its_key_as_client_file_is_not_swapped_with_a_right_ca_file() -> None:
    assert [f.cause for f in found(file(CA, ROOT), file(CLIENT, ROOT))] == ["files.no-key"]


def test_every_file_is_told_of() -> None:
    lost = {"readable": Readable.NOT_FOUND}
    assert [f.cause for f in found(file(CA, **lost), file(CLIENT, **lost))] == ["files.not-found"] * 2


@pytest.mark.parametrize("readable", [Readable.NOT_FOUND, Readable.FOLDER, Readable.NO_FILE])
def test_another_ca_file_can_be_chosen_where_there_is_none(readable: Readable) -> None:
    ca, client = found(file(CA, readable=readable), file(CLIENT, readable=readable))
    assert (ca.remedies[0].action, client.remedies[0].action) == ("ask-ca-file", None)


def test_a_missing_key_password_can_be_asked_for() -> None:
    (only,) = found(file(CLIENT, MINE, key_present=True, key_encrypted=True, key_opens=False))
    assert only.remedies[0].action == "ask-key-password"


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("'/home/me/ca.pem'", "quotation marks"),
        ("~/ca.pem", "a shell"),
        ("$HOME/ca.pem", "variable"),
        ("%APPDATA%/ca.pem", "variable"),
        ("certs/ca.pem", "folder in which"),
        ("/etc/ca.pem", ""),
        ("C:\\certs\\ca.pem", ""),
    ],
)
def test_the_form_of_a_path_that_leads_nowhere_says_why(path: str, word: str) -> None:
    (missing,) = found(file(CA, path=path, readable=Readable.NOT_FOUND, errno=2))
    plain = "In a container or a sandbox that is only what is mounted there."
    assert word.lower() in missing.detail.lower()
    assert bool(word) is (not missing.detail.endswith(plain))
    wanted = {"tls": {"caFile": path[1:-1]}} if word == "quotation marks" else None
    assert missing.remedies[0].patch == wanted


def test_what_stands_there_instead_of_a_certificate_is_named() -> None:
    for kind, word in (("pointer of Git LFS", "git lfs pull"), ("base64 of a PEM file", "base64 -d")):
        (one,) = found(file(CA, format=FileFormat.TEXT, holds=(kind,)))
        assert (one.cause, word in one.detail) == ("files.no-certificate", True)
    (authority,) = found(file(CLIENT, ROOT))
    assert (authority.cause, "tlsCAFile" in authority.detail) == ("files.no-key", True)
    (own,) = found(file(CLIENT, MINE))
    assert "tlsCAFile" not in own.detail


def test_blocks_that_are_whole_to_the_eye_get_the_advice_that_fits() -> None:
    for how, word in ((JOINED, "a line break between"), (ESCAPED, "printf")):
        (spoilt,) = found(file(CA, damaged=how))
        assert (spoilt.cause, word in spoilt.remedies[0].text) == ("files.damaged", True)
