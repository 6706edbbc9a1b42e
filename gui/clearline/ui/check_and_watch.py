"""The core's check and watch as the window runs them: with its settings, its questions and what was agreed to."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from clearline.core.check.request import Permits
    from clearline.core.driver.events import DriverEvent
    from clearline.core.driver.oidc import OnPrompt
    from clearline.core.profiles.profile import Profile
    from clearline.core.report.report import Report
    from clearline.core.secrets.secret import Secrets
    from clearline.core.watch.state import WatchState
    from clearline.ui.background.messages import Check
    from clearline.ui.checks.hop_questions import HopQuestions
    from clearline.ui.checks.sign_in import SignIn
    from clearline.ui.profiles.settings import CurrentSettings
    from clearline.ui.watches.session import OpenWatch, WatchHandle


def watch_for(agreements: Path, sign_in: SignIn, asker: HopQuestions) -> OpenWatch:
    """The core's watch."""

    def watch(
        profile: Profile,
        secrets: Secrets,
        *,
        emit: Callable[[WatchState], None],
        on_event: Callable[[DriverEvent], None],
        text: str | None,
        interval_s: float,
    ) -> WatchHandle:
        from clearline.core.check.request import Request
        from clearline.core.watch.watch import Watch

        prompts: dict[str, float] = {}

        def prompt(url: str, code: str | None) -> None:
            prompts[url] = time.time()
            sign_in.prompt(url, code)

        def told(state: WatchState) -> None:
            emit(state)
            pings = state.health.latencies
            answered = pings[-1].at if pings and pings[-1].rtt_ms is not None else 0.0
            for url, at in list(prompts.items()):
                if state.ended or state.paused is not None or answered > at:
                    del prompts[url]
                    sign_in.end(url)

        permits = _permits(agreements, profile, prompt, asker)
        request = Request(profile, secrets, text, permits=permits)
        return Watch(request, emit=told, on_event=on_event, interval_s=interval_s)

    return watch


def check_for(settings: CurrentSettings, agreements: Path, sign_in: SignIn, asker: HopQuestions) -> Check:
    """The core's check, with the patience that the settings say."""

    async def check(
        profile: Profile,
        secrets: Secrets,
        emit: Callable[[Report], None],
        *,
        text: str | None = None,
        on_event: Callable[[DriverEvent], None] | None = None,
    ) -> Report:
        from clearline.core.daemon_threads import run_in_daemon

        await run_in_daemon(import_for_checks)  # off the loop, so that Stop works meanwhile
        from clearline.core.check.check import check
        from clearline.core.check.request import Patience, Request

        pages: list[str] = []

        def prompt(url: str, code: str | None) -> None:
            pages.append(url)
            sign_in.prompt(url, code)

        try:
            patience = Patience(silence_s=settings.values.silence_s)
            permits = _permits(agreements, profile, prompt, asker)
            return await check(Request(profile, secrets, text, patience, permits), emit, on_event=on_event)
        finally:
            for page in pages:
                sign_in.end(page)

    return check


def _permits(agreements: Path, profile: Profile, prompt: OnPrompt, asker: HopQuestions) -> Permits:
    """What was agreed to for a profile, by the file of the agreements."""
    from clearline.core.check.request import Permits
    from clearline.core.consent.agreements import Agreements
    from clearline.core.hops.asking import Agreed
    from clearline.core.hops.known_hosts import HostKeys
    from clearline.paths import known_hosts_file

    agreed = Agreements(agreements)
    way = Agreed(HostKeys(agreements.with_name(known_hosts_file().name)), asker)
    return Permits(may_run=partial(agreed.may_run, profile), on_prompt=prompt, oidc_hosts=agreed.sign_in_hosts, way=way)


def import_for_checks() -> None:
    """Import what a check needs, which takes longest the first time; for a thread."""
    from clearline.core.check.check import warm_up

    warm_up()
