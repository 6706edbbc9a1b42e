"""What a check or a watch is asked to do, as one value: which profile, how patiently, and what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.text import Mistake
from clearline.core.facts.whole import SILENCE_S
from clearline.core.hops.asking import Agreed
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import Secret, Secrets, Unshown
from clearline.core.uri.connection_string import Reading, build, read

if TYPE_CHECKING:
    from clearline.core.driver.oidc import OnPrompt

LATE_S: Final = 6.5
"""Answers that come until then still change the findings: a line of 3 s each way is slow, not dead."""


class Patience(msgspec.Struct, frozen=True):
    """How long to wait for what does not answer."""

    silence_s: float = SILENCE_S
    """A step without progress for this long counts as silent."""
    late_s: float = LATE_S
    """Answers until then still change the findings; never less than ``silence_s``."""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "late_s", max(self.late_s, self.silence_s))


USUAL: Final = Patience()


class Permits(msgspec.Struct, frozen=True):
    """What the user has agreed to, and how they are asked for more. By default nothing is allowed and no user is there.

    The first and third are asked when it comes to that, as late as they may, and may block on the disk.
    """

    may_run: Callable[[str], bool] | None = None
    """Whether the user has agreed to a command that prints a secret; it is not run otherwise."""
    on_prompt: OnPrompt | None = None
    """Told the page, and the code, with which the user signs in at an OIDC provider; without it only OIDC without a
    human is possible."""
    oidc_hosts: Callable[[Profile], tuple[str, ...]] | None = None
    """Where a human's token may go beyond Atlas and this computer: ``db.example.com``, ``*.example.com``."""
    way: Agreed = msgspec.field(default_factory=Agreed)
    """Host keys of SSH servers, and how the user answers what such a server asks."""
    not_agreed: tuple[Mistake, ...] = ()
    """What the user should have agreed to first (`consent.objections`): then nothing is resolved, run or contacted."""

    @property
    def prompting(self) -> bool:
        """Whether a user can sign in by hand."""
        return self.on_prompt is not None


class Request(Unshown, frozen=True, dict=True):
    """One check or watch to be done. Holds secrets, so it never shows itself.

    ``text`` is the connection string as typed, where there is one; else it is made from profile and secrets.
    """

    profile: Profile = msgspec.field(default_factory=Profile)
    secrets: Secrets = msgspec.field(default_factory=dict)
    text: str | None = None
    patience: Patience = USUAL
    permits: Permits = Permits()

    @cached_property
    def reading(self) -> Reading:
        """The text, read once: what it says and every mistake in it."""
        typed = self.text if self.text is not None else build(self.profile, self.secrets, show="plain")
        return read(typed, profile=self.profile, prompting=self.permits.prompting, given=self.secrets)

    @property
    def known_secrets(self) -> Mapping[str, Secret]:
        """The secrets that were given, and those that the text holds."""
        return {**self.secrets, **self.reading.secrets}

    async def sign_in_hosts(self) -> tuple[str, ...]:
        """Where the token of a sign-in by hand may go, as was agreed to."""
        if self.permits.oidc_hosts is None or not self.permits.prompting:
            return ()
        return await run_in_daemon(self.permits.oidc_hosts, self.reading.profile)
