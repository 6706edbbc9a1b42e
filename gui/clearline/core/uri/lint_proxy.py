"""What is wrong with the options of a proxy, and what PyMongo makes of them."""

from __future__ import annotations

from clearline.core.findings import Severity
from clearline.core.uri.mistakes import Mistakes
from clearline.core.uri.proxy_options import Fault, ProxyOptions


def lint_proxy(found: Mistakes, proxy: ProxyOptions, *, proxy_password: bool) -> None:
    """Note them. ``proxy_password``: the password of a proxy that wants one comes from somewhere."""
    if proxy.fault is not None:
        _add(found, proxy.fault)
    if proxy.hop is None:
        return
    named = {chunk.name.text.lower(): chunk for chunk in proxy.chunks}
    if proxy.lacks_password and not proxy_password:
        chunk = named["proxyusername"]
        rule = "a login at the proxy takes a password as well"
        suggestion = "proxyPassword as well, or remove proxyUsername"
        _add(found, Fault(chunk, chunk.name.text, proxy.hop.user or "", rule, suggestion))
    place = named["proxyhost"].whole
    found.add("uri.pymongo-goes-directly", Severity.NOTE, place, fields=("hops",), option=named["proxyhost"].name.text)


def _add(found: Mistakes, fault: Fault) -> None:
    found.add(
        "uri.bad-value",
        Severity.FAILURE,
        fault.chunk.whole,
        fields=("hops",),
        action=f"remove-option:{fault.chunk.name.text}",
        option=fault.option,
        value=fault.value,
        rule=fault.rule,
        suggestion=fault.suggestion,
    )
