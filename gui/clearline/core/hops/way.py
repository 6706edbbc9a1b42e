"""The whole way of one profile: its hops, one over another, and what has been learnt of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from clearline.core.addresses import name_server
from clearline.core.daemon_threads import run_in_daemon
from clearline.core.facts.hops import HopFacts, HopFailure, HopStage, Trouble
from clearline.core.files.drives import FOLDER_S, NoAnswer, asked
from clearline.core.hops.asking import Agreed
from clearline.core.hops.hop_log import HopLog, Terms
from clearline.core.hops.opener import Enters, Entrance, KnowsNames, Opener, sendable
from clearline.core.hops.stream import Stream
from clearline.core.hops.trouble import HopError
from clearline.core.profiles.hop import Hop, HttpProxy, KubernetesForward, Socks5Proxy, SshServer, SystemProxy
from clearline.core.profiles.profile import OF_SSH
from clearline.core.secrets.secret import Secret, Secrets, hop_passphrase, hop_password

if TYPE_CHECKING:
    from clearline.core.hops.kubeconfig import Cluster, KubeconfigProblem
    from clearline.core.hops.ssh_config import ConfigProblem, Settings
    from clearline.core.hops.system_settings import SettingsProblem, SystemSettings


_DNS_PORT: Final = 53
_SIGNED_IN_S: Final = 60.0
"""Of a kubeconfig: the sign-in program that it may name has a limit of its own, which is shorter."""


class _Place(msgspec.Struct, frozen=True):
    """One hop as it is to be used; ``number`` is its place in the profile, None for a jump that it brings along."""

    hop: Hop
    number: int | None
    settings: Settings | None = None
    system: SystemSettings | None = None
    cluster: Cluster | None = None
    problem: ConfigProblem | SettingsProblem | KubeconfigProblem | NoAnswer | None = None


async def lay(
    hops: Sequence[Hop],
    secrets: Secrets,
    *,
    terms: Terms,
    changed: Callable[[], None] = lambda: None,
    agreed: Agreed | None = None,
    may_run: Callable[[str], bool] | None = None,
) -> Way:
    """The way of these hops, at least one. Nothing is contacted yet; only files of this computer are read."""
    told = [
        [_Place(hop, number)] if isinstance(hop, Socks5Proxy | HttpProxy) else await _told_in_time(hop, number, may_run)
        for number, hop in enumerate(hops)
    ]
    places = [place for several in told for place in several]
    return Way(places, secrets, terms=terms, changed=changed, agreed=agreed or Agreed(), may_run=may_run)


async def _told_in_time(
    hop: SshServer | SystemProxy | KubernetesForward, number: int, may_run: Callable[[str], bool] | None
) -> list[_Place]:
    if isinstance(hop, SshServer):
        await run_in_daemon(_import_ssh)  # before the drive's time is counted
    place, limit_s = ("~/.ssh/config" if isinstance(hop, SshServer) else "~"), FOLDER_S
    if isinstance(hop, KubernetesForward):
        place, limit_s = hop.kubeconfig or "~/.kube/config", _SIGNED_IN_S
    try:
        return await asked(place, _told, hop, number, may_run, limit_s=limit_s)
    except NoAnswer as silence:
        return [_Place(hop, number, problem=silence)]


def _import_ssh() -> None:
    """It takes its time, for which it would hold the loop."""
    import clearline.core.hops.ssh
    import clearline.core.hops.ssh_config  # noqa: F401


def _told(
    hop: SshServer | SystemProxy | KubernetesForward, number: int, may_run: Callable[[str], bool] | None
) -> list[_Place]:
    """A hop with all that this computer's settings say of it. Blocks: it reads files and imports what it needs."""
    if isinstance(hop, KubernetesForward):
        from clearline.core.hops import kubeconfig

        # One's own file is what kubectl uses all the time; one that a profile names is another matter.
        named = hop.kubeconfig
        agreed = named is None or (may_run is not None and may_run(f"kubeconfig {named}"))
        try:
            cluster = kubeconfig.read(hop.context, hop.namespace, named, may_run=agreed)
            return [_Place(hop, number, cluster=cluster)]
        except kubeconfig.KubeconfigProblem as problem:
            return [_Place(hop, number, problem=problem)]
    if isinstance(hop, SystemProxy):
        from clearline.core.hops import system_settings

        try:
            return [_Place(hop, number, system=system_settings.read())]
        except system_settings.SettingsProblem as problem:
            return [_Place(hop, number, problem=problem)]
    from clearline.core.hops import ssh_config

    try:
        return [_Place(hop, one.number, one) for one in ssh_config.settings_of(hop, number)]
    except ssh_config.ConfigProblem as problem:
        return [_Place(hop, number, problem=problem)]


class Way:
    """Opens lines through at least one hop, the outermost first. Belongs to one loop; ``changed`` is called in it."""

    def __init__(
        self,
        places: Sequence[_Place],
        secrets: Secrets,
        *,
        terms: Terms,
        changed: Callable[[], None],
        agreed: Agreed,
        may_run: Callable[[str], bool] | None,
    ) -> None:
        self._logs: list[HopLog] = []
        self._hops: list[Opener] = []
        before: Opener | None = None
        for number, place in enumerate(places):
            log = HopLog(number, _facts(place, _password(place, secrets)), terms, changed)
            entrance = Entrance(before, self._logs[-1] if self._logs else None)
            before = _made(place, log, entrance, _password(place, secrets), secrets, agreed, may_run)
            self._logs.append(log)
            self._hops.append(before)

    @property
    def facts(self) -> tuple[HopFacts, ...]:
        """What is known of each hop, the outermost first."""
        return tuple(log.facts for log in self._logs)

    async def open(self, host: str, port: int) -> Stream:
        """A line to ``host:port``; the name is resolved at the far side. Raises `HopError`. Cancelling closes it."""
        trouble = None
        if port == 0:
            trouble = Trouble.LOCAL_TARGET
        elif not sendable(host):
            trouble = Trouble.NO_TARGET
        if trouble is not None:
            raise self._logs[-1].failed(HopStage.CHANNEL, trouble, target=f"{host}:{port}" if port else host)
        return await self._hops[-1].open(host, port)

    async def enter(self) -> None:
        """Log in at every hop that keeps a connection, as far as it comes: what stops it stands in the facts."""
        for hop in self._hops:
            if isinstance(hop, Enters):
                try:
                    await hop.enter()
                except HopError:
                    return

    async def name_servers(self, named: str) -> tuple[tuple[str, int], ...]:
        """Host and port of the name servers at the far side that a profile names; empty where none can be found."""
        if named != OF_SSH:
            found = name_server(named)
            return () if found is None else (found,)
        last = self._hops[-1]
        if not isinstance(last, KnowsNames):
            return ()
        try:
            return tuple((address, _DNS_PORT) for address in await last.name_servers())
        except HopError:
            return ()

    def close(self) -> None:
        """End every hop, the innermost first, and what was opened through it. Idempotent."""
        for hop in reversed(self._hops):
            hop.close()


def _password(place: _Place, secrets: Secrets) -> Secret | None:
    return None if place.number is None else secrets.get(hop_password(place.number))


def _facts(place: _Place, password: Secret | None) -> HopFacts:
    hop, settings = place.hop, place.settings
    if settings is not None:
        alias = settings.alias if settings.alias != settings.host else None
        return HopFacts(kind="ssh", host=settings.host, port=settings.port, user=settings.user, alias=alias)
    if (cluster := place.cluster) is not None:
        tls = cluster.tls is not None
        return HopFacts(kind="kubernetes", host=cluster.host, port=cluster.port, user=cluster.user, tls=tls)
    if place.system is not None and place.system.proxy is not None:
        found = place.system.proxy
        in_clear = place.system.password is not None and _in_clear(found)
        return HopFacts(
            kind=_kind(found), host=found.host, port=found.port, user=found.user, password_in_clear=in_clear
        )
    return HopFacts(
        kind=_kind(hop),
        host=hop.host,
        port=hop.port,
        user=hop.user,
        tls=isinstance(hop, HttpProxy) and hop.tls,
        password_in_clear=password is not None and _in_clear(hop),
    )


def _kind(hop: Hop) -> str:
    match hop:
        case Socks5Proxy():
            return "socks5"
        case HttpProxy():
            return "http"
        case SshServer():
            return "ssh"
        case SystemProxy():
            return "system"
        case KubernetesForward():
            return "kubernetes"


def _in_clear(hop: Hop) -> bool:
    """Whether a password is sent as it is (RFC 1929, RFC 7617) over a line without encryption."""
    if isinstance(hop, HttpProxy):
        return hop.user is not None and hop.login == "basic" and not hop.tls
    return hop.user is not None and isinstance(hop, Socks5Proxy)


def _made(
    place: _Place,
    log: HopLog,
    entrance: Entrance,
    password: Secret | None,
    secrets: Secrets,
    agreed: Agreed,
    may_run: Callable[[str], bool] | None,
) -> Opener:
    if place.system is not None:
        from clearline.core.hops.system_proxy import SystemHop

        found = None
        if place.system.proxy is not None:
            proxy = _Place(place.system.proxy, None)
            found = _made(proxy, log, entrance, place.system.password, secrets, agreed, may_run)

        def made(hop: Hop, own: HopLog) -> Opener:
            return _made(_Place(hop, None), own, entrance, None, secrets, agreed, may_run)

        return SystemHop(log, place.system, found, made)
    match place.hop:
        case Socks5Proxy():
            from clearline.core.hops.socks5 import Socks5Hop

            return Socks5Hop(log, entrance, password)
        case HttpProxy() as hop:
            from clearline.core.hops.http_connect import HttpHop

            return HttpHop(log, entrance, hop.login, password)
        case SshServer():
            if place.settings is None:
                return _Unusable(log, place.problem)
            from clearline.core.hops.ssh import SshHop

            passphrase = None if place.number is None else secrets.get(hop_passphrase(place.number))
            return SshHop(
                log, entrance, place.settings, (password, passphrase), agreed.host_keys, agreed.asker, may_run
            )
        case KubernetesForward() as hop if place.cluster is not None:
            from clearline.core.hops.kubernetes import KubernetesHop

            return KubernetesHop(log, entrance, place.cluster, hop.pods)
        case _:
            return _Unusable(log, place.problem)


class _Unusable:
    """A hop that cannot even be tried."""

    def __init__(
        self, log: HopLog, problem: ConfigProblem | SettingsProblem | KubeconfigProblem | NoAnswer | None
    ) -> None:
        self._log = log
        self._problem = problem

    def _failure(self) -> HopFailure:
        problem = self._problem
        if isinstance(problem, NoAnswer):
            return self._log.failed(
                HopStage.NAME, Trouble.FILE_SILENT, file=str(problem.filename), said=f"{problem.limit_s:g}"
            ).failure
        words = problem.words[:300] if problem is not None else ""
        pac, file = getattr(problem, "pac", None), getattr(problem, "file", None)
        if self._log.facts.kind == "kubernetes":
            command = getattr(problem, "command", None)
            trouble = Trouble.CONFIG_BROKEN if command is None else Trouble.COMMAND_NOT_AGREED
            return self._log.failed(HopStage.NAME, trouble, said=words, file=file, what=command).failure
        if file is None:
            return self._log.failed(HopStage.NAME, Trouble.SETTINGS_BROKEN, said=words, what=pac).failure
        trouble = Trouble.UNSAFE_NAME if getattr(problem, "unsafe", False) else Trouble.CONFIG_BROKEN
        return self._log.failed(HopStage.NAME, trouble, said=words, file=file).failure

    async def enter(self) -> None:
        """Raises `HopError`."""
        raise HopError(self._failure())

    async def open(self, host: str, port: int) -> Stream:
        """Raises `HopError`."""
        raise HopError(self._failure())

    def close(self) -> None:
        """Nothing is open."""
