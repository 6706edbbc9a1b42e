from __future__ import annotations

import msgspec
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from clearline.core.findings import Remedy, Stage
from clearline.core.profiles.differences import differences
from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.report.report import Verdict
from clearline.ui.panels.diagnosis import finding_html
from clearline.ui.panels.verdict import VerdictBanner, connected_sentence
from clearline.ui.widgets.evidence import as_html, beyond
from clearline.ui.widgets.patch_words import setting_name
from ui import played_checks as play


def test_only_remedies_that_a_click_can_do_become_buttons(qtbot: QtBot) -> None:
    window, banner = QWidget(), VerdictBanner()
    banner.setParent(window)
    qtbot.addWidget(window)
    banner.show_report(play.report(Verdict.FAILED, play.WRONG_NAME), running=False)
    assert shown(banner) == ["Connect to db2.internal.example.com:27017", "Copy for your network team", "Copy"]
    assert banner.primary.text() == "Connect to db2.internal.example.com:27017"
    banner.show_report(play.connected(), running=False)
    assert shown(banner) == ["Watch", "Show as code", "Copy"]
    assert banner.primary.text() == "Watch"


def shown(banner: VerdictBanner) -> list[str]:
    """The buttons as one reads them."""
    flow = [banner._flow.itemAt(place).widget() for place in range(banner._flow.count())]
    return [widget.text() for widget in flow if isinstance(widget, QPushButton) and widget.isVisibleTo(banner)]


def test_what_weakens_security_is_never_filled(qtbot: QtBot) -> None:
    window, banner = QWidget(), VerdictBanner()
    banner.setParent(window)
    qtbot.addWidget(window)
    weaker = Remedy(text="Verify nothing.", patch={"tls": {"insecure": True}})
    finding = msgspec.structs.replace(play.WRONG_SOURCE, remedies=(weaker,))
    banner.show_report(play.report(Verdict.FAILED, finding), running=False)
    assert banner.primary is None
    assert shown(banner) == ["Copy"]


def test_a_stale_answer_offers_nothing_but_a_copy(qtbot: QtBot) -> None:
    window, banner = QWidget(), VerdictBanner()
    banner.setParent(window)
    qtbot.addWidget(window)
    said = []
    banner.primary_changed.connect(said.append)
    banner.show_report(play.report(Verdict.FAILED, play.WRONG_SOURCE), running=False)
    banner.show_stale(True)
    assert (shown(banner), said) == (["Copy"], [True, False])


def test_the_connected_sentence_says_as_whom_and_the_first_warning_stands_below(qtbot: QtBot) -> None:
    assert connected_sentence(play.connected(play.STALE_SET)) == (
        "Replica set rs0 as app@admin: db1.example.com:27017 is primary."
    )
    window, banner = QWidget(), VerdictBanner()
    banner.setParent(window)
    qtbot.addWidget(window)
    banner.show_report(play.connected(play.STALE_SET), running=False)
    assert banner.remedy.text() == "Member db3.example.com of the set does not answer."


def test_evidence_is_escaped_and_nested_values_are_told() -> None:
    html = as_html({"names": ["<b>", "x"], "peer": {"port": 1}, "ok": True, "none": None})
    assert "&lt;b&gt;<br>x" in html
    assert all(word in html for word in ("port", "yes"))
    assert "none" not in html  # what was not found out says nothing


def test_a_few_values_stand_in_one_line() -> None:
    told = as_html({"handshake driver": {"reach": "verify-failed", "verify_code": 19}, "peer": {"names": ["a", "b"]}})
    assert "verify-failed, verify code 19" in told
    assert "<br>" in told  # a list is told line by line


def test_what_is_told_elsewhere_is_left_out() -> None:
    told = {"handshake driver": {"reach": "verify-failed", "verify_code": 19}, "eai": -2, "names": ["a", "b"]}
    cell = {"eai": "EAI_NONAME", "result": "verify-failed", "also": ["a"], "alpn": "mongodb"}
    assert beyond(cell, told) == {"alpn": "mongodb"}


def test_differences_of_two_profiles_name_what_was_not_set() -> None:
    before = Profile(id="1", seeds=Seeds(hosts=("a", "b")), auth=Auth(user="app"))
    after = Profile(id="1", seeds=Seeds(hosts=("a",)), auth=Auth(user="app", source="admin"))
    assert differences(before, after) == [("auth.source", "not set", "admin"), ("seeds.hosts", "a, b", "a")]


def test_what_to_do_stands_under_the_sentence(qtbot: QtBot) -> None:
    around, banner = QWidget(), VerdictBanner()
    qtbot.addWidget(around)
    banner.setParent(around)
    banner.show_report(play.report(Verdict.FAILED, play.WRONG_SOURCE), running=False)
    assert banner.remedy.text() == "→ Use authSource=admin."
    banner.show_report(play.connected(), running=False)
    assert banner.remedy.text() == "MongoDB 7.0.5, TLSv1.3, round trip 1 ms."


def test_settings_are_called_as_the_connection_string_calls_them() -> None:
    places = ("seeds.replicaSet", "auth.source", "tls.caFile", "seeds.hosts", "name")
    assert [setting_name(place) for place in places] == ["replicaSet", "authSource", "tlsCAFile", "hosts", "name"]


def test_where_in_the_text_a_mistake_is_the_field_says() -> None:
    finding = msgspec.structs.replace(
        play.WRONG_SOURCE, stage=Stage.URI, evidence={"from": 15, "to": 16, "option": "tls"}
    )
    html = finding_html(finding, None, told=True)
    assert "option" in html
    assert "from" not in html
