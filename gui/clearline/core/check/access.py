"""What the account may do, asked after the verdict: its rights, the server's version, modes, locks and room left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clearline.core.check.ledger import Ledger
from clearline.core.diagnosis.rules.access import NEARLY_FULL
from clearline.core.driver.monitors import shed_frames
from clearline.core.facts.login import Privilege
from clearline.core.facts.replies import document, documents, text, texts, whole
from clearline.core.facts.whole import SILENCE_S
from clearline.core.probes.build_info import is_genuine, named_product

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

ASKING_S = 2 * SILENCE_S
"""So long a question may go without an answer."""


class Access:
    """The questions of one client that has connected. Everything it learns goes into the ledger; it never raises."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger
        self._mute = False

    async def learn(self) -> None:
        """After the verdict: who is logged in with which rights, the server's version, modes and locks.

        Commands go to the server of the read, one after another over the same connection.
        """
        status = await self._ask({"connectionStatus": 1, "showPrivileges": True})
        auth = document((status or {}).get("authInfo"))
        users = documents(auth.get("authenticatedUsers"))
        self._ledger.access(
            asked=status is not None and "authInfo" in status,
            user=_in_database(users[0], "user") if users else None,
            roles=tuple(_in_database(role, "role") for role in documents(auth.get("authenticatedUserRoles"))),
            privileges=tuple(map(_privilege, documents(auth.get("authenticatedUserPrivileges")))),
        )
        info = await self._ask({"buildInfo": 1})
        if info and info.get("ok"):
            self._ledger.access(
                product_version=text(info.get("version")) or None,
                modules=texts(info.get("modules")),
                ferretdb="ferretdb" in info,
                genuine=is_genuine(info),
                product=named_product(info),
                build_info_fields=texts(list(info)),
            )
        names = await self._ask({"listDatabases": 1, "nameOnly": True, "authorizedDatabases": True})
        if names and names.get("ok"):
            found = (text(one.get("name")) for one in documents(names.get("databases")))
            self._ledger.access(databases=tuple(name for name in found if name))
        w = self._ledger.facts.uri.options.get("w")
        if isinstance(w, str) and w != "majority":
            config = await self._ask({"replSetGetConfig": 1})
            if config and config.get("ok"):
                settings = document(document(config.get("config")).get("settings"))
                self._ledger.access(write_concern_modes=texts(list(document(settings.get("getLastErrorModes")))))
        await self._learn_capacity()
        operations = await self._ask({"currentOp": 1, "ns": "clearline.none"})
        if operations is not None:
            ok = bool(operations.get("ok"))
            self._ledger.access(
                fsync_locked=bool(operations.get("fsyncLock")) if ok else None,
                diagnostics_code=0 if ok else whole(operations.get("code")),
            )

    async def _learn_capacity(self) -> None:
        """How many connections the server has left, and, where few are, who holds them. Without rights nothing."""
        status = await self._ask(_CONNECTIONS_ONLY)
        connections = (status or {}).get("connections")
        if not isinstance(connections, Mapping):
            return
        current, available, active = (connections.get(name) for name in ("current", "available", "active"))
        if not (isinstance(current, int) and isinstance(available, int)):
            return
        self._ledger.access(
            connections_current=current,
            connections_available=available,
            connections_active=active if isinstance(active, int) else None,
        )
        if current >= NEARLY_FULL * (current + available):
            operations = await self._ask({"currentOp": 1, "$all": True})  # idle connections are among them
            self._ledger.access(holders=_holders(operations))

    async def _ask(self, command: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """One command on ``admin``; the server's refusal is an answer with ``ok`` 0, no answer at all is None.

        The report waits for these, so that a server which hangs at one is not asked the next.
        """
        from pymongo.errors import OperationFailure

        if self._mute:
            return None
        try:
            async with asyncio.timeout(ASKING_S):
                answer: Mapping[str, Any] = await self._client.admin.command(
                    dict(command), read_preference=self._client.read_preference
                )
        except TimeoutError as error:
            shed_frames(error)
            self._mute = True
            return None
        except OperationFailure as error:
            shed_frames(error)
            return {"ok": 0, **(error.details or {}), "code": error.code}
        except asyncio.CancelledError as stop:
            shed_frames(stop)
            raise
        except Exception as error:  # noqa: BLE001 - a lost connection after the verdict only means that less is known
            shed_frames(error)
            return None
        return answer


def _in_database(entry: Mapping[str, Any], what: str) -> str:
    return f"{text(entry.get(what))}@{text(entry.get('db'))}"


def _privilege(entry: Mapping[str, Any]) -> Privilege:
    resource = document(entry.get("resource"))
    return Privilege(
        database=text(resource.get("db")) or "",
        collection=text(resource.get("collection")) or "",
        actions=texts(entry.get("actions")),
        cluster=bool(resource.get("cluster")),
        any_resource=bool(resource.get("anyResource")),
    )


_CONNECTIONS_ONLY = {
    "serverStatus": 1,
    **dict.fromkeys(("metrics", "wiredTiger", "locks", "tcmalloc", "repl", "opcounters", "network", "sharding"), 0),
}


def _holders(operations: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The applications, else drivers, with the most connections: ``orders (PyMongo): 412``."""
    counts: dict[str, int] = {}
    for row in documents((operations or {}).get("inprog")):
        if not row.get("connectionId"):
            continue
        driver = document(document(row.get("clientMetadata")).get("driver")).get("name")
        name = f"{str(row.get('appName') or 'no name')[:60]} ({str(driver or 'unknown')[:40]})"
        counts[name] = counts.get(name, 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])[:3]
    return tuple(f"{name}: {count}" for name, count in most)
