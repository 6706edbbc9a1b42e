"""Every row of every group."""

from __future__ import annotations

from faults import (
    auth_faults,
    combined,
    dns_faults,
    field_faults,
    healthy,
    limits_faults,
    look_alikes,
    look_alikes_of_logins,
    look_alikes_of_names,
    look_alikes_of_texts,
    look_alikes_of_tls,
    look_alikes_on_the_way,
    name_faults,
    odd_answers,
    product_faults,
    second_readings,
    seldom_met,
    tcp_faults,
    tls_faults,
    topology_faults,
    unforeseen,
    uri_faults,
)
from faults.fault import Fault

GROUPS = {
    "U": "connection string",
    "D": "DNS",
    "X": "Atlas and other products",
    "T": "network",
    "L": "TLS and certificates",
    "P": "topology",
    "A": "login and rights",
    "O": "limits",
    "F": "met in the field",
    "N": "seldom met, or met together",
    "S": "evidence with a second reading",
    "V": "answers and addresses of a seldom form",
    "E": "unforeseen",
    "H": "healthy deployments",
    "K": "look-alikes",
    "M": "look-alikes on the way: text, names, network, topology",
    "B": "two layers at once",
    "I": "names of other names, and of several servers",
}

_EVERY_TIME = (
    uri_faults,
    dns_faults,
    product_faults,
    tcp_faults,
    tls_faults,
    topology_faults,
    auth_faults,
    limits_faults,
    healthy,
    look_alikes,
)
_IN_THE_BENCH = (
    field_faults,
    seldom_met,
    second_readings,
    odd_answers,
    unforeseen,
    look_alikes_of_texts,
    look_alikes_of_names,
    look_alikes_on_the_way,
    look_alikes_of_tls,
    look_alikes_of_logins,
    combined,
    name_faults,
)

SET_UP_EVERY_TIME: tuple[Fault, ...] = tuple(row for module in _EVERY_TIME for row in module.TABLE.rows)
"""Rows that the test suite sets up for real. The others are set up by the bench, and replayed from their recorded
facts by the test suite: all of them for real would take it two minutes more."""
FAULTS: tuple[Fault, ...] = SET_UP_EVERY_TIME + tuple(row for module in _IN_THE_BENCH for row in module.TABLE.rows)
