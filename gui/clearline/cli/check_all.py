"""``clearline check --all``: the checks of the saved profiles, eight at a time, none depending on another."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Sequence

from msgspec.structs import replace

from clearline.cli.agreement import missing, permits, settle, wanted_by
from clearline.cli.attempts import checked, code_of, manner_of
from clearline.cli.monitor_line import monitor_line
from clearline.cli.output import print_json, print_text
from clearline.cli.results import colours, record, write_junit, write_summary
from clearline.cli.secrets import gathered, why_not
from clearline.cli.targets import saved_profiles
from clearline.cli.text_grid import COLOURS, Palette, shown
from clearline.cli.usage import UsageProblem, complain
from clearline.core.check.request import Patience, Request
from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.core.keyring.sources import Gathered
from clearline.core.profiles.profile import Profile
from clearline.core.report.exit_codes import ExitBy, not_tried, together
from clearline.core.report.marks import MARKS
from clearline.core.report.report import Report, Verdict, to_json
from clearline.core.secrets.secret import Secrets


def run(arguments: argparse.Namespace) -> int:
    """Check the saved profiles of a folder of the list, or all.

    Returns 0 when all connected, 1 when any did not or could not be read, 2 when there is none or one of them was not
    contacted, because its user has to be asked first; 130 after Ctrl-C.
    Progress goes to standard error, the result to standard output.
    """
    from clearline.core.profiles.arrangement import is_in

    try:
        stored = saved_profiles()
    except UsageProblem as silence:
        _say(str(silence))
        return not_tried(arguments.exit_by)
    there = [one for one in stored if one.profile is not None and is_in(one.profile, arguments.folder or "")]
    profiles = [one.profile for one in there if one.profile is not None]
    linked = frozenset(one.profile.id for one in there if one.profile is not None and not one.own)
    # A file that cannot be read does not tell in which folder it stands: it counts everywhere.
    broken = [(one.path.name, str(one.problem)) for one in stored if one.problem is not None]
    for _, problem in broken:
        _say(f"cannot be read: {problem}")
    if not profiles and not broken:
        _say(f"there is no saved profile{f' in the folder {arguments.folder}' if arguments.folder else ''}.")
        return not_tried(arguments.exit_by)
    patience = Patience(silence_s=arguments.timeout)
    requests = _with_secrets(profiles, linked, patience, yes=arguments.yes)

    def tell(done: int, request: Request, report: Report) -> None:
        if arguments.quiet:
            return
        verdict = report.verdict.value if report.verdict else "not finished"
        _say(f"[{done}/{len(requests)}] {shown(request.profile.name)}: {verdict}")

    reports = checked(requests, manner_of(arguments), tell)
    for request, report in zip(requests, reports, strict=True):
        if report.verdict is not Verdict.CANCELLED and not request.permits.not_agreed:  # else it tells nothing
            record(request.profile, report, request.secrets)
    if arguments.junit is not None and not write_junit(
        arguments.junit, list(zip(profiles, reports, strict=True)), broken
    ):
        return not_tried(arguments.exit_by)
    if arguments.summary is not None and not write_summary(arguments.summary, reports):
        return not_tried(arguments.exit_by)
    by: ExitBy = arguments.exit_by
    codes = [
        not_tried(by) if request.permits.not_agreed else code_of(report, arguments)
        for request, report in zip(requests, reports, strict=True)
    ]
    code = together([*codes, *([1 if by != "nagios" else not_tried(by)] if broken else [])], by)
    if arguments.json:
        print_json(json.dumps([json.loads(to_json(report, indent=None)) for report in reports], indent=2))
    elif arguments.junit is None:
        if by == "nagios":
            print_text(monitor_line(reports, code))
        _print(profiles, reports, quiet=arguments.quiet)
    return code


def _with_secrets(
    profiles: Sequence[Profile], linked: Collection[str], patience: Patience, *, yes: bool
) -> list[Request]:
    """Each profile with its secrets.

    One that was not agreed to, whose secrets were given for other servers, or that lacks one that its user has to type,
    gets no secret and is not contacted. ``linked`` are ids of files that only a link leads to.
    """
    from clearline.core.consent.concerns import objections

    withheld: dict[str, tuple[Mistake, ...]] = {}
    for profile in profiles:
        wanted = wanted_by(profile, elsewhere=profile.id in linked)
        try:
            settle(profile, wanted, yes=yes, demanded=True)
        except UsageProblem:
            withheld[profile.id] = objections(missing(profile, wanted))
    allowed = [profile for profile in profiles if profile.id not in withheld]
    found: dict[str, Secrets] = {}
    gatherings = gathered(allowed, yes=yes, asking=False, elsewhere=linked)
    for profile, gathering in zip(allowed, gatherings, strict=True):
        if (said := why_not(gathering, asking=False)) is not None:
            _say(said if gathering.refused else f"{shown(profile.name)}: {said}")
            withheld[profile.id] = tuple(_not_here(gathering))
        else:
            found[profile.id] = gathering.secrets
    return [
        Request(
            profile,
            found.get(profile.id, {}),
            patience=patience,
            permits=replace(permits(profile, asking=False), not_agreed=withheld.get(profile.id, ())),
        )
        for profile in profiles
    ]


def _not_here(gathering: Gathered) -> Iterator[Mistake]:
    """What keeps a profile from being contacted, for its report."""
    reasons = dict.fromkeys(gathering.problems, "it has to be typed") or {"Login": "it was given for other servers"}
    for name, rule in reasons.items():
        yield Mistake(
            cause="uri.bad-value",
            severity=Severity.FAILURE,
            blanks={
                "option": name,
                "value": "(of this computer)" if gathering.refused else "***",
                "rule": rule,
                "suggestion": "--yes behind the command once" if gathering.refused else "it again in the window",
            },
        )


def _print(profiles: Sequence[Profile], reports: Sequence[Report], *, quiet: bool) -> None:
    """One line for each; ``quiet``: for each that does not connect."""
    from clearline.cli.report_text import unicode_fits

    paint = Palette(colours())
    unicode = unicode_fits(sys.stdout.encoding)
    for profile, report in zip(profiles, reports, strict=True):
        name = shown("/".join(filter(None, (profile.folder, profile.name or profile.id))))
        mark = MARKS[report.verdict]
        sign = paint(mark.glyph if unicode else mark.plain, COLOURS[mark.tone])
        if report.verdict is Verdict.CONNECTED:
            if not quiet:
                print_text(f"{sign} {name}: connected")
        else:
            why = report.diagnosis.summary if report.diagnosis else "not finished"
            if report.verdict is Verdict.CANCELLED:
                why = "stopped"
            print_text(f"{sign} {name}: {shown(why)}")
    if quiet:
        return
    connected = sum(report.verdict is Verdict.CONNECTED for report in reports)
    print_text(f"{connected} of {len(reports)} connected")


def _say(text: str) -> None:
    complain("check", text)
