"""Findings about the text of the connection string: each mistake was found by the lint and becomes one finding."""

from __future__ import annotations

from collections.abc import Iterable

from clearline.core.diagnosis.catalogue import finding
from clearline.core.diagnosis.server_selection import has_failed
from clearline.core.diagnosis.standing import answered, single_topology
from clearline.core.facts.text import Mistake
from clearline.core.facts.whole import Facts
from clearline.core.findings import Certainty, Finding, Remedy, Severity, read_again

_CONSENT = (
    Remedy(
        text="Send the password readable all the same: every machine on the way can take it.",
        patch={"auth": {"allowPlainWithoutTLS": True}},
    ),
)
_UNFILLED = ("uri.placeholder", "uri.not-set")
_CREDENTIALS = ("user name", "password", "user name and password")


def mistakes(facts: Facts) -> Iterable[Finding]:
    """One finding per mistake of the text, in the lint's order of importance."""
    refused = facts.login.failed_step is not None
    for mistake in facts.uri.mistakes:
        if mistake.cause == "uri.misspelt-value" and facts.access.write_concern_modes is not None:
            continue  # The set has told which modes it has: another rule goes by that.
        # What may be a template's word is one for certain when the server refuses it.
        template = refused and mistake.cause in _UNFILLED and mistake.blanks.get("what") in _CREDENTIALS
        yield finding(
            mistake.cause,
            Certainty.LIKELY if template else mistake.certainty,
            severity=Severity.FAILURE if template or _comes_true(facts, mistake) else mistake.severity,
            evidence={
                "from": mistake.start,
                "to": mistake.end,
                **(read_again(hop=mistake.blanks["hop"]) if mistake.blanks.get("hop") else {}),
            },
            means=mistake.detail if mistake.blanks.get("hop") else "",
            detail="" if mistake.blanks.get("hop") else mistake.detail,
            fix=mistake.fix,
            patch=mistake.patch,
            action=mistake.action,
            also=_CONSENT if mistake.cause == "auth.password-in-clear" else (),
            fill=mistake.blanks,
        )


def _comes_true(facts: Facts, mistake: Mistake) -> bool:
    """Whether what a single server never asks has become a refusal: the servers are a set, and PyMongo picks there."""
    if mistake.cause != "uri.bad-value" or "maxStalenessSeconds" not in mistake.fields or single_topology(facts):
        return False
    return has_failed(facts) and any(hello.set_name for _, hello in answered(facts))


RULES = (mistakes,)
