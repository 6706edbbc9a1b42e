"""What the user of a terminal agrees to before a command connects, and how they are asked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from clearline.cli.output import print_aside
from clearline.cli.usage import UsageProblem
from clearline.core.check.request import Permits
from clearline.core.hops.asking import Agreed
from clearline.core.profiles.profile import Profile

if TYPE_CHECKING:
    from clearline.core.consent.agreements import Agreements
    from clearline.core.consent.concerns import Concern

_LONGEST_ANSWER: Final = 100


def on_terminal() -> bool:
    """Whether a user can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()


def confirmed() -> bool:
    """Ask on the terminal whether to go on."""
    from clearline.cli.standard_input import line

    print_aside("Go on all the same? [y/N] ", end="")
    return line(_LONGEST_ANSWER).strip().casefold() in ("y", "yes")


def wanted_by(profile: Profile, *, elsewhere: bool = False) -> tuple[Concern, ...]:
    """What a profile has to be agreed to for: everything where others wrote it, else what is always asked.

    ``elsewhere``: it is a file outside the profiles' folder.
    """
    from clearline.core.consent.concerns import always_asked, concerns
    from clearline.core.consent.outside import FILE_NAME, Outside
    from clearline.core.consent.portable import is_foreign_copy
    from clearline.paths import user_data_dir

    if elsewhere or is_foreign_copy() or Outside(user_data_dir() / FILE_NAME).holds(profile.id):
        return concerns(profile, prompting=on_terminal())
    return always_asked(profile, prompting=on_terminal())


def missing(profile: Profile, wanted: Sequence[Concern]) -> tuple[Concern, ...]:
    """What was not agreed to yet."""
    return _agreements().missing(profile, wanted) if wanted else ()


def settle(profile: Profile, wanted: Sequence[Concern], *, yes: bool, demanded: bool) -> None:
    """Tell what was not agreed to yet, and ask on a terminal. Raises `UsageProblem`.

    ``demanded``: without a terminal ``--yes`` is needed, else telling is enough (a connection string that was written
    into the command itself).
    """
    absent = missing(profile, wanted)
    if not absent:
        return
    if not yes:
        from clearline.cli.text_grid import shown

        about = f"{shown(profile.name)}: " if profile.name else ""
        for concern in absent:
            print_aside(f"clearline: {about}{shown(concern.words)}")
        if on_terminal():
            if not confirmed():
                raise UsageProblem("not agreed to, so nothing was connected.")
        elif demanded:
            raise UsageProblem("nothing was connected: this needs your agreement, which --yes gives.")
        else:
            return
    try:
        _agreements().remember(profile, absent)
    except OSError as error:
        print_aside(f"clearline: the agreement cannot be remembered: {error.strerror}")


def _agreements() -> Agreements:
    """What was agreed to on this computer; found late, for few connections want anything."""
    from clearline.core.consent.agreements import Agreements
    from clearline.paths import agreements_file

    return Agreements(agreements_file())


def permits(profile: Profile, *, asking: bool = True) -> Permits:
    """What was agreed to for a profile on this computer. ``asking``: the user of a terminal can sign in by hand."""
    terminal = asking and on_terminal()
    return Permits(
        may_run=lambda command: _agreements().may_run(profile, command),
        on_prompt=say_where_to_sign_in if terminal else None,
        oidc_hosts=lambda asked: _agreements().sign_in_hosts(asked),
        way=on_the_way(profile, asking=asking),
    )


def on_the_way(profile: Profile, *, asking: bool = True) -> Agreed:
    """What was agreed to of a profile's hops; nothing where it has none."""
    if not profile.hops:
        return Agreed()
    from clearline.cli.hop_questions import OnTerminal
    from clearline.core.hops.known_hosts import HostKeys
    from clearline.paths import known_hosts_file

    return Agreed(HostKeys(known_hosts_file()), OnTerminal() if asking and on_terminal() else None)


def say_where_to_sign_in(page: str, code: str | None) -> None:
    """Tell the user of a terminal where they sign in (OIDC)."""
    from clearline.cli.text_grid import shown

    with_code = f" with the code {shown(code)}" if code else ""
    print_aside(f"clearline: sign in at {shown(page)}{with_code}")
