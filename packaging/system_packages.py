"""What the commands of dev.py need of Debian and Ubuntu, and how it gets there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Callable, Iterable  # noqa: UP035 (an older Python has to get as far as our message)

from steps import Stop, say, step

QT = (
    "libegl1", "libgl1", "libglib2.0-0", "libdbus-1-3", "libfontconfig1", "libxkbcommon0", "libgssapi-krb5-2",
    "libbrotli1", "fonts-dejavu-core",
)  # fmt: skip
SCREEN = (
    "libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1", "libxcb-image0", "libxcb-randr0", "libxcb-render-util0",
    "libxcb-shape0", "libxcb-xkb1", "libxkbcommon-x11-0", "libx11-xcb1",
    "libwayland-client0", "libwayland-cursor0", "libwayland-egl1",
)  # fmt: skip
MONGOD = ("libcurl4", "libssl3", "liblzma5")

PACKAGES = {
    "demo": (*QT, *MONGOD),
    "run": QT,
    "test": (*QT, *SCREEN, *MONGOD, "libc6-dev", "libfaketime", "at-spi2-core"),
    "bench": (*QT, *MONGOD),
    "docs": (*QT, *MONGOD),
    "shots": (*QT, "fonts-droid-fallback"),  # names in Chinese and Japanese
    "build": (
        *QT,
        *SCREEN,
        "libc6-dev",
    ),  # the bundle carries the libraries of a window, so the build host must have them
    "package": (),
    "smoke": (*QT, *MONGOD),
    "try-build": (*MONGOD, "debian-archive-keyring"),
    "try-container": (*MONGOD, "debian-archive-keyring"),
    "windows": ("debian-archive-keyring",),
    "lock": (),
}
"""Debian packages with libraries, by command."""

PROGRAMS = {
    "test": {
        "dbus-run-session": "dbus",
        "xvfb-run": "xvfb",
        "xauth": "xauth",
        "man": "man-db",
        "zsh": "zsh",
        "fish": "fish",
        "gnome-keyring-daemon": "gnome-keyring",
        "dconf": "dconf-cli",
        "ip": "iproute2",
        "nft": "nftables",
        "microsocks": "microsocks",
        "danted": "dante-server",
        "squid": "squid",
        "tinyproxy": "tinyproxy",
        "sshd": "openssh-server",
        "ssh-agent": "openssh-client",
        "krb5kdc": "krb5-kdc",
        "kadmin.local": "krb5-admin-server",
        "kinit": "krb5-user",
        "as": "binutils",
        "gcc": "gcc",
        "kubectl": "kubernetes-client",
        "desktop-file-validate": "desktop-file-utils",
        "appstreamcli": "appstream",
        "systemd-analyze": "systemd",
        "update-mime-database": "shared-mime-info",
    },
    "build": {"objdump": "binutils", "gcc": "gcc"},
    "package": {"dpkg-deb": "dpkg", "objdump": "binutils"},
    "try-build": {"mmdebstrap": "mmdebstrap"},
    "try-container": {"mmdebstrap": "mmdebstrap", "podman": "podman", "buildah": "buildah", "runc": "runc"},
    "windows": {"mmdebstrap": "mmdebstrap", "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64-win32"},
}
"""Programs that a command starts, with the Debian package that has them; from anywhere on PATH will do."""


def has_screen(environ: os._Environ[str] | dict[str, str], platform: str) -> bool:
    """Whether a window can be shown here."""
    return platform in ("win32", "darwin") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def wanted_packages(command: str, *, screen: bool, found: Callable[[str], bool], venv_module: bool) -> list[str]:
    """The Debian packages that a command needs: libraries always, programs when they are not found on PATH."""
    wanted = list(PACKAGES.get(command, ()))
    if screen:
        wanted += SCREEN
    wanted += [package for program, package in PROGRAMS.get(command, {}).items() if not found(program)]
    if not venv_module:
        wanted.append("python3-venv")
    return list(dict.fromkeys(wanted))


def installed_packages(listing: str) -> set[str]:
    """The names that dpkg-query's listing holds, including the ones that a package provides (libcurl4t64: libcurl4)."""
    names = set()
    for line in listing.splitlines():
        status, package, provides = line.split("\t")
        if status == "installed":
            names.add(package)
            names.update(entry.split()[0] for entry in provides.split(",") if entry.strip())
    return names


def missing_packages(wanted: Iterable[str], installed: set[str]) -> list[str]:
    """What is wanted and not there, in the order in which it is wanted."""
    return [package for package in wanted if package not in installed]


def install_system_packages(command: str, *, venv_module: bool) -> None:
    """Install what Debian or Ubuntu lacks when root; else raise `Stop` with the command that does.

    ``venv_module``: whether Python has what makes a virtual environment, or there is one.
    """
    if sys.platform != "linux":
        return
    if not (shutil.which("dpkg-query") and shutil.which("apt-get")):
        say("This is not Debian or Ubuntu: the libraries that Qt and mongod need are taken as they are.")
        return
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}\\t${Package}\\t${Provides}\\n"]
    listing = subprocess.run(query, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout
    wanted = wanted_packages(
        command,
        screen=has_screen(os.environ, sys.platform),
        found=lambda name: shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin") is not None,
        venv_module=venv_module,
    )
    missing = missing_packages(wanted, installed_packages(listing))
    if not missing:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        raise Stop(
            "Some system packages are missing. Install them, then run this command again"
            f" (or add --skip-system to try without):\n\n  sudo {' '.join(install)}\n"
        )
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    step(["apt-get", "update", "-q"], environ)
    step(install, environ)
