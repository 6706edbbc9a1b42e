from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtWidgets import QApplication

from clearline.core.watch.health import HealthState
from clearline.ui.models.live_rows import ICON, TONE, VALUE
from clearline.ui.models.outages import NoticesModel, lasted_text, notices_of
from clearline.ui.models.pools import PoolsModel
from clearline.ui.models.servers_live import ChangesModel, ServersLiveModel
from ui import played_watches as watches


def test_the_models_behave_as_qt_demands(qtmodeltester: Any, qapp: QApplication) -> None:
    state = watches.lost()
    pools, servers, changes, notices = PoolsModel(), ServersLiveModel(), ChangesModel(), NoticesModel()
    pools.show(state.pools)
    servers.show_at(state.topology.servers, state.at_s)
    changes.show_changes(state.topology.changes)
    notices.show(notices_of(state))
    for model in (pools, servers, changes, notices):
        assert model.rowCount() > 0
        qtmodeltester.check(model)


def test_only_the_rows_that_differ_are_repainted(qapp: QApplication) -> None:
    model = ServersLiveModel()
    state = watches.state()
    model.show(state.topology.servers)
    repainted, resets = [], []
    model.dataChanged.connect(lambda first, last: repainted.append((first.row(), last.row())))
    model.modelReset.connect(lambda: resets.append(1))
    one, two, three = state.topology.servers
    model.show((one, msgspec.structs.replace(two, ping_ms=9.0), three))
    assert (repainted, resets) == ([(1, 1)], [])
    model.show((one,))
    assert resets == [1]


def test_a_server_that_does_not_answer_says_so_in_word_icon_and_tone(qapp: QApplication) -> None:
    model = ServersLiveModel()
    state = watches.lost()
    model.show_at(state.topology.servers, 15.0)
    cell = model.index(0, 1)
    assert (cell.data(), cell.data(ICON), cell.data(TONE)) == ("does not answer", ("failed", "failed"), "failed")
    assert model.index(0, 9).data() == "3 s ago: AutoReconnect: connection closed"
    assert model.index(0, 3).data() == "5 s ago"
    assert model.index(0, 0).data(VALUE) is state.topology.servers[0]


def test_a_pool_that_is_used_up_is_marked(qapp: QApplication) -> None:
    model = PoolsModel()
    (pool,) = watches.state().pools
    model.show([msgspec.structs.replace(pool, in_use=10)])
    assert model.index(0, 0).data(ICON) == ("warning", "warning")
    model.show([msgspec.structs.replace(pool, in_use=9)])
    assert model.index(0, 0).data(ICON) is None


def test_new_changes_are_inserted_above_the_old(qapp: QApplication) -> None:
    model = ChangesModel()
    (first,) = watches.topology().changes
    model.show_changes((first,))
    inserted = []
    model.rowsInserted.connect(lambda _parent, begin, end: inserted.append((begin, end)))
    model.show_changes((first, msgspec.structs.replace(first, at=first.at + 1, text="db2 is primary.")))
    assert inserted == [(0, 0)]
    assert [row.text for row in model.rows] == ["db2 is primary.", "db1 is primary."]


def test_a_degraded_time_is_not_called_a_lost_connection(qapp: QApplication) -> None:
    state = watches.restored()
    outage = msgspec.structs.replace(state.health.outages[0], worst=HealthState.DEGRADED, cause=None)
    health = msgspec.structs.replace(state.health, outages=(outage,))
    (notice,) = notices_of(msgspec.structs.replace(state, health=health))
    assert notice.text.startswith("Degraded at ")
    assert notice.text.endswith("for 4.2 s: No answer.")


def test_durations_are_told_in_words() -> None:
    assert [lasted_text(s) for s in (0.25, 59.96, 61, 7260)] == ["0.2 s", "60.0 s", "1 min 1 s", "2 h 1 min"]
