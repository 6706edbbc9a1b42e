"""Every row of every group."""

from __future__ import annotations

from faults import (
    auth_faults,
    dns_faults,
    healthy,
    limits_faults,
    look_alikes,
    more_look_alikes_a,
    more_look_alikes_b,
    product_faults,
    tcp_faults,
    tls_faults,
    topology_faults,
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
    "H": "healthy deployments",
    "K": "look-alikes",
    "M": "more look-alikes of text, names, network, topology",
}

_MODULES = (
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
    more_look_alikes_a,
    more_look_alikes_b,
)
FAULTS: tuple[Fault, ...] = tuple(row for module in _MODULES for row in module.TABLE.rows)
