"""The Containerfile built by Podman, what comes of it, the commands for Docker of *Run this check from…*, the recipes.

No registry is needed: the base image is Debian with Python, made by mmdebstrap. The program that the Containerfile
installs is also what the engines of the recipes run. Run as root by the virtual environment's Python, where mounts end
with it:

    unshare --mount python packaging/container.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import clean_roots
import engines
import one_file

from clearline.cli.mongod import PrivateMongod
from clearline.core.report.report_file import ReportProblem, report_of
from clearline.core.snippets.elsewhere import elsewhere

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "packaging" / "Containerfile"
BASE = ("bookworm", ("python3", "python3-venv", "ca-certificates"))
"""The release and the packages of what stands for the base image."""
CERTIFICATES = "/etc/ssl/certs"
"""What the packages are fetched with, taken from this computer while a step runs."""
ENGINE = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""
"""Settings with which Podman runs within a container, too, and without systemd."""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/images"
runroot = "{folder}/running"
"""
HARDENED = ("run", "--rm", "--network", "host", "--read-only", "--cap-drop", "ALL")
WRITE = "for place in / /tmp /opt; do touch $place/file && exit 0; done; exit 1"
TRIAL = clean_roots.Trial
TRIALS = (
    TRIAL("is not root", ("--entrypoint", "sh", "clearline", "-c", "echo $(id -u):$(id -g)"), says=("65534:65534",)),
    TRIAL("cannot write", ("--entrypoint", "sh", "--read-only-tmpfs=false", "clearline", "-c", WRITE), code=1),
    TRIAL("says its version", ("clearline", "--version"), says=("clearline ",)),
    TRIAL("checks a mongod", ("clearline", "check", "{good}"), says=("Connected",)),
    TRIAL("tells a closed port", ("clearline", "check", "{bad}"), code=1, says=("nothing listens",)),
    TRIAL("has no window", ("clearline",), code=2, says=("pip install",)),
)
"""The words that follow `HARDENED`."""


def environment(folder: Path) -> dict[str, str]:
    """The variables with which Podman keeps everything in a folder, and is found as ``docker``, too."""
    programs = folder / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    for name, text in (("engine.conf", ENGINE), ("storage.conf", STORAGE.format(folder=folder))):
        (folder / name).write_text(text, encoding="utf-8")
    podman = shutil.which("podman")
    if podman is None:
        raise SystemExit("There is no podman here.")
    (programs / "docker").symlink_to(podman)
    settings = {"CONTAINERS_CONF": folder / "engine.conf", "CONTAINERS_STORAGE_CONF": folder / "storage.conf"}
    return {
        **os.environ,
        **{name: str(path) for name, path in settings.items()},
        "PATH": f"{programs}:{os.environ['PATH']}",
    }


def build(base: Path, environ: dict[str, str]) -> None:
    """Make the image ``clearline``. Raises `subprocess.CalledProcessError` for a step that fails."""
    with subprocess.Popen(["tar", "-C", str(base), "-c", "."], stdout=subprocess.PIPE) as packed:
        subprocess.run(
            ["podman", "import", "--quiet", "-", "localhost/base"], stdin=packed.stdout, env=environ, check=True
        )
    lent = ["--network", "host", "--isolation", "chroot", "--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
    named = ["--file", str(FILE), "--build-arg", "BASE=localhost/base", "--tag", "clearline"]
    subprocess.run(["podman", "build", *lent, *named, str(ROOT)], env=environ, check=True)


@contextmanager
def running(environ: dict[str, str]) -> Iterator[str]:
    """The name of a container that has Python and nothing of ours."""
    begin = [
        "podman",
        "run",
        "--detach",
        "--rm",
        "--network",
        "host",
        "--name",
        "app",
        "localhost/base",
        "sleep",
        "600",
    ]
    subprocess.run(begin, env=environ, check=True, stdout=subprocess.DEVNULL)
    try:
        yield "app"
    finally:
        subprocess.run(["podman", "kill", "app"], env=environ, check=True, stdout=subprocess.DEVNULL)


def reported(command: str, file: Path, environ: dict[str, str]) -> str:
    """The verdict in the report that a command of *Run this check from…* leaves; what it said when there is none."""
    done = subprocess.run(
        ["sh", "-c", command], cwd=file.parent, env=environ, capture_output=True, text=True, check=False
    )
    try:
        verdict = report_of(file).verdict
    except ReportProblem as problem:
        return f"{problem} {done.stdout}{done.stderr}"
    return verdict.value if verdict else "none"


def main(say: Callable[[str], None] = print) -> int:
    """Build and try, then the recipes; how many trials went wrong."""
    base = ROOT / ".cache" / "roots" / "container-base"
    clean_roots.make(base, *BASE)
    folder = base.with_name("container")
    shutil.rmtree(folder, ignore_errors=True)
    environ = environment(folder)
    build(base, environ)
    failed = 0

    def tell(name: str, began: float, wrong: str) -> None:
        nonlocal failed
        failed += bool(wrong)
        say(f"{'FAIL' if wrong else 'ok':<5} {name:<28} {time.perf_counter() - began:5.1f} s")
        if wrong:
            say(f"      {wrong}")

    with PrivateMongod() as server, PrivateMongod() as gone, running(environ) as container:
        gone.stop()
        for trial in TRIALS:
            began = time.perf_counter()
            words = [word.format(good=server.address, bad=gone.address) for word in trial.words]
            ended = subprocess.run(
                ["podman", *HARDENED, *words],
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                timeout=60,
                check=False,
            )
            printed = ended.stdout.decode("utf-8", "replace")
            wrong = clean_roots.problems(trial, ended.returncode, printed)
            tell(trial.name, began, "; ".join(wrong) and f"{'; '.join(wrong)}\n{printed}")
        work = folder / "work"
        work.mkdir()
        one_file.pyz(ROOT, work / "clearline.pyz", when=int(time.time()))
        for address, verdict in ((server.address, "connected"), (gone.address, "failed")):
            for way in elsewhere(f"mongodb://{address}/?appName=it's"):
                if way.key in ("docker-run", "docker-exec"):
                    began = time.perf_counter()
                    command = way.text.replace("NETWORK", "host").replace("CONTAINER", container)
                    found = reported(command, work / way.text.rpartition("> ")[2].strip(), environ)
                    tell(f"{way.key}: {verdict}", began, "" if found == verdict else found)
        mount = ["podman", "image", "mount", "clearline"]
        image = subprocess.run(mount, env=environ, check=True, capture_output=True, text=True).stdout.strip()
        return failed + engines.tried(Path(image) / "opt" / "clearline", server.address, gone.address, work, say)


if __name__ == "__main__":
    sys.exit(main() > 0)
