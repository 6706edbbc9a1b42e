"""Rules for what only a text can show: relations between its parts, server codes, the program's own surroundings.

A rule is a function from the record and the view of the text to `Guess`es; the heavier one counts. It reads numbers,
symbols, types and relations. One module per subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clearline.core.explain.record import Record
from clearline.core.explain.rules import address, hops, logins, logs, members, names, time
from clearline.core.explain.rules.guess import Guess

RULES: tuple[Callable[[Record, str], Iterator[Guess]], ...] = (
    address.address_text,
    address.mistaken,
    address.given_nothing,
    address.variable_missing,
    address.absent_file,
    address.tool_missing,
    address.too_old_for_srv,
    address.ignored_ca,
    time.unnamed_verdict,
    members.foreign_bytes,
    members.port_of_another_product,
    members.always_encrypted,
    members.emptied,
    members.advertised,
    names.container_ids,
    members.loopback,
    members.no_own_address,
    members.atlas,
    names.dns_answers,
    names.name_server_answers,
    members.all_unknown,
    logins.server_codes,
    logins.login,
    time.pool_counts,
    hops.channels,
    hops.proxy_refuses,
    hops.ssh_client,
    hops.ssh_library,
    hops.ended_forwarding,
    hops.access_log,
    hops.session_manager,
    hops.squid_answer,
    members.sockets,
    members.told_by_a_member,
    logins.metadata_service,
    members.surroundings,
    names.short_names,
    names.cluster_names,
    time.broken_later,
    time.closed_on_a_monitor,
    time.silent_in_the_handshake,
    time.early_certificate,
    members.selector,
    members.untagged,
    time.hurried,
    logs.server_log,
)
