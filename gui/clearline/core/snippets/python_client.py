"""The call that makes a PyMongo client as a profile says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from clearline.core.options.catalogue import OPTIONS, Option, OptionType
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.references import has_references
from clearline.core.snippets import variables
from clearline.core.snippets.python_text import (
    Argument,
    Module,
    Text,
    assignment,
    call,
    construction,
    listing,
    literal,
    mapping,
    number,
)

SYNC: Final = "MongoClient"
ASYNC: Final = "AsyncMongoClient"
CODEC_OPTIONS: Final = frozenset(
    {"uuidRepresentation", "tz_aware", "unicode_decode_error_handler", "datetime_conversion"}
)
_EXTRAS: Final = {"snappy": "snappy", "zstd": "zstd"}


def module_of(profile: Profile) -> Module:
    """A module that reads the profile's own ``.env`` file where it reads the environment at all."""
    module = Module()
    if profile.env_file is not None and not has_references(profile.env_file):
        module.load = f"load_dotenv({literal(profile.env_file)}, override=True)"
    return module


def address(module: Module, profile: Profile) -> str:
    """The assignment of the constant ``URI``: hosts and database."""
    return assignment("URI", module.text(variables.address(profile)))


def arguments(
    module: Module, profile: Profile, *, wanted: Callable[[Option], bool] = lambda _: True
) -> dict[str, Argument]:
    """Keyword arguments for who logs in and for the wanted options that the profile sets, in the catalogue's order."""
    found = login(module, profile)
    for option in OPTIONS:
        if not wanted(option):
            continue
        if option.name == "tlsCertificateKeyFilePassword":
            found |= _key_password(module, profile)
        elif option.name == "tlsCAFile" and profile.tls.ca_file is None:
            found |= _roots(module, profile)
        elif (value := _value(module, option, profile)) is not None:
            found[option.name] = Argument(value)
    return found


def login(module: Module, profile: Profile, user: str | None = None) -> dict[str, Argument]:
    """User and password; ``user`` is the expression for the name, if it is not to be the profile's."""
    if profile.auth.user is None:
        return {}
    found = {"username": Argument(user or module.text(profile.auth.user))}
    if (secret := variables.password(profile)) is not None:
        found["password"] = Argument(module.text(secret))
    return found


def beside_uri(profile: Profile) -> Callable[[Option], bool]:
    """Which options a connection string cannot hold, or should not because they are secret."""
    names = {"tlsCertificateKeyFilePassword"}
    if profile.tls.ca_file is None:
        names.add("tlsCAFile")
    if variables.session_token(profile) is not None:
        names.add("authMechanismProperties")
    return lambda option: option.type is OptionType.KEYWORD or option.name in names


def _key_password(module: Module, profile: Profile) -> dict[str, Argument]:
    secret = variables.key_password(profile)
    if secret is None:
        return {}
    if variables.has_key_password(profile):
        return {"tlsCertificateKeyFilePassword": Argument(module.text(secret))}
    value = module.variable(variables.KEY_PASSWORD_VARIABLE, optional=True)
    return {"tlsCertificateKeyFilePassword": Argument(value, "if the key is encrypted")}


def _roots(module: Module, profile: Profile) -> dict[str, Argument]:
    if profile.tls.trust == "system":
        module.use("truststore")
        module.before = ["truststore.inject_into_ssl()  # before PyMongo is imported: trust what the system trusts"]
    if profile.tls.trust != "bundled":
        return {}
    module.use("certifi")
    return {"tlsCAFile": Argument("certifi.where()", "the same authorities on every system")}


def _value(module: Module, option: Option, profile: Profile) -> str | None:
    if option.field is None or (option.ignored and option.type is not OptionType.KEYWORD):
        return None
    value: Any = getattr(getattr(profile, option.field[0]), option.field[1])
    match option.type:
        case OptionType.PROPERTIES:
            found = variables.properties(profile)
            return mapping({name: module.text(text) for name, text in found.items()}) if found else None
        case OptionType.TAGS:
            return listing(Text.of(_tags(tags)) for tags in value) if value else None
        case OptionType.LIST:
            return listing(literal(name) for name in value) if value else None
    if value is None:
        return None
    if option.name == "server_api":
        module.use("pymongo.server_api", "ServerApi")
        return f"ServerApi({literal(value)})"
    if option.name == "driver":
        module.use("pymongo.driver_info", "DriverInfo")
        return construction("DriverInfo", (Text.of(value),))
    return module.text(value) if isinstance(value, str) else number(value)


def _tags(tags: dict[str, str]) -> str:
    return ",".join(f"{quote(name, safe='')}:{quote(text, safe='')}" for name, text in tags.items())


def connect(module: Module, profile: Profile, kind: str = SYNC, *, extra: dict[str, Argument] | None = None) -> str:
    """``def connect()`` with the profile's whole client; ``extra`` yields to what the profile sets."""
    module.use("typing", "Any")
    module.use("pymongo", kind)
    found = {**(extra or {}), **arguments(module, profile)}
    return "\n".join(
        (
            f"def connect() -> {kind}[dict[str, Any]]:",
            '    """Make the client; it opens its connections in the background."""',
            call(f"return {kind}", ("URI",), found),
        )
    )


def needs(profile: Profile, module: Module) -> tuple[str, ...]:
    """What has to be installed for a module."""
    extras = {_EXTRAS[name] for name in profile.options.compressors if name in _EXTRAS}
    match profile.auth.mechanism:
        case "MONGODB-AWS":
            extras.add("aws")
        case "GSSAPI":
            extras.add("gssapi")
    found = ["pymongo" + (f"[{','.join(sorted(extras))}]" if extras else "")]
    found += [name for name in ("certifi", "truststore") if name in module.imports]
    return (*found, "python-dotenv") if "dotenv" in module.members else tuple(found)
