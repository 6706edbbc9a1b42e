#!/usr/bin/env python3
"""The commands of this repository, each with all the set-up that it needs on a fresh machine.

    python3 packaging/dev.py demo             a private MongoDB, and the window that tests it
    python3 packaging/dev.py run [ARG ...]    the program alone, with any of its arguments
    python3 packaging/dev.py test [ARG ...]   ruff, mypy and pytest; further arguments go to pytest, in one process
    python3 packaging/dev.py test --fast      the same without the tests that start servers, programs or networks
    python3 packaging/dev.py test --newest    the same with the newest versions that pyproject.toml allows
    python3 packaging/dev.py bench [NAME]     the measurements in tests/bench, or one of them
    python3 packaging/dev.py shots [FOLDER]   every page, state and dialog of the window as pictures
    python3 packaging/dev.py docs             write schemas, pages of causes and of servers, and the man page anew
    python3 packaging/dev.py build            the standalone program, into dist/clearline; for the command line alone
                                              clearline.pyz, for the Python that is there, and dist/clearline-cli
    python3 packaging/dev.py build --windows  the same for Windows, on Linux by wine, into dist/windows/clearline
    python3 packaging/dev.py test --windows   core, cli and ui on Windows' own Python, on Linux by wine
    python3 packaging/dev.py package          what users download, made of the programs in dist; into dist/packages
    python3 packaging/dev.py smoke            unpack each archive there, check a real mongod, paint the window
    python3 packaging/dev.py try-build        run the program of dist in clean systems (as root); --quick in one of them
    python3 packaging/dev.py try-container    run the Containerfile's steps and what comes of them (as root)
    python3 packaging/dev.py lock [ARG ...]   renew requirements.lock; --upgrade raises every version in it

Standard library only. Everything goes into .venv beside pyproject.toml, in the versions and with the hashes of
requirements.lock; on Debian and Ubuntu missing system packages are installed when this runs as root, else the one
command that installs them is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterable, NoReturn, Sequence  # noqa: UP035 (an older Python has to get as far as our message)

if TYPE_CHECKING:
    import wine

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
NEWER = ("3.14", "3.13", "3.12", "3.11")
MOST_PROCESSES = 4
"""Of tests side by side: each starts the shared servers that its tests ask for, and containers see more processors than
they may use."""
COMMANDS = (
    "demo", "run", "test", "bench", "shots", "docs", "build", "package", "smoke", "try-build", "try-container", "lock",
)  # fmt: skip
LOCK = ROOT / "requirements.lock"

EXTRAS = {
    "demo": "demo", "run": "", "test": "test", "bench": "test", "shots": "test", "build": "build", "package": "build",
    "smoke": "test", "try-build": "test", "try-container": "test", "lock": "", "docs": "test",
}  # fmt: skip
"""The extra of pyproject.toml that each command needs."""

INCLUDES = {"test": ("test", "demo", "build", ""), "demo": ("demo", ""), "build": ("build", ""), "": ("",)}
"""What is installed together with an extra, so that `run` after `test` installs nothing."""

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
    "test": (*QT, *MONGOD, "libc6-dev"),
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
        "man": "man-db",
        "zsh": "zsh",
        "fish": "fish",
        "gnome-keyring-daemon": "gnome-keyring",
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
        "desktop-file-validate": "desktop-file-utils",
        "appstreamcli": "appstream",
        "systemd-analyze": "systemd",
        "update-mime-database": "shared-mime-info",
    },
    "build": {"objdump": "binutils", "gcc": "gcc"},
    "package": {"dpkg-deb": "dpkg", "objdump": "binutils"},
    "try-build": {"mmdebstrap": "mmdebstrap"},
    "try-container": {"mmdebstrap": "mmdebstrap"},
    "windows": {"mmdebstrap": "mmdebstrap", "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64-win32"},
}
"""Programs that a command starts, with the Debian package that has them; from anywhere on PATH will do."""


SUITES = "pymongo-4.20.0"
"""The source distribution that holds MongoDB's own test suites; never committed."""
SUITES_SHA256 = "f773b0aec28687587cdeda490463a82debc4566a4a3620dcc8dada9d2c0a1acd"
SUITES_FOLDERS = (
    "connection_string",
    "uri_options",
    "auth",
    "discovery_and_monitoring",
    "server_selection",
    "max_staleness",
    "connection_monitoring",
)


class Stop(Exception):
    """The set-up cannot go on; the text says what to do."""


# --- system packages ---------------------------------------------------------------------------------------------


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


def install_system_packages(command: str) -> None:
    """Install what Debian or Ubuntu lacks when root; else raise `Stop` with the command that does."""
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
        venv_module=has_venv_module() or usable_venv(),
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


# --- the virtual environment -------------------------------------------------------------------------------------


def has_venv_module() -> bool:
    """Debian's python3 comes without what makes a virtual environment; it is in python3-venv."""
    return importlib.util.find_spec("ensurepip") is not None


def venv_python() -> Path:
    """The interpreter of the virtual environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def usable_venv() -> bool:
    """False when there is no virtual environment, or its Python is too old or was removed from the computer."""
    return runs_in_venv(f"import sys; sys.exit(sys.version_info < {OLDEST})")


def runs_in_venv(code: str) -> bool:
    """Whether the Python of the virtual environment is there and runs this without an error."""
    return runs([str(venv_python()), "-c", code])


def runs(command: Sequence[str]) -> bool:
    """Whether the program is there and ends well. It may say what it likes."""
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def base_python() -> list[str]:
    """The command of a Python that is new enough: this one, else one on PATH."""
    if sys.version_info >= OLDEST:
        return [sys.executable]
    for version in NEWER:
        found = shutil.which("python" + version)
        if found and runs([found, "-c", "import ensurepip"]):  # a launcher may be there without its Python
            return [found]
    raise Stop(f"Clearline needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}.")


def stamp_of(pyproject: bytes, lock: bytes, root: Path) -> str:
    """What an installation depends on: the requirements, and the place, which an editable install writes down."""
    return hashlib.sha256(b"\0".join((pyproject, lock, os.fsencode(root)))).hexdigest()


def is_installed(extra: str, stamp: str, venv: Path) -> bool:
    """Whether this extra, or one that includes it, was installed from the same pyproject.toml."""
    for other, included in INCLUDES.items():
        file = stamp_file(other, venv)
        if extra in included and file.is_file() and file.read_text(encoding="ascii") == stamp:
            return True
    return False


def stamp_file(extra: str, venv: Path) -> Path:
    """Where the stamp of a finished installation is kept."""
    return venv / f"clearline-installed-{extra or 'alone'}.stamp"


def make_venv() -> None:
    """Make .venv, with pip in it; nothing when it is there and works."""
    if not usable_venv():
        if VENV.exists():
            say(f"{VENV} has no working Python {OLDEST[0]}.{OLDEST[1]} or newer any more and is made again.")
        step([*base_python(), "-m", "venv", "--clear", str(VENV)])
    if not runs_in_venv("import pip"):
        step([str(venv_python()), "-m", "ensurepip"])


def set_up(extra: str) -> None:
    """Install Clearline with this extra into .venv; nothing when that was done before."""
    make_venv()
    stamp = stamp_of((ROOT / "pyproject.toml").read_bytes(), LOCK.read_bytes(), ROOT)
    if is_installed(extra, stamp, VENV) and runs_in_venv("import clearline"):
        return
    wanted = VENV / "clearline-wanted.txt"
    wanted.write_text(locked(LOCK.read_text(encoding="utf-8"), extra), encoding="utf-8")
    step([*pip_install(), "--require-hashes", "--only-binary", ":all:", "--requirement", str(wanted)])
    step([*pip_install(), "--no-deps", "--no-build-isolation", "--editable", "."])
    stamp_file(extra, VENV).write_text(stamp, encoding="ascii")


def pip_install() -> list[str]:
    """The beginning of each installation into the virtual environment."""
    return [str(venv_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def set_up_newest(extra: str) -> None:
    """Install the newest versions that pyproject.toml allows; the next command brings the locked ones back."""
    for other in INCLUDES:
        stamp_file(other, VENV).unlink(missing_ok=True)
    step([*pip_install(), "--upgrade", "--upgrade-strategy", "eager", "--editable", f".[{extra}]"])


# --- the lock file -----------------------------------------------------------------------------------------------

UV = "uv==0.13.9"
"""What resolves for every system and Python at once, which pip cannot."""
LOCKED = {"run": "", "demo": "demo", "build": "build", "test": "test", "headless": ""}
"""The name of each part of the lock file, and its extra."""
WINDOW = ("pyside6-essentials", "shiboken6")
"""What `headless` leaves out: every command works without it, and with --no-deps so does the installation."""
HEADER = """\
# Exact versions and hashes of all that `python3 packaging/dev.py` installs, on every system and Python. The line above
# a package says for what it is needed. Made by `python3 packaging/dev.py lock`; users of the wheel get the ranges of
# pyproject.toml.
"""
FOR = "# for "


def locked(lock: str, extra: str) -> str:
    """The part of the lock file that an extra needs: requirements with hashes, as pip reads them."""
    lines, wanted = [], False
    for line in lock.splitlines(keepends=True):
        if line.startswith(FOR):
            wanted = (extra or "run") in line[len(FOR) :].strip().split(", ")
        elif wanted:
            lines.append(line)
    return "".join(lines)


def uv_program() -> str:
    """uv: the one in a place of its own below .cache, installed there when it is missing."""
    place = ROOT / ".cache" / UV.replace("==", "-")
    if not place.is_dir():
        step([*pip_install(), "--no-deps", "--target", str(place), UV])
    return str(place / "bin" / ("uv.exe" if os.name == "nt" else "uv"))


def lock(arguments: Sequence[str]) -> None:
    """Renew the lock file: what the ranges of pyproject.toml no longer allow, or everything with --upgrade.

    Settings of this machine (indexes, mirrors, wheels on its disk) are left out: the file is for everywhere.
    """
    if unknown := set(arguments) - {"--upgrade"}:
        raise Stop(f"lock takes --upgrade alone, not {' '.join(sorted(unknown))}.")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    compile_ = [
        uv_program(), "pip", "compile", "--quiet", "--no-config", "--default-index", "https://pypi.org/simple",
        "--universal", "--python-version", ".".join(map(str, OLDEST)), "--no-header", "--no-annotate",
        "--only-binary", ":all:",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        backend = Path(folder, "build-backend.txt")
        code = "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'])"
        asked = subprocess.run([str(venv_python()), "-c", code], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        backend.write_bytes(b"\n".join(asked.stdout.split(b" ")))
        every = Path(folder, "every.txt")
        if LOCK.exists() and not arguments:
            shutil.copy(LOCK, every)  # uv keeps the versions that it finds here, where it can
        sources = ["pyproject.toml", str(backend)]
        step([*compile_, "--generate-hashes", "--extra", "test", "--output-file", str(every), *sources], environ)
        parts = {}
        for part, extra in LOCKED.items():
            file = Path(folder, f"{part}.txt")
            chosen = ["--extra", extra] if extra else []
            asked_for = sources
            if part == "headless":  # for users, who install the wheel: neither the window nor what builds one
                chosen = [word for name in WINDOW for word in ("--no-emit-package", name)]
                asked_for = sources[:1]
            step([*compile_, *chosen, "--constraint", str(every), "--output-file", str(file), *asked_for], environ)
            parts[part] = {line.split("==")[0] for line in file.read_text(encoding="utf-8").splitlines()}
        LOCK.write_text(HEADER + divided(every.read_text(encoding="utf-8"), parts), encoding="utf-8", newline="\n")
    say(f"{LOCK.name} is renewed.")


def divided(requirements: str, parts: dict[str, set[str]]) -> str:
    """Requirements with a line above each package that says which parts need it."""
    lines = []
    for line in requirements.splitlines(keepends=True):
        if line[:1].isalnum():
            name = line.split("==")[0]
            lines.append(f"\n{FOR}{', '.join(part for part, names in parts.items() if name in names)}\n")
        lines.append(line)
    return "".join(lines)


# --- MongoDB's test suites ---------------------------------------------------------------------------------------


def fetch_suites(cache: Path, archive: Path | None = None) -> Path:
    """The folder of the test suites, fetched through pip's own indexes when they are not there yet (10 seconds).

    ``archive`` is the source distribution where it is at hand already. Raises `Stop` for one of another content.
    """
    folder = cache / SUITES
    if all((folder / name).is_dir() for name in SUITES_FOLDERS):
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    if archive is None and (at_hand := cache / f"{SUITES}.tar.gz").is_file():
        archive = at_hand
    if archive is None:
        name, version = SUITES.split("-")
        pip = [str(venv_python()), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        step([*pip, "--no-binary", ":all:", "--dest", str(cache), f"{name}=={version}"])
        archive = cache / f"{SUITES}.tar.gz"
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SUITES_SHA256:
        raise Stop(f"{archive} is not the file whose content is known. Remove it, and run this command again.")
    unfinished = Path(tempfile.mkdtemp(prefix=f"{SUITES}.", dir=cache))
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = Path(member.name).parts
            if member.isfile() and parts[:2] == (SUITES, "test") and parts[2] in SUITES_FOLDERS and ".." not in parts:
                target = unfinished.joinpath(*parts[2:])
                target.parent.mkdir(parents=True, exist_ok=True)
                content = tar.extractfile(member)
                assert content is not None
                target.write_bytes(content.read())
    shutil.rmtree(folder, ignore_errors=True)  # of fewer suites
    try:
        unfinished.rename(folder)  # all of them or none, also when two runs fetch them at once
    except OSError:
        shutil.rmtree(unfinished)
    return folder


# --- commands ----------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    print(text, flush=True)


def step(command: Sequence[str], environ: dict[str, str] | None = None) -> None:
    """Run one command in the root of the repository, shown as typed; the first that fails ends everything."""
    say("$ " + " ".join(shlex.quote(word) for word in command))
    process = subprocess.Popen(list(command), cwd=ROOT, env=environ)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.wait()  # it got the same Ctrl-C and ends by itself
        code = 130
    if code:
        raise SystemExit(code if code > 0 else 128 - code)


def become(command: Sequence[str]) -> NoReturn:
    """Go on as this program, so that every signal reaches it and nothing stays between it and the terminal."""
    if os.name == "posix":
        os.execv(command[0], list(command))
    step(command)
    raise SystemExit(0)


def test(arguments: Sequence[str]) -> None:
    """Everything that has to be green, the frozen program aside."""
    python = str(venv_python())
    if "--windows" in arguments:
        test_windows([argument for argument in arguments if argument != "--windows"])
        return
    if "--newest" in arguments:
        set_up_newest("test")
        arguments = [argument for argument in arguments if argument != "--newest"]
    offscreen = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    offscreen.pop("PYTHONDONTWRITEBYTECODE", None)  # every process would compile every test anew: ten seconds each
    fetch_suites(ROOT / ".cache")
    fetch_servers()
    fetch_judges()
    step([python, "-m", "ruff", "check"])
    step([python, "-m", "ruff", "format", "--check"])
    step([python, "-m", "mypy"])
    for chosen in runs_of_pytest(arguments, processors()):
        step([python, "-m", "pytest", *chosen], offscreen)


def test_windows(arguments: Sequence[str]) -> None:
    """The suites that say something about Windows, on Windows' Python; what cannot pass there is named in wine.py."""
    import wine

    machine = windows()
    chosen = arguments or [f"tests/{name}" for name in ("core", "cli", "ui", "test_paths.py")]
    left_out = [f"--deselect={test}" for test in wine.EXCEPTIONS]
    kinds = "not netns and not frozen and not timed"  # how long something takes by wine says nothing of Windows
    machine.run_python("-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", "-m", kinds, *left_out, *chosen)


def processors() -> int:
    """How many this process may use, as far as the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def runs_of_pytest(arguments: Sequence[str], processors: int) -> list[list[str]]:
    """The arguments of each run of pytest, one after the other.

    Tests run in several processes, a file in one of them, and one more than there are processors, for many of them wait
    for what they started; those that judge times run afterwards, with nothing beside them. Arguments of one's own are
    run as they are.
    """
    # In the order of tests/conftest.py; after the crash of a process the others would wait for ever.
    several = ["-n", str(min(processors + 1, MOST_PROCESSES)), "--dist", "loadfile", "--no-loadscope-reorder"]
    several += ["--max-worker-restart", "0"]
    if list(arguments) == ["--fast"]:
        return [[*several, "-q", "-m", "not frozen and not crowd", "--fast"]]
    if arguments:
        return [[*([] if "-m" in arguments else ["-m", "not frozen and not crowd"]), *arguments]]
    return [[*several, "-m", "not frozen and not crowd and not timed"], ["-m", "timed and not frozen"]]


def fetch_servers() -> None:
    """Servers of every age, for the tests that need them; where they cannot be had those tests are skipped."""
    import servers

    try:
        servers.fetch(ROOT / ".cache", venv_python(), step)
    except (OSError, ValueError, subprocess.CalledProcessError, SystemExit) as problem:
        say(f"The servers of every age are not all here, so their tests are skipped: {problem}")


def fetch_judges() -> None:
    """What the tests judge workflows and recipes by; where it cannot be had those tests are skipped."""
    import judges

    for problem in judges.fetch(ROOT / ".cache", venv_python(), step):
        say(problem)


def docs(arguments: Sequence[str]) -> None:
    """What is made of the program, and of what comes of it with servers of every age."""
    if arguments:
        raise Stop("docs takes no arguments.")
    fetch_servers()
    python = str(venv_python())
    step([python, "packaging/docs.py"])
    step([python, "tests/lab/ages.py"])


def bench(arguments: Sequence[str]) -> None:
    """Every measurement, or those named."""
    files = sorted((ROOT / "tests" / "bench").glob("[a-z]*.py"))
    there = {file.stem: file for file in files if file.stem != "conftest"}
    for name in arguments:
        if name not in there:
            raise Stop(f"There is no measurement {name!r}; there are: {', '.join(there)}.")
    for name in arguments or there:
        step([str(venv_python()), str(there[name])])


def build(arguments: Sequence[str]) -> None:
    """The standalone program; with --windows the one for Windows."""
    draw = [str(venv_python()), "packaging/icons.py", "resources/icons/clearline.svg", "build/icons"]
    step(draw, {**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    frozen = ["-m", "PyInstaller", "--noconfirm", "packaging/clearline.spec"]
    if "--windows" in arguments:
        windows().run_python(*frozen, "--workpath", "build/windows", "--distpath", "dist/windows", **settled())
        say(f"The program is in {ROOT / 'dist' / 'windows' / 'clearline'}.")
        step([str(venv_python()), "packaging/smoke.py", "--by-wine"])
        return
    folders = ["--workpath", "build", "--distpath", "dist"]
    environ = {**os.environ, **settled()}
    step([str(venv_python()), *frozen, *folders, *arguments], environ)
    say(f"The program is in {ROOT / 'dist' / 'clearline'}.")
    build_one_file(environ)


def build_one_file(environ: dict[str, str]) -> None:
    """The command line as one file: clearline.pyz, and dist/clearline-cli with a Python of its own."""
    step([str(venv_python()), "packaging/one_file.py", environ["SOURCE_DATE_EPOCH"]], environ)
    folders = ["--workpath", "build/cli", "--distpath", "dist"]
    step([str(venv_python()), "-m", "PyInstaller", "--noconfirm", *folders, "packaging/headless.spec"], environ)


def settled() -> dict[str, str]:
    """The environment in which two builds of one commit are the same, byte for byte."""
    asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    told = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="ascii").stdout.strip()
    when = os.environ.get("SOURCE_DATE_EPOCH") or told or "1700000000"  # an unpacked archive has no history
    return {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": when}


def windows() -> wine.Wine:
    """Windows' Python with this source in it; raises `Stop` where that cannot be had."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Stop("--windows makes a root of its own for wine: that takes Linux and root.")
    import wine

    install_system_packages("windows")
    machine = wine.Wine(ROOT / ".cache" / "wine", ROOT, step)
    machine.prepare(str(venv_python()), uv_program(), locked(LOCK.read_text(encoding="utf-8"), "test"))
    machine.install_source(str(venv_python()))
    return machine


def package(arguments: Sequence[str]) -> None:
    """Archives of whatever program stands in dist, and what a Linux desktop wants."""
    if arguments:
        raise Stop("package takes no arguments.")
    import archives

    version = subprocess.run(
        [str(venv_python()), "-c", "import clearline; print(clearline.__version__)"],
        stdout=subprocess.PIPE,
        encoding="ascii",
        check=True,
    ).stdout.strip()
    made = archives.packages(ROOT, version, int(settled()["SOURCE_DATE_EPOCH"]))
    if not made:
        raise Stop("There is no program in dist: run dev.py build first.")
    for file in made:
        say(f"{file.stat().st_size / 1e6:7.1f} MB  {file.relative_to(ROOT)}")


def smoke(arguments: Sequence[str]) -> None:
    """Try archives as a user would; those of this system in dist/packages if none is named."""
    ends = {"linux": ".tar.xz", "win32": "windows-x86_64.zip", "darwin": ".zip"}[sys.platform]
    found = sorted(str(path) for path in (ROOT / "dist" / "packages").glob(f"*{ends}"))
    if not (arguments or found):
        raise Stop("There is no archive in dist/packages: run dev.py build and dev.py package first.")
    step([str(venv_python()), "packaging/smoke.py", *(arguments or found)])


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command, its own arguments, and whether system packages are left alone."""
    parser = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--skip-system", action="store_true", help="do not look for missing system packages")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on")
    parsed = parser.parse_args(argv)
    if "--skip-system" in parsed.arguments:
        parsed.arguments.remove("--skip-system")
        parsed.skip_system = True
    return parsed


def main(argv: Sequence[str]) -> None:
    """Set up, then run the command."""
    parsed = parse(argv)
    try:
        if not parsed.skip_system:
            install_system_packages(parsed.command)
        if parsed.command == "lock":
            make_venv()
        else:
            set_up(EXTRAS[parsed.command])
        if parsed.command == "test":
            test(parsed.arguments)
        elif parsed.command == "bench":
            bench(parsed.arguments)
        elif parsed.command == "docs":
            docs(parsed.arguments)
        elif parsed.command == "shots":
            step([str(venv_python()), "tests/ui/shots.py", *parsed.arguments])
        elif parsed.command == "build":
            build(parsed.arguments)
        elif parsed.command == "package":
            package(parsed.arguments)
        elif parsed.command == "try-build":
            step([str(venv_python()), "packaging/clean_roots.py", *parsed.arguments])
        elif parsed.command == "try-container":
            step([str(venv_python()), "packaging/container.py", *parsed.arguments])
        elif parsed.command == "smoke":
            smoke(parsed.arguments)
        elif parsed.command == "lock":
            lock(parsed.arguments)
        else:
            demo = ["demo"] if parsed.command == "demo" else []
            become([str(venv_python()), "-m", "clearline", *demo, *parsed.arguments])
    except Stop as stop:
        raise SystemExit(str(stop)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main(sys.argv[1:])
