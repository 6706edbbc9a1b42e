"""Option values as a field shows them and reads them back: the catalogue's parser, for text that is not encoded."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from clearline.core.diagnosis.catalogue import causes
from clearline.core.options.catalogue import Option, OptionType
from clearline.core.options.values import ValueProblem, parse_properties, parse_tags, parse_value
from clearline.core.profiles.profile import Profile
from clearline.core.uri.connection_string import value_text

_ANY: Final = "any"
"""How a field writes the empty tag set; no tag reads so, for it has no colon."""
_LISTS: Final[dict[OptionType, Any]] = {OptionType.LIST: (), OptionType.TAGS: (), OptionType.PROPERTIES: {}}


def unset(option: Option) -> Any:
    """What the profile holds where the option is not set."""
    return _LISTS.get(option.type)


def value_of(profile: Profile, option: Option) -> Any:
    """What the profile holds."""
    if option.field is None:
        return None
    section, attribute = option.field
    return getattr(getattr(profile, section), attribute)


def shown_text(option: Option, value: Any) -> str:
    """The text of a value; empty when it is not set."""
    if value == unset(option):
        return ""
    match option.type:
        case OptionType.TAGS:
            return "; ".join(_tag_text(tags) for tags in value)
        case OptionType.PROPERTIES:
            return ",".join(f"{name}:{text}" for name, text in value.items())
        case OptionType.LIST:
            return ",".join(value)
        case _:
            return value_text(value)


def read_text(option: Option, text: str) -> Any | ValueProblem:
    """The value of what was typed, or what is wrong with it; nothing typed is not set. Never raises."""
    text = text.strip()
    if not text:
        return unset(option)
    match option.type:
        case OptionType.TAGS:
            sets = [part.strip() for part in text.split(";")]
            return parse_tags(["" if one in ("", _ANY) else quote(one, safe=":,%", errors="replace") for one in sets])
        case OptionType.PROPERTIES:
            return parse_properties(quote(text, safe=":,/", errors="replace"))
        case OptionType.KEYWORD:
            return text
        case _:
            problem = parse_value(option, text)
            if isinstance(problem, ValueProblem) and option.type is not OptionType.LIST and problem.value is not None:
                # The server refuses it, but it is a value: the check of the whole text says so.
                return problem.value
            return problem


def refusal(option: Option, problem: ValueProblem, in_force: Any) -> tuple[str, str]:
    """What is wrong with a typed value, and what to do: the field's name, the value, the range, what counts instead."""
    counts = shown_text(option, in_force)
    stays = f"{counts} stays in force." if counts else f"The default stays in force: {option.default}."
    if problem.cause == "uri.ignored-value":
        blanks = problem.blanks
        return f"{option.name}: {blanks['value']} is not possible.", f"Write {blanks['choices']}. {stays}"
    cause = causes()[problem.cause]
    return cause.title.format_map(problem.blanks), f"{cause.fix.format_map(problem.blanks)} {stays}"


def default_words(option: Option) -> str:
    """What happens when nothing is typed, as a field says it."""
    words = {"true": "on", "false": "off"}.get(option.default, option.default).removesuffix(" (majority)")
    return words if "default" in words.partition("(")[0] else f"default: {words}"


def unit(option: Option) -> str:
    """The unit of its numbers; empty for what has none."""
    if option.type is OptionType.NUMBER or (option.type is OptionType.INTEGER and option.name.endswith("MS")):
        return "ms"
    return "s" if option.name.endswith("Seconds") else ""


def mark(option: Option) -> str:
    """What a developer has to know before using it, in two words; empty for most."""
    if option.name == "server_api":
        return "keyword only"
    if option.ignored:
        return "no effect"
    return "PyMongo only" if option.pymongo_only else ""


def marks_meaning(option: Option) -> str:
    """The sentence behind `mark`."""
    match mark(option):
        case "keyword only":
            return "No connection string can hold it: the profile does, and it is a keyword argument in the program."
        case "no effect":
            return "PyMongo accepts it and does nothing with it."
        case "PyMongo only":
            return "Other drivers ignore or refuse it."
        case _:
            return ""


def help_text(option: Option) -> str:
    """All that is known about an option, as plain lines: help, default, range, other names, where to read on."""
    lines = [option.help, f"Default: {option.default}."]
    if option.choices and option.type is not OptionType.BOOLEAN:
        lines.append(f"Possible: {', '.join(option.choices)}.")
    if option.type is OptionType.TAGS:
        lines.append("Several sets have a semicolon between them; the word any matches any member: dc:east,rack:1; any")
    if option.aliases:
        lines.append(f"Also written {', '.join(option.aliases)}.")
    if meaning := marks_meaning(option):
        lines.append(meaning)
    return "\n".join([*lines, option.docs])


def searchable(option: Option) -> str:
    """Everything by which an option is found, in lower case."""
    words = (option.name, *option.aliases, option.help, option.default, *option.choices, mark(option))
    return " ".join(words).lower()


def _tag_text(tags: dict[str, str]) -> str:
    return ",".join(f"{_tag_word(name)}:{_tag_word(text)}" for name, text in tags.items()) or _ANY


def _tag_word(text: str) -> str:
    """As it is, but for the characters that separate."""
    return "".join(quote(c, safe="") if c in "%,:;" else c for c in text)
