"""Which remedies a click can carry out, and what the buttons say."""

from __future__ import annotations

from enum import Enum
from typing import Final

from clearline.core.facts.text import Mistake
from clearline.core.findings import Finding, Remedy
from clearline.core.report.report import Report
from clearline.core.uri.remedies import weakens
from clearline.ui.look.icons import LabelledButton
from clearline.ui.widgets.patch_words import patch_words


class Ask(Enum):
    """Actions that ask the user for something that only they have."""

    PASSWORD = "ask-password"  # noqa: S105 - the name of an action
    KEY_PASSWORD = "ask-key-password"  # noqa: S105
    CREDENTIALS = "ask-credentials"
    CA_FILE = "ask-ca-file"


_ASKS: Final = {
    Ask.PASSWORD.value: "Type the password",
    Ask.KEY_PASSWORD.value: "Type the key's password",
    Ask.CREDENTIALS.value: "Type user and password",
    Ask.CA_FILE.value: "Choose the CA file…",
}
_CHANGES: Final = {
    "use-repaired-text": "Repair the text",
    "escape-password": "Escape the password",
    "escape-user": "Escape the user name",
    "remove-password": "Remove the password",
    "remove-option": "Remove {0}",
    "remove-duplicate": "Keep one {0}",
    "rename-option": "Rename to {1}",
    "replace-option": "Write {1}",
    "options-from-path": "Put the question mark in",
    "decode-base64": "Decode the address",
    "drop-backslashes": "Remove the backslashes",
    "decode-password": "Decode the password",
    "keep-percent": "Keep the % as typed",
    "trim-password": "Remove the line break",
    "srv-to-seed-list": "Use the list of servers",
}
_LONGEST: Final = 44


def offered(finding: Finding, report: Report | None) -> list[Remedy]:
    """The remedies that become buttons: in the finding's order, what weakens security last."""
    possible = [remedy for remedy in finding.remedies if _possible(remedy, report)]
    return sorted(possible, key=weakens)


def label(remedy: Remedy | Mistake) -> str:
    """What the button of a remedy says; empty where a click can do nothing."""
    if remedy.patch is not None:
        return short(patch_words(remedy.patch))
    verb, _, rest = (remedy.action or "").partition(":")
    name, _, new = rest.partition(":")
    return _ASKS.get(verb, "") or short(_CHANGES.get(verb, "").format(name, new))


def remedy_button(remedy: Remedy) -> LabelledButton:
    """A button that says what the remedy does, with the whole sentence as its tool tip."""
    weaker = weakens(remedy)
    button = LabelledButton("warning" if weaker else "apply", label(remedy), "warning" if weaker else "text")
    button.setProperty("remedy_text", remedy.text)
    button.setToolTip(remedy.text)
    button.setAccessibleName(label(remedy))
    button.setAccessibleDescription(remedy.text)
    return button


def short(words: str, longest: int = _LONGEST) -> str:
    """Words that a button can carry; its tool tip holds the whole sentence."""
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"


def _possible(remedy: Remedy, report: Report | None) -> bool:
    if remedy.action == "srv-to-seed-list":
        return report is not None and any(server.seed for server in report.servers)
    return bool(label(remedy))
