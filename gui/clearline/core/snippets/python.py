"""PyMongo: the plain ways to connect."""

from __future__ import annotations

from textwrap import dedent
from typing import Final

from clearline.core.options.catalogue import Option, OptionGroup
from clearline.core.profiles.profile import Profile
from clearline.core.snippets.python_client import (
    ASYNC,
    CODEC_OPTIONS,
    SYNC,
    address,
    arguments,
    connect,
    module_of,
    needs,
)
from clearline.core.snippets.python_text import (
    Argument,
    Items,
    Module,
    Text,
    call,
    construction,
    listing,
    literal,
    mapping,
    number,
)
from clearline.core.snippets.snippet import Group, Language, Snippet

_SHORT: Final = 40
LOG: Final = "log = logging.getLogger(__name__)"
_MAIN: Final = dedent(
    """
    if __name__ == "__main__":
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        {call}
    """
)


def finished(
    profile: Profile, module: Module, key: str, title: str, docstring: str, *blocks: str, note: str = ""
) -> Snippet:
    """The snippet of a module."""
    is_async = any("async def main" in block for block in blocks)
    module.use("logging")
    if is_async:
        module.use("asyncio")
    run = _MAIN.format(call="asyncio.run(main())" if is_async else "main()")
    text = module.source(docstring, *blocks, run)
    if profile.unread:  # not by name: a bare one may be the rest of a password
        note = f"{note} Options that PyMongo does not know are left out.".lstrip()
    return Snippet(
        key=key,
        title=title,
        group=Group.PYMONGO,
        language=Language.PYTHON,
        text=text,
        note=note,
        needs=needs(profile, module),
        env=tuple(module.variables),
        optional_env=tuple(module.optional),
    )


def opening(module: Module, profile: Profile) -> str:
    """The constants every module begins with."""
    return f"{address(module, profile)}\n\n{LOG}"


def sync(profile: Profile) -> Snippet:
    """The synchronous client."""
    module = module_of(profile)
    main = dedent(
        '''
        def main() -> None:
            """Prove that the deployment answers."""
            with connect() as client:
                client.admin.command("ping")
                log.info("ping ok")
        '''
    )
    blocks = (opening(module, profile), connect(module, profile), main)
    return finished(profile, module, "sync", "Synchronous client", "Connect to MongoDB.", *blocks)


def asynchronous(profile: Profile) -> Snippet:
    """The asynchronous client."""
    module = module_of(profile)
    main = dedent(
        '''
        async def main() -> None:
            """Prove that the deployment answers."""
            async with connect() as client:
                await client.admin.command("ping")
                log.info("ping ok")
        '''
    )
    blocks = (opening(module, profile), connect(module, profile, ASYNC), main)
    note = "A client belongs to the event loop that first uses it: call connect() inside of asyncio.run()."
    return finished(
        profile, module, "async", "Asynchronous client", "Connect to MongoDB from asyncio.", *blocks, note=note
    )


def context_manager(profile: Profile) -> Snippet:
    """A context manager of one's own."""
    module = module_of(profile)
    made = connect(module, profile)
    module.use("collections.abc", "Iterator")
    module.use("contextlib", "contextmanager")
    module.use("pymongo.database", "Database")
    manager = dedent(
        f'''
        @contextmanager
        def database(name: str = {_database(module, profile)}) -> Iterator[Database[dict[str, Any]]]:
            """Lend a database; its client is closed afterwards, whatever happened."""
            client = connect()
            try:
                yield client[name]
            finally:
                client.close()
        '''
    )
    main = dedent(
        '''
        def main() -> None:
            """Prove that the deployment answers."""
            with database() as lent:
                lent.command("ping")
                log.info("ping ok: %s", lent.name)
        '''
    )
    note = "For scripts and tests. A service keeps one client for its whole life: see “One client per process”."
    blocks = (opening(module, profile), made, manager, main)
    docstring = "Lend a MongoDB database for the length of a with block."
    return finished(profile, module, "context-manager", "Context manager", docstring, *blocks, note=note)


def singleton(profile: Profile) -> Snippet:
    """One client for the whole process."""
    module = module_of(profile)
    made = connect(module, profile)
    for name in ("atexit", "os", "threading"):
        module.use(name)
    state = dedent(
        """
        _lock = threading.Lock()
        _client: MongoClient[dict[str, Any]] | None = None
        """
    ).strip()
    shared = dedent(
        '''
        def client() -> MongoClient[dict[str, Any]]:
            """Return the one client of this process: it is thread-safe, and its pool is worth sharing."""
            global _client
            with _lock:
                if _client is None:
                    _client = connect()
                    atexit.register(_client.close)
                return _client


        def _forget() -> None:
            global _client, _lock
            _client, _lock = None, threading.Lock()


        if hasattr(os, "register_at_fork"):  # a forked child must not use its parent's sockets
            os.register_at_fork(after_in_child=_forget)
        '''
    )
    main = dedent(
        '''
        def main() -> None:
            """Prove that the deployment answers, and that every caller gets the same client."""
            client().admin.command("ping")
            log.info("ping ok, one client: %s", client() is client())
        '''
    )
    blocks = (f"{opening(module, profile)}\n{state}", made, shared, main)
    return finished(
        profile, module, "singleton", "One client per process", "Share one MongoDB client in a process.", *blocks
    )


def collection(profile: Profile) -> Snippet:
    """Database and collection with options of their own."""
    module = module_of(profile)
    module.use("typing", "Any")
    module.use("pymongo", SYNC)
    module.use("pymongo.collection", "Collection")
    client = arguments(module, profile, wanted=_belongs_to_client)
    codec, data = _codec_options(module, profile), _data_options(module, profile)
    name = (profile.seeds.database or "").partition(".")[2] or "items"
    first = dedent(
        '''
        def connect() -> MongoClient[dict[str, Any]]:
            """Make the client; it opens its connections in the background."""
        '''
    ).strip()
    made = first + "\n" + call(f"return {SYNC}", ("URI",), client)
    head = "def collection(client: MongoClient[dict[str, Any]], name: str) -> Collection[dict[str, Any]]:"
    opened = f"    database = client.get_database({_database(module, profile)})"
    if codec:
        opened = call("database = client.get_database", (_database(module, profile),), codec)
    chosen = "\n".join(
        (
            head,
            '    """Return a collection that reads and writes as its data needs, whatever the others do."""',
            opened,
            call("return database.get_collection", ("name",), data),
        )
    )
    main = dedent(
        f'''
        def main() -> None:
            """Prove that the deployment answers."""
            with connect() as client:
                items = collection(client, {literal(name)})
                items.database.command("ping")
                log.info("ping ok: %s", items.full_name)
        '''
    )
    blocks = (opening(module, profile), made, chosen, main)
    docstring = "Open a MongoDB collection with options of its own."
    return finished(profile, module, "collection", "Database and collection", docstring, *blocks)


def _belongs_to_client(option: Option) -> bool:
    return option.group not in (OptionGroup.READS, OptionGroup.WRITES) and option.name not in CODEC_OPTIONS


def _database(module: Module, profile: Profile) -> str:
    name = module.text((profile.seeds.database or "test").partition(".")[0] or "test")
    if len(name) < _SHORT and name.startswith('"'):
        return name
    module.constants["DATABASE"] = name
    return "DATABASE"


def _codec_options(module: Module, profile: Profile) -> dict[str, Argument]:
    options = profile.options
    found: dict[str, Argument] = {}
    if options.tz_aware is not None:
        found["tz_aware"] = Argument(number(options.tz_aware))
    if options.uuid_representation is not None:
        module.use("bson.binary", "UuidRepresentation")
        constants = {"pythonLegacy": "PYTHON_LEGACY", "javaLegacy": "JAVA_LEGACY", "csharpLegacy": "CSHARP_LEGACY"}
        constant = constants.get(options.uuid_representation, options.uuid_representation.upper())
        found["uuid_representation"] = Argument(f"UuidRepresentation.{constant}")
    if options.unicode_decode_error_handler is not None:
        found["unicode_decode_error_handler"] = Argument(literal(options.unicode_decode_error_handler))
    if (name := options.datetime_conversion) is not None:
        module.use("bson.codec_options", "DatetimeConversion")
        value = f"DatetimeConversion({name})" if name.isdigit() else f"DatetimeConversion.{name}"
        found["datetime_conversion"] = Argument(value)
    if not found:
        return {}
    module.use("bson.codec_options", "CodecOptions")
    made = construction("CodecOptions", arguments={name: value for name, (value, _) in found.items()})
    return {"codec_options": Argument(made)}


def _data_options(module: Module, profile: Profile) -> dict[str, Argument]:
    reads, writes = profile.reads, profile.writes
    found: dict[str, Argument] = {}
    if reads.preference is not None:
        mode = reads.preference[0].upper() + reads.preference[1:]
        module.use("pymongo.read_preferences", mode)
        options: dict[str, str] = {}
        if mode != "Primary" and reads.tags:
            options["tag_sets"] = _tag_sets(reads.tags)
        if mode != "Primary" and reads.max_staleness_seconds is not None:
            options["max_staleness"] = str(reads.max_staleness_seconds)
        found["read_preference"] = Argument(construction(mode, arguments=options))
    level = reads.concern_level
    module.use("pymongo.read_concern", "ReadConcern")
    found["read_concern"] = Argument(
        f"ReadConcern({literal(level or 'majority')})", "" if level else "nothing that could still be rolled back"
    )
    module.use("pymongo.write_concern", "WriteConcern")
    values = {"w": writes.w, "wtimeout": writes.wtimeout_ms, "j": writes.journal, "fsync": writes.fsync}
    given = {name: value for name, value in values.items() if value is not None} or {"w": "majority"}
    made = {name: Text.of(value) if isinstance(value, str) else number(value) for name, value in given.items()}
    found["write_concern"] = Argument(construction("WriteConcern", arguments=made))
    return found


def _tag_sets(tags: tuple[dict[str, str], ...]) -> Items:
    return listing(mapping({name: Text.of(text) for name, text in tag.items()}) for tag in tags)
