"""What a hop may have to ask a human: the answers that an SSH server wants, and whether its key is the right one."""

from __future__ import annotations

from typing import Protocol

import msgspec

from clearline.core.hops.known_hosts import HostKeys
from clearline.core.secrets.secret import Secret


class Prompt(msgspec.Struct, frozen=True):
    """One question of a server, as it is worded there; hostile text. ``echo``: what is typed may be seen."""

    text: str
    echo: bool = False


class Question(msgspec.Struct, frozen=True):
    """What a login asks at once. ``server`` is the hop's own, ``title`` and ``instructions`` are the server's words."""

    server: str
    title: str
    instructions: str
    prompts: tuple[Prompt, ...]


class ShownKey(msgspec.Struct, frozen=True):
    """The host key of a server that is not known here. ``known`` names the types of its keys that are."""

    server: str
    key_type: str
    fingerprint: str
    known: tuple[str, ...] = ()


class Asker(Protocol):
    """Asks the user; both are awaited in the loop of the check and may be cancelled at any moment."""

    async def answers(self, question: Question) -> tuple[Secret, ...] | None:
        """One answer for each prompt; None when the user does not want to."""

    async def trusts(self, key: ShownKey) -> bool:
        """Whether the key is that of the server, compared with what its administrator says."""


class Agreed(msgspec.Struct, frozen=True):
    """What the user has agreed to, and how they are asked for more."""

    host_keys: HostKeys = msgspec.field(default_factory=HostKeys)
    asker: Asker | None = None
