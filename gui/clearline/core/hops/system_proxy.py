"""The proxy of this computer's settings as a hop, with the exceptions that go directly because the settings say so."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.hops import HopStage, Trouble
from clearline.core.hops import direct, pac
from clearline.core.hops.hop_log import HopLog
from clearline.core.hops.opener import Opener
from clearline.core.hops.stream import Stream
from clearline.core.hops.system_settings import PacScript, SystemSettings
from clearline.core.hops.trouble import HopError
from clearline.core.profiles.hop import Hop, Socks5Proxy


class SystemHop:
    """``proxy`` opens what is no exception; None: the settings name no proxy at all, or a script names them.

    ``made`` makes the opener of a proxy that a script names, over a log of its own.
    """

    def __init__(
        self, log: HopLog, settings: SystemSettings, proxy: Opener | None, made: Callable[[Hop, HopLog], Opener]
    ) -> None:
        self._log = log
        self._settings = settings
        self._proxy = proxy
        self._made = made
        self._by_script: dict[Hop, Opener] = {}

    async def open(self, host: str, port: int) -> Stream:
        """A line to ``host:port`` as the settings say. Raises `HopError`."""
        exception = self._settings.exception_for(host, port)
        proxy = self._proxy
        if exception is None and (script := self._settings.script) is not None:
            proxy = await self._asked(script, host, port)
            exception = script.name if proxy is None else None
        if proxy is not None and exception is None:
            return await proxy.open(host, port)
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

    async def _asked(self, script: PacScript, host: str, port: int) -> Opener | None:
        """The proxy that the script names for a target; None: it says to go directly. Raises `HopError`."""
        try:
            url = pac.url_of_target(host, port)
            said = await run_in_daemon(script.evaluator.find_proxy, script.url, url)
            hop = pac.first_choice(said)
        except pac.PacProblem as problem:
            raise self._log.failed(
                HopStage.NAME, Trouble.SETTINGS_BROKEN, said=problem.words, what=script.name
            ) from None
        if hop is None:
            return None
        if hop not in self._by_script:
            self._by_script[hop] = self._made(hop, self._relayed(hop))
        return self._by_script[hop]

    def _relayed(self, hop: Hop) -> HopLog:
        """A log of a proxy of its own, whose news are those of this hop: there is one line for it in the report."""
        main = self._log

        def changed() -> None:
            news = own.facts
            others = tuple(one for one in main.facts.unopened if one.target not in news.opened)
            known = {one.target for one in news.unopened}
            main.put(
                **{
                    name: getattr(news, name) for name in ("kind", "host", "port", "software", "steps", "failure", "up")
                },
                opened=tuple(dict.fromkeys((*main.facts.opened, *news.opened))),
                unopened=(*(one for one in others if one.target not in known), *news.unopened),
            )

        kind = "socks5" if isinstance(hop, Socks5Proxy) else "http"
        facts = replace(main.facts, kind=kind, host=hop.host, port=hop.port, tls=getattr(hop, "tls", False))
        own = HopLog(main.number, replace(facts, opened=(), unopened=(), steps=(), failure=None), main.terms, changed)
        return own

    def close(self) -> None:
        """End the proxies'."""
        for proxy in (self._proxy, *self._by_script.values()):
            if proxy is not None:
                proxy.close()
