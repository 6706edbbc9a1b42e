"""Commands and links for MongoDB's own tools; whatever is secret, they ask for."""

from __future__ import annotations

import shlex

from clearline.core.profiles.profile import Profile
from clearline.core.snippets import variables
from clearline.core.snippets.driver_uri import foreign_uri
from clearline.core.snippets.drivers import NODE
from clearline.core.snippets.snippet import Group, Language, Snippet
from clearline.core.snippets.variables import Kind, Piece
from clearline.core.text import shell_words


def tools(profile: Profile) -> tuple[Snippet, ...]:
    """mongosh for both kinds of shell, Compass as a link and as a command."""
    # With the user and without the password: mongosh asks for it, and for the key's as well.
    pieces = foreign_uri(NODE, profile, secrets=False).pieces
    env = tuple(dict.fromkeys(piece.text for piece in pieces if piece.kind is not Kind.TEXT))
    api = f" --apiVersion {shlex.quote(profile.options.server_api)}" if profile.options.server_api else ""
    asks = "Asks for the password." if variables.password(profile) is not None else ""
    if profile.auth.mechanism == "MONGODB-AWS":
        asks = "Amazon's credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."
    link = "".join(piece.text if piece.kind is Kind.TEXT else f"${{{piece.text}}}" for piece in pieces)
    paste = "Compass opens such links, where it is set up to; else paste it under “New connection”."
    return (
        _tool("mongosh", "mongosh (Linux, macOS)", Language.BASH, f"mongosh {posix(pieces)}{api}", asks, env),
        _tool(
            "mongosh-powershell",
            "mongosh (PowerShell)",
            Language.POWERSHELL,
            f"mongosh {powershell(pieces)}{api}",
            asks,
            env,
        ),
        _tool("compass-link", "Compass link", Language.TEXT, link, f"{paste} {_compass(asks, profile)}".strip()),
        _tool(
            "compass",
            "Compass command",
            Language.BASH,
            f"mongodb-compass {posix(pieces)}",
            f"On macOS and Windows start the program of that name in its own folder. {_compass(asks, profile)}".strip(),
            env,
        ),
    )


def posix(pieces: list[Piece]) -> str:
    """One word of a POSIX shell."""
    if all(piece.kind is Kind.TEXT for piece in pieces):
        return shlex.quote("".join(piece.text for piece in pieces))
    text = ""
    for kind, part in pieces:
        escaped = "".join(f"\\{c}" if c in '$`"\\' else c for c in part)
        text += escaped if kind is Kind.TEXT else f"${{{part}}}"
    return f'"{text}"'


def powershell(pieces: list[Piece]) -> str:
    """One word of PowerShell."""
    if all(piece.kind is Kind.TEXT for piece in pieces):
        return shell_words.powershell("".join(piece.text for piece in pieces))
    text = ""
    for kind, part in pieces:
        escaped = shell_words.in_double_quotes_of_powershell(part)
        text += escaped if kind is Kind.TEXT else f"$($env:{part})"
    return f'"{text}"'


def _compass(asks: str, profile: Profile) -> str:
    """What Compass's user has to do; it does not connect at once to what a link of unknown origin weakens."""
    said = [asks.replace("Asks for the password.", "Fill in the password there.")] if asks else []
    tls = profile.tls
    lax = tls.insecure or tls.allow_invalid_certificates or tls.allow_invalid_hostnames
    if tls.ca_file or tls.certificate_key_file or tls.crl_file or lax:
        said.append("Compass asks before it connects, because the link says how certificates are checked.")
    return " ".join(said)


def _tool(key: str, title: str, language: Language, text: str, note: str, env: tuple[str, ...] = ()) -> Snippet:
    return Snippet(key=key, title=title, group=Group.TOOLS, language=language, text=text + "\n", note=note, env=env)
