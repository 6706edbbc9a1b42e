#!/usr/bin/env python3
"""The commands of this repository, each with all the set-up that it needs on a fresh machine.

    python3 packaging/dev.py demo             a private MongoDB, and the window that tests it
    python3 packaging/dev.py run [ARG ...]    the program alone, with any of its arguments
    python3 packaging/dev.py test [ARG ...]   ruff, mypy and pytest; further arguments go to pytest, in one process
    python3 packaging/dev.py test --fast      the same without the tests that start servers, programs or networks
    python3 packaging/dev.py test --newest    the same with the newest versions that pyproject.toml allows
    python3 packaging/dev.py test --headless  core, cli and the library where PySide6 is not installed
    python3 packaging/dev.py bench [NAME]     the measurements in tests/bench, or one of them, with its options
    python3 packaging/dev.py shots [FOLDER]   every page, state and dialog of the window as pictures
    python3 packaging/dev.py docs             write schemas, pages of causes and of servers, and the man page anew
    python3 packaging/dev.py build            the standalone program, into dist/clearline; for the command line alone
                                              clearline.pyz, for the Python that is there, and dist/clearline-cli
    python3 packaging/dev.py build --windows  the same for Windows, on Linux by wine, into dist/windows/clearline
    python3 packaging/dev.py test --windows   core, cli and ui on Windows' own Python, on Linux by wine, and through
                                              proxies and SSH
    python3 packaging/dev.py package          what users download, made of the programs in dist; into dist/packages
    python3 packaging/dev.py smoke            unpack each archive there, check a real mongod, paint the window
    python3 packaging/dev.py try-build        run the program of dist in clean systems (as root); --quick in one of them
    python3 packaging/dev.py try-container    build the Containerfile by Podman, try it and the recipes (as root)
    python3 packaging/dev.py lock [ARG ...]   renew requirements.lock; --upgrade raises every version in it

Standard library only. Everything goes into .venv beside pyproject.toml, in the versions and with the hashes of
requirements.lock; on Debian and Ubuntu missing system packages are installed when this runs as root, else the one
command that installs them is printed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Sequence  # noqa: UP035 (an older Python has to get as far as our message)

from environment import has_venv_module, make_venv, usable_venv, venv_python
from installing import set_up, set_up_newest, set_up_without_window
from lock_file import LOCK, lock, locked, uv_program
from steps import ROOT, Stop, become, say, step
from suites import fetch_suites
from system_packages import install_system_packages

if TYPE_CHECKING:
    import wine

MOST_PROCESSES = 4
"""Of tests side by side: each starts the shared servers that its tests ask for, and containers see more processors than
they may use."""
COMMANDS = (
    "demo", "run", "test", "bench", "shots", "docs", "build", "package", "smoke", "try-build", "try-container", "lock",
)  # fmt: skip

EXTRAS = {
    "demo": "demo", "run": "", "test": "test", "bench": "test", "shots": "test", "build": "build", "package": "build",
    "smoke": "test", "try-build": "test", "try-container": "test", "lock": "", "docs": "test",
}  # fmt: skip
"""The extra of pyproject.toml that each command needs."""


def test(arguments: Sequence[str]) -> None:
    """Everything that has to be green, the frozen program aside."""
    python = str(venv_python())
    if "--windows" in arguments:
        import windows_tests

        fetch_suites(ROOT / ".cache")
        chosen = [argument for argument in arguments if argument != "--windows"]
        windows_tests.run(windows(), chosen, several(processors()))
        return
    if "--headless" in arguments:
        test_headless([argument for argument in arguments if argument != "--headless"])
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
    first, *further = runs_of_pytest(arguments, processors())
    step([python, "-m", "pytest", *first], offscreen, beside=[python, "-m", "mypy"])
    for chosen in further:
        step([python, "-m", "pytest", *chosen], offscreen)


def test_headless(arguments: Sequence[str]) -> None:
    """The suites of all but the window, in an environment without PySide6, where nothing can import it."""
    fetch_suites(ROOT / ".cache")
    fetch_servers()
    python = set_up_without_window()
    # pyproject.toml also says something to the plugin of Qt, which is not there.
    plain = ["--override-ini", "addopts=--strict-markers -ra --import-mode=importlib"]
    plain += ["-W", "ignore::pytest.PytestConfigWarning"]
    chosen = arguments or [f"tests/{name}" for name in ("core", "cli", "lab", "test_library.py", "test_paths.py")]
    step([python, "-m", "pytest", *plain, "-m", "not frozen and not crowd and not timed", *chosen])


def processors() -> int:
    """How many this process may use, as far as the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def several(processes: int) -> list[str]:
    """The options with which tests run in several processes, a file in one of them."""
    # In the order of tests/conftest.py; after the crash of a process the others would wait for ever.
    by = ["--dist", "loadfile", "--no-loadscope-reorder", "--max-worker-restart", "0"]
    return ["-n", str(min(processes, MOST_PROCESSES)), *by]


def forked(processors: int) -> list[str]:
    """The same where the system lets a process fork that has loaded much.

    One process more than there are processors, for many tests wait: for a window, for what they started.
    """
    if sys.platform != "linux":
        return several(processors + 1)
    return ["--processes", str(min(processors + 1, MOST_PROCESSES))]  # by tests/side_by_side.py


def runs_of_pytest(arguments: Sequence[str], processors: int) -> list[list[str]]:
    """The arguments of each run of pytest, one after the other.

    Tests run in several processes; in the whole loop those that judge times run afterwards, with nothing beside them.
    Arguments of one's own are run as they are.
    """
    if list(arguments) == ["--fast"]:
        return [[*forked(processors), "-q", "-m", "not frozen and not crowd", "--fast"]]
    if arguments:
        return [[*([] if "-m" in arguments else ["-m", "not frozen and not crowd"]), *arguments]]
    whole = [*forked(processors), "-m", "not frozen and not crowd and not timed"]
    return [whole, ["-m", "timed and not frozen"]]


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
    """Every measurement, or those named; options go to each of them."""
    first = next((at for at, argument in enumerate(arguments) if argument.startswith("-")), len(arguments))
    names, options = arguments[:first], arguments[first:]
    files = sorted((ROOT / "tests" / "bench").glob("[a-z]*.py"))
    there = {file.stem: file for file in files if file.stem != "conftest"}
    for name in names:
        if name not in there:
            raise Stop(f"There is no measurement {name!r}; there are: {', '.join(there)}.")
    installed = {**os.environ}
    installed.pop("PYTHONDONTWRITEBYTECODE", None)  # there modules are compiled, and not while something is measured
    for name in names or there:
        step([str(venv_python()), str(there[name]), *options], installed)


UNCOMPRESSED = {"PYINSTALLER_ZLIB_COMPRESSION_LEVEL": "0"}
"""How PyInstaller keeps the modules of a program that does not unpack itself: inflating them took a tenth of a check.

12 MB more on the disk, and none in an archive.
"""


def build(arguments: Sequence[str]) -> None:
    """The standalone program; with --windows the one for Windows."""
    draw = [str(venv_python()), "packaging/icons.py", "resources/icons/clearline.svg", "build/icons"]
    step(draw, {**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    frozen = ["-m", "PyInstaller", "--noconfirm", "packaging/clearline.spec"]
    if "--windows" in arguments:
        environ = {**settled(), **UNCOMPRESSED}
        windows().run_python(*frozen, "--workpath", "build/windows", "--distpath", "dist/windows", **environ)
        say(f"The program is in {ROOT / 'dist' / 'windows' / 'clearline'}.")
        step([str(venv_python()), "packaging/smoke.py", "--by-wine"])
        return
    environ = {**os.environ, **settled()}
    step([str(venv_python()), "packaging/one_file.py", environ["SOURCE_DATE_EPOCH"]], environ)
    window = [str(venv_python()), *frozen, "--workpath", "build", "--distpath", "dist", *arguments]
    one_file = [str(venv_python()), "-m", "PyInstaller", "--noconfirm", "packaging/headless.spec"]
    one_file += ["--workpath", "build/cli", "--distpath", "dist"]
    # Both have libraries stripped, each in a folder of its own.
    apart = environ | {"PYINSTALLER_CONFIG_DIR": str(ROOT / "build" / "cli")}
    step(window, environ | UNCOMPRESSED, beside=one_file, beside_environ=apart)
    say(f"The program is in {ROOT / 'dist' / 'clearline'}; the command line in clearline-cli and the .pyz beside it.")


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

    install_system_packages("windows", venv_module=True)
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
            install_system_packages(parsed.command, venv_module=has_venv_module() or usable_venv())
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
            step(["unshare", "--mount", str(venv_python()), "packaging/container.py", *parsed.arguments])
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
