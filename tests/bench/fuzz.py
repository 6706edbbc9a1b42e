"""Hostile input where text, files, certificates and replies are read: unexpected exceptions, and secrets shown.

Run it with ``python3 packaging/dev.py bench fuzz``; ``--share 0.01`` does a hundredth of it, ``--seed N`` repeats a
run. Prints counts and the place of each kind of exception; a kind that is printed is a bug.
"""

from __future__ import annotations

import argparse
import random
import ssl
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import trustme

from clearline.core.addresses import split_address
from clearline.core.diagnosis.standing import known_addresses
from clearline.core.exchange.imported import ImportProblem
from clearline.core.exchange.reading import read_file
from clearline.core.probes.hello import parse_hello
from clearline.core.profiles.profile import Profile
from clearline.core.report.history import History
from clearline.core.storage.store import list_profiles, save_in
from clearline.core.tls.certificates import certificate_facts
from clearline.core.uri.connection_string import read
from lab.mongo_peer import member_hello

PLANTED = "Pl4nted-Secr3t-Word"
PIECES = (
    *"abz019 :@/?&=%,;#[]{}$\\\"'<>\n\t\0²üß漢\u202e\ud800",
    "mongodb://", "mongodb+srv://", "localhost", "27017", "[::1]", "::", "%40", "%zz", "authSource=admin", "tls=true",
    "replicaSet=rs0", "-u ", "-p ", "--host ", "https://", "/tmp/mongodb-27017.sock", "\u200b", "…", "“",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2**63 - 1, float("inf"), float("nan"), "", "x:²", "[::1]:abc", "x" * 5000, b"\xff", [], [None],
    ["a:1", 3, {}], {}, {"a": {"b": []}}, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC),
)  # fmt: skip


@dataclass
class Tally:
    """What one edge was given, and what it did that no caller expects."""

    count: int = 0
    raised: Counter[str] = field(default_factory=Counter)
    leaked: int = 0
    longest_s: float = 0.0

    def run(self, give: Callable[[], object]) -> None:
        """One input; what its texts show must not hold the planted secret."""
        self.count += 1
        began = time.perf_counter()
        try:
            shown = give()
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.raised[f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}"] += 1
        else:
            self.leaked += PLANTED in str(shown)
        self.longest_s = max(self.longest_s, time.perf_counter() - began)


def addresses(dice: random.Random, tally: Tally, count: int) -> None:
    """Connection strings in pieces; a well-formed password may not be shown by the redacted text."""
    for _ in range(count):
        junk = "".join(dice.choices(PIECES, k=dice.randint(1, 25)))
        text = dice.choice((junk, f"mongodb://app:{PLANTED}@{junk}", f"mongodb://app:{PLANTED}@h/?{junk}"))
        tally.run(lambda text=text: read(text).facts.redacted)


def files(dice: random.Random, tally: Tally, count: int) -> None:
    """Profiles and histories with wrong bytes, and files to import."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = save_in(folder, Profile(name="good"))
        good = path.read_bytes()
        for _ in range(count):
            content = bytearray(good)
            for _ in range(dice.randint(1, 6)):
                at = dice.randrange(len(content))
                content[at : at + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 4))
            for target in (path, folder / "last.jsonl", folder / "recent.json"):
                target.write_bytes(content)
            tally.run(lambda: _read_all(folder, path))


def _read_all(folder: Path, path: Path) -> object:
    history = History(folder)
    list_profiles(folder)
    return history.lasts(), history.recent(), _imported(path)


def _imported(path: Path) -> object:
    try:
        return read_file(path)
    except ImportProblem as problem:
        return str(problem)


def certificates(dice: random.Random, tally: Tally, count: int) -> None:
    """Certificates with wrong bytes."""
    authority = trustme.CA()
    good = [
        ssl.PEM_cert_to_DER_cert(authority.issue_cert(name).cert_chain_pems[0].bytes().decode())
        for name in ("db.example.com", "127.0.0.1", "*.example.com")
    ]
    for _ in range(count):
        der = bytearray(dice.choice(good))
        for _ in range(dice.randint(1, 5)):
            der[dice.randrange(len(der))] = dice.randrange(256)
        tally.run(lambda der=bytes(der): _facts(der))


def _facts(der: bytes) -> object:
    try:
        return certificate_facts(der, datetime.now(UTC))
    except ValueError:
        return None


def replies(dice: random.Random, tally: Tally, count: int) -> None:
    """Answers to hello whose fields are of any type."""
    good = dict(member_hello("rs0", ["db1:27017", "db2:27017"], me="db1:27017", primary="db1:27017", role="primary"))
    fields = [*good, "lastWrite", "tags", "passives", "electionId", "serviceId", "saslSupportedMechs"]
    for _ in range(count):
        document = {**good, **{dice.choice(fields): dice.choice(VALUES) for _ in range(dice.randint(1, 6))}}
        tally.run(lambda document=document: _read_reply(document))


def _read_reply(document: dict[str, Any]) -> object:
    answer = parse_hello(document, elapsed_s=0.01, user="admin.app")
    return [split_address(address) for address in known_addresses(answer)]


EDGES: tuple[tuple[str, Callable[[random.Random, Tally, int], None], int], ...] = (
    ("addresses", addresses, 100_000),
    ("files", files, 50_000),
    ("certificates", certificates, 20_000),
    ("replies", replies, 5_000),
)


def fuzz(share: float, seed: int) -> dict[str, Tally]:
    """A share of each edge's inputs, the same for the same seed."""
    found = {}
    for name, attack, count in EDGES:
        found[name] = Tally()
        attack(random.Random(f"{name} {seed}"), found[name], max(1, int(count * share)))
    return found


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    for name, tally in fuzz(arguments.share, arguments.seed).items():
        print(
            f"{name:<13}{tally.count:>8} inputs  {tally.raised.total():>5} unexpected exceptions"
            f"  {tally.leaked:>4} secrets  longest {tally.longest_s * 1000:.0f} ms"
        )
        for kind, times in tally.raised.most_common():
            print(f"    {times} × {kind}")


if __name__ == "__main__":
    main()
