"""The groups of a connection's settings: which group has which field, what is set in it, which ones a search finds."""

from __future__ import annotations

from typing import Final

from clearline.core.facts.text import Mistake
from clearline.core.findings import Stage
from clearline.core.options.catalogue import OPTIONS, OptionGroup, lookup
from clearline.core.profiles.login_fields import tls_wanted
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.secret import PASSWORD, is_of_hop
from clearline.ui.forms.option_text import searchable

GROUPS: Final = (
    ("server", "Server"),
    ("way", "Way"),
    ("auth", "Sign-in"),
    ("tls", "TLS"),
    ("pool", "Pool and timeouts"),
    ("options", "Reads, writes, application"),
    ("checklist", "Advice"),
)
_GROUP_OF: Final = {
    OptionGroup.SERVER: "server",
    OptionGroup.AUTH: "auth",
    OptionGroup.TLS: "tls",
    OptionGroup.POOL: "pool",
    OptionGroup.TIMEOUTS: "pool",
}
_FIELDS: Final = {
    "hosts": "server",
    "database": "server",
    "hops": "way",
    "farDns": "way",
    "user": "auth",
    PASSWORD: "auth",
    "envFile": "auth",
}
"""The group of a field that is no option."""
FIRST_LOOK: Final = {
    Stage.FILES: "tls",
    Stage.HOP: "way",
    Stage.DNS: "server",
    Stage.TCP: "server",
    Stage.TLS: "tls",
    Stage.TOPOLOGY: "server",
    Stage.AUTH: "auth",
}
"""The group in which one looks first after a failure at a stage."""


def group_of(name: str) -> str | None:
    """The group that edits a field, by its name; None for what no group edits."""
    if name in _FIELDS:
        return _FIELDS[name]
    if is_of_hop(name):
        return "way"
    found = lookup(name)
    return None if found is None else _GROUP_OF.get(found.group, "options")


def summaries(profile: Profile) -> dict[str, str]:
    """What is set in each group, in a few words."""
    hosts, auth = profile.seeds.hosts, profile.auth
    more = f" +{len(hosts) - 1}" if len(hosts) > 1 else ""
    return {
        "server": f"{hosts[0]}{more}" if hosts else "no host yet",
        "way": " → ".join(hop.host or "?" for hop in profile.hops) or "directly",
        "auth": " ".join(filter(None, (auth.user, auth.mechanism))) or "no login",
        "tls": "on" if tls_wanted(profile) else "off",
        "pool": _set_words(profile, ("pool", "timeouts")),
        "options": _set_words(profile, ("reads", "writes", "options")),
    }


def _set_words(profile: Profile, sections: tuple[str, ...]) -> str:
    count = 0
    for section in sections:
        value = getattr(profile, section)
        default = type(value)()
        count += sum(getattr(value, name) != getattr(default, name) for name in value.__struct_fields__)
    return f"{count} set" if count else "defaults"


def group_of_mistake(mistake: Mistake) -> str | None:
    """The group in which a mistake is mended; None for one that no group edits."""
    return next((home for name in mistake.fields if (home := group_of(name)) is not None), None)


def in_title(name: str, words: list[str]) -> bool:
    """Whether all words, in lower case, stand in the group's own title: then every field of it is meant."""
    title = dict(GROUPS)[name].lower()
    return bool(words) and all(word in title for word in words)


def fits(name: str, words: list[str]) -> bool:
    """Whether a search for all these words, in lower case, finds the group or an option in it."""
    if in_title(name, words):
        return True
    return any(
        all(word in searchable(option) for word in words)
        for option in OPTIONS
        if _GROUP_OF.get(option.group, "options") == name
    )
