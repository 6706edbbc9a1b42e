"""What the button of a remedy says, and which remedies get one."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from clearline.core.findings import Remedy
from clearline.core.report.report import Report
from clearline.ui.widgets.remedy_words import label, offered, remedy_button
from ui import played_checks as play

WEAKER = Remedy(text="Check no certificate.", patch={"tls": {"allowInvalidCertificates": True}})
SAFE = Remedy(text="The set is called rs0.", patch={"seeds": {"replicaSet": "rs0"}})
ADVICE = Remedy(text="Start mongod.")
SRV = Remedy(text="Write the hosts themselves.", action="srv-to-seed-list")


@pytest.mark.parametrize(
    ("remedy", "words"),
    [
        (SAFE, "Set replicaSet=rs0"),
        (
            Remedy(text="", patch={"seeds": {"hosts": ["db1:27017"], "directConnection": True}}),
            "Connect to db1:27017 d",
        ),
        (Remedy(text="", patch={"seeds": {"hosts": ["a:1", "b:1"]}}), "Connect to these 2 hosts"),
        (Remedy(text="", patch={"auth": {"user": None}}), "Remove the user name"),
        (Remedy(text="", patch={"auth": {"user": None, "mechanism": None}}), "Remove the login"),
        (Remedy(text="", patch={"auth": {"user": "app"}}), "Set the user to app"),
        (Remedy(text="", patch={"reads": {"readPreference": None}}), "Remove readPreference"),
        (Remedy(text="", patch={"tls": {"caFile": "/a/very/long/path.pem"}}), "Set tlsCAFile"),
        (Remedy(text="", action="ask-password"), "Type the password"),
        (Remedy(text="", action="rename-option:ssl:tls"), "Rename to tls"),
        (Remedy(text="", action="remove-option:slaveOk"), "Remove slaveOk"),
        (Remedy(text="", action="what-a-newer-clearline-does"), ""),
        (ADVICE, ""),
    ],
)
def test_a_button_says_what_it_does(remedy: Remedy, words: str) -> None:
    assert label(remedy).startswith(words)
    assert bool(label(remedy)) == bool(words)


def test_a_button_stays_narrow_and_its_tip_says_the_whole(qtbot: QtBot) -> None:
    long = Remedy(text="All of it.", patch={"auth": {"user": "x" * 100}})
    button = remedy_button(long)
    qtbot.addWidget(button)
    assert len(label(long)) == 44
    assert label(long).endswith("x…")
    assert button.toolTip() == "All of it."


@pytest.mark.parametrize(
    ("report", "buttons"),
    [
        (None, [SAFE, WEAKER]),
        (play.report(None, servers=()), [SAFE, WEAKER]),
        (play.report(None, servers=(play.server(1),)), [SAFE, SRV, WEAKER]),
    ],
)
def test_what_a_click_can_do_is_offered_and_what_weakens_security_last(
    report: Report | None, buttons: list[Remedy]
) -> None:
    finding = replace(play.WRONG_SOURCE, remedies=(WEAKER, ADVICE, SAFE, SRV))
    assert offered(finding, report) == buttons
