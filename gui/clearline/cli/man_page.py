"""The man page ``clearline(1)``, made from the tables of the commands and their parsers."""

from __future__ import annotations

import argparse

from clearline.cli.commands import ALONE, COMMANDS
from clearline.cli.completion import options_of
from clearline.core.report.exit_codes import OF_STAGE


def man_page() -> str:
    """The page in roff, for man(7)."""
    lines = [
        '.TH CLEARLINE 1 "" "Clearline" "User commands"',
        ".SH NAME",
        r"clearline \- test MongoDB connections and say exactly what is wrong with them",
        ".SH SYNOPSIS",
    ]
    forms = [form for form, _ in ALONE] + [command.takes for command in COMMANDS]
    for number, form in enumerate(forms):
        lines += [".br"] * bool(number) + [f".B clearline {_text(form)}".rstrip()]
    lines += [".SH DESCRIPTION", "Without arguments the window opens. The commands need no window and no Qt.", ".TP"]
    for form, meaning in ALONE[1:]:
        lines += [f".B {_text(form)}", _sentence(meaning), ".TP"]
    lines.pop()
    for command in COMMANDS:
        made = command.arguments()
        lines += [f".SH CLEARLINE {command.name.upper()}", _text(made.description or "")]
        for action in made._actions:
            if not action.option_strings and action.help not in (None, argparse.SUPPRESS):
                lines += [".TP", f".I {_text(str(action.metavar or action.dest))}", _sentence(action.help or "")]
        for option in options_of(made):
            takes = "|".join(option.choices) or option.takes
            names = ", ".join(option.names)
            lines += [".TP", f".B {_text(names)}" + (f" {_text(takes)}" if takes else ""), _sentence(option.help)]
    stages = ", ".join(f"{code} {stage.value}" for stage, code in OF_STAGE.items())
    lines += [
        ".SH EXIT STATUS",
        ".TP",
        r".B \-\-exit\-by plain",
        "0 connected, 1 failed, 2 not tried (wrong usage, no consent), 130 stopped by Ctrl-C.",
        ".TP",
        r".B \-\-exit\-by class",
        _text(f"The same, with one number for each stage that can fail: {stages}."),
        ".TP",
        r".B \-\-exit\-by nagios",
        "0 connected, 1 connected with warnings, 2 failed, 3 not tried or stopped.",
        ".PP",
        "Of several targets the gravest counts.",
        ".SH ENVIRONMENT",
        ".TP",
        ".B MONGODB_URI",
        "What is checked when no target is given.",
        ".TP",
        ".B CLEARLINE_HOME",
        "The folder of profiles, settings and kept reports.",
        ".TP",
        ".B NO_COLOR",
        "Print no colours.",
    ]
    return "\n".join(lines) + "\n"


def _sentence(text: str) -> str:
    return _text(text[:1].upper() + text[1:].removesuffix(".") + ".") if text else ""


def _text(text: str) -> str:
    """A text that roff prints as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
