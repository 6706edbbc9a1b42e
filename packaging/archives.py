"""What users download, made of the program: archives, a Debian package, an AppDir. Each time the same bytes."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Iterator  # noqa: UP035 (dev.py imports this on an older Python too)

import bundle
import sbom

NAME = "org.clearline.Clearline"
"""Of the desktop entry, its metainfo and its icon."""
HERE = Path(__file__).resolve().parent / "linux"
NEEDS = "libc6 (>= {libc}), libgl1, libegl1, libxcb1, libfontconfig1, fonts-dejavu-core | fonts-liberation"
"""What the Debian package takes from the system, as package names of Debian and Ubuntu."""
PROPOSES = "libwayland-client0, libwayland-cursor0, libwayland-egl1, gnome-keyring | kwalletmanager, xdg-utils"


def below(folder: Path) -> Iterator[Path]:
    """Everything below a folder, sorted by its name."""
    return iter(sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()))


def packages(root: Path, version: str, when: int) -> list[Path]:
    """Everything that can be made of the programs in ``dist``, into ``dist/packages``; dated ``when``."""
    folder = root / "dist" / "packages"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    icons, svg = root / "build" / "icons", root / "resources" / "icons" / "clearline.svg"
    program, machine = root / "dist" / "clearline", platform.machine()
    if sys.platform == "linux" and program.is_dir():
        name = f"clearline-{version}-linux-{machine}"
        tar_xz(program, folder / f"{name}.tar.xz", when)
        libc = ".".join(map(str, max(bundle.floor_of(program).values())))
        debian = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
        deb = folder / f"clearline_{version}_{debian}.deb"
        debian_package(program, deb, version=version, when=when, libc=libc, architecture=debian, icons=icons, svg=svg)
        app_dir(program, folder / "Clearline.AppDir", icons=icons, svg=svg)
    elif sys.platform == "darwin" and (app := root / "dist" / "Clearline.app").is_dir():
        ditto = ["ditto", "-c", "-k", "--keepParent", str(app)]  # keeps the links and signatures of the app
        subprocess.run([*ditto, str(folder / f"Clearline-{version}-macos-{machine}.zip")], check=True)
    for windows in (root / "dist" / "windows" / "clearline", program):
        if (windows / "clearline.exe").is_file():
            zipped(windows, folder / f"clearline-{version}-windows-x86_64.zip", when)
    for made in (*sorted(folder.glob("*.tar.xz")), *sorted(folder.glob("*.zip"))):
        source = root / "dist" / ("windows/clearline" if "windows" in made.name else "clearline")
        sbom.write(source if source.is_dir() else program, made.with_name(f"{made.name}.cdx.json"), version)
    return sorted(path for path in folder.iterdir() if path.is_file())


def tar_xz(folder: Path, target: Path, when: int, root: str | None = None) -> None:
    """The folder as ``target``, under the name ``root`` (its own if None), everything dated ``when``."""
    with tarfile.open(target, "w:xz", format=tarfile.GNU_FORMAT, preset=9) as tar:
        _fill(tar, folder, root or folder.name, when)


def zipped(folder: Path, target: Path, when: int, root: str | None = None) -> None:
    """The folder as a zip file: for Windows, which opens no other kind by a double click. Links become files."""
    moment = max(datetime.fromtimestamp(when, UTC), datetime(1980, 1, 1, tzinfo=UTC))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in below(folder):
            if path.is_file():
                name = f"{root or folder.name}/{path.relative_to(folder).as_posix()}"
                info = zipfile.ZipInfo(name, moment.timetuple()[:6])
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
                info.create_system = 3
                archive.writestr(info, path.read_bytes())


def _fill(tar: tarfile.TarFile, folder: Path, root: str, when: int) -> None:
    for path in (folder, *below(folder)):
        inside = path.relative_to(folder).as_posix()
        info = tar.gettarinfo(str(path), root if inside == "." else f"{root}/{inside}")
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        info.mtime = when
        if info.islnk():  # a second name of one file: the content counts, not how the disk keeps it
            info.type, info.size, info.linkname = tarfile.REGTYPE, path.stat().st_size, ""
        if not info.issym():
            info.mode = 0o755 if info.isdir() or info.mode & stat.S_IXUSR else 0o644
        if info.isreg():
            with path.open("rb") as file:
                tar.addfile(info, file)
        else:
            tar.addfile(info)


def shared_files(icons: Path, svg: Path) -> dict[str, bytes]:
    """What belongs below ``share`` on Linux: desktop entry, metainfo, file type, icons; by path."""
    found = {
        f"applications/{NAME}.desktop": (HERE / f"{NAME}.desktop").read_bytes(),
        f"metainfo/{NAME}.metainfo.xml": (HERE / f"{NAME}.metainfo.xml").read_bytes(),
        f"mime/packages/{NAME}.xml": (HERE / f"{NAME}.mime.xml").read_bytes(),
        f"icons/hicolor/scalable/apps/{NAME}.svg": svg.read_bytes(),
        "man/man1/clearline.1": (HERE.parents[1] / "resources" / "man" / "clearline.1").read_bytes(),
    }
    for png in sorted(icons.glob("clearline-*.png")):
        size = png.stem.rsplit("-", 1)[1]
        found[f"icons/hicolor/{size}x{size}/apps/{NAME}.png"] = png.read_bytes()
    return found


def control(version: str, size: int, libc: str, architecture: str) -> str:
    """The control file of the Debian package; ``size`` in bytes, ``libc`` the oldest glibc that serves."""
    return (
        f"Package: clearline\nVersion: {version}\nArchitecture: {architecture}\nSection: database\nPriority: optional\n"
        f"Maintainer: Clearline <clearline@users.noreply.github.com>\nInstalled-Size: {-(-size // 1024)}\n"
        f"Depends: {NEEDS.format(libc=libc)}\nRecommends: {PROPOSES}\n"
        "Description: Tests MongoDB connections and says what is wrong with them\n"
        " Paste a connection string, press Test, and read the one true cause in plain words,\n"
        " with its proof and what to do. The same check runs in terminals, pods and jobs.\n"
    )


def debian_package(
    program: Path, target: Path, *, version: str, when: int, libc: str, architecture: str, icons: Path, svg: Path
) -> None:
    """A .deb of the program, by dpkg-deb: below /opt/clearline, with `clearline` on the PATH."""
    tree = target.with_suffix(".tree")
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(program, tree / "opt" / "clearline", symlinks=True)
    for name, content in shared_files(icons, svg).items():
        _put(tree / "usr" / "share" / name, content)
    link = tree / "usr" / "bin" / "clearline"
    link.parent.mkdir(parents=True)
    link.symlink_to("/opt/clearline/clearline")
    size = sum(path.stat().st_size for path in program.rglob("*") if path.is_file() and not path.is_symlink())
    _put(tree / "DEBIAN" / "control", control(version, size, libc, architecture).encode())
    for path in (tree, *below(tree)):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    environ = {**os.environ, "SOURCE_DATE_EPOCH": str(when)}
    build = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(tree), str(target)]
    subprocess.run(build, env=environ, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)


def app_dir(program: Path, target: Path, *, icons: Path, svg: Path) -> None:
    """The folder that `appimagetool` makes an AppImage of."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(program, target / "usr" / "lib" / "clearline", symlinks=True)
    for name, content in shared_files(icons, svg).items():
        _put(target / "usr" / "share" / name, content)
    _put(target / f"{NAME}.desktop", (HERE / f"{NAME}.desktop").read_bytes())
    _put(target / f"{NAME}.png", (icons / "clearline-256.png").read_bytes())
    (target / ".DirIcon").symlink_to(f"{NAME}.png")
    (target / "AppRun").symlink_to("usr/lib/clearline/clearline")


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
