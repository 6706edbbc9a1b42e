"""``clearline completion SHELL``: what a shell completes, made from the parsers that also make ``--help``."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from clearline.cli.commands import ALONE, COMMANDS
from clearline.cli.output import print_text
from clearline.cli.usage import Parser

SHELLS: Final = ("bash", "zsh", "fish")
_FILES: Final = ("FILE", "REPORT", "REPORT.json")


class Option(NamedTuple):
    """One option of a command, as a shell needs it."""

    names: tuple[str, ...]
    help: str
    takes: str | None
    """What follows it; None: nothing."""
    choices: tuple[str, ...]


def run(argv: Sequence[str]) -> int:
    """Print the script for a shell."""
    shell: str = parser().parse_args(argv).shell
    print_text({"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]().rstrip("\n"))
    return 0


def parser() -> argparse.ArgumentParser:
    """What may follow the command."""
    made = Parser(
        prog="clearline completion",
        description="Print the completion for a shell: source <(clearline completion bash), "
        "clearline completion fish | source, or a file _clearline in a folder of zsh's fpath.",
    )
    made.add_argument("shell", choices=SHELLS, help="the shell that is to complete")
    return made


def options_of(parser: argparse.ArgumentParser) -> Iterator[Option]:
    """The options of a parser, in its order."""
    for action in parser._actions:
        if action.option_strings and action.help is not argparse.SUPPRESS:
            takes = None
            if action.nargs != 0:
                takes = str(action.metavar or action.dest.upper())
            choices = tuple(map(str, action.choices or ()))
            yield Option(tuple(action.option_strings), (action.help or "").replace("%%", "%"), takes, choices)


def positional_choices(parser: argparse.ArgumentParser) -> tuple[str, ...]:
    """The words that may stand as an argument, where they are a closed list."""
    return tuple(str(one) for action in parser._actions if not action.option_strings for one in action.choices or ())


def _first_words() -> list[str]:
    alone = [form.split()[0] for form, _ in ALONE if form]
    return [*(command.name for command in COMMANDS), *alone, "--help"]


def _bash() -> str:
    lines = [
        "_clearline() {",
        '    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"',
        "    COMPREPLY=()",
        '    if [ "$COMP_CWORD" -eq 1 ]; then',
        f'        COMPREPLY=($(compgen -W "{" ".join(_first_words())}" -- "$word"))',
        '        COMPREPLY+=($(compgen -f -X "!*.json" -- "$word"))',
        "        return",
        "    fi",
        '    case "${COMP_WORDS[1]} $before" in',
    ]
    for command in COMMANDS:
        for option in options_of(command.arguments()):
            patterns = "|".join(f'"{command.name} {name}"' for name in option.names)
            if option.choices:
                lines.append(
                    f'        {patterns}) COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$word")); return ;;'
                )
            elif option.takes is not None:
                files = 'COMPREPLY=($(compgen -f -- "$word")); ' if option.takes in _FILES else ""
                lines.append(f"        {patterns}) {files}return ;;")
    lines += ["    esac", '    case "${COMP_WORDS[1]}" in']
    for command in COMMANDS:
        made = command.arguments()
        words = [name for option in options_of(made) for name in option.names] + list(positional_choices(made))
        lines.append(f'        {command.name}) COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$word")) ;;')
    lines += [
        "    esac",
        '    case "$word" in -*) ;; *) COMPREPLY+=($(compgen -f -- "$word")) ;; esac',
        "}",
        "complete -o filenames -F _clearline clearline",
    ]
    return "\n".join(lines) + "\n"


def _zsh() -> str:
    lines = ["#compdef clearline", "_clearline() {", "    local -a commands=("]
    lines += [f"        {shlex.quote(f'{command.name}:{_zsh_text(command.does)}')}" for command in COMMANDS]
    lines += [
        "    )",
        "    if (( CURRENT == 2 )); then",
        "        _describe command commands",
        f"        compadd -- {' '.join(word for word in _first_words() if word.startswith('-'))}",
        "        _files -g '*.json'",
        "        return",
        "    fi",
        '    local command="${words[2]}"',
        "    shift words; (( CURRENT-- ))",
        '    case "$command" in',
    ]
    for command in COMMANDS:
        made = command.arguments()
        specs = [spec for option in options_of(made) for spec in _zsh_specs(option)]
        choices = positional_choices(made)
        specs.append(f"'*:: :({' '.join(choices)})'" if choices else "'*:file:_files'")
        lines += [f"        {command.name})", "            _arguments -S \\"]
        lines += [f"                {spec} \\" for spec in specs[:-1]]
        lines += [f"                {specs[-1]}", "            ;;"]
    lines += ["    esac", "}", 'if [ "$funcstack[1]" = _clearline ]; then', '    _clearline "$@"', "else"]
    lines += ["    compdef _clearline clearline", "fi"]
    return "\n".join(lines) + "\n"


def _zsh_specs(option: Option) -> Iterator[str]:
    for name in option.names:
        spec = f"{name}[{_zsh_text(option.help)}]"
        if option.choices:
            spec += f":{option.takes}:({' '.join(option.choices)})"
        elif option.takes is not None:
            spec += f":{_zsh_text(option.takes)}:{'_files' if option.takes in _FILES else ' '}"
        yield shlex.quote(spec)


def _zsh_text(text: str) -> str:
    """Without what closes a description in zsh's own notation."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def _fish() -> str:
    first = "complete -c clearline -n __fish_use_subcommand"
    lines = [f"{first} -f -a '(__fish_complete_suffix .json | string match \"*.json\")'"]
    lines += [f"{first} -f -a {command.name} -d {_fish_text(command.does)}" for command in COMMANDS]
    for form, meaning in (*ALONE[1:], ("--help", "say what there is")):
        name, _, takes = form.removeprefix("--").partition(" ")
        lines.append(f"{first} -l {name}{' -r' if takes else ''} -d {_fish_text(meaning)}")
    for command in COMMANDS:
        made = command.arguments()
        when = f"complete -c clearline -n '__fish_seen_subcommand_from {command.name}'"
        for option in options_of(made):
            words = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
            if option.choices:
                words.append(f"-x -a {_fish_text(' '.join(option.choices))}")
            elif option.takes is not None:
                words.append("-r" if option.takes in _FILES else "-x")
            lines.append(f"{when} {' '.join(words)} -d {_fish_text(option.help)}")
        if choices := positional_choices(made):
            lines.append(f"{when} -f -a {_fish_text(' '.join(choices))}")
    return "\n".join(lines) + "\n"


def _fish_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
