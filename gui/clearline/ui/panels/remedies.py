"""Which remedies the window can carry out itself."""

from __future__ import annotations

from typing import Final

from clearline.core.report import Finding, Remedy

KNOWN_ACTIONS: Final = {"ask-password": "Type the password", "escape-password": "Escape the password"}
"""Named actions that a click can do, with the button's text."""


def offered(finding: Finding) -> list[Remedy]:
    """The remedies that become buttons, in the finding's order."""
    return [remedy for remedy in finding.remedies if remedy.patch is not None or remedy.action in KNOWN_ACTIONS]
