"""What a connection from elsewhere wants that its reader should know of before the first connect. Pure.

*From elsewhere* is a profile file outside the user's own folder, a link, a connection string that was sent. Such a
thing asks once when it

- switches a protection off (the password then goes to any server that answers),
- names files of this computer, which it should not be able to point at by itself,
- takes values from this computer's environment, its identity service or its user's Kerberos ticket, and sends them to
  the servers it names,
- signs in to an SSH server with this user's keys, uses ``~/.ssh/config``, or says by itself which host key is right.

Secrets that this computer keeps, and in one's own profiles its variables and identities, have a memory of their own of
where they may go (``keyring/given.py``).

Three things ask in every profile, one's own included, for the first time on this computer: a command before it runs,
for profiles are shared and synchronised, and a command may do anything, unless the user has just typed it; a sign-in by
hand (OIDC) whose token would go to servers that PyMongo does not trust with one, for their owners could use it
elsewhere; and a variable whose name speaks of a secret where none belongs, such as the application's name, which every
server is told.

What the user writes here is the user's own: the form of the window, and the arguments of a command line. What can
type ``clearline check URI`` can do more harm with any other command, and a script cannot be asked; so there the
concerns are told, and asked about only on a terminal, where people paste what they were sent.

What was agreed to is remembered by ``agreements.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Final

import msgspec

from clearline.core.facts.text import Mistake
from clearline.core.findings import Severity
from clearline.core.profiles.hop import HttpProxy, KubernetesForward, SshServer, SystemProxy
from clearline.core.profiles.hop_urls import place_of
from clearline.core.profiles.identities import proxy_login_of_here, service_of, uses_aws_of_here
from clearline.core.profiles.login_fields import SERVICE_HOST, SERVICE_NAME, SERVICE_REALM
from clearline.core.profiles.profile import Profile
from clearline.core.secrets.redaction import looks_secret
from clearline.core.secrets.references import has_references, names_in
from clearline.core.typed_values import to_bytes

_MOST_ROUNDS: Final = 4
"""A text that was read and written once does not change any more; this ends what would all the same."""


class ConcernKind(Enum):
    """What a connection wants."""

    SECURITY_OFF = "security-off"
    LOCAL_FILE = "local-file"
    ENVIRONMENT = "environment"
    IDENTITY = "identity"
    COMMAND = "command"


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """One demand: ``words`` is a whole sentence, ``value`` what it names (an option, a path, variables, a command)."""

    kind: ConcernKind
    words: str
    value: str


def concerns(profile: Profile, *, prompting: bool = True) -> tuple[Concern, ...]:
    """Everything that a connection from elsewhere has to ask for, the gravest first. Pure.

    ``prompting``: one can sign in.
    """
    parts: tuple[Callable[[Profile], Iterator[Concern]], ...] = (
        commands_wanted,
        _security,
        _identity,
        _tickets,
        _ssh,
        *((sign_in_wanted,) if prompting else ()),
        _environment,
        _files,
    )
    return _demands(as_given(profile), parts)


def always_asked(profile: Profile, *, prompting: bool = True) -> tuple[Concern, ...]:
    """What also the user's own profiles ask for: commands, secrets of the environment where none belongs, and where the
    user can sign in, whom the token goes to.
    """
    # Only what no field holds can say more in the text than in the fields.
    forms = as_given(profile) if profile.unread else (profile,)
    return _demands(forms, (commands_wanted, *((sign_in_wanted,) if prompting else ()), _exposed))


def asked_of_text(profile: Profile) -> tuple[Concern, ...]:
    """What a text asks for that was typed or pasted, perhaps as it was sent: `always_asked`, and secret variables.

    The address shows a name, and not that its value is about to leave.
    """
    secret = names_in(to_bytes(profile.secrets).decode())
    if not any(looks_secret(name) or name in secret for name in names_in(to_bytes(_used(profile)).decode())):
        return always_asked(profile)
    return tuple(dict.fromkeys((*always_asked(profile), *_environment(profile))))


def commands(profile: Profile) -> frozenset[str]:
    """The commands that stand in a profile's fields, also where another place is chosen and the form shows none."""
    named = [source.command for source in profile.secrets.values()]
    named += [hop.proxy_command for hop in profile.hops if isinstance(hop, SshServer)]
    return frozenset(command.strip() for command in named if command and command.strip())


def _demands(forms: Iterable[Profile], parts: Iterable[Callable[[Profile], Iterator[Concern]]]) -> tuple[Concern, ...]:
    found = (concern for part in parts for form in forms for concern in part(form))
    return tuple({(one.kind, one.value): one for one in reversed([*found])}.values())[::-1]


def as_given(profile: Profile) -> tuple[Profile, ...]:
    """The profile, and what its connection string says when it is read, as the driver reads it.

    What no field holds (``unread``) is written into the text as it is, and may mean anything there.
    """
    from clearline.core.uri.connection_string import build, read

    forms = [profile]
    for _ in range(_MOST_ROUNDS):
        again = read(build(forms[-1]), profile=forms[-1]).profile
        if again in forms:
            break
        forms.append(again)
    return tuple(forms)


def sign_in_hosts(profile: Profile) -> tuple[str, ...]:
    """Where the token of a sign-in by hand would go beyond the hosts that PyMongo allows by itself.

    As its ALLOWED_HOSTS has them: names, and ``*.example.com`` for the servers that an SRV name leads to.
    """
    if profile.auth.mechanism != "MONGODB-OIDC" or not profile.seeds.hosts:
        return ()
    from clearline.core.driver.oidc import ALLOWED_HOSTS, wants_human  # with urllib and http.server

    if not wants_human(profile):
        return ()
    names = [_name(host) for host in profile.seeds.hosts]
    if profile.seeds.srv:
        suffix = profile.seeds.srv_allowed_hosts_suffix or names[0].partition(".")[2]
        names = [f"*.{suffix.strip('.')}"]
    return tuple(dict.fromkeys(name for name in names if not _allowed(name, ALLOWED_HOSTS)))


def objections(missing: Iterable[Concern]) -> tuple[Mistake, ...]:
    """What was not agreed to, as mistakes for the report of a check that contacts no server."""
    suggestion = "--yes after the command once, or test it in the window"
    rule = "it comes from elsewhere and was not agreed to on this computer"
    return tuple(
        Mistake(
            cause="uri.bad-value",
            severity=Severity.FAILURE,
            blanks={
                "option": _ABOUT[concern.kind],
                "value": "(a command)" if concern.kind is ConcernKind.COMMAND else concern.value,
                "rule": rule,
                "suggestion": suggestion,
            },
        )
        for concern in missing
    )


def commands_wanted(profile: Profile) -> Iterator[Concern]:
    """The programs that run before or on the way to the first connect."""
    for name, source in profile.secrets.items():
        command = (source.command or "").strip()
        if source.place == "command" and command:
            yield Concern(
                kind=ConcernKind.COMMAND,
                words=f"It runs a program on this computer to get the secret {name}: {command}",
                value=command,
            )
    for hop in profile.hops:
        if isinstance(hop, KubernetesForward) and hop.kubeconfig:
            words = f"It signs in to Kubernetes by {hop.kubeconfig}, which may run programs on this computer."
            yield Concern(kind=ConcernKind.COMMAND, words=words, value=f"kubeconfig {hop.kubeconfig}")
        if isinstance(hop, SshServer) and (command := (hop.proxy_command or "").strip()):
            words = f"It runs a program on this computer to reach the SSH server {hop.host}: {command}"
            yield Concern(kind=ConcernKind.COMMAND, words=words, value=command)


def sign_in_wanted(profile: Profile) -> Iterator[Concern]:
    """Servers beyond PyMongo's own list that would get the token of a sign-in by hand."""
    if hosts := sign_in_hosts(profile):
        words = f"It sends the token of your sign-in to {', '.join(hosts)}, which is neither Atlas nor this computer."
        yield Concern(kind=ConcernKind.IDENTITY, words=words, value="sign-in " + " ".join(hosts))


def _name(host: str) -> str:
    """The name or address of a seed, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.endswith(".sock") else host.partition(":")[0]


def _allowed(name: str, patterns: Iterable[str]) -> bool:
    """As PyMongo compares them (auth_oidc_shared)."""
    return any(name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:])) for pattern in patterns)


_ABOUT: Final = {
    ConcernKind.SECURITY_OFF: "Security switched off",
    ConcernKind.LOCAL_FILE: "A file of this computer",
    ConcernKind.ENVIRONMENT: "Variables of this computer",
    ConcernKind.IDENTITY: "The identity of this computer or its user",
    ConcernKind.COMMAND: "A program of this computer",
}
_ANYBODY: Final = "any certificate is accepted, so a machine on the way can read and change everything"
_OFF: Final = {
    "tlsInsecure": _ANYBODY,
    "tlsAllowInvalidCertificates": _ANYBODY,
    "tlsAllowInvalidHostnames": "a certificate of any other server is accepted",
}
_NO_TLS: Final = "everything, also the password, travels in clear"


def _security(profile: Profile) -> Iterator[Concern]:
    tls = profile.tls
    switched = {
        "tlsInsecure": tls.insecure,
        "tlsAllowInvalidCertificates": tls.allow_invalid_certificates,
        "tlsAllowInvalidHostnames": tls.allow_invalid_hostnames,
    }
    # A switch that is kept as text, such as a reference, or one that was given twice, may be on for the driver.
    unread = {name for name, value in _kept(profile) if value and value.lower() != "false"}
    for name, on in switched.items():
        if on or name.lower() in unread:
            yield Concern(kind=ConcernKind.SECURITY_OFF, words=f"It sets {name}: {_OFF[name]}.", value=name)
    undecided = any(name in ("tls", "ssl") and has_references(value) for name, value in _kept(profile))
    if profile.seeds.srv and (tls.enabled is False or undecided):
        yield Concern(kind=ConcernKind.SECURITY_OFF, words=f"It switches TLS off: {_NO_TLS}.", value="tls=false")
    if profile.auth.allow_plain_without_tls:
        words = "It allows a login that sends the password in clear to another computer."
        yield Concern(kind=ConcernKind.SECURITY_OFF, words=words, value="allowPlainWithoutTLS")


def _kept(profile: Profile) -> Iterator[tuple[str, str]]:
    """What no field holds: names in small letters, and values as they were typed."""
    for item in profile.unread:
        yield item.name.strip().lower(), item.value or ""


def _identity(profile: Profile) -> Iterator[Concern]:
    auth = profile.auth
    mechanisms = [auth.mechanism or "", *(value for name, value in _kept(profile) if name == "authmechanism")]
    if any(map(has_references, mechanisms)):
        words = f"A variable says how it signs in to {_servers(profile)}: maybe with credentials of this computer."
        yield Concern(kind=ConcernKind.IDENTITY, words=words, value="mechanism")
    if auth.mechanism == "GSSAPI":
        words = f"It signs in to {_servers(profile)} with the Kerberos ticket of this computer's user."
        # They say for which service the server gets a ticket, which it could use there itself.
        named = [auth.properties.get(name, "") for name in (SERVICE_NAME, SERVICE_HOST, SERVICE_REALM)]
        if any(named):
            words = words[:-1] + f", as if it were the service {'/'.join(filter(None, named))}."
        yield Concern(kind=ConcernKind.IDENTITY, words=words, value=" ".join(["kerberos", *named]).rstrip())
    if service := service_of(auth):
        words = f"It asks this computer's identity service ({service}) for a token and sends it to {_servers(profile)}."
        yield Concern(kind=ConcernKind.IDENTITY, words=words, value=service)
    if uses_aws_of_here(auth):
        words = f"It signs in to {_servers(profile)} with the AWS credentials of this computer or its environment."
        yield Concern(kind=ConcernKind.IDENTITY, words=words, value="aws")


def _tickets(profile: Profile) -> Iterator[Concern]:
    for hop in profile.hops:
        if isinstance(hop, SystemProxy):
            words = "It goes through the proxy that this computer is set to, with the login and the script set there."
            yield Concern(kind=ConcernKind.IDENTITY, words=words, value="system proxy")
        if isinstance(hop, HttpProxy) and proxy_login_of_here(hop):
            proof = "with the Kerberos ticket of" if hop.login == "kerberos" else "as"
            words = f"It signs in to the proxy {hop.host}:{hop.port} {proof} this computer's user."
            yield Concern(kind=ConcernKind.IDENTITY, words=words, value=f"ticket {hop.host}")


def _ssh(profile: Profile) -> Iterator[Concern]:
    """What an SSH server or Kubernetes on the way gets, and who says which key is the right one."""
    for hop in profile.hops:
        if isinstance(hop, KubernetesForward):
            of = hop.context or "the current context"
            words = f"It signs in to Kubernetes ({of}) as this computer's user does, with the program that does so."
            yield Concern(kind=ConcernKind.IDENTITY, words=words, value=f"kubernetes {hop.context} {hop.kubeconfig}")
        if not isinstance(hop, SshServer):
            continue
        where = f"the SSH server {hop.host}:{hop.port}"
        if hop.known_hosts:
            words = f"It says by itself which keys of {where} are the right ones: those in {hop.known_hosts}"
            yield Concern(kind=ConcernKind.SECURITY_OFF, words=words, value=f"knownHosts {hop.known_hosts}")
        if hop.config_alias:
            words = (
                f"It uses what ~/.ssh/config of this computer says of {hop.config_alias}, the programs that it names "
                "included."
            )
            yield Concern(kind=ConcernKind.COMMAND, words=words, value=f"~/.ssh/config {hop.config_alias}")
        if {"key", "agent"} & set(hop.login):
            words = f"It signs in to {where} with SSH keys of this computer's user."
            yield Concern(kind=ConcernKind.IDENTITY, words=words, value=f"keys {hop.host}:{hop.port}")


def _environment(profile: Profile) -> Iterator[Concern]:
    names = names_in(to_bytes(_used(profile)).decode())
    if names:
        words = f"It takes {', '.join(names)} from this computer's environment and uses it for {_servers(profile)}."
        yield Concern(kind=ConcernKind.ENVIRONMENT, words=words, value=" ".join(names))


def _exposed(profile: Profile) -> Iterator[Concern]:
    """Secrets of the environment outside of the places for secrets; the number of a key (AWS_ACCESS_KEY_ID) is none."""
    open_parts = msgspec.structs.replace(_used(profile), secrets={})
    found = names_in(to_bytes(open_parts).decode())
    if names := [name for name in found if looks_secret(name) and not name.lower().endswith("_id")]:
        words = f"It tells {', '.join(names)} of this computer's environment to {_servers(profile)}, not as a password."
        yield Concern(kind=ConcernKind.ENVIRONMENT, words=words, value="exposed " + " ".join(names))


def _used(profile: Profile) -> Profile:
    """Without what only its reader sees."""
    return msgspec.structs.replace(profile, name="", notes="", folder="")


def _files(profile: Profile) -> Iterator[Concern]:
    tls = profile.tls
    named = {
        "client certificate and key": tls.certificate_key_file,
        "file of variables": profile.env_file,
        "list of trusted authorities": tls.ca_file,
        "list of revoked certificates": tls.crl_file,
    }
    for what, path in named.items():
        if path:
            words = f"It names a file of this computer as its {what}: {path}"
            yield Concern(kind=ConcernKind.LOCAL_FILE, words=words, value=path)
    for hop in profile.hops:
        if isinstance(hop, SshServer):
            for what, path in (("SSH key", hop.key_file), ("SSH certificate", hop.certificate_file)):
                if path:
                    words = f"It names a file of this computer as its {what}: {path}"
                    yield Concern(kind=ConcernKind.LOCAL_FILE, words=words, value=path)
            if hop.agent:
                words = f"It names a socket of this computer as its SSH agent: {hop.agent}"
                yield Concern(kind=ConcernKind.LOCAL_FILE, words=words, value=hop.agent)
    for host in profile.seeds.hosts:
        if host.endswith(".sock"):
            words = f"It names a socket of this computer: {host}"
            yield Concern(kind=ConcernKind.LOCAL_FILE, words=words, value=host)


def _servers(profile: Profile) -> str:
    servers = ", ".join(profile.seeds.hosts) or "its servers"
    return servers + (f" and {_hops(profile)}, through which it goes" if profile.hops else "")


def _hops(profile: Profile) -> str:
    return ", ".join(map(place_of, profile.hops))
