"""The page "Causes" for people, made from the catalogue.

``python -m clearline.core.diagnosis.causes_page`` writes it.
"""

from __future__ import annotations

import re

from clearline.core.diagnosis.catalogue import causes
from clearline.core.diagnosis.texts import rows
from clearline.paths import resource

STAGE_TITLES = {
    "uri": "The text of the connection string",
    "files": "Certificates and keys on this computer",
    "hop": "What the servers are reached through",
    "socks": "SOCKS proxies",
    "proxy": "HTTP proxies",
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


def causes_page() -> str:
    """All causes as Markdown, by stage; blanks are shown in italics."""
    lines = [
        "# Causes",
        "",
        "Every cause that Clearline can name, what it means, what to do, and the evidence that decides it.",
    ]
    stage = ""
    for code, cause in causes().items():
        if code.partition(".")[0] != stage:
            stage = code.partition(".")[0]
            lines += ["", f"## {STAGE_TITLES[stage]}"]
        lines += [
            "",
            f"### `{code}` ({cause.severity.value})",
            "",
            f"**{_shown(cause.title)}** {_shown(cause.means)}",
            "",
            f"- What to do: {_shown(cause.fix)}",
            f"- Told by: {_shown(cause.tells)}",
            *_printed(code),
        ]
    lines += ["", "## Seen only in what a program printed"]
    for code, row in rows().items():
        if code not in causes():
            lines += ["", f"### `{code}`", "", f"**{_shown(row.summary)}**", "", f"- What to do: {_shown(row.fix)}"]
            lines += _printed(code)
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
    resource("causes.md").write_text(causes_page(), encoding="utf-8")
