from __future__ import annotations

from collections import Counter

import pytest

from clearline.core.explain import record
from clearline.core.explain.decisive import decisive
from clearline.core.explain.explain import explain
from clearline.core.explain.signs import Sign

THREE = (
    "server selection error: server selection timeout, current topology: { Type: ReplicaSetNoPrimary, Servers: ["
    + "".join(
        f"{{ Addr: db{n}:27017, Type: Unknown, Last error: dial tcp 10.0.0.{n}:27017: connection refused }}, "
        for n in (1, 2, 3)
    )
    + "] }"
)


def test_the_error_of_a_server_is_read_once_however_many_rules_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[str] = Counter()

    def counted(words: str) -> Sign | None:
        read[words] += 1
        return decisive(words)

    monkeypatch.setattr(record, "decisive", counted)
    assert [found.cause for found in explain(THREE).causes][:1] == ["tcp.refused"]
    assert len(read) == 3
    assert set(read.values()) == {1}


def test_of_several_errors_the_innermost_that_says_something_counts() -> None:
    seen = record.Seen(host="db1", errors=("connection refused", "no route to host", "it failed"))
    assert seen.sign is not None
    assert seen.sign.kind == "unreachable"
    assert record.Seen(host="db1").sign is None
