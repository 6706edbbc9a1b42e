"""How a Kubernetes API server is reached and signed in to, by the kubeconfig file that kubectl uses."""

from __future__ import annotations

import base64
import binascii
import json
import os
import ssl
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from clearline.core.addresses import is_loopback
from clearline.core.child_processes import end_with_children, note_started, start_under_way
from clearline.core.files.whole_files import expanded, read_whole
from clearline.core.hops.plain_yaml import MOST_BYTES, YamlProblem, plain
from clearline.core.secrets.secret import Secret

_MOST_BYTES: Final = 1 << 20
_PLUGIN_S: Final = 20.0
_SIGN_IN: Final = ("token", "tokenFile", "exec", "username")


class KubeconfigProblem(Exception):
    """Why the file cannot be used. ``command``: the sign-in program in it that was not agreed to."""

    def __init__(self, file: str, words: str, *, command: str | None = None) -> None:
        super().__init__(words)
        self.file, self.words, self.command = file, words, command


@dataclass(frozen=True, repr=False)
class Cluster:
    """One context of the file. Holds secrets, so it never shows itself."""

    context_name: str
    namespace: str
    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None
    server_name: str | None
    token: Secret | None
    user: str


def read(context: str | None, namespace: str | None, file: str | None, *, may_run: bool) -> Cluster:
    """The context of that name, or the current one. Raises `KubeconfigProblem`. Blocks.

    ``may_run``: the sign-in program that it names may be run.
    """
    place = file or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or "~/.kube/config"
    path = expanded(place)
    try:
        document = plain(read_whole(path, MOST_BYTES))
    except OSError as error:
        raise KubeconfigProblem(place, f"it cannot be read ({error.strerror or type(error).__name__})") from None
    except YamlProblem as problem:
        raise KubeconfigProblem(place, str(problem)) from None
    document = document if isinstance(document, dict) else {}
    wanted = context or _text(document.get("current-context"))
    chosen = _named(document, "contexts", wanted, "context", place)
    cluster = _named(document, "clusters", _text(chosen.get("cluster")), "cluster", place)
    user = _named(document, "users", _text(chosen.get("user")), "user", place)
    try:
        parts = urlsplit(_text(cluster.get("server")))
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in ("https", "http") or not parts.hostname or not port:
        raise KubeconfigProblem(place, f"the context {wanted} names no server")
    if parts.scheme == "http" and not is_loopback(parts.hostname) and any(map(user.get, _SIGN_IN)):
        # kubectl signs in over TLS alone, too (client-go, clientcmd: IsConfigTransportTLS).
        raise KubeconfigProblem(place, f"the server of {wanted} has no TLS (http), so its token would be readable")
    token, certificate, key = _sign_in(user, place, path.parent, may_run)
    return Cluster(
        context_name=wanted,
        namespace=namespace or _text(chosen.get("namespace")) or "default",
        host=parts.hostname,
        port=port,
        path=parts.path.rstrip("/"),
        tls=_tls(cluster, certificate, key, place, path.parent) if parts.scheme == "https" else None,
        server_name=_text(cluster.get("tls-server-name")) or parts.hostname,
        token=token,
        user=_text(chosen.get("user")),
    )


def _text(value: object) -> str:
    """A text or number, empty for anything else: a list of the file's aliases may be endless as text."""
    return str(value) if isinstance(value, str | int) else ""


def _named(document: dict[str, Any], part: str, name: str, inner: str, place: str) -> dict[str, Any]:
    entries = document.get(part)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(inner), dict):
            found: dict[str, Any] = entry[inner]
            return found
    raise KubeconfigProblem(place, f"it has no {inner} {name or '(none is current)'}")


def _sign_in(
    user: dict[str, Any], place: str, folder: Path, may_run: bool
) -> tuple[Secret | None, bytes | None, bytes | None]:
    certificate = _data(user, "client-certificate", place, folder)
    key = _data(user, "client-key", place, folder)
    token = _text(user.get("token")) or None
    if token is None and (token_file := _text(user.get("tokenFile"))):
        token = _read(folder / token_file, place).decode("utf-8", "replace").strip()
    plugin = user.get("exec")
    if isinstance(plugin, dict) and token is None and certificate is None:
        status = _plugin(plugin, place, may_run)
        token = _text(status.get("token"))
        if status.get("clientCertificateData") and status.get("clientKeyData"):
            certificate = _text(status["clientCertificateData"]).encode()
            key = _text(status["clientKeyData"]).encode()
    return Secret(token) if token else None, certificate, key


def _plugin(plugin: dict[str, Any], place: str, may_run: bool) -> dict[str, Any]:
    """What a sign-in program says (client.authentication.k8s.io, ExecCredential)."""
    from clearline.paths import restored_environ

    arguments = plugin.get("args")
    words = [_text(plugin.get("command")), *map(_text, arguments if isinstance(arguments, list) else ())]
    if not may_run:  # its arguments may tell more than is to be shown
        raise KubeconfigProblem(place, "its sign-in program was not agreed to", command=Path(words[0]).name)
    asked = {"apiVersion": _text(plugin.get("apiVersion")), "kind": "ExecCredential", "spec": {"interactive": False}}
    environ = {**restored_environ(), "KUBERNETES_EXEC_INFO": json.dumps(asked)}
    entries = plugin.get("env")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and (name := _text(entry.get("name"))):
            environ[name] = _text(entry.get("value"))
    try:
        status = json.loads(_printed(words, environ))["status"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise KubeconfigProblem(place, f"its sign-in program {Path(words[0]).name} gives no token") from None
    return status if isinstance(status, dict) else {}


def _printed(words: list[str], environ: dict[str, str]) -> bytes:
    """What a program prints that ends well and in time; nothing of it outlives this. Raises OSError and ValueError."""
    with start_under_way():
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ,
            start_new_session=True,  # so that whatever it starts can be ended with it; Windows ignores this
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # no console flashes up over the window
        )
        note_started(process.pid)
    with process:
        assert process.stdout is not None
        limit = threading.Timer(_PLUGIN_S, end_with_children, (process,))
        limit.daemon = True
        limit.start()
        try:
            said = process.stdout.read(_MOST_BYTES + 1)
            code = process.wait(_PLUGIN_S) if len(said) <= _MOST_BYTES else 1
        except subprocess.TimeoutExpired:
            code = 1
        finally:
            limit.cancel()
            end_with_children(process)
    if code:
        raise ValueError("it does not end, or not well")
    return said


def _data(section: dict[str, Any], name: str, place: str, folder: Path) -> bytes | None:
    if given := _text(section.get(f"{name}-data")):
        try:
            return base64.b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            raise KubeconfigProblem(place, f"{name}-data is no base64") from None
    file = _text(section.get(name))
    return _read(folder / file, place) if file else None


def _read(path: Path, place: str) -> bytes:
    try:
        return read_whole(expanded(str(path)), _MOST_BYTES)
    except OSError as error:
        raise KubeconfigProblem(place, f"{path} cannot be read ({error.strerror or type(error).__name__})") from None


def _tls(
    cluster: dict[str, Any], certificate: bytes | None, key: bytes | None, place: str, folder: Path
) -> ssl.SSLContext:
    authority = _data(cluster, "certificate-authority", place, folder)
    try:
        context = ssl.create_default_context(cadata=authority.decode("ascii", "replace") if authority else None)
        if cluster.get("insecure-skip-tls-verify") is True:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if certificate and key:
            with tempfile.TemporaryDirectory() as private:  # OpenSSL takes them from files alone
                both = Path(private, "client.pem")
                both.touch(mode=0o600)
                both.write_bytes(certificate + b"\n" + key)
                context.load_cert_chain(both)
    except (ssl.SSLError, OSError, ValueError):
        raise KubeconfigProblem(place, "a certificate or key in it cannot be used") from None
    return context
