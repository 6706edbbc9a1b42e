"""What goes into the program and what does not: the decisions of clearline.spec, as functions that a test can ask."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Callable, Iterable, Sequence, Tuple  # noqa: UP035 (dev.py imports this on an older Python too)

Entry = Tuple[str, str, str]  # noqa: UP006
"""A file as PyInstaller lists it: its name in the program, where it comes from, its kind."""

PLUGINS = re.compile(
    r"(platforms/(lib)?q(offscreen|xcb|wayland|windows|cocoa)"
    r"|platforminputcontexts/libq?(compose|ibus)"
    r"|platformthemes/libqxdgdesktopportal"
    r"|iconengines/(lib)?qsvgicon"
    r"|imageformats/(lib)?q(svg|ico)"
    r"|wayland-(decoration-client/lib(adwaita|bradient)|graphics-integration-client/libqt-plugin-wayland-egl"
    r"|shell-integration/libxdg-shell))[^/]*$"
)
"""Qt plugins that the window can need; the others drag in Qt Quick, SQL, printing, or GTK from the build host. Without
a decoration of its own (bradient) a window on Wayland has no title bar, and on some systems crashes."""

UNUSED_ON_WINDOWS = re.compile(r"(^|/)(opengl32sw|Qt6(Network|OpenGL|Pdf|VirtualKeyboard)|icu[a-z]*)\.dll$", re.I)
"""Software OpenGL (20 MB) and networks, which the window does not use; ICU, which is Windows' own."""

SLOW_HOOKS = frozenset({"pyi_rth_pyside6", "pyi_rth_inspect", "pyi_rth_pkgutil", "pyi_rth_multiprocessing"})
"""Hooks of PyInstaller that run at every start, `check` and `--version` included. The first imports Shiboken (30 to 50
ms); what it sets, the wheel's own qt.conf says too. The others serve what the program does not do: looking for sources,
walking packages, starting Pythons."""

FLOOR = (2, 34)
"""The oldest glibc that the wheels of PySide6 6.11 and cryptography run on: RHEL 9, Ubuntu 22.04, Debian 12."""

WHOLE_PROGRAM = {
    "linux": (
        "clearline",
        "clearline-program",
        "platforms/libqxcb.so",
        "platforms/libqwayland.so",
        "platforms/libqoffscreen.so",
    ),
    "win32": (
        "clearline.exe",
        "clearline-window.exe",
        "modules.pyz",
        "platforms/qwindows.dll",
        "Qt6Gui.dll",
        "python3??.dll",
    ),
    "darwin": ("clearline", "clearline-window", "platforms/libqcocoa.dylib"),
}
"""What a program cannot do without, by system."""


def posix(path: object) -> str:
    return str(path).replace("\\", "/")


def left_out(name: str, platform: str = sys.platform) -> bool:
    """Qt's translations (the window speaks English), plugins that are not in the list, libraries without a use."""
    name = posix(name)
    if platform == "win32" and UNUSED_ON_WINDOWS.search(name):
        return True
    plugin = re.search(r"PySide6/(Qt/)?plugins/(.+)", name)
    return bool(plugin and not PLUGINS.match(plugin[2])) or bool(re.match(r"PySide6/(Qt/)?translations/", name))


def needed(binaries: Sequence[Entry], imports_of: Callable[[str], Iterable[tuple[str, str | None]]]) -> list[Entry]:
    """Only the libraries that a remaining program file needs: the others came with plugins that were left out."""
    by_name = {Path(entry[0]).name: entry for entry in binaries}

    def is_root(name: str, source: str, kind: str) -> bool:
        own = "site-packages" in source and "/PySide6/Qt/lib/" not in source
        return kind == "EXTENSION" or own or Path(name).name.startswith("libpython")

    reachable, waiting = set(), [entry for entry in binaries if is_root(*entry)]
    while waiting:
        entry = waiting.pop()
        if entry not in reachable:
            reachable.add(entry)
            imports = (Path(path or library).name for library, path in imports_of(entry[1]))
            waiting += [by_name[library] for library in imports if library in by_name]
    return [entry for entry in binaries if entry in reachable]


def without_dangling(links: Iterable[Entry], binaries: Iterable[Entry]) -> list[Entry]:
    """PyInstaller links libraries of Qt into the top folder, also those that are no longer there."""
    shipped = {posix(name) for name, _source, _kind in binaries}
    return [
        (name, target, kind)
        for name, target, kind in links
        if kind != "SYMLINK" or posix(Path(name).parent / target) in shipped
    ]


def missing_parts(folder: Path, platform: str = sys.platform) -> list[str]:
    """What the program in ``folder`` lacks of `WHOLE_PROGRAM`.

    Where a hook of PyInstaller cannot import QtCore it leaves every plugin out and says nothing.
    """
    files = [f"/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*") if path.is_file()]
    return [part for part in WHOLE_PROGRAM[platform] if not any(fnmatchcase(file, f"*/{part}") for file in files)]


def libraries(folder: Path) -> list[Path]:
    """The ELF files below a folder, links aside."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink() and _is_elf(p))


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def stripped(folder: Path) -> None:
    """Take the symbols off all libraries that Python or Qt load: a tenth of the size.

    The program itself stays as it is: its archive is appended to it.
    """
    for path in libraries(folder):
        if ".so" in path.name:
            subprocess.run(["strip", "--strip-unneeded", str(path)], check=True)


def glibc_floor(listing: str) -> tuple[int, ...]:
    """The newest version of glibc that the output of ``objdump -T`` asks for."""
    asked = re.findall(r"\(?GLIBC_(\d+(?:\.\d+)+)\)?", listing)
    return max((tuple(map(int, version.split("."))) for version in asked), default=(0,))


def floor_of(folder: Path) -> dict[str, tuple[int, ...]]:
    """The glibc that each ELF file below a folder needs at least, by its path in it."""
    found = {}
    for path in libraries(folder):
        told = subprocess.run(["objdump", "-T", str(path)], stdout=subprocess.PIPE, check=True)
        found[path.relative_to(folder).as_posix()] = glibc_floor(told.stdout.decode("utf-8", "replace"))
    return found


RELEASES = {
    "Debian": {"12": (2, 36), "13": (2, 41)},
    "Ubuntu": {"22.04": (2, 35), "24.04": (2, 39)},
    "RHEL": {"9": (2, 34), "10": (2, 39)},
}
"""The glibc of each release, by distribution."""


def sentence_of(floor: tuple[int, ...]) -> str:
    """What a system with an older glibc is told; its own version comes in the place of ``%s``."""
    new_enough = {name: [release for release, has in of.items() if has >= floor] for name, of in RELEASES.items()}
    known = [f"{name} {releases[0]}" for name, releases in new_enough.items() if releases]
    has = f" {', '.join(known)} and newer have it." if known else ""
    return f"Clearline needs glibc {'.'.join(map(str, floor))} or newer, and this system has %s.{has}"


def make_launcher(target: Path, floor: tuple[int, ...]) -> None:
    """Compile linux/launcher.c for a program that needs this glibc."""
    source = Path(__file__).resolve().parent / "linux" / "launcher.c"
    told = [f'-DNEEDS="{sentence_of(floor)}"', f"-DFLOOR={floor[1]}"]
    alone = ["-nostartfiles", "-no-pie", "-Wl,--build-id=none", "-Wl,-z,noexecstack"]
    subprocess.run(["gcc", "-O1", "-s", "-Wall", "-Werror", *alone, *told, "-o", str(target), str(source)], check=True)


def icu_source(major: int) -> str:
    """Assembly of an ICU data library that holds no data, for one version of ICU.

    Qt takes from ICU the order of sorting and the converters of old encodings; Clearline sorts by itself and knows only
    UTF-8. 32 MB become 15 kB. The header is ICU's UDataInfo (udata.h): format ``ToCP`` 1, with a table of no entry.
    """
    head = [32, 0, 0xDA, 0x27, 20, 0, 0, 0, 0, 0, 2, 0, *b"ToCP", 1, 0, 0, 0, 0, 0, 0, 0, *([0] * 8)]
    table = [0] * 16
    symbol = f"icudt{major}_dat"
    return (
        f".globl {symbol}\n.type {symbol}, @object\n.section .rodata\n.balign 16\n{symbol}:\n"
        f".byte {', '.join(map(str, [*head, *table]))}\n.size {symbol}, .-{symbol}\n"
        '.section .note.GNU-stack,"",@progbits\n'
    )


def without_icu_data(folder: Path) -> None:
    """Put a data library without data in the place of Qt's, below ``folder``."""
    for path in folder.rglob("libicudata.so.*"):
        if not path.is_symlink():
            make_icu_data(path)


def make_icu_data(path: Path) -> None:
    """Write the data library without data to ``path``, whose name says for which version: libicudata.so.73."""
    major = int(path.name.rsplit(".", 1)[1])
    object_file = path.with_name(f"{path.name}.o")
    subprocess.run(["as", "-o", str(object_file), "-"], input=icu_source(major), text=True, check=True)
    named = ["-soname", path.name, "--build-id=none", "-z", "noexecstack"]
    subprocess.run(["ld", "-shared", *named, "-o", str(path), str(object_file)], check=True)
    object_file.unlink()


def numbers(version: str) -> tuple[int, int, int]:
    """The three numbers of a version, whatever follows them."""
    first, second, third = (int(part) for part in re.findall(r"\d+", version)[:3])
    return first, second, third


def mac_plist(version: str) -> dict[str, object]:
    """Info.plist of the app: with a Dock icon and a menu, its files, and why it asks for the local network."""
    return {
        "CFBundleShortVersionString": version,
        "CFBundleVersion": version,
        "LSBackgroundOnly": False,  # PyInstaller says True where any of the programs has a console
        "LSMinimumSystemVersion": "13.0",  # what Qt 6.11 runs on
        "LSApplicationCategoryType": "public.app-category.developer-tools",
        "NSHighResolutionCapable": True,
        "NSLocalNetworkUsageDescription": "Clearline connects to the MongoDB servers that you name.",
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": "Clearline profile",
                "CFBundleTypeRole": "Editor",
                "LSHandlerRank": "Owner",
                "LSItemContentTypes": ["org.clearline.profile"],
            }
        ],
        "UTExportedTypeDeclarations": [
            {
                "UTTypeIdentifier": "org.clearline.profile",
                "UTTypeDescription": "Clearline profile",
                "UTTypeConformsTo": ["public.json"],
                "UTTypeTagSpecification": {
                    "public.filename-extension": ["clearline.json"],
                    "public.mime-type": ["application/vnd.clearline+json"],
                },
            }
        ],
    }
