"""What the program carries and what it leaves out, decided by functions; and what the empty ICU data changes."""

from __future__ import annotations

import json
import os
import plistlib
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import bundle
import pytest
from PyInstaller.archive.writers import ZlibArchiveWriter
from PyInstaller.loader.pyimod01_archive import ZlibArchiveReader

from clearline import __version__

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="ELF libraries")
QT = "PySide6/Qt/plugins"


@pytest.mark.parametrize(
    ("name", "platform", "out"),
    [
        (f"{QT}/platforms/libqxcb.so", "linux", False),
        (f"{QT}/platforms/libqvnc.so", "linux", True),
        (f"{QT}/wayland-decoration-client/libbradient.so", "linux", False),
        (f"{QT}/wayland-decoration-client/libadwaita.so", "linux", False),
        (f"{QT}/sqldrivers/libqsqlite.so", "linux", True),
        ("PySide6/Qt/translations/qt_de.qm", "linux", True),
        ("PySide6\\plugins\\platforms\\qwindows.dll", "win32", False),
        ("PySide6\\opengl32sw.dll", "win32", True),
        ("PySide6\\Qt6Network.dll", "win32", True),
        ("icuuc.dll", "win32", True),
        ("PySide6\\Qt6Core.dll", "win32", False),
        ("PySide6/Qt/lib/libicuuc.so.73", "linux", False),
    ],
)
def test_what_is_left_out(name: str, platform: str, out: bool) -> None:
    assert bundle.left_out(name, platform) is out


def test_only_libraries_that_a_remaining_file_needs_stay() -> None:
    files = [
        ("PySide6/QtGui.abi3.so", "site-packages/PySide6/QtGui.abi3.so", "EXTENSION"),
        ("libQt6Gui.so.6", "site-packages/PySide6/Qt/lib/libQt6Gui.so.6", "BINARY"),
        ("libglib.so.0", "/usr/lib/libglib.so.0", "BINARY"),
        ("libgtk.so.3", "/usr/lib/libgtk.so.3", "BINARY"),
    ]
    imports = {files[0][1]: [("libQt6Gui.so.6", None)], files[1][1]: [("libglib.so.0", "/usr/lib/libglib.so.0")]}
    kept = bundle.needed(files, lambda source: imports.get(source, []))
    assert [name for name, _, _ in kept] == ["PySide6/QtGui.abi3.so", "libQt6Gui.so.6", "libglib.so.0"]


def test_a_build_without_the_platform_plugin_is_told(tmp_path: Path) -> None:
    libraries = ("_internal/PySide6/Qt6Gui.dll", "_internal/python313.dll")
    for part in ("clearline.exe", "clearline-window.exe", "_internal/modules.pyz", *libraries):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / part).touch()
    assert bundle.missing_parts(tmp_path, "win32") == ["platforms/qwindows.dll"]
    (tmp_path / "_internal/PySide6/plugins/platforms").mkdir(parents=True)
    (tmp_path / "_internal/PySide6/plugins/platforms/qwindows.dll").touch()
    assert bundle.missing_parts(tmp_path, "win32") == []


def test_the_programs_for_windows_read_their_modules_from_the_archive_that_they_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = {"entry": compile("", "entry.py", "exec")}
    ZlibArchiveWriter(str(tmp_path / "modules.pyz"), [("entry", "entry.py", "PYMODULE")], code)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    monkeypatch.setattr(sys, "_pyinstaller_pyz", "clearline.exe?4711", raising=False)
    runpy.run_path(str(Path(bundle.__file__).with_name("shared_archive.py")))
    assert "entry" in ZlibArchiveReader(vars(sys)["_pyinstaller_pyz"], check_pymagic=True).toc


@pytest.mark.parametrize(
    ("listing", "floor"),
    [
        ("0 w D *UND* 0 (GLIBC_2.2.5) free\n0 DF *UND* 0 GLIBC_2.34  __libc_start_main\n", (2, 34)),
        ("0 DF *UND* 0 (GLIBC_2.9) a\n0 DF *UND* 0 (GLIBC_2.17) b\n0 DF *UND* 0 (GLIBCXX_3.4.30) c", (2, 17)),
        ("nothing", (0,)),
    ],
)
def test_the_glibc_that_a_library_asks_for_is_read_from_its_symbols(listing: str, floor: tuple[int, ...]) -> None:
    assert bundle.glibc_floor(listing) == floor


def test_a_version_has_three_numbers() -> None:
    assert bundle.numbers("1.20.3") == (1, 20, 3)
    assert bundle.numbers("1.2.3rc4") == (1, 2, 3)


def test_the_app_of_macos_has_a_dock_icon_a_version_and_its_own_files() -> None:
    plist = plistlib.loads(plistlib.dumps(bundle.mac_plist(__version__)))
    assert plist["LSBackgroundOnly"] is False
    assert plist["CFBundleShortVersionString"] == __version__
    assert plist["NSLocalNetworkUsageDescription"]
    (kind,) = plist["CFBundleDocumentTypes"]
    (declared,) = plist["UTExportedTypeDeclarations"]
    assert kind["LSItemContentTypes"] == [declared["UTTypeIdentifier"]]
    assert declared["UTTypeTagSpecification"]["public.filename-extension"] == ["clearline.json"]


# ---------------------------------------------------------------- the empty ICU data

ASKS = Path(__file__).with_name("international_text.py")


@LINUX_ONLY
@pytest.mark.skipif(not (shutil.which("as") and shutil.which("ld")), reason="binutils make the library")
def test_without_icu_s_data_names_sort_move_fold_and_paint_as_before(tmp_path: Path) -> None:
    import PySide6

    (real,) = (Path(PySide6.__file__).parent / "Qt" / "lib").glob("libicudata.so.*")
    empty = tmp_path / real.name
    bundle.make_icu_data(empty)
    assert empty.stat().st_size < 20_000 < real.stat().st_size

    def said(**more: str) -> dict[str, object]:
        environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C.UTF-8", **more}
        ended = subprocess.run([sys.executable, ASKS], env=environ, capture_output=True, text=True, check=True)
        found: dict[str, object] = json.loads(ended.stdout)
        return found

    before, after = said(), said(LD_PRELOAD=str(empty))
    assert set(before) >= {"sorted", "words", "boundaries", "case", "painted"}
    assert {name for name in before if before[name] != after[name]} == set()


def test_nothing_in_the_window_asks_icu_for_an_order_or_a_conversion() -> None:
    """These would change with the empty data."""
    import clearline

    asked = ("QCollator", "localeAwareCompare", "QTimeZone", "QStringConverter", "QStringDecoder")
    source = Path(clearline.__file__).parent
    assert [p for p in source.rglob("*.py") if any(word in p.read_text("utf-8") for word in asked)] == []
