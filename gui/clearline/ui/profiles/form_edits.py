"""What an edit in the form makes of the profile in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from clearline.core.consent.concerns import commands
from clearline.core.keyring.placing import moved_at_once
from clearline.core.keyring.vault import Moved
from clearline.core.profiles.profile import SecretSource
from clearline.core.profiles.secret_places import with_source
from clearline.ui.profiles.list_actions import ListActions
from clearline.ui.profiles.open_profile import OpenProfile
from clearline.ui.profiles.open_profiles import OpenProfiles
from clearline.ui.profiles.storage import ProfileStorage


class FormEdits:
    """``show_form`` brings the form back to what holds, where a secret could not be moved."""

    def __init__(
        self, storage: ProfileStorage, profiles: OpenProfiles, actions: ListActions, show_form: Callable[[], object]
    ) -> None:
        self._storage = storage
        self._profiles = profiles
        self._actions = actions
        self._show_form = show_form

    def edit(self, part: str, value: Any) -> None:
        """Another value for a part of the profile in front."""
        opened = self._profiles.current
        before = commands(opened.profile)
        if part != "secrets" or not self._move_secret(opened, value):
            opened.set_profile(opened.with_parts(**{part: value}))
        now = commands(opened.profile)
        opened.typed_commands = opened.typed_commands & now | now - before

    def _move_secret(self, opened: OpenProfile, sources: dict[str, SecretSource]) -> bool:
        """Another store for a secret that is kept: moved at once, which is no edit of the connection.

        False where it is one: then it goes there when the profile is saved.
        """
        saved = opened.saved if opened.path is not None else None
        wanted = msgspec.structs.replace(opened.profile, secrets=sources)
        found = moved_at_once(saved, opened.profile, wanted, opened.secret_names, opened.typed_secrets)
        if found is None:
            return False
        (name, to), profile_id = found, opened.profile.id

        def moved(outcome: Moved) -> None:
            if outcome.done:
                self._actions.change([profile_id], lambda profile: with_source(profile, name, to))
            else:
                self._show_form()

        self._storage.secrets.move(opened, name, to, moved)
        return True
