"""How many public faults the check names rightly, by group, and how soon: ``dev.py bench diagnosis``.

Every fault is set up for real; what this computer cannot set up (network namespaces need Linux and root) is counted as
skipped. Times are from the start of a check to its verdict. ``python tests/bench/diagnosis.py ID …`` runs those rows.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from clearline.core.findings import Certainty, Severity
from clearline.core.report.report import Verdict
from faults.catalogue import FAULTS, GROUPS
from faults.fault import Fault
from faults.laboratory import Laboratory
from faults.run import Outcome, run
from lab import namespaces


def main(chosen: list[str]) -> int:
    """Print the score; the exit code is 1 below 97 % or when a secret leaked."""
    skip = namespaces.unavailable()
    results: list[tuple[Fault, Outcome]] = []
    skipped: list[Fault] = []
    with Laboratory() as lab:
        for fault in FAULTS:
            if chosen and fault.id not in chosen:
                continue
            if fault.netns and skip:
                skipped.append(fault)
                continue
            try:
                results.append((fault, run(fault, lab)))
            except Exception as error:
                print(f"{fault.id}: could not be set up: {error!r}", flush=True)
                skipped.append(fault)
    for letter, group in GROUPS.items():
        rows = [(f, o) for f, o in results if f.group == letter]
        if rows:
            right = sum(o.miss is None for _, o in rows)
            print(f"{group:28} {right:3} of {len(rows):3}")
    right = sum(o.miss is None for _, o in results)
    print(f"{'all':28} {right:3} of {len(results):3}   {100 * right / max(1, len(results)):.1f} %")
    for fault, outcome in results:
        if outcome.miss is not None:
            print(f"  {fault.id:7} {fault.title}: expected {_expected(fault)}; {outcome.miss}")
        if outcome.leaked:
            print(f"  {fault.id:7} {fault.title}: A SECRET IS IN THE REPORT OR THE FACTS")
    _calibration(results)
    if skipped:
        print(f"skipped: {', '.join(f.id for f in skipped)} ({skip or 'see above'})")
    _times("answers", [(f, o) for f, o in results if not f.silent])
    _times("silence", [(f, o) for f, o in results if f.silent])
    return int(right < 0.97 * len(results) or any(o.leaked for _, o in results))


def _calibration(results: list[tuple[Fault, Outcome]]) -> None:
    """How often each certainty was right: of the headlines of failed checks, and of what connected rows ask for."""
    counts = {certainty: [0, 0] for certainty in Certainty}
    wrong: list[str] = []
    for fault, outcome in results:
        report = outcome.report
        if report.verdict is Verdict.FAILED:
            told = [report.diagnosis] if report.diagnosis else []
        else:
            told = [f for f in report.findings if f.severity is not Severity.NOTE]
        for finding in told:
            right = finding.cause in (*fault.failed, *(fault.connected or ())) or (
                report.verdict is Verdict.CONNECTED and outcome.miss is None
            )
            counts[finding.certainty][0] += right
            counts[finding.certainty][1] += 1
            if not right and finding.certainty is not Certainty.POSSIBLE:
                wrong.append(f"{fault.id} {finding.certainty.value} {finding.cause}")
    for certainty, (hits, total) in counts.items():
        share = f"{100 * hits / total:.1f} %" if total else "-"
        print(f"{certainty.value:10} right in {hits} of {total}: {share}")
    if wrong:
        print(f"  wrong: {', '.join(wrong)}")


def _times(kind: str, rows: list[tuple[Fault, Outcome]]) -> None:
    times = sorted(((o.report.verdict_ms or 0.0, f.id) for f, o in rows), reverse=True)
    if times:
        slowest = ", ".join(f"{id} {ms:.0f}" for ms, id in times[:6])
        print(f"verdict, {kind}: median {statistics.median(ms for ms, _ in times):.0f} ms; slowest: {slowest}")


def _expected(fault: Fault) -> str:
    parts = [" or ".join(fault.failed)] if fault.failed else []
    if fault.connected is not None:
        parts.append("connected" + (f" + {' or '.join(fault.connected)}" if fault.connected else " and nothing else"))
    return "; or ".join(parts)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
