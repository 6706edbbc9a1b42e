"""The Containerfile without a container engine: its own steps, run in roots of mmdebstrap, and what comes of them.

The base is Debian with Python, one root for each stage. What comes of the last stage is entered as an engine would with
``--read-only --cap-drop ALL``: as the file's own user, without a place to write. The program that it installs is also
what the engines of the recipes run. Run as root by the virtual environment's Python:

    python packaging/container.py
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import string
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import clean_roots
import engines

from clearline.cli.mongod import PrivateMongod

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "packaging" / "Containerfile"
BASE = ("bookworm", ("python3", "python3-venv", "ca-certificates"))
"""The release and the packages of what stands for the base image."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LENT = ("/etc/resolv.conf", "/etc/ssl/certs")
"""What the packages are fetched with, taken from this computer while a step runs, as engines do."""
HANDED_ON = re.compile(r"PIP_CERT|PIP_INDEX_URL|(?:HTTPS?|NO|ALL)_PROXY", re.IGNORECASE)
"""Variables of this computer that a step sees: how it reaches the packages."""


class NotUnderstood(ValueError):
    """A line of the Containerfile that this module cannot run; the text quotes it."""


@dataclass
class Stage:
    """One ``FROM`` and what follows it."""

    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Instruction (RUN, COPY, WORKDIR) and the rest of its line, in order."""
    environ: dict[str, str] = field(default_factory=dict)
    user: str = ""
    entrypoint: tuple[str, ...] = ()


def read(text: str) -> list[Stage]:
    """The stages of a Containerfile. Raises `NotUnderstood` for an instruction that would not be run as written."""
    stages: list[Stage] = []
    joined = re.sub(r"\\\n\s*", " ", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            named = re.search(r"\sAS\s+(\S+)$", rest, re.IGNORECASE)
            stages.append(Stage(named[1] if named else ""))
        elif not stages and word == "ARG":
            continue  # the base image: a root of our own stands for it
        elif not stages:
            raise NotUnderstood(line)
        elif word == "ENV":
            stage = stages[-1]
            for pair in shlex.split(rest):
                name, _, value = pair.partition("=")
                stage.environ[name] = string.Template(value).substitute({"PATH": PATH, **stage.environ})
        elif word == "USER" and re.fullmatch(r"\d+:\d+", rest):  # as numbers: what runAsNonRoot can judge
            stages[-1].user = rest
        elif word == "ENTRYPOINT" and rest.startswith("["):
            stages[-1].entrypoint = tuple(json.loads(rest))
        elif (word == "RUN" and not rest.startswith(("[", "-"))) or word in ("COPY", "WORKDIR"):
            stages[-1].steps.append((word, rest))
        else:
            raise NotUnderstood(line)
    return stages


def copy(context: Path, roots: Mapping[str, Path], root: Path, folder: str, rest: str) -> None:
    """``COPY``: from the context, or from a stage that is made; the last word is where to."""
    words = shlex.split(rest)
    if from_stage := re.fullmatch(r"--from=(\S+)", words[0]):
        context, words = roots[from_stage[1]], words[1:]
    *sources, target = words
    place = root / str(PurePosixPath(folder, target)).lstrip("/")
    for source in sources:
        origin = context / source.lstrip("/")
        if origin.is_dir():
            skipped = shutil.ignore_patterns("__pycache__")
            shutil.copytree(origin, place, symlinks=True, dirs_exist_ok=True, ignore=skipped)
        else:
            into = place / origin.name if target.endswith("/") else place
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(origin, into)


def entering(root: Path, stage: Stage, words: Sequence[str], *, folder: str = "/", lent: bool = False) -> list[str]:
    """The command line that runs something in a root, with mounts and processes that end with it.

    With ``lent`` as a step of the build does, as root. Else as the finished container: the file's user and variables,
    no right to anything, and nothing that can be written.
    """
    place = shlex.quote(str(root))
    script = ["set -e", f"mount --bind {place} {place}"]
    if lent:
        script += [f"mkdir -p {place}{shlex.quote(name)}; mount --bind {name} {place}{name}" for name in LENT[1:]]
        script += [f"touch {place}{LENT[0]}; mount --bind {LENT[0]} {place}{LENT[0]}"]
        environ = {name: value for name, value in os.environ.items() if HANDED_ON.fullmatch(name)}
        rights: list[str] = []
    else:
        script.append(f"mount -o remount,ro,bind {place}")
        environ = {}
        user, _, group = stage.user.partition(":")
        rights = ["setpriv", f"--reuid={user or 0}", f"--regid={group or 0}", "--clear-groups"]
        rights += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    script += [f"mount -t proc proc {place}/proc", f"mount --rbind /dev {place}/dev", 'exec chroot "$@"']
    variables = [f"{name}={value}" for name, value in {"PATH": PATH, **environ, **stage.environ}.items()]
    inner = [str(root), "/usr/bin/env", "-i", f"--chdir={folder}", *variables, *rights, *words]
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", "\n".join(script), "sh", *inner]


def build(stages: Sequence[Stage], base: Path, folder: Path, say: Callable[[str], None]) -> Path:
    """Run every step; the root of the last stage. Raises `subprocess.CalledProcessError` for a step that fails."""
    made: dict[str, Path] = {}
    root = base
    for number, stage in enumerate(stages):
        root = folder / (stage.name or f"stage-{number}")
        subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(root)], check=True)
        where = "/"
        for word, rest in stage.steps:
            say(f"      {word} {rest}")
            if word == "RUN":
                shell = ["/bin/sh", "-c", rest]
                subprocess.run(entering(root, stage, shell, folder=where, lent=True), check=True)
            elif word == "WORKDIR":
                where = str(PurePosixPath(where, rest))
                (root / where.lstrip("/")).mkdir(parents=True, exist_ok=True)
            else:
                copy(ROOT, made, root, where, rest)
        made[stage.name] = root
    return root


def trials(last: Stage, address: str, closed: str) -> list[tuple[clean_roots.Trial, tuple[str, ...]]]:
    """What is tried in the finished container, and its whole command."""
    program, trial = last.entrypoint, clean_roots.Trial
    write = "for place in / /tmp /opt; do touch $place/file && exit 0; done; exit 1"
    return [
        (trial("is not root", (), says=("65534:65534",)), ("sh", "-c", "echo $(id -u):$(id -g)")),
        (trial("cannot write", (), code=1), ("sh", "-c", write)),
        (trial("says its version", (), says=("clearline ",)), (*program, "--version")),
        (trial("checks a mongod", (), says=("Connected",)), (*program, "check", address)),
        (trial("tells a closed port", (), code=1, says=("nothing listens",)), (*program, "check", closed)),
        (trial("has no window", (), code=2, says=("pip install",)), program),
    ]


def main(say: Callable[[str], None] = print) -> int:
    """Build and try, then the recipes; how many trials went wrong."""
    stages = read(FILE.read_text(encoding="utf-8"))
    base = ROOT / ".cache" / "roots" / "container-base"
    clean_roots.make(base, *BASE)
    folder = base.with_name("container")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    root, failed = build(stages, base, folder, say), 0
    with PrivateMongod() as server, PrivateMongod() as gone:
        closed = gone.address
        gone.stop()
        for trial, words in trials(stages[-1], server.address, closed):
            began = time.perf_counter()
            ended = subprocess.run(
                entering(root, stages[-1], words),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                timeout=60,
                check=False,
            )
            printed = ended.stdout.decode("utf-8", "replace")
            wrong = clean_roots.problems(trial, ended.returncode, printed)
            failed += bool(wrong)
            say(f"{'FAIL' if wrong else 'ok':<5} {trial.name:<28} {time.perf_counter() - began:5.1f} s")
            if wrong:
                say(f"      {'; '.join(wrong)}\n{printed}")
        program = root / PurePosixPath(stages[-1].environ["PATH"].split(":")[0]).parent.relative_to("/")
        return failed + engines.tried(program, server.address, closed, folder / "work", say)


if __name__ == "__main__":
    sys.exit(main() > 0)
