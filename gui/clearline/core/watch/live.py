"""What is known in a watch, shared by its rounds and by what it tells."""

from __future__ import annotations

import time
from collections.abc import Callable

from clearline.core.check.preparation import Prepared
from clearline.core.check.request import Request
from clearline.core.diagnosis.rules.hops import through
from clearline.core.findings import Finding
from clearline.core.secrets.redaction import redact_beginning
from clearline.core.watch.findings import WatchFacts, findings
from clearline.core.watch.health import HealthFold, Pause
from clearline.core.watch.session import Session
from clearline.core.watch.topology import TopologyFold


class Live:
    """One watch while it runs. Lives in its event loop; ``changed`` is to be called after each entry."""

    def __init__(self, request: Request, interval_s: float, changed: Callable[[], None]) -> None:
        self.request = request
        self.interval_s = interval_s
        self.changed = changed
        self.began = time.monotonic()
        self.began_wall = time.time()
        self.ready: Prepared | None = None
        """None until the first round, and after a pause."""
        self.oidc_hosts: tuple[str, ...] = ()
        self.session: Session | None = None
        self.topology = TopologyFold()
        self.health = HealthFold()
        self.pause: Pause | None = None

    def at_s(self) -> float:
        """Seconds since the watch began."""
        return time.monotonic() - self.began

    def stood_still(self, gap_s: float) -> None:
        """This computer slept, or the program was stopped, until now: what happened meanwhile is not known."""
        at_s = self.at_s()
        self.health.unwatched(at_s, gap_s)
        if self.session is not None:
            self.session.pools.unwatched(at_s)
        words = f"Nothing was watched for {gap_s:.0f} s: this computer slept, or the program was stopped."
        self.topology.remark(words, at_s, time.time())
        self.changed()

    def of_idle_limit(self) -> Finding | None:
        """The finding that quiet lines are ended, where they are."""
        if self.session is None or (limit := self.session.idle_limit) is None:
            return None
        hops = through(self.session.hops)
        return next(iter(findings(WatchFacts(idle_limit=limit, proxy=self.session.proxy, hops=hops))), None)

    def findings(self) -> tuple[Finding, ...]:
        """What shows only over time."""
        topology = self.topology.snapshot()
        changes = topology.changes
        if self.session is None:
            return findings(WatchFacts(changes=changes))
        pools = self.session.pools
        busy = pools.busy()
        return findings(
            WatchFacts(
                dead_idle=pools.dead_idle(),
                slow_growth=pools.slow_growth(self.at_s()),
                used_up=(busy,) if busy is not None and busy.waiting else (),
                changes=changes,
                behind={s.address: s.behind_s for s in topology.servers if s.behind_s is not None},
                idle_limit=self.session.idle_limit,
                proxy=self.session.proxy,
                hops=through(self.session.hops),
            )
        )

    def said(self, error: Exception) -> str:
        """The driver's own words, redacted."""
        from clearline.core.driver.event_texts import error_text

        secrets = self.ready.secrets if self.ready is not None else self.request.known_secrets
        return redact_beginning(error_text(error), secrets.values())
