"""What the form of an exercise asks for."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from clearline.core.profiles.profile import Pool
from clearline.core.watch.exercise import ExercisePlan, Work
from clearline.ui.panels.exercise import ExerciseForm

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # a panel shown alone is a window


@pytest.fixture
def form(qtbot: QtBot) -> ExerciseForm:
    made = ExerciseForm()
    qtbot.addWidget(made)
    return made


def choose(form: ExerciseForm, work: str) -> None:
    form.work.setCurrentIndex(form.work.findText(work))


def test_as_it_opens_it_pings_over_the_pool_of_the_profile(form: ExerciseForm) -> None:
    assert form.plan == ExercisePlan(workers=20, duration_s=10.0, work=Work.PING, collection=None, wait_ms=100.0)


def test_other_pool_options_count_only_where_they_are_wanted(form: ExerciseForm) -> None:
    form.pool_fields["max_pool_size"].setValue(5)
    assert form.plan.pool is None
    form.own_pool.setChecked(True)
    assert form.plan.pool == Pool(max_pool_size=5)
    form.pool_fields["max_pool_size"].setValue(0)
    assert form.plan.pool is None, "all as in the profile: no client of its own"


def test_a_read_needs_a_collection(form: ExerciseForm) -> None:
    choose(form, "read one document of a collection")
    with pytest.raises(ValueError, match="collection"):
        _ = form.plan
    form.collection.setText(" shop.orders ")
    assert (form.plan.work, form.plan.collection) == (Work.READ, "shop.orders")
    choose(form, "let the server wait")
    assert form.plan.collection is None


def test_fields_stand_there_for_the_work_that_has_them(form: ExerciseForm) -> None:
    form.show()
    for work, shown in (
        ("ping", (False, False)),
        ("read one document of a collection", (True, False)),
        ("let the server wait", (False, True)),
    ):
        choose(form, work)
        assert (form.collection.isVisible(), form.wait_ms.isVisible()) == shown
    assert not form.pool_fields["max_pool_size"].isVisible()
    form.own_pool.setChecked(True)
    assert form.pool_fields["max_pool_size"].isVisible()
