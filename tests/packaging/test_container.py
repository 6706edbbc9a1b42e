"""The Containerfile is read as it stands; its steps are run by the nightly job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="roots of Linux")
container = pytest.importorskip("container")
engines = pytest.importorskip("engines")


def test_every_line_of_the_file_is_a_step_or_a_setting() -> None:
    build, last = container.read(container.FILE.read_text("utf-8"))
    assert [word for word, _ in build.steps] == ["WORKDIR", "COPY", "COPY", "COPY", "COPY", "RUN", "RUN", "RUN", "RUN"]
    assert last.steps == [("COPY", "--from=build /opt/clearline /opt/clearline")]
    assert last.environ["PATH"] == f"/opt/clearline/bin:{container.PATH}"
    assert last.entrypoint == ("clearline",)
    assert int(last.user.split(":")[0]) > 0


@pytest.mark.parametrize(
    "line",
    ['RUN ["sh"]', "RUN --mount=type=cache,target=/x sh", "USER nobody", "HEALTHCHECK CMD x", "ENTRYPOINT clearline"],
)
def test_a_line_that_would_not_be_run_as_written_is_refused(line: str) -> None:
    with pytest.raises(container.NotUnderstood, match="^" + line[:4]):
        container.read(f"FROM base\n{line}\n")


def test_lines_that_go_on_and_comments_are_read_as_engines_read_them() -> None:
    [stage] = container.read("# why\nARG BASE=x\nFROM ${BASE} AS one\nRUN true && \\\n    false\n# RUN no\n")
    assert (stage.name, stage.steps) == ("one", [("RUN", "true &&  false")])


def test_files_go_where_the_file_says(tmp_path: Path) -> None:
    context, root, made = tmp_path / "context", tmp_path / "root", tmp_path / "made"
    (context / "gui").mkdir(parents=True)
    (context / "gui" / "main.py").touch()
    (context / "LICENSE").touch()
    (made / "opt").mkdir(parents=True)
    (made / "opt" / "program").touch()
    container.copy(context, {}, root, "/source", "LICENSE ./")
    container.copy(context, {}, root, "/source", "gui gui")
    container.copy(context, {"build": made}, root, "/", "--from=build /opt /opt")
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert files == {"source/LICENSE", "source/gui/main.py", "opt/program"}


def test_what_is_tried_runs_read_only_and_without_rights(tmp_path: Path) -> None:
    stage = container.Stage("", user="65534:65534", entrypoint=("clearline",))
    command = container.entering(tmp_path, stage, ["clearline", "--version"])
    script = command[command.index("-c") + 1]
    assert "remount,ro,bind" in script
    assert "/etc/resolv.conf" not in script
    assert {"--reuid=65534", "--no-new-privs", "--bounding-set=-all"} <= set(command)
    assert subprocess.run(["sh", "-n", "-c", script], check=False).returncode == 0


def test_every_recipe_of_an_engine_that_debian_has_is_run_by_it() -> None:
    assert {engine.recipe for engine in engines.ENGINES} == {
        "ansible-task.yml",
        "nagios.cfg",
        "icinga2.conf",
        "compose.yaml",
    }
    for engine in engines.ENGINES:
        command = engines.entering(Path("/root of it"), Path("/opt/clearline"), Path("/tmp/w"), engine.script)
        assert "'/root of it/proc'" in command[command.index("-c") + 1]
        assert (engines.RECIPES / engine.recipe).is_file()
        assert engine.says
        assert subprocess.run(["sh", "-n", "-c", engine.script], check=False).returncode == 0


def test_the_nightly_job_runs_the_steps() -> None:
    assert "dev.py try-container" in (container.ROOT / ".github" / "workflows" / "nightly.yml").read_text("utf-8")
