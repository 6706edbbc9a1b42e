from __future__ import annotations

import datetime
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from clearline.core.check.preparation import prepared
from clearline.core.check.request import Request
from clearline.core.facts.computer import FileFacts, FileFormat, Readable
from clearline.core.facts.text import Mistake
from clearline.core.probes import files
from clearline.core.probes.files import NO_ANSWER, NO_FILE, inspect_files, unopenable
from clearline.core.profiles.profile import Profile, Tls
from clearline.core.secrets.secret import KEY_PASSWORD, Secret
from clearline.core.tls.conversions import binary_kind
from clearline.core.tls.pem import ESCAPED, JOINED, Block, blocks_of, format_of
from lab import loops
from lab.certificates import DAY, Authority, Identity
from lab.cost import least_cpu_s

NOW = datetime.datetime.now(datetime.UTC)
PASSWORD = "key p\u00e4ssword"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def client(authority: Authority) -> Identity:
    return authority.client("app")


def ca_file(path: Path | str, raw: str = "") -> FileFacts:
    (facts,) = inspect_files(Profile(tls=Tls(ca_file=str(path))), {}, NOW, raw)
    assert facts.option == "tlsCAFile"
    return facts


def client_file(path: Path | str, password: str | None = None) -> FileFacts:
    secrets = {KEY_PASSWORD: Secret(password)} if password is not None else {}
    (facts,) = inspect_files(Profile(tls=Tls(certificate_key_file=str(path))), secrets, NOW)
    assert facts.option == "tlsCertificateKeyFile"
    return facts


def crl_file(path: Path | str) -> FileFacts:
    (facts,) = inspect_files(Profile(tls=Tls(crl_file=str(path))), {}, NOW)
    assert facts.option == "tlsCRLFile"
    return facts


def written(folder: Path, data: bytes) -> Path:
    path = folder / "file.pem"
    path.write_bytes(data)
    return path


# ---------------------------------------------------------------- whole files


def test_a_profile_without_files_has_no_facts() -> None:
    assert inspect_files(Profile(), {}, NOW) == ()


def test_each_file_of_the_profile_is_told_with_its_option(authority: Authority, client: Identity) -> None:
    tls = Tls(
        ca_file=str(authority.ca_file),
        certificate_key_file=str(client.certificate_key_file),
        crl_file=str(authority.crl()),
    )
    found = inspect_files(Profile(tls=tls), {}, NOW)
    assert [facts.option for facts in found] == ["tlsCAFile", "tlsCertificateKeyFile", "tlsCRLFile"]
    assert {(facts.readable, facts.format, facts.damaged, facts.openssl_error) for facts in found} == {
        (Readable.OK, FileFormat.PEM, None, None)
    }


def test_a_healthy_ca_file_shows_its_authority(authority: Authority) -> None:
    facts = ca_file(authority.ca_file)
    (certificate,) = facts.certificates
    assert (certificate.common_name, certificate.is_ca, certificate.self_signed) == ("Lab CA", True, True)
    assert facts.size == authority.ca_file.stat().st_size
    assert (facts.key_present, facts.key_opens, facts.key_matches) == (False, None, None)


def test_a_healthy_client_file_has_a_key_that_fits(client: Identity) -> None:
    facts = client_file(client.certificate_key_file)
    assert (facts.key_present, facts.key_encrypted, facts.key_opens, facts.key_matches) == (True, False, True, True)
    assert facts.certificates[0].common_name == "app"
    assert facts.openssl_error is None


def test_the_key_may_stand_before_the_certificate(client: Identity, tmp_path: Path) -> None:
    facts = client_file(written(tmp_path, client.key_file.read_bytes() + client.certificate_file.read_bytes()))
    assert (facts.key_matches, facts.openssl_error) == (True, None)


@pytest.mark.parametrize("place", ["client", "list", "binary"])
def test_a_version_that_cryptography_refuses_in_its_own_way(client: Identity, tmp_path: Path, place: str) -> None:
    der = ssl.PEM_cert_to_DER_cert(client.certificate_file.read_text())
    odd = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09", 1)
    assert odd != der
    match place:
        case "client":
            pem = ssl.DER_cert_to_PEM_cert(odd).encode()
            facts = client_file(written(tmp_path, client.key_file.read_bytes() + pem))
            assert (facts.key_opens, facts.openssl_error) == (True, None)  # which OpenSSL itself takes
        case "list":
            pem = ssl.DER_cert_to_PEM_cert(odd).replace("CERTIFICATE", "X509 CRL").encode()
            assert crl_file(written(tmp_path, pem)).crl_count == 0
        case _:
            assert binary_kind(str(written(tmp_path, odd))) is None


def test_a_chain_is_read_in_order(authority: Authority) -> None:
    facts = client_file(authority.intermediate().client("deep").certificate_key_file)
    assert [certificate.common_name for certificate in facts.certificates] == ["deep", "Lab Intermediate CA"]
    assert facts.key_matches is True


def test_the_systems_whole_list_is_read_quickly() -> None:
    whole = ssl.get_default_verify_paths().cafile
    if whole is None:
        pytest.skip("this system keeps no list in one file")
    openssl_s = least_cpu_s(lambda: ssl.create_default_context(cafile=whole))
    facts = ca_file(whole)
    assert least_cpu_s(lambda: ca_file(whole), times=3) < 15 * openssl_s
    assert len(facts.certificates) > 50
    assert facts.openssl_error is None


# ---------------------------------------------------------------- encrypted keys


@pytest.fixture(params=["pkcs8", "legacy"])
def encrypted(request: pytest.FixtureRequest, client: Identity, tmp_path: Path) -> Path:
    """A client file whose key is encrypted in either of the two forms."""
    form = {
        "pkcs8": serialization.PrivateFormat.PKCS8,
        "legacy": serialization.PrivateFormat.TraditionalOpenSSL,
    }[request.param]
    locked = serialization.BestAvailableEncryption(PASSWORD.encode())
    key = client.key.private_bytes(serialization.Encoding.PEM, form, locked)
    assert (b"Proc-Type" in key) == (request.param == "legacy")
    return written(tmp_path, client.certificate_file.read_bytes() + key)


def test_an_encrypted_key_without_password_is_named_without_a_question(encrypted: Path) -> None:
    facts = client_file(encrypted)
    assert (facts.key_present, facts.key_encrypted, facts.key_password_given) == (True, True, False)
    assert (facts.key_opens, facts.key_matches, facts.damaged) == (False, None, None)
    assert facts.openssl_error is not None


def test_an_empty_password_is_none(encrypted: Path) -> None:
    assert client_file(encrypted, "").key_opens is False


def test_an_encrypted_key_with_a_wrong_password_is_named(encrypted: Path) -> None:
    facts = client_file(encrypted, "wrong")
    assert (facts.key_encrypted, facts.key_password_given, facts.key_opens) == (True, True, False)
    assert (facts.key_matches, facts.damaged) == (None, None)


def test_an_encrypted_key_with_its_password_opens_and_fits(encrypted: Path) -> None:
    facts = client_file(encrypted, PASSWORD)
    assert (facts.key_encrypted, facts.key_opens, facts.key_matches, facts.openssl_error) == (True, True, True, None)


def test_a_password_for_a_key_that_needs_none_does_no_harm(client: Identity) -> None:
    facts = client_file(client.certificate_key_file, "needless")
    assert (facts.key_encrypted, facts.key_password_given, facts.key_opens, facts.key_matches) == (
        False,
        True,
        True,
        True,
    )


def test_no_fact_holds_the_password_or_the_key(encrypted: Path) -> None:
    assert PASSWORD not in repr(client_file(encrypted, PASSWORD))
    (block, *_), _ = blocks_of(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    assert "AAAA" not in repr(block)


def test_a_program_without_a_terminal_is_not_stopped_by_an_encrypted_key(encrypted: Path) -> None:
    """PyMongo would prompt here; so a child with a terminal of its own must come back without having asked."""
    if sys.platform == "win32":
        pytest.skip("needs a pseudo terminal")
    program = f"""
import datetime, sys
from clearline.core.probes.files import inspect_files
from clearline.core.profiles.profile import Profile, Tls
profile = Profile(tls=Tls(certificate_key_file={str(encrypted)!r}))
(facts,) = inspect_files(profile, {{}}, datetime.datetime.now(datetime.UTC))
print(facts.key_opens)
"""
    leader, follower = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdin=follower,
            capture_output=True,
            text=True,
            timeout=20,
            start_new_session=True,
            check=True,
        )
    finally:
        os.close(leader)
        os.close(follower)
    assert (done.stdout, done.stderr) == ("False\n", "")


# ---------------------------------------------------------------- files that cannot be read


def test_a_file_that_does_not_exist_is_not_found(tmp_path: Path) -> None:
    facts = client_file(tmp_path / "none.pem")
    assert (facts.readable, facts.errno, facts.format) == (Readable.NOT_FOUND, 2, None)


def test_a_path_through_a_file_is_not_found(client: Identity) -> None:
    assert ca_file(client.key_file / "below.pem").readable is Readable.NOT_FOUND


def test_an_empty_path_is_not_found() -> None:
    assert ca_file("").readable in (Readable.NOT_FOUND, Readable.FOLDER)


def test_a_folder_is_a_folder(tmp_path: Path) -> None:
    facts = ca_file(tmp_path)
    assert (facts.readable, facts.errno) == (Readable.FOLDER, 21)


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits")
def test_a_file_that_may_not_be_opened_is_named(authority: Authority) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = written(Path(folder), authority.ca_file.read_bytes())
        path.chmod(0)
        user = os.geteuid()
        if user == 0:  # root reads everything
            os.seteuid(65534)
        try:
            facts = ca_file(path)
        finally:
            os.seteuid(user)
    assert (facts.readable, facts.errno) == (Readable.NO_PERMISSION, 13)


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes of POSIX")
def test_a_pipe_and_a_device_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        facts = ca_file(path)
        assert (facts.readable, facts.format) == (Readable.NO_FILE, None)


def test_a_path_that_no_file_can_have_is_an_answer() -> None:
    assert ca_file("nul\0byte").readable is Readable.OTHER
    too_long = Readable.NOT_FOUND if sys.platform == "win32" else Readable.OTHER  # as the system calls it
    assert ca_file("x" * 5000).readable is too_long


def test_a_huge_file_is_not_read_whole(authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "huge.pem"
    path.write_bytes(authority.ca_file.read_bytes())
    with path.open("r+b") as file:
        file.truncate(3_000_000_000)
    tracemalloc.start()
    started = time.perf_counter()
    facts = ca_file(path)
    elapsed_s = time.perf_counter() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert elapsed_s < 3
    assert peak < 100_000_000
    assert (facts.readable, facts.size, len(facts.certificates)) == (Readable.OK, 3_000_000_000, 1)


# ---------------------------------------------------------------- files that hold something else


def test_another_text_holds_no_certificate(tmp_path: Path) -> None:
    facts = ca_file(written(tmp_path, "Liebe Gr\u00fc\u00dfe\n".encode()))
    assert (facts.format, facts.certificates, facts.damaged) == (FileFormat.TEXT, (), None)
    assert facts.openssl_error == "X509 NO_CERTIFICATE_OR_CRL_FOUND"


@pytest.mark.parametrize("data", [b"", b"\n \r\n"])
def test_an_empty_file_is_damaged(tmp_path: Path, data: bytes) -> None:
    facts = ca_file(written(tmp_path, data))
    assert (facts.format, facts.damaged, facts.size) == (FileFormat.EMPTY, "empty", len(data))


def test_a_client_file_without_key(client: Identity) -> None:
    facts = client_file(client.certificate_file)
    assert (facts.key_present, facts.key_opens, facts.key_matches, len(facts.certificates)) == (False, None, None, 1)
    assert facts.openssl_error is not None


def test_a_client_file_without_certificate(client: Identity) -> None:
    facts = client_file(client.key_file)
    assert (facts.key_present, facts.key_opens, facts.key_matches, facts.certificates) == (True, True, None, ())


def test_a_key_that_does_not_belong_to_the_certificate(authority: Authority, client: Identity) -> None:
    facts = client_file(client.with_key_of(authority.client("other")))
    assert (facts.key_opens, facts.key_matches) == (True, False)
    assert facts.openssl_error == "X509 KEY_VALUES_MISMATCH"


def test_a_certificate_that_is_not_the_first_does_not_fit(
    authority: Authority, client: Identity, tmp_path: Path
) -> None:
    facts = client_file(written(tmp_path, authority.ca_file.read_bytes() + client.certificate_key_file.read_bytes()))
    assert (facts.key_matches, facts.certificates[0].is_ca) == (False, True)


def test_swapped_files_show_the_authority_and_the_key_in_the_wrong_place(
    authority: Authority, client: Identity
) -> None:
    tls = Tls(ca_file=str(client.certificate_key_file), certificate_key_file=str(authority.ca_file))
    as_ca, as_client = inspect_files(Profile(tls=tls), {}, NOW)
    assert (as_ca.key_present, as_ca.certificates[0].is_ca) == (True, False)
    assert (as_client.key_present, as_client.certificates[0].is_ca) == (False, True)


def test_binary_forms_are_told_apart(client: Identity, tmp_path: Path) -> None:
    key = client.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert client_file(client.der()).format is FileFormat.DER
    assert client_file(written(tmp_path, key)).format is FileFormat.DER
    assert client_file(client.pkcs12("secret")).format is FileFormat.PKCS12
    assert client_file(written(tmp_path, b"\xfe\xed\xfe\xed\0\0\0\x02rest")).format is FileFormat.JKS
    assert client_file(written(tmp_path, b"\xce\xce\xce\xce\0\0\0\x02rest")).format is FileFormat.JKS
    assert client_file(written(tmp_path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")).format is FileFormat.BINARY
    assert client_file(written(tmp_path, b"0123456789 is text")).format is FileFormat.TEXT
    facts = client_file(client.der())
    assert (facts.certificates, facts.damaged) == ((), None)


def test_a_bundle_of_another_pem_kind_holds_no_certificate(client: Identity, tmp_path: Path) -> None:
    bundle = pkcs7.serialize_certificates([client.certificate], serialization.Encoding.PEM)
    facts = ca_file(written(tmp_path, bundle))
    assert (facts.format, facts.certificates, facts.damaged) == (FileFormat.PEM, (), None)


def test_an_openssh_key_is_no_key_for_tls(client: Identity, tmp_path: Path) -> None:
    key = client.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    assert client_file(written(tmp_path, client.certificate_file.read_bytes() + key)).key_present is False


# ---------------------------------------------------------------- untidy and damaged PEM


def test_untidy_pem_is_read_as_openssl_reads_it(authority: Authority, tmp_path: Path) -> None:
    tidy = authority.ca_file.read_bytes()
    begin, *middle, end = tidy.strip().split(b"\n")
    variants = {
        "CRLF": tidy.replace(b"\n", b"\r\n"),
        "byte order mark": b"\xef\xbb\xbf" + tidy,
        "text around": b"Subject: CN=Lab CA\n-----\n" + tidy + b"the end: really\n",
        "no last line end": tidy.rstrip(),
        "one long line": b"\n".join([begin, b"".join(middle), end]),
        "blanks at line ends": tidy.replace(b"\n", b" \n"),
        "X509 CERTIFICATE": tidy.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
    }
    for what, data in variants.items():
        facts = ca_file(written(tmp_path, data))
        assert (facts.damaged, len(facts.certificates), facts.openssl_error) == (None, 1, None), what


def test_damaged_pem_is_named(authority: Authority, tmp_path: Path) -> None:
    tidy = authority.ca_file.read_bytes()
    lines = tidy.splitlines(keepends=True)
    cut, bad = "cut off in the middle of a block", "not decodable"
    variants = [
        (b"".join(lines[:4]), cut, 0),
        (tidy + b"".join(lines[:4]), cut, 1),
        (b"".join(lines[3:]), cut, 0),
        (b"".join(lines[:3]) + tidy, cut, 1),
        (tidy.rstrip() + tidy, JOINED, 0),
        (b"".join([lines[0], b"!!! not base64 !!!\n", *lines[1:]]), bad, 0),
        (b"".join([lines[0], *lines[3:]]), bad, 0),
        (tidy + b"-----BEGIN CERTIFICATE-----\nMIIAAAAA\n-----END CERTIFICATE-----\n", bad, 1),
        (b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", bad, 0),
        (tidy.decode().encode("utf-16"), "saved as UTF-16 text", 0),
        (tidy.replace(b"\n", b"\\n"), ESCAPED, 0),
    ]
    for data, damaged, certificates in variants:
        facts = ca_file(written(tmp_path, data))
        assert facts.openssl_error is not None, data
        assert (facts.damaged, len(facts.certificates)) == (damaged, certificates), data


def test_a_damaged_key_is_not_taken_for_a_wrong_password(client: Identity, tmp_path: Path) -> None:
    lines = client.key_file.read_bytes().splitlines(keepends=True)
    facts = client_file(written(tmp_path, client.certificate_file.read_bytes() + b"".join([lines[0], *lines[2:]])))
    assert (facts.key_present, facts.key_encrypted, facts.key_opens) == (True, False, False)
    assert facts.damaged == "not decodable"


def test_oddities_that_openssl_overlooks_are_no_damage(client: Identity, tmp_path: Path) -> None:
    facts = client_file(written(tmp_path, client.certificate_key_file.read_bytes() + b"-----END NOTHING-----\n"))
    assert (facts.openssl_error, facts.damaged, facts.key_matches) == (None, None, True)


def test_a_block_of_any_bytes_never_raises() -> None:
    for data in (
        b"-----BEGIN -----",
        b"-----BEGIN X-----\n\xff:\n-----END X-----",
        b"-----END -----",
        b"\xff\xfe",
        b"0\x80",
    ):
        blocks, _ = blocks_of(data)
        assert all(isinstance(block, Block) for block in blocks)
        assert isinstance(format_of(data), FileFormat)


# ---------------------------------------------------------------- revocation lists


def test_a_revocation_list_shows_its_issuer_and_its_date(authority: Authority, client: Identity) -> None:
    facts = crl_file(authority.crl(client))
    assert (facts.crl_count, facts.crl_issuers, facts.crl_expired) == (1, ("O=Lab,CN=Lab CA",), False)
    assert facts.crl_next_update is not None
    assert datetime.datetime.fromisoformat(facts.crl_next_update) > NOW + 29 * DAY
    assert (facts.damaged, facts.openssl_error) == (None, None)


def test_a_revocation_list_out_of_date_is_expired(authority: Authority, tmp_path: Path) -> None:
    fresh, stale = authority.crl().read_bytes(), authority.crl(next_update=-DAY).read_bytes()
    assert crl_file(written(tmp_path, stale)).crl_expired
    both = crl_file(written(tmp_path, fresh + stale))
    assert (both.crl_count, both.crl_expired, len(both.crl_issuers)) == (2, True, 1)


def test_a_damaged_revocation_list_is_named(authority: Authority, tmp_path: Path) -> None:
    lines = authority.crl().read_bytes().splitlines(keepends=True)
    facts = crl_file(written(tmp_path, b"".join([lines[0], *lines[2:]])))
    assert (facts.crl_count, facts.damaged) == (0, "not decodable")


def test_a_revocation_list_in_binary_form_is_told(authority: Authority, tmp_path: Path) -> None:
    (block,), _ = blocks_of(authority.crl().read_bytes())
    assert block.der is not None
    assert crl_file(written(tmp_path, block.der)).format is FileFormat.DER


# ---------------------------------------------------------------- + in a path


def test_a_plus_that_became_a_space_is_found_in_the_text(authority: Authority, tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    folder.mkdir()
    path = folder / "ca+inter.pem"
    shutil.copy(authority.ca_file, path)
    typed = quote(str(path), safe="/+:\\")
    decoded = str(path).replace("+", " ")
    facts = ca_file(decoded, raw=f"mongodb://h/?tls=true&TLSCAFile={typed}&appName=x")
    assert (facts.readable, facts.literal_plus_path) == (Readable.NOT_FOUND, str(path))
    assert ca_file(decoded, raw=f"mongodb://h/?tlsCAFile={quote(decoded)}").literal_plus_path is None


def test_a_plus_that_became_a_space_is_guessed_without_the_text(authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "ca+inter.pem"
    shutil.copy(authority.ca_file, path)
    assert ca_file(tmp_path / "ca inter.pem").literal_plus_path == str(path)
    assert ca_file(tmp_path / "no such.pem").literal_plus_path is None
    assert ca_file(path).readable is Readable.OK


# ---------------------------------------------------------------- before the driver opens them


def opening(timeout_s: float = 5.0, **tls: str) -> Mistake | None:
    return loops.run(unopenable(Profile(tls=Tls(**tls)), timeout_s))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_pipe_is_told_before_the_driver_waits_for_it(tmp_path: Path, authority: Authority) -> None:
    os.mkfifo(tmp_path / "pipe")
    mistake = opening(ca_file=str(authority.ca_file), crl_file=str(tmp_path / "pipe"))
    assert mistake is not None
    assert (mistake.cause, mistake.fields) == (NO_FILE, ("tlsCRLFile",))


def test_a_drive_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    back = threading.Event()
    monkeypatch.setattr(files, "_read", lambda *_: back.wait() and (b"", 0))
    mistake = opening(0.05, ca_file=str(authority.ca_file))
    back.set()
    assert mistake is not None
    assert (mistake.cause, mistake.blanks["s"]) == (NO_ANSWER, "0.05")


def test_whatever_else_is_wrong_with_a_file_the_driver_may_say(tmp_path: Path, authority: Authority) -> None:
    assert opening() is None
    assert opening(ca_file=str(authority.ca_file)) is None
    for path in (tmp_path, tmp_path / "missing", tmp_path / "nul\0"):
        assert opening(ca_file=str(path)) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_default_authorities_that_are_a_pipe_are_told_before_the_driver_waits_for_them(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv(variable, str(tmp_path / "pipe"))
    ready = loops.run(prepared(Request(text="mongodb://h/?tls=true")))
    assert [(one.cause, one.blanks["option"]) for one in ready.mistakes] == [(NO_FILE, variable)]
    for text in ("mongodb://h/", f"mongodb://h/?tls=true&tlsCAFile={quote(str(authority.ca_file))}"):
        assert loops.run(prepared(Request(text=text))).usable, "they are not asked for"
