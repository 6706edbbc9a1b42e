from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWidget

from clearline.core.profiles.differences import differences
from clearline.core.profiles.profile import Auth, Profile, Seeds
from clearline.core.report.report import Verdict
from clearline.ui.panels.verdict import VerdictBanner, connected_sentence
from clearline.ui.widgets.evidence import as_html
from ui import played_checks as play


def test_only_remedies_that_a_click_can_do_become_buttons(qtbot):
    window, banner = QWidget(), VerdictBanner()
    banner.setParent(window)
    qtbot.addWidget(window)
    banner.show_report(play.report(Verdict.FAILED, play.WRONG_NAME), running=False)
    texts = [button.text() for button in banner.findChildren(QPushButton)]
    assert texts == ["Copy report", "Connect to db2.internal.example.com:27017"]
    banner.show_report(play.connected(), running=False)
    assert [b.text() for b in banner.findChildren(QPushButton) if b.isVisibleTo(banner)] == ["Copy report"]


def test_the_connected_sentence_ends_with_the_first_warning():
    assert connected_sentence(play.connected(play.STALE_SET)) == (
        "Replica set rs0 (MongoDB 7.0.5) as app@admin in 84 ms. Member db3.example.com of the set does not answer."
    )


def test_evidence_is_escaped_and_nested_values_are_told():
    html = as_html({"names": ["<b>", "x"], "peer": {"port": 1}, "ok": True, "none": None})
    assert "&lt;b&gt;<br>x" in html
    assert all(word in html for word in ("port", "yes", "–"))


def test_differences_of_two_profiles_name_what_was_not_set():
    before = Profile(id="1", seeds=Seeds(hosts=("a", "b")), auth=Auth(user="app"))
    after = Profile(id="1", seeds=Seeds(hosts=("a",)), auth=Auth(user="app", source="admin"))
    assert differences(before, after) == [("auth.source", "not set", "admin"), ("seeds.hosts", "a, b", "a")]


def test_what_to_do_stands_under_the_sentence(qtbot):
    around, banner = QWidget(), VerdictBanner()
    qtbot.addWidget(around)
    banner.setParent(around)
    banner.show_report(play.report(Verdict.FAILED, play.WRONG_SOURCE), running=False)
    assert banner.remedy.text() == "→ Use authSource=admin."
    banner.show_report(play.connected(), running=False)
    assert banner.remedy.text() == ""
