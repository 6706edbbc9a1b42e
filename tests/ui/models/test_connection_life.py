from __future__ import annotations

from clearline.core.driver.events import DriverEvent
from clearline.ui.models.connection_life import Phase, Span, life_of
from ui.played_checks import event

SERVER = "db1.example.com:27017"


def step(ms: int, name: str, **more: float | str) -> DriverEvent:
    return event(ms, "connection", name=f"Connection{name}", **{"text": "", **more})


WHOLE = [
    step(0, "Created"),
    step(5, "Ready", duration_ms=5.0),
    step(10, "CheckedOut"),
    step(30, "CheckedIn"),
    step(40, "Closed", text="idle for longer than maxIdleTimeMS"),
]


def test_a_life_is_made_used_idle_and_closed() -> None:
    life = life_of(SERVER, 3, WHOLE, at_s=0.01, now_s=9.0)
    assert life.spans == (
        Span(Phase.MAKING, 0.0, 0.005),
        Span(Phase.IDLE, 0.005, 0.01),
        Span(Phase.IN_USE, 0.01, 0.03),
        Span(Phase.IDLE, 0.03, 0.04),
    )
    assert life.sentence == (
        "made at 0.000 s in 5.0 ms; checked out once, 0.020 s in all; "
        "closed at 0.040 s: idle for longer than maxIdleTimeMS"
    )


def test_what_lasts_reaches_to_the_end_of_the_log() -> None:
    life = life_of(SERVER, 3, WHOLE[:3], at_s=0.01, now_s=2.0)
    assert life.spans[-1] == Span(Phase.IN_USE, 0.01, 2.0)
    assert life.sentence.endswith("; open")


def test_a_later_client_s_connection_with_the_same_number_is_another_life() -> None:
    later = [step(100, "Created"), step(104, "Ready", duration_ms=4.0)]
    assert life_of(SERVER, 3, [*WHOLE, *later], at_s=0.03, now_s=1.0).closed_s == 0.04
    assert life_of(SERVER, 3, [*WHOLE, *later], at_s=0.104, now_s=1.0).made_s == 0.1


def test_a_life_whose_begin_is_gone_says_so() -> None:
    life = life_of(SERVER, 3, WHOLE[2:], at_s=0.01, now_s=1.0)
    assert life.sentence.startswith("made before the oldest event kept; checked out once")
