"""PyMongo: patterns of programs that have to stay connected."""

from __future__ import annotations

from textwrap import dedent

from clearline.core.profiles.profile import Profile
from clearline.core.snippets.python import finished, opening
from clearline.core.snippets.python_client import ASYNC, connect, module_of
from clearline.core.snippets.python_text import Argument
from clearline.core.snippets.snippet import Snippet


def retrying(profile: Profile) -> Snippet:
    """Connecting that waits for what waiting can mend, and for nothing else."""
    module = module_of(profile)
    quick = {"serverSelectionTimeoutMS": Argument("5000", "one attempt; the loop below is what waits")}
    made = connect(module, profile, extra=quick)
    module.use("threading")
    module.use("pymongo.errors", "ConfigurationError", "ConnectionFailure", "OperationFailure")
    loop = dedent(
        '''
        def connect_with_retries(
            attempts: int = 6, *, stop: threading.Event | None = None
        ) -> MongoClient[dict[str, Any]]:
            """Return a client whose deployment has answered; setting ``stop`` ends the waiting."""
            stop = stop or threading.Event()
            client = connect()  # wrong settings raise ConfigurationError, ValueError or OSError here
            for attempt in range(1, attempts + 1):
                try:
                    client.admin.command("ping")
                except ConfigurationError:
                    log.warning("the settings are wrong: no retry mends that")
                    client.close()
                    raise
                except OperationFailure as error:
                    refused = error.code in LOGIN_REFUSED
                    log.warning("the login was refused" if refused else "the server refused the command")
                    client.close()
                    raise
                except ConnectionFailure as error:  # no server found, connection lost, timeout
                    pause_s = min(30.0, 0.5 * 2**attempt)
                    if attempt == attempts or stop.is_set():
                        client.close()
                        raise
                    log.warning("attempt %d of %d failed, the next in %.0f s: %s", attempt, attempts, pause_s, error)
                    stop.wait(pause_s)
                else:
                    return client
            raise ValueError("attempts must be at least 1")
        '''
    ).replace(
        "def connect_with_retries(\n    attempts: int = 6, *, stop: threading.Event | None = None\n) ->",
        "def connect_with_retries(attempts: int = 6, *, stop: threading.Event | None = None) ->",
    )
    main = dedent(
        '''
        def main() -> None:
            """Prove that the deployment answers."""
            with connect_with_retries():
                log.info("ping ok")
        '''
    )
    codes = "LOGIN_REFUSED = {13, 18, 8000}  # Unauthorized, AuthenticationFailed, AtlasError"
    head = f"{opening(module, profile)}\n{codes}"
    note = "Wrong settings and refused logins are raised at once; only network errors are tried again."
    docstring = "Connect to MongoDB, patiently where patience helps."
    return finished(profile, module, "retry", "Connect with retries", docstring, head, made, loop, main, note=note)


def health(profile: Profile) -> Snippet:
    """An asyncio task that pings, beside a listener to the driver's own heartbeats."""
    module = module_of(profile)
    listening = {"event_listeners": Argument("[HEARTBEATS]")}
    made = connect(module, profile, ASYNC, extra=listening)
    module.use("time")
    module.use("pymongo", "monitoring")
    module.use("pymongo.errors", "PyMongoError")
    listener = dedent(
        '''
        class Heartbeats(monitoring.ServerHeartbeatListener):
            """Knows which servers did not answer the driver's latest look at them."""

            def __init__(self) -> None:
                self.silent: set[str] = set()

            def started(self, event: monitoring.ServerHeartbeatStartedEvent) -> None:
                """Need nothing: the outcome follows."""

            def succeeded(self, event: monitoring.ServerHeartbeatSucceededEvent) -> None:
                """Take a server off the list of silent ones."""
                self.silent.discard("{}:{}".format(*event.connection_id))

            def failed(self, event: monitoring.ServerHeartbeatFailedEvent) -> None:
                """Put a server on the list of silent ones."""
                self.silent.add("{}:{}".format(*event.connection_id))
                log.warning("%s:%s does not answer: %s", *event.connection_id, event.reply)


        HEARTBEATS = Heartbeats()
        '''
    )
    watch = dedent(
        '''
        async def watch(client: AsyncMongoClient[dict[str, Any]], healthy: asyncio.Event, pause_s: float = 5) -> None:
            """Ping for ever; ``healthy`` is set while the deployment answers."""
            while True:
                began = time.perf_counter()
                try:
                    await client.admin.command("ping")
                except PyMongoError as error:
                    healthy.clear()
                    log.warning("ping failed, silent servers: %s: %s", sorted(HEARTBEATS.silent), error)
                else:
                    healthy.set()
                    log.info("ping ok after %.1f ms", (time.perf_counter() - began) * 1000)
                await asyncio.sleep(pause_s)
        '''
    )
    main = dedent(
        '''
        async def main() -> None:
            """Run the monitor beside the program's own work."""
            healthy = asyncio.Event()
            async with connect() as client:
                monitor = asyncio.create_task(watch(client, healthy))
                try:
                    await asyncio.wait_for(healthy.wait(), timeout=30)  # the program's own work
                finally:
                    monitor.cancel()
        '''
    )
    docstring = "Watch the health of a MongoDB deployment."
    blocks = (opening(module, profile), listener, made, watch, main)
    return finished(profile, module, "health", "Health monitor", docstring, *blocks)


def pool(profile: Profile) -> Snippet:
    """A listener that counts the connections of every pool."""
    module = module_of(profile)
    made = connect(module, profile, extra={"event_listeners": Argument("[POOLS]")})
    module.use("threading")
    module.use("dataclasses", "dataclass")
    module.use("pymongo", "monitoring")
    counts = dedent(
        '''
        @dataclass
        class Counts:
            """The connections to one server."""

            open: int = 0
            in_use: int = 0
            waiting: int = 0
            refused: int = 0

            @property
            def idle(self) -> int:
                """Open, and not lent out."""
                return self.open - self.in_use


        class Pools(monitoring.ConnectionPoolListener):
            """Counts per server; the driver's threads report here."""
        '''
    )
    methods = [
        _method("pool_created", "PoolCreated", "Begin to count.", "self.servers[_name(event)] = Counts()"),
        _method("pool_ready", "PoolReady", "Need nothing: connections follow."),
        _method(
            "pool_cleared",
            "PoolCleared",
            "Say that connections are given up.",
            'log.warning("%s: pool cleared", _name(event))',
        ),
        _method("pool_closed", "PoolClosed", "Need nothing: its connections were closed before."),
        _method("connection_created", "ConnectionCreated", "Need nothing: a connection counts when it is ready."),
        _method("connection_ready", "ConnectionReady", "Count an open connection.", 'self._add(event, "open", 1)'),
        _method(
            "connection_closed",
            "ConnectionClosed",
            "Count it out, if it ever was ready.",
            'self._add(event, "open", -1)',
        ),
        _method(
            "connection_check_out_started",
            "ConnectionCheckOutStarted",
            "Count who waits.",
            'self._add(event, "waiting", 1)',
        ),
        _method(
            "connection_check_out_failed",
            "ConnectionCheckOutFailed",
            "Count who waited in vain.",
            'self._add(event, "waiting", -1)',
            'self._add(event, "refused", 1)',
        ),
        _method(
            "connection_checked_out",
            "ConnectionCheckedOut",
            "Count who was served.",
            'self._add(event, "waiting", -1)',
            'self._add(event, "in_use", 1)',
        ),
        _method(
            "connection_checked_in", "ConnectionCheckedIn", "Count what came back.", 'self._add(event, "in_use", -1)'
        ),
    ]
    start = dedent(
        """
            def __init__(self) -> None:
                self.servers: dict[str, Counts] = {}
                self._lock = threading.Lock()

            def _add(self, event: Any, name: str, number: int) -> None:
                with self._lock:
                    counts = self.servers.setdefault(_name(event), Counts())
                    setattr(counts, name, max(0, getattr(counts, name) + number))
        """
    ).strip("\n")
    start = "\n".join(f"    {line}" if line else "" for line in start.splitlines())
    listener = counts.strip("\n") + "\n\n" + "\n\n".join((start, *methods))
    after = dedent(
        """
        def _name(event: Any) -> str:
            return "{}:{}".format(*event.address)


        POOLS = Pools()
        """
    )
    main = dedent(
        '''
        def main() -> None:
            """Show the pools after a first operation."""
            with connect() as client:
                client.admin.command("ping")
                for server, counts in POOLS.servers.items():
                    log.info("ping ok, %s: %s, idle: %d", server, counts, counts.idle)
        '''
    )
    docstring = "Count the connections of MongoDB's pools."
    blocks = (opening(module, profile), listener, after, made, main)
    return finished(profile, module, "pool", "Pool listener", docstring, *blocks)


def _method(name: str, event: str, docstring: str, *body: str) -> str:
    lines = [f"    def {name}(self, event: monitoring.{event}Event) -> None:", f'        """{docstring}"""']
    return "\n".join((*lines, *(f"        {line}" for line in body)))
