"""The smoke test of an archive: unpacked as a user does, it checks a real mongod and paints its window.

Run by the virtual environment's Python:  python packaging/smoke.py ARCHIVE ...
                                          python packaging/smoke.py --by-wine    the program for Windows, on Linux
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import wine

from clearline.cli.mongod import PrivateMongod

UNLIKE = ("PYTHON", "VIRTUAL_ENV", "QT_", "LD_", "DYLD_", "SSL_")
"""How variables begin that no user has: nothing of this Python may help the program."""


def unpacked(archive: Path, folder: Path) -> Path:
    """The program's file, from an archive that was unpacked into a folder with a space and a letter outside ASCII."""
    place = folder / "My Prögrams"
    place.mkdir()
    if archive.suffix == ".zip" and sys.platform == "darwin":
        subprocess.run(["ditto", "-x", "-k", str(archive), str(place)], check=True)
    elif archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as files:
            files.extractall(place)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(place, filter="data")
    names = ("clearline/clearline.exe", "clearline/clearline", "Clearline.app/Contents/MacOS/clearline")
    return next(place / name for name in names if (place / name).is_file())


def tried(archive: Path, address: str, folder: Path) -> None:
    """Raises `SystemExit` with what the program said when something is wrong."""
    program = unpacked(archive, folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(UNLIKE)}
    environ = {**kept, "CLEARLINE_HOME": str(folder / "home"), "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "")}
    environ = {name: value for name, value in environ.items() if value}

    def said(*words: str) -> str:
        ended = subprocess.run(
            [program, *words], env=environ, capture_output=True, encoding="utf-8", timeout=180, check=False
        )
        if ended.returncode:
            raise SystemExit(
                f"{archive.name}: {' '.join(words)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
            )
        return ended.stdout

    report = json.loads(said("check", address, "--json"))
    print(f"{archive.name}: {report['verdict']} in {report['verdict_ms']:.0f} ms")
    print(said("self-test", address, "--picture", str(archive.with_name(f"{archive.name}.png"))))


def tried_by_wine(root: Path) -> None:
    """The program for Windows in dist/windows; its window is photographed into build/windows-window.png."""
    machine = wine.Wine(root / ".cache" / "wine", root, lambda _: None)
    folder, picture = r"Z:\source\dist\windows\clearline", root / "build" / "windows-window.png"
    picture.unlink(missing_ok=True)

    def said(*command: str) -> str:
        ended = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=False)
        if ended.returncode:
            raise SystemExit(f"{command[-3:]} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        return ended.stdout

    with PrivateMongod() as server:
        report = json.loads(said(*machine.command(rf"{folder}\clearline.exe", "check", server.address, "--json")))
        print(f"clearline.exe: {report['verdict']} in {report['verdict_ms']:.0f} ms, {report['computer']['system']}")
        window = rf"{folder}\clearline-window.exe"
        photograph = ["self-test", server.address, "--picture", r"Z:\source\build\windows-window.png"]
        said(*machine.command(window, *photograph, screen=True))
    if not picture.is_file():
        raise SystemExit("The window was not photographed.")
    print(f"clearline-window.exe: its window is in {picture}")


def main(words: list[str]) -> None:
    """Try each archive, or the program for Windows."""
    if words == ["--by-wine"]:
        tried_by_wine(Path(__file__).resolve().parent.parent)
        return
    archives = [Path(word) for word in words]
    if not archives:
        raise SystemExit("Name the archives.")
    with PrivateMongod() as server:
        for archive in archives:
            with tempfile.TemporaryDirectory(prefix="clearline-smoke-") as folder:
                tried(archive.resolve(), server.address, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
