"""The environment: a ``.env`` template and the code that reads it."""

from __future__ import annotations

from textwrap import dedent
from typing import Final

import msgspec

from clearline.core.profiles.profile import Profile
from clearline.core.secrets.references import has_references, names_in
from clearline.core.secrets.secret import AWS_SESSION_TOKEN
from clearline.core.snippets import variables
from clearline.core.snippets.python import LOG, finished
from clearline.core.snippets.python_client import SYNC, arguments, beside_uri, login
from clearline.core.snippets.python_text import Module, call
from clearline.core.snippets.snippet import Group, Language, Snippet
from clearline.core.snippets.variables import Kind, Piece

URI_VARIABLE: Final = "MONGODB_URI"
USER_VARIABLE: Final = "MONGODB_USERNAME"


def environment(profile: Profile) -> Snippet:
    """A client that is told everything by the environment, which a ``.env`` file may fill."""
    module = Module(load="load_dotenv()  # a .env file beside this one; what the environment has already stays")
    module.use("typing", "Any")
    module.use("pymongo", SYNC)
    uri = module.variable(URI_VARIABLE)
    user = module.variable(USER_VARIABLE) if profile.auth.user is not None else None
    found = {**login(module, profile, user), **arguments(module, _anonymous(profile), wanted=beside_uri(profile))}
    made = "\n".join(
        (
            "def connect() -> MongoClient[dict[str, Any]]:",
            '    """Make the client; it opens its connections in the background."""',
            call(f"return {SYNC}", (uri,), found),
        )
    )
    main = dedent(
        '''
        def main() -> None:
            """Prove that the deployment answers."""
            with connect() as client:
                client.admin.command("ping")
                log.info("ping ok")
        '''
    )
    docstring = "Connect to MongoDB as the environment says."
    note = "Keep the .env file out of version control; “Copy .env template” gives one to fill in."
    return finished(profile, module, "environment", "Settings from .env", docstring, LOG, made, main, note=note)


def template(profile: Profile) -> Snippet:
    """The ``.env`` file of `environment`, with empty places for the secrets."""
    code = environment(profile)
    pairs = {URI_VARIABLE: _text(variables.uri(_without_token(profile)))}
    if profile.auth.user is not None:
        pairs[USER_VARIABLE] = _text(variables.pieces(profile.auth.user))
    names = dict.fromkeys((*(n for v in pairs.values() for n in names_in(v)), *code.env, *code.optional_env))
    secret = [name for name in names if name not in pairs]
    lines = ["# Fill in, keep out of version control."]
    lines += [f"# {name}=" if name in code.optional_env else f"{name}=" for name in secret]
    # References are resolved from the lines above them.
    lines += [f"{name}={_quoted(value)}" for name, value in pairs.items()]
    places = ", ".join(name for name in secret if name not in code.optional_env)
    fill = f"Fill in {places}. " if places else ""
    return Snippet(
        key="dotenv",
        title=".env template",
        group=Group.TOOLS,
        language=Language.DOTENV,
        text="\n".join(lines) + "\n",
        note=f"{fill}It serves “Settings from .env”, Docker Compose and most other tools.",
    )


def _anonymous(profile: Profile) -> Profile:
    return msgspec.structs.replace(profile, auth=msgspec.structs.replace(profile.auth, user=None))


def _without_token(profile: Profile) -> Profile:
    secrets = {name: source for name, source in profile.secrets.items() if name != AWS_SESSION_TOKEN}
    properties = {name: text for name, text in profile.auth.properties.items() if name != AWS_SESSION_TOKEN}
    auth = msgspec.structs.replace(profile.auth, properties=properties)
    return msgspec.structs.replace(profile, auth=auth, secrets=secrets)


def _text(pieces: list[Piece]) -> str:
    return "".join(piece.text if piece.kind is Kind.TEXT else f"${{{piece.text}}}" for piece in pieces)


_ENDS: Final = str.maketrans({"\n": "\\n", "\r": "\\r", "\v": "\\v", "\f": "\\f"})


def _quoted(value: str) -> str:
    """Single quotation marks keep everything as it is; double ones let references in, and tell of a line's end.

    Docker and others end a value with its line, whatever quotation marks say: the rest would be another variable.
    """
    if has_references(value) or value.splitlines() not in ([], [value]):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').translate(_ENDS)
        return '"' + "".join(letter for letter in escaped if letter.splitlines() in ([], [letter])) + '"'
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
