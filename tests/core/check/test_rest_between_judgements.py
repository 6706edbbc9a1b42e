"""Where judging is dear the loop is left to others for a while: nothing that changes meanwhile goes unjudged."""

from __future__ import annotations

import asyncio

import pytest

from clearline.core.check.outcome import Outcome
from clearline.core.check.request import Request
from clearline.core.check.running import Running
from clearline.core.profiles.profile import Profile, Seeds
from lab import loops


@pytest.mark.parametrize("changes", [True, False])
def test_a_change_in_the_rest_is_a_change_after_it(changes: bool) -> None:
    async def rested() -> bool:
        run = Running(Request(Profile(seeds=Seeds(hosts=("db1:27017",)))), lambda _: None, 1.0)
        under_way = run.spawn(_for_ever())
        run.ledger.changed.clear()
        resting = asyncio.ensure_future(Outcome(run)._rest(0.02))
        await asyncio.sleep(0)
        if changes:
            run.ledger.put(files_checked=True)
        await resting
        under_way.cancel()
        return run.ledger.changed.is_set()

    assert loops.run(rested()) is changes


async def _for_ever() -> None:
    await asyncio.Event().wait()
