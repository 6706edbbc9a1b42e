"""What Clearline raises for programs that use it as a library. What is wrong with a connection is in the report."""

from __future__ import annotations


class ClearlineError(Exception):
    """The call itself is wrong, said in one sentence without secrets; the base of all that the library raises."""


class TargetError(ClearlineError, ValueError):
    """There is nothing to check: the text is empty, or longer than any connection string."""


class LoopRunningError(ClearlineError, RuntimeError):
    """`check_sync` was called where an asyncio loop runs; ``await check(...)`` belongs there."""
