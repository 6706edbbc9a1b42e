"""PyMongo: one function for a local server, a replica set and Atlas."""

from __future__ import annotations

from textwrap import dedent
from typing import Final

from clearline.core.options.catalogue import Option, OptionGroup
from clearline.core.profiles.profile import Profile
from clearline.core.snippets import variables
from clearline.core.snippets.python import LOG, finished
from clearline.core.snippets.python_client import SYNC, arguments, module_of
from clearline.core.snippets.python_text import Argument, call, entry, literal
from clearline.core.snippets.snippet import Snippet

_ELSEWHERE: Final = frozenset({OptionGroup.SERVER, OptionGroup.AUTH, OptionGroup.TLS})
"""What is another thing in every deployment."""


def factory(profile: Profile) -> Snippet:
    """One function for the three kinds of deployment; the profile's own kind is filled in."""
    module = module_of(profile)
    for name, members in {"enum": ("StrEnum",), "typing": ("Any",), "pymongo": (SYNC,)}.items():
        module.use(name, *members)
    kind = _kind(profile)
    common = arguments(module, profile, wanted=_is_common)
    for name in ("username", "password"):
        common.pop(name, None)
    own = {name: value for name, value in arguments(module, profile).items() if name not in common}
    shared = "COMMON: dict[str, Any] = {}"
    if common:
        lines = "\n".join(_entry(name, value) for name, value in common.items())
        shared = "COMMON: dict[str, Any] = {\n" + lines + "\n}"
    kinds = dedent(
        f'''
        class Deployment(StrEnum):
            """Where the program runs; MONGODB_DEPLOYMENT says which."""

            LOCAL = "local"
            REPLICA_SET = "replica-set"
            ATLAS = "atlas"


        def chosen() -> Deployment:
            """Return what the environment says, else what this program was written for."""
            return Deployment(os.environ.get("MONGODB_DEPLOYMENT", "{kind}"))
        '''
    )
    module.use("os")
    module.optional.append("MONGODB_DEPLOYMENT")
    cases = {"local": _local(), "replica-set": _replica_set(), "atlas": _atlas()}
    address = module.text(variables.address(profile))
    cases[kind] = call(f"return {SYNC}", (address,), own, unpacked="COMMON", indent=12)
    make = "\n".join(
        (
            "def make_client(deployment: Deployment) -> MongoClient[dict[str, Any]]:",
            '    """Make the client for a kind of deployment; what they have in common is in COMMON."""',
            "    match deployment:",
            "        case Deployment.LOCAL:",
            cases["local"],
            "        case Deployment.REPLICA_SET:",
            cases["replica-set"],
            "        case Deployment.ATLAS:",
            cases["atlas"],
        )
    )
    main = dedent(
        '''
        def main() -> None:
            """Prove that the deployment answers."""
            with make_client(chosen()) as client:
                client.admin.command("ping")
                log.info("ping ok")
        '''
    )
    note = f"The profile is the “{kind}” case; the others take their address and login from the environment."
    docstring = "Make MongoDB clients for a local server, a replica set or Atlas."
    opened = f"{shared}\n\n{LOG}"
    blocks = (opened, kinds, make, main)
    return finished(profile, module, "factory", "Factory", docstring, *blocks, note=note)


def _kind(profile: Profile) -> str:
    if profile.seeds.srv:
        return "atlas"
    several = len(profile.seeds.hosts) > 1 or profile.seeds.replica_set is not None
    return "replica-set" if several and not profile.seeds.direct_connection else "local"


def _is_common(option: Option) -> bool:
    """What is the same wherever the program runs."""
    return option.group not in _ELSEWHERE


def _entry(name: str, argument: Argument) -> str:
    return entry(f"{literal(name)}: ", argument, indent=4)


def _local() -> str:
    return '            return MongoClient("mongodb://localhost:27017/", directConnection=True, **COMMON)'


def _replica_set() -> str:
    return _variant(
        'os.environ["REPLICA_SET_URI"]',
        {"replicaSet": 'os.environ["REPLICA_SET_NAME"]'},
        "hosts: mongodb://db1:27017,db2:27017,db3:27017/",
    )


def _atlas() -> str:
    return _variant('os.environ["ATLAS_URI"]', {}, "mongodb+srv://NAME.mongodb.net/")


def _variant(uri: str, extra: dict[str, str], comment: str) -> str:
    inner = " " * 16
    lines = [f"{inner}{uri},  # {comment}", f'{inner}username=os.environ["MONGODB_USERNAME"],']
    lines.append(f'{inner}password=os.environ["MONGODB_PASSWORD"],')
    lines += [f"{inner}{name}={value}," for name, value in extra.items()]
    return "            return MongoClient(\n" + "\n".join((*lines, f"{inner}**COMMON,")) + "\n            )"
