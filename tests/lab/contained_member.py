"""A replica set of one whose member is called by a name that it alone knows, as in a container (Linux, root)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from clearline.cli.mongod import PrivateMongod, find_mongod
from lab.deployment import Deployment


@contextlib.contextmanager
def contained(folder: Path, name: str) -> Iterator[PrivateMongod]:
    """``name`` stands in the hosts file that the member alone sees; ``folder`` keeps what it needs."""
    (folder / "hosts").write_text(f"127.0.0.1 localhost {name}\n")
    program = folder / "mongod"
    program.write_text(
        "#!/bin/sh\n"
        f"exec unshare -m sh -c 'mount --make-rprivate / && mount --bind {folder}/hosts /etc/hosts && "
        f'exec {find_mongod()} "$@"\' mongod "$@"\n'
    )
    program.chmod(0o755)
    server = PrivateMongod(("--replSet", "rs0"), binary=program)
    with Deployment((server,), set_name="rs0") as deployment:
        member = {"_id": 0, "host": f"{name}:{server.port}"}
        with deployment.client(server) as client:
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
        deployment.wait_until(server, lambda hello: bool(hello.get("isWritablePrimary")))
        yield server
