"""kubectl itself runs what is written for it: the commands of *Run this check from…*, and the recipes.

The API server is `api_server.py`, whose pods are processes of this computer: what kubectl understands, sends and writes
into the file of a report is real, the cluster is not.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clearline.core.report.report import Verdict
from clearline.core.report.report_file import report_of
from clearline.core.snippets.elsewhere import elsewhere
from lab import peers
from lab.deployment import Deployment

HERE = Path(__file__).parent
RECIPES = HERE.parents[1] / "packaging" / "recipes"
Run = Callable[[str], "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")


@pytest.fixture
def run(tmp_path: Path, standalone: Deployment) -> Iterator[Run]:
    """Runs a command beside an API server, whose secrets hold the address of a server that works."""
    clearline = f"{shlex.quote(sys.executable)} -m clearline"
    programs = {
        "clearline": f'#!/bin/sh\nexec {clearline} "$@"\n',
        "python3": '#!/bin/sh\nshift\nexec clearline "$@"\n',
    }
    for name, text in programs.items():
        place = tmp_path / "bin" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
        place.chmod(0o755)
    kubeconfig = tmp_path / "kubeconfig"
    os.mkfifo(kubeconfig)
    environ = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "KUBECONFIG": str(kubeconfig),
        "CLEARLINE_HOME": str(tmp_path / "home"),
    }
    names = [f"orders-mongodb/uri={standalone.uri()}", f"SECRET/uri={standalone.uri()}"]
    words = [sys.executable, str(HERE / "api_server.py"), str(kubeconfig), "--running", "app-1"]
    server = subprocess.Popen([*words, *(f"--secret={name}" for name in names)], env=environ, stdout=subprocess.DEVNULL)
    written = kubeconfig.read_text()  # there when it listens
    kubeconfig.unlink()
    kubeconfig.write_text(written)

    def shell(command: str) -> subprocess.CompletedProcess[str]:
        started = ["bash", "-euc", command]
        return subprocess.run(started, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    yield shell
    server.terminate()
    server.wait()


@pytest.mark.parametrize(("key", "file"), [("run", "pod"), ("debug", "debug"), ("exec", "pod")])
def test_a_report_comes_back_from_a_pod(key: str, file: str, run: Run, standalone: Deployment, tmp_path: Path) -> None:
    (tmp_path / "clearline.pyz").write_text("what goes into the pod")
    pod = tmp_path / "clearline in the pod"
    with peers.closed_port() as port:
        refused = f"mongodb://127.0.0.1:{port}/?appName=it's"
        for uri, verdict in ((standalone.uri(), Verdict.CONNECTED), (refused, Verdict.FAILED)):
            [way] = [way for way in elsewhere(uri) if way.key == f"kubectl-{key}"]
            command = way.text.replace("POD", "app-1").replace("NAMESPACE", "shop")
            done = run(command.replace("/tmp/clearline.pyz", shlex.quote(str(pod))))
            report = report_of(tmp_path / f"{file}.json")
            assert report.verdict is verdict, done.stderr
            assert report.target.uri == uri
            assert done.returncode == (verdict is Verdict.FAILED and key != "debug"), done.stderr
    assert pod.exists() is (key == "exec")


def test_the_log_of_a_job_is_a_report(run: Run, tmp_path: Path) -> None:
    [job] = [way.text for way in elsewhere("mongodb://db1/") if way.key == "job"]
    (tmp_path / "job.yaml").write_text(job.replace("POOL", "b"))
    for file, name in ((RECIPES / "job.yaml", "mongodb-from-pool-a"), (tmp_path / "job.yaml", "clearline-from-b")):
        done = run(
            f"kubectl create --validate=false --filename {shlex.quote(str(file))}; kubectl logs job/{name} >{name}.json"
        )
        assert report_of(tmp_path / f"{name}.json").verdict is Verdict.CONNECTED, done.stderr
    assert "mongodb-from-pool-a: connected" in run("clearline merge *.json").stdout


@pytest.mark.parametrize(
    ("recipe", "pod", "container", "log"),
    [
        ("cronjob", "mongodb-1", "check", ""),  # --quiet: nothing but the code
        ("init-container", "orders-1", "mongodb-ready", "Connected"),
    ],
)
def test_a_recipe_runs_as_it_is_read(recipe: str, pod: str, container: str, log: str, run: Run) -> None:
    run(f"kubectl create --validate=false -f {shlex.quote(str(RECIPES / recipe))}.yaml")
    assert log in run(f"kubectl logs {pod} -c {container}").stdout
    chosen = f'{{.status.containerStatuses[?(@.name=="{container}")].state.terminated.exitCode}}'
    assert run(f"kubectl get pod {pod} -o jsonpath='{chosen}'").stdout == "0"
