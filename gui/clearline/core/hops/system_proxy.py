"""The proxy of this computer's settings as a hop, with the exceptions that go directly because the settings say so."""

from __future__ import annotations

from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.hops import direct
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.opener import Opener
from clearline.core.hops.stream import Stream
from clearline.core.hops.system_settings import SystemSettings
from clearline.core.hops.trouble import HopError


class SystemHop:
    """``proxy`` opens what is no exception; None: the settings name no proxy at all."""

    def __init__(self, log: HopLog, settings: SystemSettings, proxy: Opener | None) -> None:
        self._log = log
        self._settings = settings
        self._proxy = proxy

    async def open(self, host: str, port: int) -> Stream:
        """A line to ``host:port`` as the settings say. Raises `HopError`."""
        exception = self._settings.exception_for(host, port)
        if self._proxy is not None and exception is None:
            return await self._proxy.open(host, port)
        facts = self._log.facts
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        own = HopLog(self._log.number, type(facts)(kind="system", host=host, port=port), self._log.terms, lambda: None)
        try:
            stream = await direct.connect(own, host, port)
        except HopError as error:
            known = error.failure
            raise self._log.failed(
                HopStage.CHANNEL,
                Trouble.BYPASSED,
                target=target,
                what=exception,
                errno=known.errno,
                eai=known.eai,
                elapsed_ms=known.elapsed_ms,
            ) from None
        self._log.works(target)
        return stream

    def close(self) -> None:
        """End the proxy's."""
        if self._proxy is not None:
            self._proxy.close()
