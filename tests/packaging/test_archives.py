"""Archives hold the program as it is, and hold the same bytes whenever and wherever they are made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import archives
import pytest

WHEN = 1_700_000_000
ROOT = Path(__file__).resolve().parents[2]
SVG = ROOT / "resources" / "icons" / "clearline.svg"
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="links and modes are POSIX")


def program(folder: Path, *, backwards: bool = False) -> Path:
    made = folder / "clearline"
    files = {"clearline": b"#!/bin/sh\necho hello\n", "_internal/b.so": b"b", "_internal/a/c": b"c" * 5000}
    for name, content in sorted(files.items(), reverse=backwards):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(content)
        os.utime(made / name, (folder.stat().st_ino % 1000, 5))
    (made / "clearline").chmod(0o775 if backwards else 0o755)
    (made / "_internal" / "link.so").symlink_to("b.so")
    return made


@POSIX_ONLY
def test_two_archives_of_the_same_program_are_the_same_bytes(tmp_path: Path) -> None:
    for make, end in ((archives.tar_xz, "tar.xz"), (archives.zipped, "zip")):
        made = []
        for name, backwards in (("one", False), ("two", True)):
            (tmp_path / name).mkdir(exist_ok=True)
            folder = program(tmp_path / name, backwards=backwards) if end == "tar.xz" else tmp_path / name / "clearline"
            make(folder, tmp_path / name / f"x.{end}", WHEN)
            made.append((tmp_path / name / f"x.{end}").read_bytes())
        assert made[0] == made[1]


@POSIX_ONLY
def test_a_tar_keeps_links_and_what_can_be_run_and_names_no_user(tmp_path: Path) -> None:
    archives.tar_xz(program(tmp_path), tmp_path / "x.tar.xz", WHEN)
    with tarfile.open(tmp_path / "x.tar.xz") as tar:
        members = {member.name: member for member in tar}
    assert list(members) == sorted(members)
    assert members["clearline/clearline"].mode == 0o755
    assert members["clearline/_internal/b.so"].mode == 0o644
    assert members["clearline/_internal/link.so"].linkname == "b.so"
    assert {(m.uid, m.gid, m.uname, m.mtime) for m in members.values()} == {(0, 0, "root", WHEN)}


def test_a_zip_has_one_folder_with_everything(tmp_path: Path) -> None:
    folder = tmp_path / "clearline"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "ü.txt").write_text("hello")
    archives.zipped(folder, tmp_path / "x.zip", WHEN)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.namelist() == ["clearline/a/ü.txt"]
        assert archive.testzip() is None


def pictures(folder: Path) -> Path:
    made = folder / "icons"
    made.mkdir()
    for size in (48, 256):
        (made / f"clearline-{size}.png").write_bytes(b"png")
    return made


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb makes the package")
def test_the_debian_package_puts_a_command_on_the_path_and_is_the_same_each_time(tmp_path: Path) -> None:
    icons, made = pictures(tmp_path), []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        deb = tmp_path / name / "clearline.deb"
        archives.debian_package(
            program(tmp_path / name),
            deb,
            version="1.2.3",
            when=WHEN,
            libc="2.34",
            architecture="amd64",
            icons=icons,
            svg=SVG,
        )
        made.append(deb.read_bytes())
    assert made[0] == made[1]
    field = subprocess.run(["dpkg-deb", "-f", deb, "Version", "Depends"], capture_output=True, text=True, check=True)
    assert "Version: 1.2.3" in field.stdout
    assert "libc6 (>= 2.34)" in field.stdout
    listing = subprocess.run(["dpkg-deb", "-c", deb], capture_output=True, text=True, check=True).stdout
    for line in (
        "./usr/bin/clearline -> /opt/clearline/clearline",
        f"./usr/share/applications/{archives.NAME}.desktop",
        f"./usr/share/icons/hicolor/48x48/apps/{archives.NAME}.png",
    ):
        assert line in listing
    assert {row.split()[1] for row in listing.splitlines()} == {"root/root"}


@POSIX_ONLY
def test_the_app_dir_starts_the_program_and_has_its_entry_on_top(tmp_path: Path) -> None:
    target = tmp_path / "Clearline.AppDir"
    archives.app_dir(program(tmp_path), target, icons=pictures(tmp_path), svg=SVG)
    assert subprocess.run([target / "AppRun"], capture_output=True, text=True, check=True).stdout == "hello\n"
    assert (target / f"{archives.NAME}.desktop").is_file()
    assert (target / ".DirIcon").read_bytes() == b"png"


# ---------------------------------------------------------------- what a Linux desktop reads


@pytest.mark.skipif(not shutil.which("desktop-file-validate"), reason="desktop-file-validate judges the entry")
def test_the_desktop_entry_is_valid() -> None:
    entry = archives.HERE / f"{archives.NAME}.desktop"
    told = subprocess.run(["desktop-file-validate", entry], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")


@pytest.mark.skipif(not shutil.which("appstreamcli"), reason="appstreamcli judges the metainfo")
def test_the_metainfo_is_valid() -> None:
    metainfo = archives.HERE / f"{archives.NAME}.metainfo.xml"
    told = subprocess.run(
        ["appstreamcli", "validate", "--no-net", metainfo], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout


def test_entry_metainfo_and_file_type_name_each_other() -> None:
    entry = (archives.HERE / f"{archives.NAME}.desktop").read_text()
    metainfo = ElementTree.parse(archives.HERE / f"{archives.NAME}.metainfo.xml").getroot()
    kind = ElementTree.parse(archives.HERE / f"{archives.NAME}.mime.xml").getroot()[0]
    assert f"MimeType={kind.attrib['type']};" in entry
    assert metainfo.findtext("id") == archives.NAME
    assert metainfo.findtext("launchable") == f"{archives.NAME}.desktop"
    assert metainfo.findtext("provides/mediatype") == kind.attrib["type"]
    pattern = next(element.attrib["pattern"] for element in kind if element.tag.endswith("glob"))
    assert pattern == "*.clearline.json"


@pytest.mark.skipif(not shutil.which("update-mime-database"), reason="update-mime-database reads the file type")
def test_a_profile_s_file_type_is_understood(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    shutil.copy(archives.HERE / f"{archives.NAME}.mime.xml", packages)
    subprocess.run(["update-mime-database", tmp_path], check=True)
    assert "application/vnd.clearline+json:*.clearline.json" in (tmp_path / "globs2").read_text()
