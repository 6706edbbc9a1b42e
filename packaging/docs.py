"""Write what is generated from the program's own tables: schemas, the pages about causes, the man page.

Run it with ``python3 packaging/dev.py docs``; tests say when it is due.
"""

from __future__ import annotations

from pathlib import Path

from clearline.cli.man_page import man_page
from clearline.core.diagnosis.causes_page import pages
from clearline.core.explain import explanation
from clearline.core.report import report
from clearline.core.storage import store

RESOURCES = Path(__file__).resolve().parent.parent / "resources"


def generated() -> dict[str, str]:
    """Every generated file by its path below ``resources``."""
    return {
        "report.schema.json": report.schema_text(),
        "explanation.schema.json": explanation.schema_text(),
        "profile.schema.json": store.schema_text(),
        "man/clearline.1": man_page(),
        **{f"causes/{name}": text for name, text in pages().items()},
    }


def main() -> None:
    """Write what differs, and say so."""
    wanted = generated()
    for old in {path.relative_to(RESOURCES).as_posix() for path in RESOURCES.glob("causes/*.md")} - set(wanted):
        (RESOURCES / old).unlink()
        print(f"removed {old}")
    for name, text in wanted.items():
        path = RESOURCES / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {name}")


if __name__ == "__main__":
    main()
