"""How long 10,000 profiles take to be read, against the bare decoding of the same files: ``dev.py bench profiles``."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from clearline.core.profiles.profile import Auth, Pool, Profile, Seeds, Timeouts, Tls
from clearline.core.report.history import History
from clearline.core.report.report import DriverResult, Report, Target, Verdict
from clearline.core.storage.folder_watch import scan
from clearline.core.storage.profile_file import encode
from clearline.core.storage.store import ProfileFolder

COUNT = 10_000
LIMIT_S = 2.0


def main() -> int:
    """Print the times. Numbers to be read by people: a busy machine must not make a build fail."""
    with tempfile.TemporaryDirectory(prefix="clearline-bench-") as name:
        folder = Path(name, "profiles")
        folder.mkdir()
        for number in range(COUNT):
            (folder / f"orders-{number:05}.json").write_bytes(encode(_profile(number), schema=True))
        for path in folder.iterdir():  # as files that were there before
            _age(path)
        bare_s = _best(lambda: [msgspec.json.decode(path.read_bytes()) for path in folder.iterdir()])
        first_s = _best(lambda: ProfileFolder(folder).read())
        known = ProfileFolder(folder)
        assert len(known.read()) == COUNT
        again_s = _best(known.read)
        scan_s = _best(lambda: scan(folder))
        history = History(Path(name, "history"))
        for number in range(1, 200):
            history.record(_profile(number), _report(number))
        index = Path(name, "history", "last.jsonl")
        lines = ([_profile(n).id, "connected", _report(n).started] for n in range(COUNT))
        index.write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
        lasts_s = _best(history.lasts)
        assert len(history.lasts()) == COUNT
        record_s = _best(lambda: history.record(_profile(1), _report(1)))
    print(f"{COUNT} profiles read and listed       {first_s * 1000:7.0f} ms (limit {LIMIT_S * 1000:.0f} ms)")
    print(f"  bare msgspec decode of the files  {bare_s * 1000:7.0f} ms (ratio {first_s / bare_s:.2f})")
    print(f"  listed again, nothing changed     {again_s * 1000:7.0f} ms")
    print(f"  one look at times and sizes       {scan_s * 1000:7.0f} ms")
    print(f"  the last verdict of each          {lasts_s * 1000:7.1f} ms")
    print(f"one report recorded                 {record_s * 1000:7.1f} ms")
    return in_the_window()


# ---------------------------------------------------------------- the list in the window

HEARTBEAT_MS = 16
LATE_MS = 50.0
FRAME_MS = 16.0


def in_the_window() -> int:
    """Print what 10,000 profiles cost the window."""
    import os

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from clearline.core.keyring.vault import Vault
    from clearline.ui.app import compose

    app = QApplication.instance() or QApplication(["clearline"])
    assert isinstance(app, QApplication)
    with tempfile.TemporaryDirectory(prefix="clearline-bench-") as name:
        folder = Path(name, "profiles")
        folder.mkdir()
        for number in range(COUNT):
            (folder / f"orders-{number:05}.json").write_bytes(encode(_profile(number), schema=True))
        for path in folder.iterdir():
            _age(path)
        import keyring.backends.null

        beat = _Heartbeat()
        desktop = compose(app, check=_no_check, vault=Vault(keyring.backends.null.Keyring()), folder=folder)
        desktop.window.resize(1366, 768)
        desktop.window.show()
        beat.run_until(desktop.window.isVisible)
        beat.begin()
        began = time.perf_counter()
        desktop.workbench.storage.load_list()
        rows = desktop.window.profiles.model.rowCount
        beat.run_until(lambda: rows() >= COUNT)
        listed_s = time.perf_counter() - began
        late_ms = beat.end()
        storage = desktop.workbench.storage
        beat.begin()
        beat.run_until(lambda: not storage.is_reading)
        costs = _costs(desktop)
        desktop.window.may_close = lambda: True
        desktop.window.close()
    print(f"{COUNT} profiles listed in the window   {listed_s * 1000:7.0f} ms (limit {LIMIT_S * 1000:.0f} ms)")
    print(f"  the window stood still for        {late_ms:7.1f} ms (limit {LATE_MS:.0f} ms)")
    for words, cost_ms in costs.items():
        print(f"  {words:<34}{cost_ms:7.1f} ms (aim {FRAME_MS:.0f} ms)")
    return 0


async def _no_check(profile, secrets, emit, *, text=None, on_event=None):  # type: ignore[no-untyped-def]
    return _report(0)


class _Heartbeat:
    """A timer that notices how late it is called."""

    def __init__(self) -> None:
        from PySide6.QtCore import QElapsedTimer, QEventLoop, Qt, QTimer

        self._loop = QEventLoop()
        self._until: Callable[[], bool] = lambda: True
        self._clock = QElapsedTimer()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._worst_ms = 0.0
        self.begin()

    def begin(self) -> None:
        """Count from here."""
        self._worst_ms = 0.0
        self._clock.start()
        self._timer.start(HEARTBEAT_MS)

    def run_until(self, until: Callable[[], bool]) -> None:
        """Let the window live until something is so."""
        self._until = until
        self._loop.exec()

    def end(self) -> float:
        """The longest time that it was late."""
        self._timer.stop()
        return self._worst_ms

    def _beat(self) -> None:
        self._worst_ms = max(self._worst_ms, self._clock.nsecsElapsed() / 1e6 - HEARTBEAT_MS)
        self._clock.start()
        if self._until():
            self._loop.quit()


def _costs(desktop) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """The worst time of each act, its painting included."""
    from PySide6.QtTest import QTest

    from clearline.core.secrets.secret import Secret
    from clearline.ui.profiles.open_profile import Origin

    profiles, bench = desktop.window.profiles, desktop.workbench
    view = profiles.list.viewport()

    def worst(acts: list[Callable[[], object]]) -> float:
        times = []
        for act in acts:
            began = time.perf_counter()
            act()
            view.repaint()
            times.append((time.perf_counter() - began) * 1000)
        return max(times)

    def key(letter: str) -> Callable[[], object]:
        return lambda: QTest.keyClick(profiles.search, letter)

    bar = profiles.list.verticalScrollBar()
    found = {
        "a key in the search": worst([key(letter) for letter in "orders 99"]),
        "the search cleared": worst([profiles.search.clear]),
        "scrolling by a page": worst([lambda n=n: bar.setValue(n * 641) for n in range(100)]),  # type: ignore[misc]
        "a profile chosen": worst([lambda n=n: bench.profiles.choose(_profile(n).id) for n in range(5000, 5005)]),  # type: ignore[misc]
    }
    front = bench.profiles.current

    def type_host(number: int) -> Callable[[], object]:
        return lambda: front.set_text(Secret(f"mongodb://db{'x' * number}/"), Origin.ELSEWHERE)

    found["a key in the connection string"] = worst([type_host(number) for number in range(20)])
    found["a check's progress"] = worst([lambda: bench.rows.show_one(front) for _ in range(20)])
    return found


def _profile(number: int) -> Profile:
    return Profile(
        id=f"{number:032x}",
        name=f"Orders {number}",
        folder=f"Team {number % 20}/Stage {number % 3}",
        notes="Ask the platform team before restarting it.",
        seeds=Seeds(hosts=tuple(f"db{n}.example.com:27017" for n in range(3)), database="orders", replica_set="rs0"),
        auth=Auth(user="app", source="admin"),
        tls=Tls(enabled=True, ca_file="/etc/ssl/lab-ca.pem"),
        pool=Pool(max_pool_size=50),
        timeouts=Timeouts(connect_timeout_ms=2000),
    )


def _report(number: int) -> Report:
    return Report(
        app_version="0",
        started=f"2026-11-22T10:15:{number % 60:02}.000Z",
        elapsed_ms=1.0,
        target=Target(profile=f"Orders {number}", uri="mongodb://app:***@db0.example.com/orders"),
        verdict=Verdict.CONNECTED,
        driver=DriverResult(name="pymongo", version="4"),
    )


def _age(path: Path) -> None:
    os.utime(path, (1_700_000_000, 1_700_000_000))


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        gc.collect()
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
