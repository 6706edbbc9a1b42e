"""The pages about causes for people, made from the catalogue and the table of what drivers print.

``python -m clearline.core.diagnosis.causes_page`` writes them.
"""

from __future__ import annotations

import re

from clearline.core.diagnosis.catalogue import Cause, causes
from clearline.core.diagnosis.texts import rows
from clearline.core.diagnosis.where_values_live import sections
from clearline.paths import resource

STAGE_TITLES = {
    "uri": "The text of the connection string",
    "files": "Certificates and keys on this computer",
    "hop": "What the servers are reached through",
    "socks": "SOCKS proxies",
    "proxy": "HTTP proxies",
    "ssh": "SSH servers",
    "k8s": "Kubernetes",
    "dns": "Names",
    "tcp": "Reaching the computer and the port",
    "tls": "Encryption and certificates",
    "hello": "Is it MongoDB, and which",
    "topology": "What the servers say about each other",
    "auth": "Who you are",
    "access": "What you may do",
    "env": "This computer",
    "pool": "While working",
    "driver": "The driver on this computer",
}


def pages() -> dict[str, str]:
    """The pages by file name below ``resources/causes``: one for each cause, and ``index.md``, by stage."""
    found = {f"{code}.md": _page(code, cause) for code, cause in causes().items()}
    printed_only = {code: row for code, row in rows().items() if code not in causes()}
    for code, row in printed_only.items():
        lines = [f"# `{code}`", "", f"**{_shown(row.summary)}**", "", f"What to do: {_shown(row.fix)}"]
        found[f"{code}.md"] = _joined([*lines, *_told_in_texts(code)])
    found["index.md"] = _index({code: row.summary for code, row in printed_only.items()})
    return found


def page_of(code: str) -> str:
    """Where the page of a cause is, below ``resources``."""
    return f"causes/{code}.md"


def _index(printed_only: dict[str, str]) -> str:
    lines = ["# Causes", "", "Every cause that Clearline can name; its page says what it means and what to do."]
    stage = ""
    for code, cause in causes().items():
        if code.partition(".")[0] != stage:
            stage = code.partition(".")[0]
            lines += ["", f"## {STAGE_TITLES[stage]}", ""]
        lines.append(f"- [`{code}`]({code}.md): {_shown(cause.title)}")
    lines += ["", "## Seen only in what a program printed", ""]
    lines += [f"- [`{code}`]({code}.md): {_shown(summary)}" for code, summary in printed_only.items()]
    return _joined(lines)


def _page(code: str, cause: Cause) -> str:
    """One cause: what it means, how to mend it, how to prove it, what looks like it."""
    return _joined(
        [
            f"# `{code}`",
            "",
            f"**{_shown(cause.title)}** {_shown(cause.means)}",
            "",
            f"What to do: {_shown(cause.fix)}",
            "",
            f"Usually a {cause.severity.value}. How to prove it by hand: {_shown(cause.tells)}",
            *sections(code, cause),
            *_told_in_texts(code),
            *(["", f"Where it is merely possible: {'; '.join(cause.rivals)}."] if cause.rivals else []),
        ]
    )


def _told_in_texts(code: str) -> list[str]:
    """How it looks in each driver, and which causes print the same."""
    row = rows().get(code)
    lines: list[str] = []
    if printed := _printed(code):
        lines += ["", "## What programs print", "", *printed]
    if row is not None and row.also:
        known = causes().keys() | rows().keys()
        alike = ", ".join(f"[`{other}`]({other}.md)" if other in known else f"`{other}`" for other in row.also)
        lines += ["", "## What looks alike", "", f"{alike}. {_shown(row.question or '')}".strip()]
    return lines


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _printed(code: str) -> list[str]:
    """The texts of the cause, a line per driver: a search for one of them finds the page."""
    row = rows().get(code)
    if row is None:
        return []
    return [
        f"- Printed by {_WRITERS.get(writer, writer)}: "
        + "; ".join(f"`{words.replace('`', chr(39))}`" for words in texts)
        for writer, texts in row.by_writer.items()
    ]


_WRITERS = {
    "any": "several",
    "node": "Node.js",
    "pymongo": "PyMongo",
    "java": "Java",
    "go": "Go",
    "csharp": "C#",
    "c": "libmongoc",
    "php": "PHP",
    "ruby": "Ruby",
    "rust": "Rust",
    "prisma": "Prisma",
    "server-log": "the server",
}


def _shown(sentence: str) -> str:
    return re.sub(r"\{(\w+)\}", r"*\1*", sentence.replace("<", "&lt;"))


if __name__ == "__main__":
    folder = resource("causes")
    folder.mkdir(exist_ok=True)
    written = pages()
    for old in folder.glob("*.md"):
        if old.name not in written:
            old.unlink()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
