"""What a release says about its files: sums, notes, manifests, and what the program is made of."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import release
import sbom

URL = "https://example.test/releases/v1.2.3"
FILES = (
    "clearline-1.2.3-linux-x86_64.tar.xz",
    "clearline_1.2.3_amd64.deb",
    "clearline-1.2.3-windows-x86_64.zip",
    "Clearline-1.2.3-macos-arm64.zip",
    "Clearline-1.2.3-macos-x86_64.zip",
)
CHANGELOG = """\
# Changelog

## [Unreleased]

- Later.

## [1.2.3] - 2026-11-29

### Added

- This.

## [1.2.2]

- Old.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*FILES, "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def test_every_published_file_has_its_sum(folder: Path) -> None:
    assert release.sums(folder) == {name: digest(name) for name in sorted(FILES)}


def test_the_notes_are_what_the_changelog_says_of_that_version() -> None:
    assert release.notes(CHANGELOG, "1.2.3") == "### Added\n\n- This.\n"
    assert release.notes(CHANGELOG, "9.9.9") == "- Later.\n"
    with pytest.raises(ValueError, match="nothing about 1"):
        release.notes("# Changelog\n", "1")


def test_the_manifests_name_files_and_sums(folder: Path) -> None:
    release.main(folder, "1.2.3", URL)
    made = folder / "manifests"
    installer = (made / "winget" / "Clearline.Clearline.installer.yaml").read_text()
    assert f"InstallerUrl: {URL}/clearline-1.2.3-windows-x86_64.zip" in installer
    assert digest(FILES[2]).upper() in installer
    cask = (made / "homebrew" / "clearline.rb").read_text()
    assert digest(FILES[3]) in cask
    assert digest(FILES[4]) in cask
    assert "/Clearline-#{version}-macos-#{arch}.zip" in cask
    flatpak = (made / "flathub" / "org.clearline.Clearline.yaml").read_text()
    assert f"sha256: {digest(FILES[0])}" in flatpak
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == sorted(FILES)
    assert (made / "notes.md").read_text()


def test_a_file_that_is_missing_stops_the_release(folder: Path) -> None:
    (folder / FILES[3]).unlink()
    with pytest.raises(ValueError, match="macos-arm64"):
        release.main(folder, "1.2.3", URL)


def test_the_document_of_parts_names_packages_and_libraries_and_is_the_same_each_time(tmp_path: Path) -> None:
    texts = tmp_path / "_internal" / sbom.LICENCES
    texts.mkdir(parents=True)
    for name in ("pymongo 4.20.1", "Python 3.12.1", "clearline 1.2.3"):
        (texts / f"{name}.txt").touch()
    (tmp_path / "_internal" / "libX11.so.6").write_bytes(b"x11")
    (tmp_path / "_internal" / "readme.txt").write_bytes(b"no library")
    one, two = sbom.document(tmp_path, "1.2.3"), sbom.document(tmp_path, "1.2.3")
    assert one == two
    assert (one["bomFormat"], one["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", one["serialNumber"])
    names = {component["name"]: component for component in one["components"]}
    assert set(names) == {"pymongo", "Python", "_internal/libX11.so.6"}
    assert names["pymongo"]["purl"] == "pkg:pypi/pymongo@4.20.1"
    assert names["_internal/libX11.so.6"]["hashes"][0]["content"] == hashlib.sha256(b"x11").hexdigest()
    assert {one["dependencies"][0]["ref"]} == {"clearline"}
