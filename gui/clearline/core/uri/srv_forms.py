"""The two ways to write down a deployment that has an SRV name, and how to go from one to the other.

The long form says everything that DNS would say: the hosts of the SRV record, the options of the TXT record, and TLS,
which the short form switches on by itself (initial DNS seed list discovery specification).
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from clearline.core.profiles.profile import Profile
from clearline.core.text.late_patterns import late

_ATLAS_MEMBER: Final = late(r"(?P<cluster>[^.]+)-shard-\d+-\d+\.(?P<domain>[^:]+\.mongodb(?:gov)?\.net)(?::\d+)?")


class TxtOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a TXT record may say (SRV specification: these three and nothing else)."""

    auth_source: str | None = None
    replica_set: str | None = None
    load_balanced: bool | None = None


def as_seed_list(profile: Profile, hosts: tuple[str, ...], txt: TxtOptions) -> Profile:
    """The long form of an SRV profile. What the profile says itself stays, as it counts before the TXT record."""
    seeds, auth, tls = profile.seeds, profile.auth, profile.tls
    source = auth.source or txt.auth_source
    if auth.user is None or source in (seeds.database or "admin", "$external"):
        source = auth.source  # the same without being said
    long = replace(
        seeds,
        srv=False,
        hosts=hosts,
        replica_set=seeds.replica_set or txt.replica_set,
        load_balanced=seeds.load_balanced or txt.load_balanced or None,
        srv_service_name=None,
        srv_max_hosts=None,
        srv_allowed_hosts_suffix=None,
    )
    return replace(
        profile,
        seeds=long,
        auth=replace(auth, source=source),
        tls=replace(tls, enabled=True if tls.enabled is None else tls.enabled),
    )


def as_srv(profile: Profile, name: str, txt: TxtOptions, service: str | None = None) -> Profile:
    """The short form of a seed list whose SRV name is ``name``; what the TXT record says is left to it."""
    seeds, auth, tls = profile.seeds, profile.auth, profile.tls
    short = replace(
        seeds,
        srv=True,
        hosts=(name,),
        replica_set=None if seeds.replica_set == txt.replica_set else seeds.replica_set,
        load_balanced=None if seeds.load_balanced == txt.load_balanced else seeds.load_balanced,
        direct_connection=None,  # refused beside mongodb+srv://
        srv_service_name=service,
    )
    return replace(
        profile,
        seeds=short,
        auth=replace(auth, source=None if auth.source == txt.auth_source else auth.source),
        tls=replace(tls, enabled=None if tls.enabled else tls.enabled),
    )


def likely_srv_name(hosts: tuple[str, ...]) -> str | None:
    """The SRV name of an Atlas cluster as its members' names suggest it; newer clusters (``ac-…``) hide it: None."""
    matches = [_ATLAS_MEMBER.fullmatch(host.lower()) for host in hosts]
    names = {f"{match['cluster']}.{match['domain']}" for match in matches if match}
    if len(names) != 1 or not all(matches):
        return None
    name = names.pop()
    return None if name.startswith("ac-") else name
