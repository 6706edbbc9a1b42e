"""``clearline watch``: stay on the line in a terminal, as lines for people or as JSON lines.

A line for people is ``HH:MM:SS  word  text``; a line comes when something changes, and one for each ping that was
asked for with ``--pings``. The summary follows when it ends.

With ``--jsonl`` every line is one JSON object with ``at`` (epoch seconds) and ``type``:

- ``watch``: the first line. ``target`` (redacted), ``interval_s``.
- ``health``: the state, or its reason, changed. ``state`` (unknown, checking, healthy, degraded, down, paused),
  ``why``, ``rtt_ms``.
- ``ping``: every ping. ``state``, ``rtt_ms`` (null: not answered), ``server``, ``text``.
- ``topology``: a change. ``kind``, ``server``, ``before``, ``after``, ``text``.
- ``outage``: one began, was explained or ended. ``number``, ``worst``, ``began``, ``lasted_s`` (null while it lasts),
  ``why``, ``cause`` (code) and ``summary`` (null until known).
- ``finding``: something that shows only over time. ``cause``, ``severity``, ``server``, ``summary``.
- ``paused``: the login was refused, or the settings cannot work. ``text``, ``code``. The watch ends.
- ``summary``: the last line. ``watched_s``, ``pings``, ``failures``, ``uptime`` (0 to 1 or null),
  ``degraded_s`` (a part of the time that it was up), ``median_ms``, ``p95_ms``, ``outages``.

Exit codes: 0 when it was ended by Ctrl-C, SIGTERM or ``--for``, 1 when it paused, or stood still because what the
server sent kept it busy, 2 for a wrong command line, 130 when it stood still after Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from clearline.cli import interrupts
from clearline.cli.interrupts import LoopStuck, on_signals
from clearline.cli.output import print_aside, print_json, print_text
from clearline.cli.targets import add_arguments, chosen
from clearline.cli.usage import WRONG_USAGE, Parser, UsageProblem, complain, seconds
from clearline.core.check.request import Request
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.typed_values import to_bytes
from clearline.core.watch.health import HealthState, Outage
from clearline.core.watch.state import WatchState

Line = dict[str, Any]


def run(argv: Sequence[str]) -> int:
    """Watch what the arguments name until it is ended; returns the exit code."""
    arguments = parser().parse_args(argv)
    try:
        target = chosen(arguments.target, arguments)
    except UsageProblem as problem:
        complain("watch", str(problem))
        return WRONG_USAGE
    show = _print_json if arguments.jsonl else _Words(pings=arguments.pings).show
    teller = Teller(show)
    try:
        code = interrupts.run(lambda: _watch(target.request, arguments.interval, arguments.seconds, teller))
    except LoopStuck as stuck:
        print_aside(f"clearline watch: {stuck}; this is what is known.")
        if teller.newest is not None:
            show(summary(teller.newest))
        return interrupts.INTERRUPTED if stuck.stopped else 1
    return code


def parser() -> argparse.ArgumentParser:
    """What may follow the command."""
    made = Parser(prog="clearline watch", description="Stay on the line to one deployment.")
    add_arguments(made)
    made.add_argument(
        "--interval", type=seconds(0.05, 3600), default=10.0, metavar="S", help="seconds between pings (10)"
    )
    made.add_argument(
        "--for", dest="seconds", type=seconds(0.05, 365 * 86_400), metavar="S", help="end after so many seconds"
    )
    made.add_argument("--jsonl", action="store_true", help="print JSON lines")
    made.add_argument("--pings", action="store_true", help="a line for every ping (JSON lines always have them)")
    return made


async def _watch(request: Request, interval_s: float, seconds: float | None, teller: Teller) -> int:
    from clearline.core.check.check import warm_up
    from clearline.core.watch.watch import Watch

    loop = asyncio.get_running_loop()
    await run_in_daemon(warm_up)
    shown = request.reading.facts.redacted
    teller.show({"at": time.time(), "type": "watch", "target": shown, "interval_s": interval_s})
    gone: list[BrokenPipeError] = []

    def emit(state: WatchState) -> None:
        try:
            teller.take(state)
        except BrokenPipeError as error:  # the reader of our output has gone: that is the end, too
            gone.append(error)
            task.cancel()
        else:
            if state.paused is not None and not state.ended:
                task.cancel()

    watch = Watch(request, emit=emit, interval_s=interval_s)
    task = loop.create_task(watch.run())
    on_signals(task.cancel, signal.SIGINT, signal.SIGTERM)
    try:
        await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError:
        if (own := asyncio.current_task()) is not None:
            own.uncancel()
    task.cancel()
    [ended] = await asyncio.gather(task, return_exceptions=True)
    if gone:
        raise gone[0]
    if isinstance(ended, Exception):  # a bug of ours, not how the server is
        raise ended
    teller.show(summary(watch.state))
    return 1 if watch.state.paused is not None else 0


class Teller:
    """Turns states into lines: what is new since the state before."""

    def __init__(self, show: Callable[[Line], None]) -> None:
        self.show = show
        self.newest: WatchState | None = None
        """The latest state that was taken."""
        self._health: tuple[HealthState, str] | None = None
        self._told_until_s = float("-inf")
        self._changes_s = float("-inf")
        self._told: dict[int, Outage] = {}
        self._findings: set[tuple[str, str | None]] = set()
        self._paused = False

    def take(self, state: WatchState) -> None:
        """Show the news of one state."""
        self.newest = state
        for line in self._news(state):
            self.show(line)

    def _news(self, state: WatchState) -> Iterator[Line]:
        now = state.started + state.at_s
        for change in state.topology.changes:
            if change.at_s > self._changes_s:
                yield {"type": "topology", **_plain(change, without="at_s")}
        if state.topology.changes:
            self._changes_s = state.topology.changes[-1].at_s
        health = state.health
        for ping in health.latencies:
            if ping.at_s > self._told_until_s:
                yield {"type": "ping", **_plain(ping, without="at_s")}
        if health.latencies:
            self._told_until_s = health.latencies[-1].at_s
        if (health.state, health.why) != self._health and not state.ended:
            another = self._health is None or self._health[0] is not health.state
            self._health = (health.state, health.why)
            yield {
                "at": health.since if another and health.since is not None else now,
                "type": "health",
                "state": health.state.value,
                "why": health.why,
                "rtt_ms": health.rtt_ms,
            }
        yield from self._outage_news(health.outages, now)
        for finding in state.findings:
            if (key := (finding.cause, finding.server)) not in self._findings:
                self._findings.add(key)
                told = {"cause": finding.cause, "severity": finding.severity.value}
                yield {"at": now, "type": "finding", **told, "server": finding.server, "summary": finding.summary}
        if state.paused is not None and not self._paused:
            self._paused = True
            yield {"at": state.paused.at, "type": "paused", "text": state.paused.text, "code": state.paused.code}

    def _outage_news(self, outages: Sequence[Outage], now: float) -> Iterator[Line]:
        for outage in outages:
            before = self._told.get(outage.number)
            if before is not None and (before.lasted_s, before.cause, before.worst) == (
                outage.lasted_s,
                outage.cause,
                outage.worst,
            ):
                continue
            self._told[outage.number] = outage
            yield {
                "at": now,
                "type": "outage",
                "number": outage.number,
                "worst": outage.worst.value,
                "began": outage.began,
                "lasted_s": outage.lasted_s,
                "why": outage.why,
                "cause": outage.cause.cause if outage.cause else None,
                "summary": outage.cause.summary if outage.cause else None,
            }
        for number in self._told.keys() - {outage.number for outage in outages}:
            del self._told[number]


def summary(state: WatchState) -> Line:
    """The last line."""
    health = state.health
    return {
        "at": state.started + state.at_s,
        "type": "summary",
        "watched_s": round(state.at_s, 1),
        "pings": health.pings,
        "failures": health.failures,
        "uptime": health.uptime,
        "degraded_s": round(health.degraded_s, 1),
        "median_ms": health.median_ms,
        "p95_ms": health.p95_ms,
        "outages": health.outages_in_all,
    }


def _plain(value: Any, *, without: str) -> Line:
    plain: Line = msgspec.to_builtins(value)
    del plain[without]
    return plain


def _print_json(line: Line) -> None:
    print_json(to_bytes(line).decode())


class _Words:
    """The lines for people."""

    def __init__(self, *, pings: bool) -> None:
        self._pings = pings
        self._causes: dict[int, str] = {}
        self._over = 0
        """The latest outage whose end was told."""

    def show(self, line: Line) -> None:
        """Print one line, or nothing where it only repeats another."""
        told = self._words(line)
        if told is not None:
            word, text = told
            print_text(f"{_clock(line['at'])}  {word:<9} {text}")

    def _words(self, line: Line) -> tuple[str, str] | None:
        match line["type"]:
            case "watch":
                return "watching", f"{line['target']}, every {line['interval_s']:g} s; Ctrl-C ends it"
            case "health":
                rtt = f" ({_ms(line['rtt_ms'])})" if line["state"] == "healthy" and line["rtt_ms"] is not None else ""
                return (line["state"], line["why"] + rtt) if line["state"] != "paused" else None
            case "ping" if self._pings:
                answer = _ms(line["rtt_ms"]) if line["rtt_ms"] is not None else f"no answer: {line['text']}"
                return "ping", f"{line['server'] or ''} {answer}".strip()
            case "topology":
                return "topology", line["text"]
            case "outage":
                return self._outage(line)
            case "finding" if line["cause"] != "pool.failover":
                return "note", line["summary"]
            case "paused":
                return "paused", line["text"]
            case "summary":
                return "ended", _summary_text(line)
            case _:
                return None

    def _outage(self, line: Line) -> tuple[str, str] | None:
        what = "Connection lost" if line["worst"] == "down" else "Trouble since"
        if line["lasted_s"] is not None:
            lost = (
                f"{what} at {_clock(line['began'])}" if line["worst"] == "down" else f"{what} {_clock(line['began'])}"
            )
            over = f"{lost}, over after {_lasting(line['lasted_s'])}."
            news = line["summary"] if self._causes.get(line["number"]) != line["cause"] else None
            self._causes = {line["number"]: line["cause"]}
            if line["number"] <= self._over:
                return ("cause", news) if news else None
            self._over = line["number"]
            return "restored", f"{over} {news}" if news else over
        if line["summary"] and self._causes.get(line["number"]) != line["cause"]:
            self._causes[line["number"]] = line["cause"]
            return "cause", line["summary"]
        return ("lost", f"Connection lost at {_clock(line['began'])}.") if line["worst"] == "down" else None


def _summary_text(line: Line) -> str:
    parts = [f"watched for {_lasting(line['watched_s'])}", f"{line['pings']} pings, {line['failures']} unanswered"]
    if line["median_ms"] is not None:
        parts.append(f"median {_ms(line['median_ms'])}")
    if line["uptime"] is not None:
        degraded = f", {_lasting(line['degraded_s'])} of it degraded" if line["degraded_s"] >= 1 else ""
        parts.append(f"up {line['uptime'] * 100:.2f} % of the time{degraded}")
    parts.append(f"{line['outages']} outage{'' if line['outages'] == 1 else 's'}")
    return "; ".join(parts) + "."


def _clock(epoch_s: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(epoch_s))


def _ms(ms: float) -> str:
    return f"{ms:.1f} ms" if ms < 100 else f"{ms:.0f} ms"


def _lasting(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
