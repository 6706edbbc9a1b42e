"""The program: the window by default, or one of the commands. Qt is imported only for the window."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # the import of typing would take a tenth of `clearline --version`
    from collections.abc import Sequence
    from typing import NoReturn

USAGE = """\
usage: clearline                     open the window
       clearline open FILE           open the window with a profile's file
       clearline check TARGET        test one connection in the terminal (--help tells more)
       clearline check --all         test every saved profile
       clearline list                list the saved profiles
       clearline watch TARGET        stay on the line and tell how it is (--help tells more)
       clearline explain FILE        say what an application's error text means (- reads standard input)
       clearline diff A.json B.json  say what differs between the reports of two places
       clearline merge A.json ...    show which place reaches which server
       clearline demo                test a private MongoDB in the window
       clearline self-test [TARGET]  say whether this program is whole and this computer lets it work
       clearline --screenshot FILE   write a picture of the window and end
       clearline --version           --verbose adds the versions of all parts
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for and return the exit code; 2 when they ask for nothing that exists."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    match arguments:
        case ["--version"]:
            from clearline import __version__

            print(f"clearline {__version__}")
            return 0
        case ["--version", "--verbose"]:
            from clearline.versions import in_lines, versions

            print(in_lines(versions()))
            return 0
        case ["--help" | "-h"]:
            print(USAGE, end="")
            return 0
        case ["check", *rest]:
            from clearline.cli import check

            return check.run(rest)
        case ["list", *rest]:
            from clearline.cli import list_profiles

            return list_profiles.run(rest)
        case ["open", *rest]:
            from clearline.cli import open_file

            return open_file.run(rest)
        case ["watch", *rest]:
            from clearline.cli import watch

            return watch.run(rest)
        case ["explain", *rest]:
            from clearline.cli import explain

            return explain.run(rest)
        case ["diff", *rest]:
            from clearline.cli import places

            return places.run_diff(rest)
        case ["merge", *rest]:
            from clearline.cli import places

            return places.run_merge(rest)
        case ["demo", *rest]:
            from clearline.cli import demo

            return demo.run(rest)
        case ["self-test", *rest]:
            from clearline.cli import self_test

            return self_test.run(rest)
        case ["--screenshot", path]:
            from clearline.ui.app import screenshot

            return screenshot(path)
        case []:
            from clearline.cli.window import open_window

            return open_window()
        case [file] if file.lower().endswith(".json"):  # what a double click hands over
            from clearline.cli import open_file

            return open_file.run([file])
        case _:
            print(f"clearline: unknown arguments: {' '.join(arguments)}\n{USAGE}", end="", file=sys.stderr)
            return 2


def run() -> NoReturn:
    """The entry point: `main`, with an exit code also when the reader of our output has gone (``| head``)."""
    if sys.argv[1:2] == ["check"]:
        gc.set_threshold(100_000)  # its imports make many objects and no garbage: looking for it costs a tenth
    try:
        code = main()
        if sys.stdout is not None:  # a windowed program has none
            sys.stdout.flush()
    except KeyboardInterrupt:  # while a command reads its arguments or asks; a check that runs has its own way
        code = 130
    except BrokenPipeError:
        # The interpreter flushes once more at its end, and would complain into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    if daemons := sys.modules.get("clearline.core.daemon_threads"):
        daemons.end_with(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
