"""What a program writes into an address where a variable was not set or a template was not filled.

A gap for a person to fill (``<password>``) is no such thing: that is `placeholder`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import unquote

from clearline.core.secrets.references import is_reference
from clearline.core.text.late_patterns import late


class Unset(NamedTuple):
    """What stands there instead of a value, and who writes that. ``certain``: no value looks like it."""

    value: str
    origin: str
    certain: bool

    @property
    def shown(self) -> str | None:
        """A program's word, which tells nothing even in a password's place; None for other texts."""
        return self.value if self.value in _WORDS or "…" in self.value else None


_PERCENT_IS_MEANT: Final = late(r"%\w+%|%!.*|%\(\w+\)[sdr]")
_KIND_OF_STORE: Final = late(r"[\w+]+(?::/{0,2}|\()")
_SCRIPT: Final = "JavaScript writes that for a variable without a value"
_STORE: Final = "A reference to a store of secrets (Vault, 1Password, AWS, Google, Jasypt) stands there unresolved"
_TEXTS: Final = (
        (r"undefined", 0, _SCRIPT, False),
        (r"\[object [A-Z]\w*\]", 0, "JavaScript writes that for an object where a text is meant", True),
        (r"null|\(null\)", re.I, "Java, JavaScript, C and YAML write that for a value that is not there", False),
        (r"None", 0, "Python writes that for a variable without a value", False),
        (r"NaN", 0, "JavaScript and pandas write that for a number that is none", False),
        (r"nil|<nil>|%!\w\(<nil>\)", 0, "Go, Ruby and Lua write that for a value that is not there", False),
        (r"%!\w\([^()]*\)", 0, "Go writes that for an argument of a format that is missing or of another type", True),
        (r"<no value>", 0, "A Go template (Helm, docker) writes that for a value that is not defined", True),
        (r"ENC\(.+\)|(?:ref\+)?vault:.+|op://.+|arn:aws:(?:secretsmanager|ssm):.+|(?:gcp)?sm://.+", 0, _STORE, True),
        (r"\[(?:REDACTED|FILTERED|MASKED|HIDDEN)\]", re.I, "A log or a report writes that in a secret's place", True),
        (r"%\(\w+\)[sdr]|\{\d*\}", 0, "A format of a program was not filled in", True),
        (r"__[A-Z][A-Z0-9_]*__|@@?[A-Z][A-Z0-9_]*@@?", 0, "A pipeline's or build's template was not filled in", False),
        (r"\{\{.*\}\}", re.S, "A template (Helm, Ansible, Jinja, Handlebars) was not filled in", True),
        (r"\{%.*%\}", re.S, "A template (Jinja, Twig, Liquid) was not filled in", True),
        (r"<%.*%>", re.S, "A template (ERB, EJS) was not filled in", True),
        (r"\$\{\{.*\}\}", re.S, "A pipeline (GitHub Actions, Azure) did not fill that in", True),
        (r"#\{.+\}|\#\{.+\}\#", 0, "A template (Ruby, Octopus) was not filled in", True),
        (r"@Microsoft\.KeyVault\(.*\)", 0, "An Azure key vault reference was not resolved", True),
        (r"\$\([^()]*[\s/][^()]*\)|`[^`]+`", 0,
         "A command was to put that there, and no shell ran it: it stood in single quotes, or no shell read it", True),
        (r"\$\(?[A-Z_][A-Z0-9_]*\)?", 0,
         "A variable was not replaced: single quotes stood around it, or no shell read it", False),
        (r"%[A-Z_][A-Z0-9_]*%", 0, "A variable of Windows was not replaced", True),
        (r"process\.env\.\w+|os\.environ\S*|os\.getenv\S*|System\.getenv\S*|ENV\[.*\]", 0,
         "The code stands there itself: it was put inside the quotation marks", True),
        (r"\$\{[^{}]*\}", 0,
         "A template was not filled in: it stands in ordinary quotation marks, or its variable is not set", True),
)  # fmt: skip
_WORDS: Final = frozenset({"undefined", "null", "None", "NaN", "nil"})
_WORDS_IN_LOWER_CASE: Final = {word.lower(): word for word in _WORDS}


_SIGNS: Final = ("[", "(", "<", "%", "{", "_", "@", "$", "`", "#", ":", ".env", ".getenv")
"""Of these each of the texts has one, but for words."""


def unset(raw: str) -> Unset | None:
    """What a part of an address is when no value was put there; None for a value. References are no part of this."""
    text = raw.strip()
    if text.lower() not in _WORDS_IN_LOWER_CASE and not any(sign in text for sign in _SIGNS):
        return None
    text = (raw if _PERCENT_IS_MEANT.fullmatch(raw) else unquote(raw)).strip()
    if not text or is_reference(text):
        return None
    for pattern, flags, origin, certain in _TEXTS:
        if re.fullmatch(pattern, text, flags) is not None:
            return Unset(text, origin, certain)
    return None


def unset_host(raw: str) -> Unset | None:
    """The same for a host, which is often written in lower case."""
    text = raw.strip().strip(".")
    return unset(_WORDS_IN_LOWER_CASE.get(text.lower(), text))


def unset_password(raw: str) -> Unset | None:
    """The same for a password, which may as well be a real one: it is shown only where it is a word of a program."""
    found = unset(raw)
    if found is None or found.value in _WORDS:
        return found and found._replace(certain=found.value == "undefined")
    if found.origin == _STORE and (kind := _KIND_OF_STORE.match(found.value)) is not None:
        return found._replace(value=f"{kind[0]}…")
    inner = found.value.strip("{}<>%$#[]")
    told = re.search(r"\s|\w\.\w|\(|\w:[-=?+]", inner) is not None or inner.startswith(".")
    return Unset(re.sub(r"[^{}<>%$#()\[\]`]+", "…", found.value), found.origin, found.certain and told)
