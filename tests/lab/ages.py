"""Servers of every age, what Clearline can do with each, and the page that says so.

``python3 packaging/dev.py test`` fetches the servers. ``python tests/lab/ages.py`` tries them all and writes
``resources/compatibility.md``.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from clearline.cli.mongod import find_mongod
from clearline.core.check.check import check
from clearline.core.check.request import Patience, Request
from clearline.core.facts.whole import Facts
from clearline.core.report.report import Report, Verdict
from clearline.paths import resource
from lab import deployments, loops
from lab.certificates import Authority
from lab.deployment import User
from lab.peer import bound_socket
from lab.watching import Watched

ROOT: Final = Path(__file__).resolve().parents[2]
SERVERS: Final = ROOT / ".cache" / "servers"
COLUMNS: Final = ("hello", "TLS", "login", "rights", "pool", "watch")
YES, NOT_TRIED = "✔", "–"
_LEGEND: Final = (
    "Every row was tried with that server: `python3 packaging/dev.py docs` writes this page from what came of it, "
    "and a test fails when it is stale. *hello*: recognised with product and version. *TLS*: the version that is "
    "agreed on, and that the want of TLS is named. *login*: the mechanism that is negotiated, and that a wrong "
    "password is named. *rights*: a user who may only read is noticed. *pool*: the server's own connections are "
    "counted. *watch*: it stays healthy."
    f" {NOT_TRIED}: not tried."
)
_READER = User("reader", roles=("read@appdb",))
_MONITOR = User("monitor", roles=("clusterMonitor@admin", "read@appdb"))


@dataclass(frozen=True)
class Age:
    """One server: its name as a report has it, and the program; None: SecantusDB, which is Python's."""

    name: str
    program: Path | None

    @property
    def is_here(self) -> bool:
        """Whether it can be started on this computer."""
        if self.program is not None:
            return os.access(self.program, os.X_OK)
        return (SERVERS / "secantusdb").is_dir() and sys.version_info[:2] == (3, 11)


def _of_the_wheel() -> Path:
    try:
        return find_mongod()
    except Exception:
        return Path("mongod")


AGES: Final = (
    *(Age(f"MongoDB {version}", SERVERS / f"mongod-{version}" / "mongod") for version in ("4.4.2", "5.0.4")),
    Age("MongoDB 6.0.5", _of_the_wheel()),
    Age("MongoDB 6.0.27", SERVERS / "mongod-6.0.27" / "mongod"),
    Age("SecantusDB 8.2.11", None),
)


def tried(age: Age, authority: Authority) -> dict[str, str]:
    """What came of each column: a mark, or words where there is more to say."""
    if age.program is None:
        return _foreign(age)
    users = (*deployments.USERS[:1], _READER, _MONITOR)
    with deployments.of_age(age.program, authority, users=users) as server:
        report, facts = _checked(server.uri(users[0], path="appdb"))
        refused, _ = _checked(server.uri(users[0].name, "wrong", authSource="admin"))
        reader, _ = _checked(server.uri(_READER, path="appdb"))
        _, monitor = _checked(server.uri(_MONITOR, path="appdb"))
        plain, _ = _checked(server.uri(users[0], tls=None, tlsCAFile=None))
        tls = next((s.tls.version for s in report.servers if s.tls is not None), None)
        named = refused.diagnosis is not None and refused.diagnosis.cause == "auth.wrong-password"
        needed = plain.diagnosis is not None and plain.diagnosis.cause == "tls.required"
        return {
            "hello": _hello(age, report),
            "TLS": str(tls) if needed else "the want of it is not named",
            "login": (facts.login.mechanism or "?") if named else "a wrong password is not named",
            "rights": YES if any(f.cause == "access.read-only" for f in reader.findings) else "not named",
            "pool": YES if monitor.access.connections_available else "not counted",
            "watch": loops.run(_watched(server.uri(users[0]))),
        }


def _foreign(age: Age) -> dict[str, str]:
    with secantusdb() as address:
        report, facts = _checked(f"mongodb://{address}/")
        watched = loops.run(_watched(f"mongodb://{address}/"))
    full = [f for f in report.findings if f.cause == "pool.nearly-full"]
    return {
        **dict.fromkeys(COLUMNS, NOT_TRIED),
        "hello": _hello(age, report),
        "pool": "its figures are not believed" if facts.access.connections_available == 0 and not full else YES,
        "watch": watched,
    }


def _hello(age: Age, report: Report) -> str:
    told = report.deployment
    name = f"{told.product} {told.version}" if told is not None else "nothing"
    return YES if report.verdict is Verdict.CONNECTED and name == age.name else f"it is taken for {name}"


def _checked(uri: str) -> tuple[Report, Facts]:
    found: list[Facts] = []
    request = Request(text=uri, patience=Patience())
    return loops.run(check(request, lambda _: None, on_facts=found.append)), found[-1]


async def _watched(uri: str) -> str:
    async with Watched(uri) as watched:
        state = await watched.healthy()
        return YES if state.topology.servers else "no servers"


@contextlib.contextmanager
def secantusdb() -> Iterator[str]:
    """A running SecantusDB; its address."""
    with bound_socket("127.0.0.1") as free:
        port = free.getsockname()[1]
    code = "import sys; from secantus.cli import main; sys.argv[0] = 'secantusd'; main()"
    command = [sys.executable, "-c", code, "--port", str(port), "--storage-path", ":memory:"]
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "PYTHONPATH": str(SERVERS / "secantusdb")}
        with subprocess.Popen(command, env=environ, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                for line in process.stderr:
                    if "listening" in line:
                        break
                yield f"127.0.0.1:{port}"
            finally:
                process.kill()


def page(results: dict[str, dict[str, str]]) -> str:
    """The compatibility page: a row for each server."""
    lines = [
        "# Compatibility",
        "",
        *textwrap.wrap(_LEGEND, 120),
        "",
        f"| server | {' | '.join(COLUMNS)} |",
        f"|---|{'---|' * len(COLUMNS)}",
    ]
    lines += [row(name, cells) for name, cells in results.items()]
    return "\n".join(lines) + "\n"


def row(name: str, cells: dict[str, str]) -> str:
    """One server's line of the page."""
    return f"| {name} | {' | '.join(cells[column] for column in COLUMNS)} |"


def main() -> int:
    """Try them all and write the page; 1 where a server is missing."""
    if missing := [age.name for age in AGES if not age.is_here]:
        print(f"not here: {', '.join(missing)}; python3 packaging/dev.py test fetches them")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        results = {age.name: tried(age, authority) for age in AGES}
    resource("compatibility.md").write_text(page(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
