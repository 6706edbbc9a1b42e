"""Python source as the formatter of Ruff would leave it: texts, calls, imports, modules."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from clearline.core.snippets.variables import Kind, Piece, pieces

WIDTH: Final = 120
_PIECE: Final = 72
"""Longest part of a text that is written in several lines."""
_SEAMS: Final = (",", "/", "&")
_OWN_CONSTANTS: Final = frozenset({"COMMON", "DATABASE", "HEARTBEATS", "LOGIN_REFUSED", "POOLS", "URI"})
_STANDARD: Final = frozenset(
    {"asyncio", "atexit", "collections.abc", "contextlib", "dataclasses", "enum", "logging", "os", "threading", "time"}
    | {"typing", "urllib.parse"}
)


class Argument(NamedTuple):
    """The expression for a keyword argument, and a comment after it."""

    value: str
    comment: str = ""


@dataclass
class Module:
    """What a Python module needs besides its functions; filled while these are written."""

    imports: set[str] = field(default_factory=set)
    """Modules that are imported whole."""
    members: dict[str, set[str]] = field(default_factory=dict)
    """By module: what is imported from it."""
    before: list[str] = field(default_factory=list)
    """Statements that have to run before PyMongo is imported."""
    constants: dict[str, str] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)
    load: str = ""
    """The statement that reads a ``.env`` file; it is needed only where a variable is."""

    def use(self, module: str, *names: str) -> None:
        """Import a module, or names from it."""
        if names:
            self.members.setdefault(module, set()).update(names)
        else:
            self.imports.add(module)

    def variable(self, name: str, *, optional: bool = False) -> str:
        """The expression that reads a variable of the environment."""
        self.use("os")
        listed = self.optional if optional else self.variables
        if name not in listed:
            listed.append(name)
        return f"os.environ.get({literal(name)})" if optional else f"os.environ[{literal(name)}]"

    def constant(self, name: str) -> str:
        """The name of the constant that holds a variable of the environment, for use inside a text."""
        own, value = name.upper(), self.variable(name)
        while own in _OWN_CONSTANTS or self.constants.get(own, value) != value:
            own += "_"
        self.constants[own] = value
        return own

    def text(self, template: str | Sequence[Piece]) -> str:
        """The expression for a text with references."""
        parts = pieces(template) if isinstance(template, str) else list(template)
        if all(part.kind is Kind.TEXT for part in parts):
            return Text.of("".join(part.text for part in parts))
        if len(parts) == 1:
            name = parts[0].text
            return self.variable(name) if name == name.upper() else self.constant(name)
        terms: list[str] = []
        for part in parts:
            match part.kind:
                case Kind.TEXT:
                    terms += part.text
                case Kind.PLAIN:
                    terms.append(f"{{{self.constant(part.text)}}}")
                case Kind.ENCODED:
                    self.use("urllib.parse", "quote_plus")
                    terms.append(f"{{quote_plus({self.constant(part.text)})}}")
        return Text.of(terms)

    def source(self, docstring: str, *blocks: str) -> str:
        """The whole module: imports, constants, then the blocks."""
        load = self.load if self.variables or self.optional else ""
        if load:
            self.use("dotenv", "load_dotenv")
        if self.before:
            early, late = self._early()
            sections = [self._imports(standard=True), early, "\n".join(self.before), late]
        else:
            sections = [self._imports(standard=True), self._imports(standard=False)]
        imports = "\n\n".join(section for section in sections if section)
        constants = [load] if load else []
        for name, value in self.constants.items():
            # Another case than capitals is unusual, but the variable's name is not ours to choose.
            unusual = value.startswith("os.environ[") and _inside(value) != _inside(value).upper()
            constants.append(assignment(name, value) + ("  # noqa: SIM112" if unusual else ""))
        first, *rest = (block.strip("\n") for block in blocks)
        head = f'"""{docstring}"""\n\nfrom __future__ import annotations\n\n{imports}\n\n'
        return head + "\n\n\n".join(("\n".join((*constants, first)), *rest)) + "\n"

    def _early(self) -> tuple[str, str]:
        drivers = {name for name in (*self.imports, *self.members) if name.split(".")[0] in ("bson", "pymongo")}
        early = Module(
            {n for n in self.imports if n not in drivers}, {n: m for n, m in self.members.items() if n not in drivers}
        )
        late = Module(
            {n for n in self.imports if n in drivers}, {n: m for n, m in self.members.items() if n in drivers}
        )
        lines = late._imports(standard=False).splitlines()
        return early._imports(standard=False), "\n".join(f"{line}  # noqa: E402" for line in lines)

    def _imports(self, *, standard: bool) -> str:
        whole = sorted(name for name in self.imports if (name in _STANDARD) is standard)
        members = {name: found for name, found in self.members.items() if (name in _STANDARD) is standard}
        lines = [f"import {name}" for name in whole]
        lines += [f"from {name} import {', '.join(_in_order(members[name]))}" for name in sorted(members)]
        return "\n".join(lines)


def _inside(value: str) -> str:
    """What stands between the quotation marks of ``os.environ["…"]``."""
    return value.split('"')[1]


def _in_order(members: Iterable[str]) -> list[str]:
    """As isort sorts: constants, classes, then the rest."""
    return sorted(members, key=lambda name: (0 if name.isupper() else 1 if name[0].isupper() else 2, name))


def literal(text: str) -> str:
    """A Python string; with the quotation marks that need the fewest backslashes, double ones if in doubt."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    body = repr(text + "'\"")[1:-1]  # with both quotation marks in it, repr encloses in single ones
    body = body[: -len("\\'\"")].replace("\\'", "'")
    return quote + body.replace(quote, "\\" + quote) + quote


def number(value: bool | int | float) -> str:
    """A number or truth value."""
    return repr(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)


def assignment(name: str, value: str) -> str:
    """``name = value``, a text in several lines where one is too long."""
    line = f"{name} = {value}"
    return f"{name} = {value.broken(0)}" if isinstance(value, Text) and width(line) > WIDTH else line


def call(
    opening: str,
    positional: Sequence[str],
    arguments: Mapping[str, Argument],
    *,
    unpacked: str = "",
    indent: int = 4,
) -> str:
    """``opening(…)`` with every argument on its own line, or on one line where only positional ones exist.

    ``unpacked`` is the name of a dictionary whose items follow.
    """
    space = " " * indent
    if not arguments and not unpacked:
        return f"{space}{opening}({', '.join(positional)})"
    inner = " " * (indent + 4)
    lines = [f"{inner}{value}," for value in positional]
    lines += [entry(f"{name}=", argument, indent=indent + 4) for name, argument in arguments.items()]
    if unpacked:
        lines.append(f"{inner}**{unpacked},")
    return f"{space}{opening}(\n" + "\n".join(lines) + f"\n{space})"


def entry(name: str, argument: Argument, *, indent: int) -> str:
    """One line of a call or a dictionary, or as many as it takes; ``name`` ends with its sign."""
    space = " " * indent
    value = argument.value
    line = f"{space}{name}{value},"
    if width(line) > WIDTH and isinstance(value, Items):
        inner = "\n".join(entry(each, Argument(item), indent=indent + 4) for each, item in value.items)
        line = f"{space}{name}{value.opening}\n{inner}\n{space}{value.closing},"
    elif width(line) > WIDTH and isinstance(value, Text):
        line = f"{space}{name}{value.broken(indent)},"
    return line + (f"  # {argument.comment}" if argument.comment else "")


class Items(str):
    """A list, dictionary or call on one line, which remembers its parts for the case that they need several."""

    __slots__ = ("closing", "items", "opening")
    opening: str
    closing: str
    items: tuple[tuple[str, str], ...]

    @classmethod
    def between(cls, opening: str, closing: str, items: Iterable[tuple[str, str]]) -> Self:
        """The items, each a name with its sign (or nothing) and a value, between two brackets."""
        kept = tuple(items)
        made = cls(opening + ", ".join(name + value for name, value in kept) + closing)
        made.opening, made.closing, made.items = opening, closing, kept
        return made


def listing(values: Iterable[str]) -> Items:
    """A list."""
    return Items.between("[", "]", (("", value) for value in values))


def mapping(values: Mapping[str, str]) -> Items:
    """A dictionary with texts as keys."""
    return Items.between("{", "}", ((f"{literal(name)}: ", value) for name, value in values.items()))


def construction(name: str, positional: Iterable[str] = (), arguments: Mapping[str, str] | None = None) -> Items:
    """A call as a value."""
    named = ((f"{argument}=", value) for argument, value in (arguments or {}).items())
    return Items.between(f"{name}(", ")", (*(("", value) for value in positional), *named))


class Text(str):
    """A string's source on one line, which remembers what it is made of for the case that it needs several.

    A term is a character, or a reference in braces.
    """

    __slots__ = ("terms",)
    terms: tuple[str, ...]

    @classmethod
    def of(cls, terms: Iterable[str]) -> Self:
        """The source for those terms."""
        kept = tuple(terms)
        made = cls(_source(kept))
        made.terms = kept
        return made

    def broken(self, indent: int) -> str:
        """The string in parentheses, in pieces that end, where they can, after a comma or a slash."""
        space = " " * indent
        if indent + 4 + width(self) <= WIDTH:
            return f"(\n{space}    {self}\n{space})"
        lines: list[list[str]] = [[]]
        taken, best = 0, 0
        for term in self.terms:
            line = lines[-1]
            size = width(_source((term,))) - 2
            if line and taken + size > _PIECE:
                cut = best if best > len(line) // 2 else len(line)
                lines[-1:] = [line[:cut], line[cut:]]
                line = lines[-1]
                taken, best = sum(width(_source((each,))) - 2 for each in line), 0
            line.append(term)
            taken += size
            if term in _SEAMS:
                best = len(line)
        return "(\n" + "".join(f"{space}    {_source(line)}\n" for line in lines) + f"{space})"


def _source(terms: Sequence[str]) -> str:
    """Only where there is a reference the string is formatted; else a brace is a brace."""
    if all(len(term) == 1 for term in terms):
        return literal("".join(terms))
    return "f" + literal("".join(term * 2 if term in ("{", "}") else term for term in terms))


def width(text: str) -> int:
    """How many columns a line takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
