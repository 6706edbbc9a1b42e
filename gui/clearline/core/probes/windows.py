"""What Windows does otherwise with names, told in the keys of its registry."""

from __future__ import annotations

import sys
from typing import Any, Final

_RULES: Final = (
    r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient\DnsPolicyConfig",  # from the domain's policies
    r"SYSTEM\CurrentControlSet\Services\Dnscache\Parameters\DnsPolicyConfig",  # set here, as VPN programs do
)
_MOST_RULES: Final = 200


def policy_namespaces(registry: Any = None) -> tuple[str, ...]:
    """The namespaces that Windows' name resolution policy (NRPT) sends to name servers of their own, small letters.

    ``.corp.example`` stands for a domain, without the dot it is one name. PyMongo's DNS library does not know them.
    ``registry`` stands in for the module `winreg`. Never raises.
    """
    if registry is None and sys.platform == "win32":
        import winreg

        registry = winreg
    if registry is None:
        return ()
    found: dict[str, None] = {}
    for place in _RULES:
        try:
            with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, place) as rules:
                for number in range(_MOST_RULES):
                    try:
                        with registry.OpenKey(rules, registry.EnumKey(rules, number)) as rule:
                            names = registry.QueryValueEx(rule, "Name")[0]
                            found.update(dict.fromkeys(str(name).lower() for name in names))
                    except FileNotFoundError:  # a rule without names
                        continue
        except OSError:  # there are none, or no more
            continue
    return tuple(found)
