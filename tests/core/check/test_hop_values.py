"""Variables in hops and the places of their secrets are resolved before anything is contacted."""

from __future__ import annotations

import sys
from pathlib import Path

from clearline.core.check.preparation import Prepared, prepared
from clearline.core.check.request import Permits, Request
from clearline.core.findings import Severity
from clearline.core.profiles.hop import HttpProxy, Socks5Proxy, SshServer
from clearline.core.profiles.profile import Profile, SecretSource, Seeds
from clearline.core.secrets.secret import Secret, hop_passphrase, hop_password
from lab import loops
from lab.command_lines import command_line

HOPS = (
    SshServer(host="${BASTION}", user="${WHO}", key_file="${HOME_OF_KEYS}/id", proxy_command="nc ${BASTION} 22"),
    Socks5Proxy(host="gate", user="walker"),
)
ENVIRON = {"BASTION": "b.example.com", "WHO": "me", "HOME_OF_KEYS": "/keys", "GATE": "gate-s3cret"}


def ready(profile: Profile, permits: Permits | None = None, **secrets: Secret) -> Prepared:
    return loops.run(prepared(Request(profile, secrets, permits=permits or Permits()), environ=ENVIRON))


def test_variables_stand_in_fields_and_never_in_programs() -> None:
    secrets = {hop_password(1): SecretSource(place="reference", reference="${GATE}")}
    found = ready(Profile(seeds=Seeds(hosts=("db",)), hops=HOPS, secrets=secrets))
    assert found.usable
    bastion = found.profile.hops[0]
    assert isinstance(bastion, SshServer)
    assert (bastion.host, bastion.user, bastion.key_file) == ("b.example.com", "me", "/keys/id")
    assert bastion.proxy_command == "nc ${BASTION} 22"
    assert found.secrets[hop_password(1)] == Secret("gate-s3cret")


def test_a_variable_that_is_not_set_is_a_mistake() -> None:
    found = ready(Profile(seeds=Seeds(hosts=("db",)), hops=(HttpProxy(host="${NOWHERE}"),)))
    assert not found.usable
    [mistake] = found.mistakes
    assert (mistake.cause, mistake.severity, mistake.fields) == ("uri.not-set", Severity.FAILURE, ("hops",))
    assert "NOWHERE" in mistake.blanks["placeholder"]


def test_a_command_gives_the_passphrase_when_it_was_agreed_to(tmp_path: Path) -> None:
    printing = command_line([sys.executable, "-c", "print('opens-it')"])
    command = SecretSource(place="command", command=printing)
    profile = Profile(seeds=Seeds(hosts=("db",)), hops=HOPS[:1], secrets={hop_passphrase(0): command})
    assert not ready(profile).usable
    agreed = ready(profile, Permits(may_run=lambda said: said == printing))
    assert agreed.secrets[hop_passphrase(0)] == Secret("opens-it")
