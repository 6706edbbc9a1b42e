"""A real Kerberos realm on loopback (MIT krb5), and a squid that signs its users in by it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.peers import closed_port
from lab.proxies import squid, wait_until_open

REALM, USER, PASSWORD = "LAB.TEST", "walker", "realm-secret"
SERVICE = "HTTP/localhost"
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


@dataclass(frozen=True)
class Realm:
    """A running one. ``environ`` leads programs and libraries to it."""

    folder: Path
    environ: dict[str, str]

    @property
    def keytab(self) -> Path:
        """The key of `SERVICE`."""
        return self.folder / "service.keytab"

    def sign_in(self, lifetime: str = "10m") -> None:
        """Get a ticket for `USER`."""
        self.run("kinit", "-l", lifetime, f"{USER}@{REALM}", said=PASSWORD)

    def sign_out(self) -> None:
        """Throw the ticket away."""
        self.run("kdestroy", "-q", check=False)

    def run(self, *command: str, said: str = "", check: bool = True) -> None:
        """Run one of the realm's programs."""
        environ = {**os.environ, **self.environ, "PATH": _PATH}
        subprocess.run(command, input=said, text=True, capture_output=True, check=check, env=environ)


@contextmanager
def realm() -> Iterator[Realm]:
    """One realm with one user and one service."""
    with closed_port() as port, tempfile.TemporaryDirectory(prefix="clearline-kdc-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "krb5.conf").write_text(
            f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\ndns_canonicalize_hostname = false\n"
            f"rdns = false\n[realms]\n{REALM} = {{\n kdc = 127.0.0.1:{port}\n}}\n[domain_realm]\nlocalhost = {REALM}\n"
        )
        (folder / "kdc.conf").write_text(
            f"[kdcdefaults]\nkdc_listen = 127.0.0.1:{port}\nkdc_tcp_listen = 127.0.0.1:{port}\n[realms]\n{REALM} = {{\n"
            f" database_name = {folder}/principal\n key_stash_file = {folder}/stash\n}}\n"
        )
        found = Realm(
            folder,
            {
                "KRB5_CONFIG": str(folder / "krb5.conf"),
                "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
                "KRB5CCNAME": f"FILE:{folder}/tickets",
            },
        )
        found.run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master-of-the-lab")
        for query in (
            f"addprinc -pw {PASSWORD} {USER}",
            f"addprinc -randkey {SERVICE}",
            f"ktadd -k {found.keytab} {SERVICE}",
        ):
            found.run("kadmin.local", "-r", REALM, "-q", query)
        found.keytab.chmod(0o644)  # squid gives up root
        environ = {**os.environ, **found.environ, "PATH": _PATH}
        process = subprocess.Popen(
            ["krb5kdc", "-n", "-r", REALM], env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_until_open(port, process)
            yield found
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def signing_squid(realm: Realm) -> Iterator[int]:
    """A squid that takes tickets for `SERVICE` alone."""
    helper = f"/usr/lib/squid/negotiate_kerberos_auth -k {realm.keytab} -s {SERVICE}@{REALM} -r"
    rules = (
        f"auth_param negotiate program {helper}\nauth_param negotiate children 2 startup=1\n"
        "acl signed proxy_auth REQUIRED\nhttp_access deny !signed\nhttp_access allow all"
    )
    with squid(rules=rules, environ=realm.environ) as port:
        yield port
