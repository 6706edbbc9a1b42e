"""A pytest plugin: ``pytest --mongodb-preflight URI`` checks the deployment before the first test.

One sentence then stands for the hundreds of errors of a suite whose database cannot be reached. Without its option it
does nothing, and it imports nothing when pytest starts.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pytest

UNREACHABLE = 3
"""pytest's exit code when a deployment cannot be used: no test has run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The one option; it may be given several times."""
    group = parser.getgroup("clearline", "MongoDB connections (Clearline)")
    group.addoption(
        "--mongodb-preflight",
        metavar="URI",
        action="append",
        default=[],
        help="check this connection string before the first test, and end with one sentence when it fails; "
        "$NAME stands for an environment variable",
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Check what was asked for, in the process that starts the tests alone."""
    targets = session.config.getoption("--mongodb-preflight")
    if not targets or hasattr(session.config, "workerinput"):
        return
    import pytest

    for target in targets:
        if (why := _why_not(target)) is not None:
            pytest.exit(why, returncode=UNREACHABLE)


def _why_not(target: str) -> str | None:
    """What is wrong with a deployment, in one sentence without secrets; None when it can be used."""
    import os

    from clearline import ClearlineError, Verdict, check_sync

    if target.startswith("$"):
        target = os.environ.get(target[1:].strip("{}"), "")
    try:
        report = check_sync(target)
    except ClearlineError as error:
        return f"MongoDB preflight: {error}"
    if report.verdict is Verdict.CONNECTED:
        return None
    found = report.diagnosis
    said = f"{found.summary} ({found.cause})" if found else "the check was stopped."
    return f"MongoDB preflight, {report.target.uri}: {said}"
