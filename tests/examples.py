"""How many examples Hypothesis tries, where a test wants more or fewer than usual."""

from __future__ import annotations

import hypothesis

USUAL = 100


def examples(many: int) -> hypothesis.settings:
    """``many`` in the whole loop, and the same part of them as elsewhere in the fast one."""
    profile = hypothesis.settings.get_current_profile_name()
    return hypothesis.settings(max_examples=many * hypothesis.settings.get_profile(profile).max_examples // USUAL)
