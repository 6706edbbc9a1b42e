"""The rules on the recorded facts of every public fault: the same findings as on the day, without any network."""

from __future__ import annotations

from all_rows import all_rows
from clearline.core.diagnosis.compose import diagnose
from clearline.core.diagnosis.server_selection import has_failed
from clearline.core.diagnosis.standing import is_connected
from clearline.core.findings import Certainty
from clearline.core.report.report import Target, Verdict
from faults.catalogue import FAULTS
from faults.fault import Fault
from faults.record import read
from lab import hand_made_reports

DOUBTED = {
    "access": "no-privilege no-roles read-only read-refused",
    "auth": "atlas-bad-auth login-refused no-access-control no-answer percent-in-password plus-in-password "
    "space-in-password wrong-authsource wrong-password x509-member-certificate",
    "dns": "captive-portal first-resolver-dead hosts-file-override no-srv-record refused resolver-not-running "
    "resolver-silent slow target-has-no-address udp-blocked",
    "env": "clock-wrong container-localhost empty-trust-store",
    "files": "key-password-wrong",
    "hello": "answers-nothing-else cosmosdb documentdb no-answer",
    "pool": "operation-killed operation-timeout",
    "tcp": "address-dead atlas-access-list atlas-paused bind-address blocked-by-policy closed-after-data "
    "closed-on-connect high-latency host-unreachable ipv6-dead large-packets-lost low-bandwidth no-answer packet-loss "
    "private-address private-endpoint refused reset-after-data reset-on-connect too-slow unsteady",
    "tls": "certificate-not-yet-valid client-certificate-rejected "
    "client-certificate-wrong-ca closed-after-handshake crl-expired default-certificate handshake-refused "
    "intercepted internal-error-alert missing-intermediate must-staple new-version-dropped no-answer "
    "no-common-cipher server-certificate-as-client",
    "topology": "config-servers-unreachable internal-addresses load-balanced-mismatch member-is-another "
    "member-name-unknown member-without-set not-initiated one-server-twice primary-refuses primary-unreachable "
    "router-cannot-reach shard-no-primary",
}
"""By stage: the causes that no recorded fault proves. Where a rule comes to prove one it is taken out of here, and the
commit says why nothing else explains what was seen."""
NAMED: dict[str, Fault] = {fault.id: fault for fault in FAULTS if not fault.unnamed}


def is_doubted(cause: str) -> bool:
    stage, _, name = cause.partition(".")
    return name in DOUBTED.get(stage, "").split()


@all_rows("fault_id", NAMED)  # not the fault itself: the servers that it would start are not used here
def test_the_rules_name_the_recorded_fault(fault_id: str) -> None:
    fault = NAMED[fault_id]
    facts = read(fault.id)
    verdict = Verdict.CONNECTED if is_connected(facts) else Verdict.FAILED
    report = hand_made_reports.report(
        target=Target(profile="", uri=facts.uri.redacted), verdict=verdict, findings=diagnose(facts)
    )
    assert is_connected(facts) != has_failed(facts), "the recorded check had no verdict"
    doubted = [f.cause for f in report.findings if f.certainty is Certainty.PROVEN and is_doubted(f.cause)]
    assert doubted == [], "what was doubted is called proven"
    assert fault.judge(report) is None, f"{fault.title}: expected {fault.failed or ''} {fault.connected or ''}"
