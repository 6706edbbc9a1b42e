"""Connection strings, both ways: text to profile, secrets and facts, and back.

Nothing here does I/O or imports PyMongo; the tests hold it against PyMongo's own parser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote, unquote_plus

import msgspec

from clearline.core.facts.text import Mistake, UriFacts
from clearline.core.findings import Severity
from clearline.core.options.catalogue import OPTIONS, Option, OptionType
from clearline.core.profiles.profile import Profile, SecretSource, Seeds, Unread
from clearline.core.secrets.redaction import MASK, in_commands, looks_secret, redact
from clearline.core.secrets.references import around_references, has_references, is_reference
from clearline.core.secrets.secret import (
    AWS_SESSION_TOKEN,
    PASSWORD,
    PROXY_PASSWORD,
    Secret,
    Secrets,
    hop_password,
    is_of_hop,
)
from clearline.core.typed_values import whole_characters
from clearline.core.uri.hosts import HostEntry, host_entries, plain_hosts, seed_addresses
from clearline.core.uri.lint import lint
from clearline.core.uri.parts import SCHEME, SRV_SCHEME, UriText, take_apart
from clearline.core.uri.password import password_traits
from clearline.core.uri.proxy_options import is_proxy_option, proxy_options, proxy_texts, without_proxy
from clearline.core.uri.read_options import AFTER, ReadOptions, read_options, with_proxy, with_secrets_apart
from clearline.core.uri.shell_options import ShellOptions, shell_options

__all__ = ["Reading", "build", "read"]

Show = Literal["plain", "masked", "none"]
_ROUNDS: Final = 8
"""One or two will do for every text that was seen."""
LONGEST_TEXT: Final = 131_072
"""In characters: Linux lets no program start with a longer argument or variable (MAX_ARG_STRLEN)."""
_IN_HOST: Final = "!$&'()*+;=:[]%._-~ <>\"{}|\\^`"
_IN_PROPERTIES: Final = ":,/"


class Reading(msgspec.Struct, frozen=True):
    """What a text says, with every mistake in it.

    ``text`` is as typed and ``driver_text`` what the driver is given: without the white space and quotation marks
    around it, and with a scheme before a bare host list, which PyMongo takes as well; otherwise the same characters.
    Both hold the password. ``profile`` is the best guess also for a broken text.
    """

    text: str
    driver_text: str
    profile: Profile
    secrets: dict[str, Secret] = msgspec.field(default_factory=dict)
    facts: UriFacts = msgspec.field(default_factory=UriFacts)

    @property
    def usable(self) -> bool:
        """Whether the driver can be given this text."""
        return not any(mistake.severity is Severity.FAILURE for mistake in self.facts.mistakes)

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """What is wrong with the text, the most important first."""
        return self.facts.mistakes

    @property
    def repaired(self) -> str:
        """The text written anew as it was understood: scheme, escapes and commas put right.

        Repairing it again changes nothing: what one reading brings to light is put right as well. Holds the password.
        """
        text = build(self.profile, self.secrets, show="plain")
        for _ in range(_ROUNDS):
            again = read(text, profile=self.profile)
            settled, text = text, build(again.profile, again.secrets, show="plain")
            if text == settled:
                break
        return text

    def __repr__(self) -> str:
        return f"Reading({self.facts.redacted!r}, usable={self.usable})"


def read(
    text: str, *, profile: Profile | None = None, prompting: bool = False, given: Secrets | None = None
) -> Reading:
    """Take a connection string apart. Never raises.

    The profile given keeps what no text can hold (its name, its notes, whom it trusts …); everything else is what the
    text says. References (``${NAME}``) stay what they are: legal everywhere, and a password that is one is no secret
    but the profile's source of it. A number or choice that is a reference stays in ``unread``. With ``prompting``
    the user can sign in at an OIDC provider by hand, so that no environment has to give a token. ``given`` are secrets
    that come another way than in the text.

    A text that names a SOCKS5 proxy says the whole way to the servers; one that names none leaves the profile's.
    """
    clean = whole_characters(text)
    if len(clean) > LONGEST_TEXT:
        return _too_long(text, profile or Profile())
    parts = take_apart(clean)
    base = profile or Profile()
    options = with_proxy(read_options(parts), proxy_options(parts, base))
    secrets = dict(options.secrets)
    references = dict(options.references)
    if parts.password is not None and parts.password.text:
        if _refers(parts.password.text, base):
            references[PASSWORD] = unquote_plus(parts.password.text)
        else:
            secrets[PASSWORD] = Secret(unquote_plus(parts.password.text))
    shell = shell_options(parts)
    secrets = {**shell.secrets, **secrets}
    references = {name: text for name, text in shell.references.items() if name not in secrets} | references
    options = with_secrets_apart(options, secrets)
    entries = host_entries(parts)
    found = _profile(parts, entries, options, base, _sources(base, secrets, references, options), shell)
    facts = UriFacts(
        redacted=_redacted(parts, secrets, found),
        srv=parts.srv,
        hosts=seed_addresses(parts, entries),
        user=found.auth.user,
        password=password_traits(parts),
        database=found.seeds.database.partition(".")[0] if found.seeds.database else None,
        options=options.effective,
        declares_api=found.options.server_api is not None,
        mistakes=lint(
            parts,
            entries,
            options,
            found,
            tuple(secrets.values()),
            prompting=prompting,
            proxy_password=base.hops == found.hops or hop_password(0) in {*secrets, *found.secrets, *(given or {})},
        ),
    )
    return Reading(text=text, driver_text=_driver_text(parts, options), profile=found, secrets=secrets, facts=facts)


def build(profile: Profile, secrets: Secrets | None = None, *, show: Show = "masked") -> str:
    """The connection string of a profile.

    ``plain`` writes the secrets, ``masked`` puts ``***`` where a secret is, ``none`` leaves secrets out. PyMongo reads
    the plain text as it read the text that the profile came from.
    """
    known: Secrets = secrets if secrets is not None and show != "none" else {}
    seeds = profile.seeds
    scheme = SRV_SCHEME if seeds.srv else SCHEME
    userinfo = ""
    if profile.auth.user is not None:
        userinfo = _open_quoted(profile.auth.user)
        if reference := _reference(profile, PASSWORD):
            userinfo += ":" + reference
        elif password := known.get(PASSWORD):
            userinfo += ":" + _secret_text(password, show)
        userinfo += "@"
    hosts = ",".join(_host_text(host) for host in seeds.hosts)
    database = _open_quoted(seeds.database) if seeds.database else ""
    pairs = _with_doubtful(
        [
            *_unread_texts(profile.unread, known, show),
            *_option_texts(profile, known, show),
            *_proxy_texts(profile, known, show),
        ],
        profile.unread,
        known,
        show,
    )
    return f"{scheme}{userinfo}{hosts}/{database}" + ("?" + "&".join(pairs) if pairs else "")


# ---------------------------------------------------------------- text to values


def _too_long(text: str, base: Profile) -> Reading:
    """A text that is no address, and may be anything: nothing of it is taken for a value, or shown."""
    mistake = Mistake(
        cause="uri.too-long",
        severity=Severity.FAILURE,
        blanks={"length": f"{len(text):,}", "most": f"{LONGEST_TEXT:,}"},
        end=len(text),
    )
    return Reading(text=text, driver_text="", profile=base, facts=UriFacts(redacted=MASK, mistakes=(mistake,)))


def _refers(password: str, base: Profile) -> bool:
    """Whether a password is a reference: by itself, or because the profile says so of that text."""
    source = base.secrets.get(PASSWORD)
    known = source.reference if source is not None and source.place == "reference" else None
    return is_reference(password) or (has_references(password) and unquote_plus(password) == known)


def _sources(
    base: Profile, secrets: Secrets, references: Mapping[str, str], options: ReadOptions
) -> dict[str, SecretSource]:
    """Where the profile's secrets come from: what the text says counts for those that the text can show."""
    sources, shown = dict(base.secrets), set[str]()
    if options.proxy.hop is not None:
        shown = {hop_password(0)}
        if PROXY_PASSWORD in sources:  # as it was called while the proxy was an option that no field holds
            sources.setdefault(hop_password(0), sources.pop(PROXY_PASSWORD))
    kept = {
        name: source
        for name, source in sources.items()
        if (is_of_hop(name) and name not in shown)
        or (source.place != "reference" and not (source.place == "command" and name in secrets))
    }
    return kept | {name: SecretSource(place="reference", reference=text) for name, text in references.items()}


def _profile(
    parts: UriText,
    entries: list[HostEntry],
    options: ReadOptions,
    base: Profile,
    sources: dict[str, SecretSource],
    shell: ShellOptions,
) -> Profile:
    fields = {section: dict(values) for section, values in options.fields.items()}
    seeds = fields.setdefault("seeds", {})
    seeds["srv"] = parts.srv
    seeds["hosts"] = plain_hosts(parts, entries)
    if parts.path is not None and parts.path.text and not parts.suspect:
        seeds["database"] = unquote_plus(parts.path.text)
    if parts.user is not None and parts.user.text:
        fields.setdefault("auth", {})["user"] = unquote_plus(parts.user.text)
    # No text can hold these: they stay as the profile has them.
    if base.tls.trust is not None:
        fields.setdefault("tls", {})["trust"] = base.tls.trust
    if base.auth.allow_plain_without_tls is not None:
        fields.setdefault("auth", {})["allow_plain_without_tls"] = base.auth.allow_plain_without_tls
    for section, attribute in _KEYWORD_FIELDS:
        kept = getattr(getattr(base, section), attribute)
        if kept is not None:
            fields.setdefault(section, {})[attribute] = kept
    for section, values in shell.fields.items():
        fields[section] = values | fields.get(section, {})
    sections = {name: _section(name, values) for name, values in fields.items()}
    kept = {name: getattr(base, name) for name in _OWN}
    if options.proxy.hop is not None:
        kept["hops"] = (options.proxy.hop,)
    return Profile(**kept, secrets=sources, unread=options.unread, **sections)


def _section(name: str, values: dict[str, Any]) -> Any:
    return type(getattr(_EMPTY, name))(**values)


_KEYWORD_FIELDS: Final = tuple(o.field for o in OPTIONS if o.type is OptionType.KEYWORD and o.field is not None)
_OWN: Final = ("id", "name", "folder", "favourite", "colour", "notes", "env_file", "hops", "far_dns")
"""What is the profile's own and stands in no connection string; of the hops, a SOCKS5 proxy may."""
_EMPTY: Final = Profile(id="", seeds=Seeds())


def _driver_text(parts: UriText, options: ReadOptions) -> str:
    if options.proxy.hop is not None and parts.prefix is None:
        return without_proxy(parts) if parts.scheme is not None else SCHEME + without_proxy(parts)
    if parts.scheme is None and parts.core.text and "/" not in parts.core.text and parts.prefix is None:
        return SCHEME + parts.core.text
    return parts.core.text if parts.prefix is None else parts.typed.strip()


def _redacted(parts: UriText, secrets: Secrets, profile: Profile) -> str:
    spans = in_commands(parts.typed)
    if parts.password is not None and parts.password.text and PASSWORD in secrets:
        spans.append((parts.password.start, parts.password.end))
    for credentials in parts.repeated.credentials if parts.repeated is not None else ():
        _, again = credentials.partition(":")
        if again is not None and again.text and again.start != (parts.password.start if parts.password else None):
            spans.append((again.start, again.end))
    for chunk in parts.chunks:
        if chunk.doubtful:
            spans.append((chunk.whole.start, chunk.whole.end))
        elif chunk.value is not None and looks_secret(chunk.name.text) and not is_reference(chunk.value.text):
            spans.append((chunk.value.start, chunk.value.end))
    text, at = "", 0
    for start, end in sorted(spans):
        if start >= at:
            text += parts.typed[at:start] + MASK
        at = max(at, end)
    text += parts.typed[at:]
    # A secret that happens to be the user's or a host's name would blank them out and so give itself away.
    visible = " ".join([profile.auth.user or "", *profile.seeds.hosts, profile.seeds.database or "", SRV_SCHEME])
    return redact(text, [secret for secret in secrets.values() if secret.reveal() not in visible])


# ---------------------------------------------------------------- values to text


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="replace")


def _open_quoted(text: str, safe: str = "") -> str:
    """Percent-encoded but for its references."""
    return around_references(text, lambda piece: _quoted(piece, safe))


def _reference(profile: Profile, name: str) -> str | None:
    """The reference that stands for a secret, as the text shows it."""
    source = profile.secrets.get(name)
    return _open_quoted(source.reference) if source and source.place == "reference" and source.reference else None


def _proxy_texts(profile: Profile, known: Secrets, show: Show) -> Iterator[str]:
    if any(is_proxy_option(item.name) for item in profile.unread):
        return  # half typed: these are about to say another way
    password, secret = _reference(profile, hop_password(0)), known.get(hop_password(0))
    if password is None and secret:
        password = _secret_text(secret, show)
    yield from proxy_texts(profile.hops, password)


def _secret_text(secret: Secret, show: Show) -> str:
    return _quoted(secret.reveal()) if show == "plain" else MASK


def _host_text(host: str) -> str:
    if host.endswith(".sock"):
        return _quoted(host)
    if host.startswith("["):
        return host.replace("%", "%25")
    return "".join(c if c in _IN_HOST or c.isalnum() else _quoted(c) for c in host)


def _unread_texts(unread: tuple[Unread, ...], secrets: Secrets, show: Show) -> Iterator[str]:
    for item in unread:
        # An @ would be read as the end of the credentials.
        if item.bare:
            if item.value is not None:
                yield item.name.replace("@", "%40")
        elif item.value is not None:
            yield f"{item.name}={item.value}".replace("@", "%40")
        elif secret := secrets.get(item.name):
            yield f"{item.name}={_secret_text(secret, show)}"


def _with_doubtful(texts: list[str], unread: tuple[Unread, ...], secrets: Secrets, show: Show) -> list[str]:
    """With what may be the rest of a secret after that secret, where it is known for what it is."""
    for item in reversed([item for item in unread if item.bare and item.value is None]):
        owner = item.name.removeprefix(AFTER).partition(" ")[0].lower()
        rest = secrets.get(item.name)
        places = [at for at, text in enumerate(texts, 1) if text.partition("=")[0].lower() == owner]
        if rest and places:
            texts.insert(places[-1], rest.reveal() if show == "plain" else MASK)
    return texts


def _option_texts(profile: Profile, secrets: Secrets, show: Show) -> Iterator[str]:
    for option in OPTIONS:
        if option.type is OptionType.KEYWORD:
            continue
        if option.field is None:
            if reference := _reference(profile, option.name):
                yield f"{option.name}={reference}"
            elif option.name in secrets and not any(item.name == option.name for item in profile.unread):
                yield f"{option.name}={_secret_text(secrets[option.name], show)}"
            continue
        value = getattr(getattr(profile, option.field[0]), option.field[1])
        if option.type is OptionType.PROPERTIES:
            yield from _property_text(option, value, secrets, show, _reference(profile, AWS_SESSION_TOKEN))
        elif option.type is OptionType.TAGS:
            for tags in value:
                pairs = (f"{_quoted(name)}:{_quoted(text)}" for name, text in tags.items())
                yield f"{option.name}={','.join(pairs)}"
        elif option.type is OptionType.LIST:
            if value:
                yield f"{option.name}={_quoted(','.join(value), ',')}"
        elif value is not None:
            yield f"{option.name}={_open_quoted(value_text(value), '/:,')}"


def _property_text(
    option: Option, properties: dict[str, str], secrets: Secrets, show: Show, token: str | None
) -> Iterator[str]:
    pairs = dict(properties)
    if token is not None:
        pairs[AWS_SESSION_TOKEN] = token
    elif AWS_SESSION_TOKEN in secrets:
        pairs.setdefault(AWS_SESSION_TOKEN, "")
    texts = [
        f"{_quoted(key, _IN_PROPERTIES)}:"
        + (_secret_text(secrets[key], show) if not value and key in secrets else _open_quoted(value, _IN_PROPERTIES))
        for key, value in pairs.items()
    ]
    if texts:
        yield f"{option.name}={','.join(texts)}"


def value_text(value: bool | int | float | str) -> str:
    """An option's value as the text writes it, before percent-encoding."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
