"""Every kind of file that people take for a certificate, looked at and converted with the real openssl."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path, PureWindowsPath

import pytest

from clearline.core.facts.computer import FileFacts, FileFormat, Readable
from clearline.core.findings import Severity
from clearline.core.inspection import file_report
from clearline.core.inspection.file_report import FileReport, inspect_file, report_of, with_variables
from clearline.core.secrets.secret import Secret
from clearline.core.tls.conversions import CA, CLIENT, CRL, Der, conversions
from lab.certificates import DAY, Authority, Identity

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command here")


@pytest.fixture
def lab(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def client(lab: Authority) -> Identity:
    return lab.client("app")


def look(option: str, path: Path | str, password: str | None = None, env_file: Path | None = None) -> FileReport:
    return inspect_file(option, str(path), Secret(password) if password else None, str(env_file) if env_file else None)


def line(report: FileReport, label: str) -> str:
    return next(line.words for line in report.lines if line.label == label)


def test_a_good_client_certificate_is_described(client: Identity) -> None:
    report = look(CLIENT, client.certificate_key_file)
    assert report.kind == "PEM: 1 certificate and private key"
    assert line(report, "Subject") == client.subject
    assert "CN=Lab CA" in line(report, "Issuer")
    assert "364 days left" in line(report, "Valid") or "365 days left" in line(report, "Valid")
    assert line(report, "Key") == "not encrypted, belongs to the certificate"
    assert report.good


def test_a_ca_file_says_whom_it_makes_trusted(lab: Authority, tmp_path: Path) -> None:
    one = look(CA, lab.ca_file)
    assert one.kind == "PEM: 1 authority"
    assert (line(one, "Issuer"), one.good) == ("itself", True)
    other = Authority(tmp_path, "Short CA", ends=10.5 * DAY)
    both = tmp_path / "both.pem"
    both.write_bytes(lab.ca_file.read_bytes() + other.ca_file.read_bytes())
    two = look(CA, both)
    assert two.kind == "PEM: 2 authorities"
    assert line(two, "Holds") == "Lab CA, Short CA"
    assert "Short CA: until" in line(two, "Valid")
    assert "only 10 days left" in line(two, "Valid")


def test_the_keys_password_decides_what_is_said_of_the_key(client: Identity) -> None:
    path = client.encrypted("right")
    assert line(look(CLIENT, path), "Key") == "encrypted, needs its password"
    assert line(look(CLIENT, path, "wrong"), "Key") == "encrypted, does not open with this password"
    right = look(CLIENT, path, "right")
    assert line(right, "Key") == "encrypted, opens with the password, belongs to the certificate"
    assert right.good


def test_a_key_of_another_certificate_is_told(client: Identity, lab: Authority) -> None:
    report = look(CLIENT, client.with_key_of(lab.client("other")))
    assert line(report, "Key") == "not encrypted, belongs to another certificate"
    assert "do not belong together" in report.problems[0].title


def test_an_expired_client_certificate_is_a_failure_and_one_that_ends_soon_a_warning(lab: Authority) -> None:
    expired = look(CLIENT, lab.client(ends=-2.5 * DAY).certificate_key_file)
    assert expired.problems[0].severity is Severity.FAILURE
    assert "2 days ago" in expired.problems[0].title
    soon = look(CLIENT, lab.client(ends=3.5 * DAY).certificate_key_file)
    assert soon.problems[0].severity is Severity.WARNING


def test_a_revocation_list_is_dated(lab: Authority) -> None:
    good = look(CRL, lab.crl())
    assert good.kind == "PEM: 1 revocation list"
    assert good.good
    old = look(CRL, lab.crl(next_update=-1 * DAY))
    assert "out of date" in old.problems[0].title


def test_a_certificate_of_a_server_is_no_authority(lab: Authority) -> None:
    report = look(CA, lab.server().certificate_file)
    assert report.problems[0].severity is Severity.WARNING
    assert "localhost is no authority" in report.problems[0].title


def test_a_private_key_in_a_ca_file_is_warned_about(lab: Authority) -> None:
    assert any("no private key" in problem.title for problem in look(CA, lab.server().certificate_key_file).problems)


def test_what_is_no_file_is_said_with_its_path(tmp_path: Path) -> None:
    assert look(CA, tmp_path / "none.pem").kind == "no such file"
    assert str(tmp_path / "none.pem") in look(CA, tmp_path / "none.pem").problems[0].title
    assert look(CA, tmp_path).kind == "a folder"
    assert look(CA, "x\0y").kind == "a file that cannot be read"
    assert look(CA, "/" + "a" * 5000).problems


def test_a_reference_in_the_path_is_resolved(lab: Authority, tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(f"LAB_CA={lab.ca_file}\n")
    assert look(CA, "${LAB_CA}", env_file=env_file).good
    unknown = look(CA, "${NO_SUCH_VARIABLE_HERE}")
    assert unknown.kind == "no such file"


@needs_openssl
def test_the_command_for_der_makes_a_file_that_is_good(lab: Authority, tmp_path: Path) -> None:
    path = tmp_path / "it's a ca.der"
    path.write_bytes(Identity.der(lab.server()).read_bytes())
    report = look(CA, path)
    assert report.kind == "DER: certificate"
    [command] = report.problems[0].commands
    subprocess.run(command, shell=True, check=True, capture_output=True)
    assert look(CA, path.with_suffix(".pem")).kind == "PEM: 1 certificate"


@needs_openssl
def test_the_command_for_pkcs12_makes_a_file_that_is_good(client: Identity) -> None:
    path = client.pkcs12("pw")
    report = look(CLIENT, path)
    assert report.kind == "PKCS#12 (.p12, .pfx)"
    [command] = report.problems[0].commands
    command += " -passin env:PW -passout env:PW"  # instead of the terminal, at which it asks
    subprocess.run(command, shell=True, check=True, capture_output=True, env={**os.environ, "PW": "pw"})
    converted = look(CLIENT, path.with_suffix(".pem"), "pw")
    assert (converted.kind, converted.good) == ("PEM: 1 certificate and private key", True)


@needs_openssl
def test_the_command_for_pkcs7_makes_a_file_that_is_good(lab: Authority, tmp_path: Path) -> None:
    for form in ("DER", "PEM"):
        path = tmp_path / f"chain-{form}.p7b"
        make = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", lab.ca_file, "-outform", form, "-out", path]
        subprocess.run(make, check=True, capture_output=True)
        report = look(CA, path)
        assert report.kind == f"{form}: PKCS#7 bundle"
        [command] = report.problems[0].commands
        subprocess.run(command, shell=True, check=True, capture_output=True)
        made = path.with_suffix(".pem") if form == "DER" else tmp_path / "chain-PEM-converted.pem"
        assert look(CA, made).good


@needs_openssl
@pytest.mark.parametrize("kind", ["crl", "pkey"])
def test_the_command_fits_what_the_binary_file_holds(lab: Authority, tmp_path: Path, kind: str) -> None:
    source = lab.crl() if kind == "crl" else lab.server().key_file
    path = tmp_path / "binary.der"
    convert = ["openssl", kind, "-in", source, "-outform", "der", "-out", path]
    subprocess.run(convert, check=True, capture_output=True)
    [command] = look(CRL, path).problems[0].commands
    assert command.startswith(f"openssl {kind} -inform der")


@pytest.mark.skipif(shutil.which("iconv") is None, reason="no iconv command here")
def test_the_command_for_a_file_that_powershell_wrote_makes_one_that_is_good(lab: Authority, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(lab.ca_file.read_text().encode("utf-16"))
    report = look(CA, path)
    [command] = report.problems[0].commands
    subprocess.run(command, shell=True, check=True, capture_output=True)
    assert look(CA, tmp_path / "ca-converted.pem").good


def test_a_certificate_without_its_key_gets_the_command_that_joins_them(client: Identity) -> None:
    report = look(CLIENT, client.certificate_file)
    assert line(report, "Key") == "missing"
    [command] = report.problems[0].commands
    assert command.startswith(f"cat {client.certificate_file} the-key.pem > ")
    assert "in place of the-key.pem" in report.problems[0].fix


def test_windows_gets_commands_for_its_own_shell() -> None:
    facts = FileFacts(
        option=CA, path=r"C:\Users\O'Neil\ca file.pem", readable=Readable.OK, damaged="saved as UTF-16 text"
    )
    [command] = conversions(facts, None, windows=True)
    assert command.startswith(r"Get-Content 'C:\Users\O''Neil\ca file.pem' | Set-Content -Encoding ascii")


def test_a_java_key_store_takes_two_steps_for_a_client_and_one_for_authorities() -> None:
    store = FileFacts(option=CLIENT, path="/x/store.jks", readable=Readable.OK, format=FileFormat.JKS)
    first, second = report_of(store, windows=False).problems[0].commands
    assert first.endswith("-destkeystore /x/store.p12 -deststoretype PKCS12")
    assert second == "openssl pkcs12 -in /x/store.p12 -out /x/store.pem"
    trust = FileFacts(option=CA, path="/x/trust.jks", readable=Readable.OK, format=FileFormat.JKS)
    assert conversions(trust, None, windows=False) == ("keytool -list -rfc -keystore /x/trust.jks > /x/trust.pem",)


@pytest.mark.parametrize("data", [b"", b"\0" * 50, b"hello", b"\x30\x82\xff\xff", b"-----BEGIN CERTIFICATE-----\nx"])
@pytest.mark.parametrize("option", [CA, CLIENT, CRL])
def test_no_content_raises(tmp_path: Path, data: bytes, option: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    report = look(option, path, "pw")
    assert report.problems
    assert report.facts.format is not None


def test_every_binary_kind_has_a_command() -> None:
    facts = FileFacts(option=CA, path="/x/a.cer", readable=Readable.OK, format=FileFormat.DER)
    assert all(conversions(facts, kind, windows=False) for kind in Der)


ODD_FOLDERS = ("a b", "x;touch p #", "$(id)", "`id`", "it's", 'say "no"', "-in", "a&b", "‘curled’", "%TEMP%", "a\nb")


@pytest.mark.parametrize("folder", ODD_FOLDERS)
@pytest.mark.parametrize("windows", [False, True])
def test_a_path_is_one_word_of_every_command(folder: str, windows: bool) -> None:
    path = f"{folder}/key.p12"
    facts = FileFacts(option="tlsCertificateKeyFile", path=path, readable=Readable.OK, format=FileFormat.PKCS12)
    commands = report_of(facts, windows=windows).problems[0].commands
    if "\n" in folder:
        assert commands == ()
        return
    [command] = commands
    if windows:
        quoted = re.findall("'((?:[^'‘’]|['‘’]{2})*)'", command)
        read = [re.sub("(['‘’])['‘’]", r"\1", word) for word in quoted]
        assert [PureWindowsPath(word).as_posix() for word in read] == [path, path[:-3] + "pem"] or not quoted
    else:
        words = shlex.split(command)
        prefix = "./" if folder.startswith("-") else ""
        assert words[:4] == ["openssl", "pkcs12", "-in", prefix + path]


def test_a_file_on_another_computer_is_not_opened_to_show_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (far / ".env").write_text("NAME=ca.pem\n")
    (far / "ca.pem").write_text("no certificate")
    monkeypatch.setattr(file_report, "on_another_computer", lambda path: path.startswith(str(far)))
    report = look(CA, far / "ca.pem")
    assert (report.lines, report.problems, report.good) == ((), (), False)
    assert "another computer" in report.kind
    monkeypatch.setenv("NAME", "of-this-computer")
    assert with_variables("${NAME}", str(far / ".env")) == "${NAME}", "nor is its file of variables"
    assert look(CA, far / "${NAME}").kind == report.kind, "and no value is sent there in a path"
