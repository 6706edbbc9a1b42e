"""Where the values of a connection can live, and how each kind of value is written in each place: one table.

The page of a cause shows the rows of the kinds that its advice speaks of.
"""

from __future__ import annotations

import re
from typing import Final

from clearline.core.diagnosis.catalogue import Cause
from clearline.core.options.catalogue import OptionType, lookup

ADDRESS, CREDENTIALS, OPTION, FILE, HOST = "address", "credentials", "option", "file", "host"

TITLES: Final = {
    ADDRESS: "Where the text lives",
    CREDENTIALS: "Where user name and password live",
    OPTION: "Where the option lives",
    FILE: "Where the file lives",
    HOST: "Where the host's name lives",
}

TABLE: Final[dict[str, dict[str, str]]] = {
    "In the connection string": {
        CREDENTIALS: (
            "escape user name and password by percent signs, once: `quote_plus` in Python, `encodeURIComponent` in "
            "JavaScript, `url.QueryEscape` in Go."
        ),
        OPTION: "behind the `?` that follows the hosts and the slash, each further one behind an `&`: {example}.",
        FILE: (
            "the absolute path as the program sees it: {example}. `%`, `+` and `&` in it are escaped; on Windows "
            "forward slashes do."
        ),
        HOST: "between `@` (or `//`) and the next `/`; several with commas and no spaces, each with its own port.",
    },
    "At a shell's prompt or in a script": {
        ADDRESS: (
            "put the address in single quotes, for `&`, `$`, `!`, `?` and `;` are the shell's own; in PowerShell too, "
            "in cmd.exe in double quotes, with `%` written twice in a batch file."
        ),
        OPTION: "in the address, in single quotes for its `&`; with mongosh also {flag}.",
        FILE: "`~` and `$HOME` are the shell's: within quotes they stay as they are. With mongosh: {flag}.",
        HOST: "`mongosh --host NAME --port NUMBER`, or in the address; `getent hosts NAME` shows what it resolves to.",
    },
    "In a .env file": {
        ADDRESS: (
            "write it without quotation marks: `docker run --env-file` keeps them as part of the value. A program that "
            "is started from the desktop does not see what the shell has set."
        ),
        OPTION: "in the address in its variable, without quotation marks; the program reads it at its start only.",
        FILE: "a path there is one inside of the container or server that reads the file, not one of this computer.",
        HOST: "`localhost` there means the container that reads the file: write the service's name.",
    },
    "In Docker and Compose": {
        ADDRESS: "write `$` as `$$` in Compose, and quote the whole value, for `: ` and ` #` end it.",
        CREDENTIALS: (
            "`MONGO_INITDB_ROOT_USERNAME` and `…_PASSWORD` count on an empty data volume only; a Compose secret is a "
            "file (`/run/secrets/NAME`), not a variable."
        ),
        OPTION: "in the address under `environment:`, as a quoted value; `docker compose up -d` takes it over.",
        FILE: (
            "mount it (`-v ./ca.pem:/etc/mongo/ca.pem:ro`, in Compose under `volumes:` or `secrets:`), and write the "
            "path inside of the container. It must be readable for the user that the container runs as."
        ),
        HOST: (
            "the service's name and the container's own port between containers; `localhost` and the published port "
            "from outside; `host.docker.internal` for the computer around (on Linux with `extra_hosts`)."
        ),
    },
    "In YAML, Helm or a Kubernetes manifest": {
        ADDRESS: (
            "quote the whole value. With `helm --set` a comma between hosts is written `\\,` and arrives without the "
            "backslash; a values file needs none of it."
        ),
        OPTION: "in the address, in the Secret or ConfigMap that holds it; pods read a variable at their start only.",
        FILE: (
            "`kubectl create secret generic mongo-tls --from-file=FILE`, a volume of that secret, and the path of its "
            "`mountPath`; with `subPath` a renewed file does not arrive."
        ),
        HOST: (
            "`SERVICE.NAMESPACE.svc.cluster.local`; a member of a StatefulSet is `POD.SERVICE.NAMESPACE.svc.…`. From "
            "outside `kubectl port-forward` and directConnection=true."
        ),
    },
    "In a Kubernetes secret": {
        CREDENTIALS: (
            "use `stringData`, or encode with `printf %s … | base64`: `echo` adds a line break, and `kubectl get "
            "secret -o yaml` shows base64, which is not the password."
        ),
    },
    "In a secret's file or a variable": {
        CREDENTIALS: "write it without a line break at the end (`printf %s`), in UTF-8 without a byte order mark.",
    },
    "In Spring's properties": {
        ADDRESS: "`spring.data.mongodb.uri` (Spring Boot 4: `spring.mongodb.uri`) takes the whole address.",
        CREDENTIALS: "`….username` and `….password` are written as they are, beside `….host`, and not beside `….uri`.",
        OPTION: (
            "in `….uri`; of their own there are only `….authentication-database`, `….replica-set-name` and "
            "`….ssl.enabled`, which do not count where a uri is given."
        ),
        FILE: (
            "Java reads no PEM file from the address: make a bundle (`spring.ssl.bundle.pem.mongo.truststore."
            "certificate=file:/etc/mongo/ca.pem`) and name it in `….ssl.bundle`, or use "
            "`-Djavax.net.ssl.trustStore`."
        ),
        HOST: "`….host` and `….port`, or in `….uri`; several hosts in the uri alone.",
    },
    "In JSON or a program's text": {
        ADDRESS: (
            "only quotation marks and backslashes are escaped; `&` stays as it is, and is neither `&amp;` nor "
            "`\\u0026`."
        ),
        CREDENTIALS: "options of a driver and fields of a tool, apart from the address, take them without escapes.",
        OPTION: (
            "PyMongo takes it as a keyword ({keyword}), Node.js as a field of the options object; Java, Go and C# best "
            "in the address."
        ),
        FILE: (
            "PyMongo, Node.js and Go read it from the address; Java and C# use the trust store of the JVM or of the "
            "system. A relative path is relative to where the program was started."
        ),
        HOST: "a name that is written in the program is the same on every computer: read it from the environment.",
    },
}  # fmt: skip
"""By place: how each kind of value is written there. ``{example}``, ``{flag}`` and ``{keyword}`` are of the option."""

_OF_CREDENTIALS = frozenset(
    {
        "uri.unescaped-credentials", "uri.placeholder", "uri.not-set", "auth.wrong-password", "auth.plus-in-password",
        "auth.percent-in-password", "auth.space-in-password", "auth.control-character", "auth.atlas-bad-auth",
        "auth.unknown-user", "auth.credentials-missing",
    }
)  # fmt: skip
_OF_HOSTS = frozenset(
    {
        "dns.host-not-found", "dns.short-name", "dns.target-has-no-address", "tcp.refused", "tcp.private-address",
        "tcp.closed-on-connect", "env.container-localhost", "topology.internal-names", "topology.loopback-names",
        "topology.internal-addresses", "topology.member-unresolvable", "topology.leads-elsewhere",
    }
)  # fmt: skip
_MONGOSH = {
    "tls": "`--tls`",
    "tlsCAFile": "`--tls --tlsCAFile FILE`",
    "tlsCertificateKeyFile": "`--tls --tlsCertificateKeyFile FILE`",
    "tlsCertificateKeyFilePassword": "`--tlsCertificateKeyFilePassword`",
    "tlsCRLFile": "`--tls --tlsCRLFile FILE`",
    "authSource": "`--authenticationDatabase NAME`",
    "authMechanism": "`--authenticationMechanism NAME`",
}
_VALUES = {"tls": "true", "directConnection": "true", "loadBalanced": "true", "retryWrites": "false", "w": "majority"}
_WORDS_TOO = frozenset({"connect", "safe", "j"})
"""Names of options that are words of advice as well."""


def kinds_of(code: str, cause: Cause) -> dict[str, str | None]:
    """The kinds of values that a cause's advice speaks of, and for options and files the option's name."""
    found: dict[str, str | None] = {}
    if code in _OF_CREDENTIALS:
        found[CREDENTIALS] = None
    if code.startswith("uri."):
        found[ADDRESS] = None
    elif code in _OF_HOSTS:
        found[HOST] = None
    if code.startswith("files."):
        found[FILE] = "tlsCAFile"
    elif not code.startswith("uri."):
        for name in options_in(cause.fix):
            kind = FILE if (known := lookup(name)) is not None and known.type is OptionType.FILE else OPTION
            found.setdefault(kind, name)
    return found


def options_in(advice: str) -> list[str]:
    """The options that a sentence names, in its order."""
    words = dict.fromkeys(re.findall(r"[A-Za-z]+", advice))
    return [word for word in words if word not in _WORDS_TOO and (o := lookup(word)) is not None and o.name == word]


def sections(code: str, cause: Cause) -> list[str]:
    """The lines of a page about where its values live; empty where its advice speaks of none."""
    lines: list[str] = []
    for kind, name in kinds_of(code, cause).items():
        lines += ["", f"## {TITLES[kind]}", ""]
        lines += [f"- {place}: {_filled(row[kind], name)}" for place, row in TABLE.items() if kind in row]
    return lines


def _filled(sentence: str, name: str | None) -> str:
    if name is None:
        return sentence
    known = lookup(name)
    path = known is not None and known.type is OptionType.FILE
    value = "/etc/mongo/file.pem" if path else _VALUES.get(name, "VALUE")
    blanks = {
        "{example}": f"`{name}={value}`",
        "{flag}": _MONGOSH.get(name, "nothing else: it has no flag of its own"),
        "{keyword}": f"`MongoClient(…, {name}=…)`",
    }
    for blank, text in blanks.items():
        sentence = sentence.replace(blank, text)
    return sentence
