"""The finished program in clean systems: made by mmdebstrap, without Python, entered as a user without any rights.

The program's folder is read-only and has a space and an umlaut in its path, /tmp is noexec, there is no HOME and no
locale, and no font where none is installed. Run as root by the virtual environment's Python:

    python packaging/clean_roots.py [--quick]
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clearline.cli.mongod import PrivateMongod

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "/opt/My Prögrams/clearline/clearline"
DESKTOP = ("libgl1", "libegl1", "libxcb1")
"""What every desktop has, and the program does not carry."""
SCREENS = (
    *DESKTOP, "libwayland-client0", "libwayland-cursor0", "libwayland-egl1", "xkb-data", "fonts-dejavu-core", "xvfb",
    "xauth", "weston",
)  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """One command in a root, and what has to come of it."""

    name: str
    words: tuple[str, ...]
    code: int = 0
    says: tuple[str, ...] = ()
    """All of these, in what it prints."""
    before: str = ""
    """Shell commands that start a screen."""
    environ: tuple[str, ...] = ()


VERSION = Trial("says its version", ("--version",), says=("clearline ",))
CHECK = Trial("checks a mongod", ("check", "{address}"), says=("Connected",))
NO_LIBGL = Trial(
    "no libGL: one sentence",
    (),
    code=1,
    says=("needs libGL.so.1", "sudo apt install libgl1"),
    environ=("QT_QPA_PLATFORM=offscreen",),
)
NO_SCREEN = Trial("no screen: one sentence", (), code=1, says=("There is no screen here",))
NO_FONTS = Trial(
    "no fonts: one sentence",
    ("self-test", "{address}"),
    code=1,
    says=("No fonts are installed", "fonts-dejavu-core", "12 work, 2 do not"),
    environ=("QT_QPA_PLATFORM=offscreen",),
)
HOMELESS = ("Nothing can be kept", "13 work, 1 do not")
"""What the self-test says where all is well but for a home that cannot be written."""
OFFSCREEN = Trial(
    "paints its window",
    ("self-test", "{address}"),
    code=1,
    says=("platform offscreen", *HOMELESS),
    environ=("QT_QPA_PLATFORM=offscreen",),
)
XVFB = "Xvfb :7 -screen 0 1366x768x24 2>/dev/null & until [ -e /tmp/.X11-unix/X7 ]; do sleep 0.1; done;"
X11 = Trial(
    "a window on X11 alone",
    ("self-test", "{address}"),
    code=1,
    says=("platform xcb", *HOMELESS),
    before=XVFB,
    environ=("DISPLAY=:7",),
)
WAYLAND = Trial(
    "a window on Wayland alone",
    ("self-test", "{address}"),
    code=1,
    says=("platform wayland", *HOMELESS),
    before=(
        "weston --backend=headless-backend.so --socket=wayland-7 --idle-time=0 >/dev/null 2>&1 &"
        " until [ -e $XDG_RUNTIME_DIR/wayland-7 ]; do sleep 0.1; done;"
    ),
    environ=("WAYLAND_DISPLAY=wayland-7", "XDG_SESSION_TYPE=wayland"),
)
TOO_OLD = Trial("too old: one sentence", ("--version",), code=126, says=("needs glibc", "has 2.31", "Debian 12"))
TOO_OLD_SHOWN = Trial(
    "too old: a dialog",
    (),
    code=126,
    says=("needs glibc", '("xmessage" "Xmessage")'),
    before=XVFB + " (until xwininfo -root -tree | grep xmessage; do sleep 0.1; done; kill $(pidof xmessage)) &",
    environ=("DISPLAY=:7",),
)

QUICK = {"bookworm-quick": ("bookworm", (*DESKTOP, "fonts-dejavu-core"), (CHECK, OFFSCREEN))}
ALL = {
    "bookworm": ("bookworm", (), (VERSION, CHECK, NO_LIBGL)),
    "bookworm-desktop": ("bookworm", DESKTOP, (NO_SCREEN, NO_FONTS)),
    "bookworm-screens": ("bookworm", SCREENS, (OFFSCREEN, X11, WAYLAND)),
    "trixie": ("trixie", (), (VERSION, CHECK, NO_LIBGL)),
    "trixie-screens": ("trixie", SCREENS, (OFFSCREEN, X11, WAYLAND)),
    "bullseye": ("bullseye", ("xvfb", "x11-utils"), (TOO_OLD, TOO_OLD_SHOWN)),
}
"""By root: the release, its packages, and what is tried in it."""


def make(root: Path, suite: str, packages: Sequence[str]) -> None:
    """A minimal Debian, unless it is there with just these packages."""
    done, wanted = root.with_suffix(".made"), " ".join((suite, *packages))
    if done.exists() and done.read_text() == wanted:
        return
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    options = ["--variant=minbase", '--aptopt=APT::Install-Recommends "false"', "--dpkgopt=force-unsafe-io"]
    include = [f"--include={','.join(packages)}"] if packages else []
    subprocess.run(["mmdebstrap", "--quiet", *options, *include, suite, str(root)], check=True)
    done.write_text(wanted)


def entering(root: Path, program: Path, trial: Trial, address: str) -> list[str]:
    """The command line of a trial: as a user without rights, with mounts and processes that end with it."""
    place = root / PROGRAM.lstrip("/").rsplit("/", 1)[0]
    words = [PROGRAM, *(word.format(address=address) for word in trial.words)]
    environ = ["PATH=/usr/bin:/bin", "XDG_RUNTIME_DIR=/run/user-alone", *trial.environ]
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    inner = f'{trial.before} "$@"; code=$?; kill $(jobs -p) 2>/dev/null; exit $code'
    steps = [
        "set -e",
        f"mount -t proc proc {shlex.quote(str(root / 'proc'))}",
        f"mount --rbind /dev {shlex.quote(str(root / 'dev'))}",
        f"mount -t tmpfs -o noexec,mode=1777 tmpfs {shlex.quote(str(root / 'tmp'))}",
        f"mkdir -p {shlex.quote(str(place))} {shlex.quote(str(root / 'run' / 'user-alone'))}",
        f"chown 65534 {shlex.quote(str(root / 'run' / 'user-alone'))}",
        f"chmod 700 {shlex.quote(str(root / 'run' / 'user-alone'))}",
        f"mount --bind {shlex.quote(str(program))} {shlex.quote(str(place))}",
        f"mount -o remount,ro,bind {shlex.quote(str(place))}",
        'exec chroot "$@"',
    ]
    chroot = [str(root), "/usr/bin/env", "-i", *environ, *user, "/bin/sh", "-c", inner, "sh", *words]
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", "\n".join(steps), "sh", *chroot]


def problems(trial: Trial, code: int, printed: str) -> list[str]:
    """What is wrong with how a trial ended."""
    found = [f"ended with {code}, not {trial.code}"] if code != trial.code else []
    found += [f"does not say {words!r}" for words in trial.says if words not in printed]
    found += ["prints a traceback"] if "Traceback" in printed else []
    return found


def main(roots: dict[str, tuple[str, tuple[str, ...], tuple[Trial, ...]]], say: Callable[[str], None] = print) -> int:
    """Try everything in every root; how many trials went wrong."""
    program, failed = ROOT / "dist" / "clearline", 0
    if not program.is_dir():
        raise SystemExit("There is no program in dist: run dev.py build first.")
    with PrivateMongod() as server:
        for name, (suite, packages, trials) in roots.items():
            root = ROOT / ".cache" / "roots" / name
            make(root, suite, packages)
            for trial in trials:
                began = time.perf_counter()
                command = entering(root, program, trial, server.address)
                ended = subprocess.run(
                    command,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    timeout=180,
                    check=False,
                )
                printed = ended.stdout.decode("utf-8", "replace")
                wrong = problems(trial, ended.returncode, printed)
                failed += bool(wrong)
                say(f"{'FAIL' if wrong else 'ok':<5} {name:<17} {trial.name:<28} {time.perf_counter() - began:5.1f} s")
                if wrong:
                    say(f"      {'; '.join(wrong)}\n{printed}")
    return failed


if __name__ == "__main__":
    sys.exit(main(QUICK if "--quick" in sys.argv[1:] else ALL) > 0)
