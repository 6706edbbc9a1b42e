"""Settings that name the parts of an address one by one: ``MONGO_HOST=db1`` and ``MONGO_PORT=27018`` on two lines."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlencode

from clearline.core.text.late_patterns import late

_LINE: Final = late(
    r"^\s*(?:-\s+|export\s+|set\s+|\$env:)?['\"]?(?P<name>[A-Za-z][\w.\-]{0,80})['\"]?\s{0,9}(?:=>|[:=])\s{0,9}(?P<value>.*?),?\s*$"
)
_PARTS: Final[tuple[tuple[str, str], ...]] = (
    # part of the address, end of the setting's name without signs; the more specific first
    ("source", "authsource|authdatabase|authenticationdatabase|authdb"),
    ("set", "replicaset|replicasetname|rsname|rs"),
    ("host", "hosts?|hostname|server|address"),
    ("port", "port"),
    ("password", "pass|passwd|password|pwd"),
    ("user", "user|username|login"),
    ("tls", "tls|ssl|tlsenabled|sslenabled|usetls|usessl"),
    ("database", "db|dbname|database|databasename"),
)
_NAMES: Final = tuple((part, late(rf"(?:{ends})$", re.IGNORECASE)) for part, ends in _PARTS)
_OTHERS: Final = late(r"postgres|\bpg|mysql|maria|redis|smtp|mail|kafka|rabbit|amqp|http", re.IGNORECASE)
_HOSTS: Final = late(r"[\w.\-\[\]:,]{1,2000}")


def address_of(text: str) -> str | None:
    """The connection string that several lines of settings come to, with its password; None where they name no host."""
    if "://" in text or "\n" not in text.strip():
        return None
    found: dict[str, str] = {}
    for line in text.splitlines():
        setting = _LINE.match(line)
        if setting is None or _OTHERS.search(setting["name"]):
            continue
        name = re.sub(r"[\W_]", "", setting["name"])
        part = next((part for part, names in _NAMES if names.search(name)), None)
        value = setting["value"].strip().strip("'\"")
        if part is not None and value:
            found.setdefault(part, value)
    hosts = found.get("host", "").replace(", ", ",")
    if len(found) < 2 or not _HOSTS.fullmatch(hosts):
        return None
    if hosts.count(":") > 1 and "," not in hosts and not hosts.startswith("["):
        hosts = f"[{hosts}]"
    if found.get("port", "").isdigit() and "," not in hosts and not re.search(r":\d+$", hosts):
        hosts += f":{found['port']}"
    login = ""
    if "user" in found:
        login = quote(found["user"], safe="")
        login += f":{quote(found['password'], safe='')}@" if "password" in found else "@"
    options = {"authSource": found.get("source", ""), "replicaSet": found.get("set", "")}
    if found.get("tls", "").lower() in ("true", "1", "yes", "on"):
        options["tls"] = "true"
    query = urlencode({name: value for name, value in options.items() if value})
    return f"mongodb://{login}{hosts}/{quote(found.get('database', ''), safe='')}{'?' + query if query else ''}"
