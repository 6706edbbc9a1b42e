"""How many examples Hypothesis tries. They are others in each run, so that few of them in each become many."""

from __future__ import annotations

import hypothesis

USUAL = 100
"""What tests state their own numbers for; the nightly job tries three times as many."""
SOME, FEW = 40, 20
"""So many of them in the whole loop and in the fast one."""

_PROFILE = "clearline"


def load(many: int) -> None:
    """Try ``many`` examples where a test wants the usual, and in proportion where it wants `examples`."""
    hypothesis.settings.register_profile(_PROFILE, hypothesis.settings.default, deadline=None, max_examples=many)
    hypothesis.settings.load_profile(_PROFILE)


def examples(many: int) -> hypothesis.settings:
    """``many``, where `USUAL` are tried elsewhere."""
    return hypothesis.settings(max_examples=many * hypothesis.settings.get_profile(_PROFILE).max_examples // USUAL)
