"""The options that name a SOCKS5 proxy in a connection string: the drivers for Node.js, Java and Rust go through it.

PyMongo warns about them and ignores them; here they are a hop.

Source: the MongoDB specification *SOCKS5 support*: proxyPort is 1080 unless said otherwise, the others say nothing
without proxyHost, user name and password come together; an empty text counts as not given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote_plus

from clearline.core.options.names import PROXY_OPTIONS
from clearline.core.profiles.hop import Hop, Socks5Proxy
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.redaction import MASK
from clearline.core.secrets.references import around_references, has_references, is_reference
from clearline.core.secrets.secret import Secret, Unshown, hop_password
from clearline.core.uri.parts import OptionPiece, UriText

_HIGHEST_PORT: Final = 65535
_OF_HOST: Final = frozenset("/@?#, ")


class Fault(Unshown, frozen=True):
    """Why the options name no proxy: in which one, and what to write, as the blanks of ``uri.bad-value``."""

    chunk: OptionPiece
    option: str
    value: str
    rule: str
    suggestion: str


class ProxyOptions(Unshown, frozen=True):
    """What the options of a text say about a proxy; without ``hop`` they name none that could be gone through."""

    chunks: tuple[OptionPiece, ...] = ()
    hop: Socks5Proxy | None = None
    password: Secret | None = None
    reference: str | None = None
    """The reference that stands for the password."""
    fault: Fault | None = None

    @property
    def lacks_password(self) -> bool:
        """Whether a user logs in and the text holds no password."""
        return self.hop is not None and self.hop.user is not None and self.password is None and self.reference is None


def is_proxy_option(name: str) -> bool:
    """Whether an option is one of those that name a proxy."""
    return name.lower() in PROXY_OPTIONS


def proxy_options(parts: UriText, base: Profile) -> ProxyOptions:
    """The proxy that a text names. The way of the profile ``base`` is replaced only if a text could say it as well."""
    chunks = tuple(chunk for chunk in parts.chunks if not chunk.doubtful and is_proxy_option(chunk.name.text))
    if not chunks or parts.suspect:
        return ProxyOptions(chunks)
    said = {chunk.name.text.lower(): chunk for chunk in chunks if chunk.value is not None and chunk.value.text}

    def fault(name: str, rule: str, suggestion: str) -> ProxyOptions:
        chunk = said.get(name.lower(), chunks[0])
        value = MASK if name == "proxyPassword" else _text(chunk)
        return ProxyOptions(chunks, fault=Fault(chunk, chunk.name.text, value, rule, suggestion))

    if "proxyhost" not in said:
        return fault(chunks[0].name.text, "it says nothing without proxyHost", "proxyHost as well, or remove it")
    if base.hops and not in_text(base.hops):
        rule = "the profile has another way to the servers"
        return fault("proxyHost", rule, "one of the two ways: remove the option, or the hops of the profile")
    host = _text(said["proxyhost"]).removeprefix("[").removesuffix("]")
    if host.count(":") == 1 or _OF_HOST & set(host) or not host.isprintable():
        return fault("proxyHost", "it is the name or the address alone", "the port in proxyPort, and no scheme")
    if "proxyport" in said and has_references(_text(said["proxyport"])):
        return ProxyOptions(chunks)  # known when it is resolved
    port = _text(said["proxyport"]) if "proxyport" in said else "1080"
    if not (port.isascii() and port.isdecimal() and len(port) < 6 and 1 <= int(port) <= _HIGHEST_PORT):
        return fault("proxyPort", "a port is a number from 1 to 65535", "the number of the proxy's port")
    user, password = said.get("proxyusername"), said.get("proxypassword")
    if password is not None and user is None:
        return fault("proxyPassword", "it says nothing without proxyUsername", "proxyUsername as well, or remove it")
    hop = Socks5Proxy(host=host, port=int(port), user=_text(user) if user is not None else None)
    assert password is None or password.value is not None
    raw = password.value.text if password is not None and password.value is not None else None
    if raw is None:
        return ProxyOptions(chunks, hop)
    source = base.secrets.get(hop_password(0))
    known = source.reference if source is not None and source.place == "reference" else None
    if is_reference(raw) or (has_references(raw) and unquote_plus(raw) == known):
        return ProxyOptions(chunks, hop, reference=unquote_plus(raw))
    return ProxyOptions(chunks, hop, Secret(unquote_plus(raw)))


def in_text(hops: tuple[Hop, ...]) -> bool:
    """Whether a connection string can hold that way: one SOCKS5 proxy and nothing else."""
    return len(hops) == 1 and isinstance(hops[0], Socks5Proxy)


def proxy_texts(hops: tuple[Hop, ...], password: str | None) -> Iterator[str]:
    """The options of a way that a text can hold; ``password`` as it is to be written."""
    if not in_text(hops) or not hops[0].host:
        return
    yield f"proxyHost={_written(hops[0].host)}"
    yield f"proxyPort={hops[0].port}"
    if hops[0].user:
        yield f"proxyUsername={_written(hops[0].user)}"
        if password is not None:
            yield f"proxyPassword={password}"


def without_proxy(parts: UriText) -> str:
    """The text without its options of a proxy, which PyMongo would only warn about."""
    core, options = parts.core, parts.options
    assert options is not None
    kept = [chunk.whole.text for chunk in parts.chunks if not is_proxy_option(chunk.name.text)]
    start, end = options.start - core.start, options.end - core.start
    return core.text[:start] + (";" if parts.separators == ";" else "&").join(kept) + core.text[end:]


def _text(chunk: OptionPiece) -> str:
    return unquote_plus(chunk.value.text) if chunk.value is not None else ""


def _written(text: str) -> str:
    return around_references(text, lambda piece: quote(piece, safe="", errors="replace"))
