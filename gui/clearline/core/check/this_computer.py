"""What a check looks at on this computer beside its servers: files, trust store, clock, the proxy of the desktop."""

from __future__ import annotations

import asyncio
import contextlib
import time

from clearline.core.check.running import Running
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.computer import ComputerFacts, SystemProxyFacts
from clearline.core.facts.fact import replace
from clearline.core.files.drives import NoAnswer, asked
from clearline.core.findings import Stage
from clearline.core.probes.computer import inspect_computer, trusted_roots
from clearline.core.probes.files import inspect_files
from clearline.core.probes.surroundings import has_desktop_settings
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import Secrets

INSPECTION_S = 1.0
"""What the look at this computer may take: a huge trust store or a network home must not hold the verdict."""


class Inspection:
    """The look of one check; each part is entered when it is there. Begin it in the check's loop."""

    def __init__(self, run: Running, profile: Profile, secrets: Secrets, text: str, ca_file: str | None) -> None:
        """``text`` is the connection string as given, ``ca_file`` the authorities of the profile's trust source."""
        self._run = run
        self._ledger = run.ledger
        self._profile = profile
        self._secrets = secrets
        self._text = text
        self._ca_file = ca_file

    def begin(self) -> None:
        """Start everything beside the check."""
        self._run.spawn(self._look_at_files())
        self._run.inspection = self._run.spawn(self._look_at_computer())
        self._run.spawn(self._look_at_system_proxy())

    async def _look_at_files(self) -> None:
        tls = self._profile.tls
        if tls.ca_file or tls.certificate_key_file or tls.crl_file:
            began = time.perf_counter()
            what = (self._profile, self._secrets, self._run.reporter.started, self._text)
            with contextlib.suppress(NoAnswer):  # the driver has read them a moment ago
                self._ledger.put(files=await asked("", inspect_files, *what))
            self._run.reporter.stage_ms[Stage.FILES] = (time.perf_counter() - began) * 1000
        self._ledger.put(files_checked=True)

    async def _look_at_computer(self) -> None:
        looking = asyncio.ensure_future(run_in_daemon(inspect_computer, self._profile, self._ca_file))
        counting = asyncio.ensure_future(self._trusted_roots())
        try:
            await asyncio.wait({looking, counting}, timeout=INSPECTION_S)
            computer = looking.result() if looking.done() else ComputerFacts()
            if counting.done():
                computer = replace(computer, trusted_roots=counting.result())
            self._ledger.put(computer=computer)
        finally:
            looking.cancel()
            counting.cancel()

    async def _look_at_system_proxy(self) -> None:
        with contextlib.suppress(NoAnswer):  # the home of the user's settings may be a network drive
            self._ledger.put(system_proxy=await asked("", _proxy_settings, limit_s=INSPECTION_S))

    async def _trusted_roots(self) -> int | None:
        """Nothing is verified without TLS, and counting takes longer than the rest of a healthy check."""
        return await run_in_daemon(trusted_roots, self._ca_file) if self._ledger.facts.tls_wanted else None


def _proxy_settings() -> SystemProxyFacts:
    if not has_desktop_settings():
        return SystemProxyFacts()
    from clearline.core.probes.system_proxy import look_at_settings  # no verdict waits for it

    return look_at_settings()
