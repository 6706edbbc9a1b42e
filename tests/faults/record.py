"""Record the facts of the rows anew: ``python tests/faults/record.py [ID …]``.

The files under ``tests/core/diagnosis/recorded`` are what the rules are tested on without any network.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import msgspec
from msgspec.structs import replace

from clearline.core.facts.whole import Facts
from faults.catalogue import FAULTS
from faults.laboratory import Laboratory
from faults.run import run
from lab import namespaces

RECORDED = Path(__file__).parent.parent / "core" / "diagnosis" / "recorded"


def write(id: str, facts: Facts, lab: Laboratory) -> None:
    """Keep the facts of one row, free of this computer's folders and version."""
    facts = replace(facts, computer=replace(facts.computer, system=facts.computer.system.partition(" ")[0]))
    text = msgspec.json.format(msgspec.json.encode(facts), indent=1).decode()
    (RECORDED / f"{id}.json").write_text(text.replace(str(lab.folder), "/lab") + "\n", encoding="utf-8")


def read(id: str) -> Facts:
    """The recorded facts of one row."""
    return msgspec.json.decode((RECORDED / f"{id}.json").read_bytes(), type=Facts)


def main(chosen: list[str]) -> None:
    """Run the rows and write down the facts of those that are right."""
    RECORDED.mkdir(exist_ok=True)
    with Laboratory() as lab:
        for fault in FAULTS:
            if (chosen and fault.id not in chosen) or (fault.netns and namespaces.unavailable()):
                continue
            outcome = run(fault, lab)
            print(fault.id, outcome.miss or "right", flush=True)
            if outcome.miss is None:
                write(fault.id, outcome.facts, lab)


if __name__ == "__main__":
    main(sys.argv[1:])
