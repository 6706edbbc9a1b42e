"""The program: the window by default, or one of the commands. Qt is imported only for the window."""

from __future__ import annotations

import errno
import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # the import of typing would take a tenth of `clearline --version`
    from collections.abc import Sequence
    from typing import NoReturn

WITHOUT_QT = (
    "clearline: the window needs PySide6, which is not installed here: pip install 'PySide6-Essentials>=6.11.3,<6.12'"
    " adds it, and everything else works without it (clearline --help)."
)
WITHOUT_WINDOW = "clearline: this is the program for the command line, which has no window (clearline --help)."
WRONG_USAGE = 2
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a stream says that leads to a full disk, or to one that is gone."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for and return the exit code; 2 when they ask for nothing that exists."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        from clearline import __version__

        print(f"clearline {__version__}")
        return 0
    try:
        return _run(arguments)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("PySide6", "shiboken6"):
            raise
        from clearline.paths import is_frozen

        print(WITHOUT_WINDOW if is_frozen() else WITHOUT_QT, file=sys.stderr)
        return WRONG_USAGE


def _run(arguments: list[str]) -> int:
    from clearline.cli.commands import find, usage

    match arguments:
        case ["--version", "--verbose"]:
            from clearline.versions import in_lines, versions

            print(in_lines(versions()))
            return 0
        case ["--help" | "-h"]:
            print(usage(), end="")
            return 0
        case ["--screenshot", path]:
            from clearline.ui.app import screenshot

            return screenshot(path)
        case []:
            from clearline.cli.window import open_window

            return open_window()
        case [name, *rest] if (command := find(name)) is not None:
            return command.run(rest)
        case [file] if file.lower().endswith(".json"):  # what a double click hands over
            from clearline.cli import open_file

            return open_file.run([file])
        case _:
            from clearline.cli.output import print_aside
            from clearline.cli.usage import said_back

            print_aside(f"clearline: unknown arguments: {said_back(arguments)}\n{usage()}", end="")
            return WRONG_USAGE


def run() -> NoReturn:
    """The entry point: `main`, with an exit code also when the reader of our output has gone (``| head``)."""
    if os.name == "posix":
        _open_what_is_closed()
    if sys.argv[1:2] in (["check"], ["explain"]):
        gc.set_threshold(100_000)  # their imports make many objects and no garbage: looking for it costs a tenth
    try:
        try:
            code = main()
        except SystemExit as ended:  # argparse, after its help or its complaint
            code = ended.code if isinstance(ended.code, int) else 0
        _flush()
    except KeyboardInterrupt:  # while a command reads its arguments, asks or is not read; a check has its own way
        code = 130
        _print_no_more()
    except BrokenPipeError:
        code = 1
        _print_no_more()
    except OSError as error:
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        from clearline.cli.output import print_aside

        print_aside(f"clearline: the output cannot be written: {error.strerror}.")
        code = 1
        _print_no_more()
    _leave_unread()
    if children := sys.modules.get("clearline.core.child_processes"):
        children.end_all()
    if daemons := sys.modules.get("clearline.core.daemon_threads"):
        daemons.end_with(code)
    sys.exit(code)


def _flush() -> None:
    if sys.stdout is None:  # a windowed program has none
        return
    if os.name == "posix":  # importing what only Windows needs takes longer than printing the version
        sys.stdout.flush()
        return
    from clearline.cli.output import readers_end

    with readers_end():
        sys.stdout.flush()


def _open_what_is_closed() -> None:
    """A shell's ``>&-`` leaves no stream, and its number to the next file or socket, into which others would print."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _leave_unread() -> None:
    """Of standard error: the interpreter would make 120 of any exit code for it."""
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _print_no_more() -> None:
    """The interpreter flushes once more at its end: it would complain into a closed pipe, and wait for a full one."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    run()
