"""Tries to get a kept password by what is written into files: none reaches a server, and each is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clearline.core.keyring.vault import Vault
from clearline.core.profiles.profile import Auth, Profile, Seeds, Tls
from clearline.core.secrets.secret import PASSWORD, Secret
from lab import file_keyring, peers

CANARY = "k3pt-f0r-db1-alone"
GIVEN = Profile(
    name="given",
    seeds=Seeds(hosts=("127.0.0.9:1",), database="shop"),
    auth=Auth(user="app", source="admin"),
    tls=Tls(enabled=False),
)
OWN: dict[str, Any] = {"hosts": ["127.0.0.9:1"], "database": "shop"}


def tries(evil: str, folder: Path) -> dict[str, dict[str, Any]]:
    """What the files say now, by what is tried; ``evil`` is a server of the author of the files."""
    host, _, port = evil.rpartition(":")
    variables = folder / "evil.env"
    variables.write_text(f"TARGET={evil}\n")
    seeds: dict[str, dict[str, Any]] = {
        "another-host": {"hosts": [evil]},
        "one-more-host": {"hosts": ["127.0.0.9:1", evil]},
        "the-first-host": {"hosts": [evil, "127.0.0.9:1"]},
        "two-hosts-in-one": {"hosts": [f"127.0.0.9:1,{evil}"]},
        "an-encoded-comma": {"hosts": [f"127.0.0.9:1%2C{evil}"]},
        "a-user-part-in-the-host": {"hosts": [f"127.0.0.9:1@{evil}"]},
        "a-path-in-the-host": {"hosts": [f"{evil}/?x=127.0.0.9:1"]},
        "a-fragment-in-the-host": {"hosts": [f"{evil}#127.0.0.9:1"]},
        "spaces-around-the-host": {"hosts": [f" {evil} "]},
        "a-line-break-in-the-host": {"hosts": [f"127.0.0.9:1\n{evil}"]},
        "a-number-as-the-address": {"hosts": [f"2130706433:{port}"]},
        "a-mapped-address": {"hosts": [f"[::ffff:{host}]:{port}"]},
        "wide-digits": {"hosts": [f"\uff11\uff12\uff17.0.0.1:{port}"]},
        "a-name-for-the-address": {"hosts": [f"localhost:{port}"]},
        "another-port": {"hosts": [f"127.0.0.9:{port}"]},
        "no-port": {"hosts": ["127.0.0.9"]},
        "a-variable-of-the-environment": {"hosts": ["${ATTACK_TARGET}"]},
        "a-part-from-a-variable": {"hosts": ["127.0.0.${ATTACK_LAST}"]},
        "a-socket": {"hosts": [str(folder / "mongodb-27017.sock")]},
        "an-srv-name": {"srv": True, "hosts": ["127.0.0.9"]},
    }
    found: dict[str, dict[str, Any]] = {name: {"seeds": {"database": "shop", **one}} for name, one in seeds.items()}
    found["a-file-of-variables"] = {
        "seeds": {**OWN, "hosts": ["${TARGET}"]},
        "envFile": str(variables),
    }
    found["another-source"] = {"auth": {"user": "app", "source": "$external"}}
    found["no-source"] = {"auth": {"user": "app"}}
    found["plain"] = {"auth": {"user": "app", "source": "admin", "mechanism": "PLAIN"}}
    found["a-mechanism-of-several"] = {
        "auth": {"user": "app", "source": "admin", "mechanism": "PLAIN&authSource=admin"},
    }
    found["a-mechanism-from-a-variable"] = {
        "auth": {"user": "app", "source": "admin", "mechanism": "${ATTACK_MECHANISM}"},
    }
    found["in-clear"] = {"auth": {"user": "app", "source": "admin", "allowPlainWithoutTLS": True}}
    found["another-place-too"] = {
        "seeds": {**OWN, "hosts": [evil]},
        "secrets": {"password": {"place": "session"}},
    }
    found["an-option-of-another-kind"] = {"unread": [{"name": "authSource", "value": "$external"}]}
    found["an-option-as-a-reference"] = {"unread": [{"name": "tlsInsecure", "value": "${ATTACK_LAST}"}]}
    found["insecure"] = {"tls": {"enabled": True, "insecure": True}}
    found["any-name"] = {"tls": {"enabled": True, "allowInvalidHostnames": True}}
    found["their-authority"] = {"tls": {"enabled": True, "caFile": str(folder / "ca.pem")}}
    return found


def test_no_file_gets_a_kept_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in file_keyring.environment(tmp_path / "keyring.json").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CLEARLINE_HOME", str(tmp_path))
    vault = Vault(file_keyring.FileKeyring())
    (tmp_path / "profiles").mkdir()
    with peers.silent() as evil:
        monkeypatch.setenv("ATTACK_TARGET", evil.address)
        monkeypatch.setenv("ATTACK_LAST", f"1:{evil.address.rpartition(':')[2]}")
        monkeypatch.setenv("ATTACK_MECHANISM", "PLAIN")
        tried = tries(evil.address, tmp_path)
        for name, changed in tried.items():
            given = Profile(id=name, **{k: getattr(GIVEN, k) for k in ("name", "seeds", "auth", "tls")})
            vault.keep(given, PASSWORD, Secret(CANARY))
            document = {
                "format": "clearline-profile",
                "version": 1,
                "id": name,
                "name": name,
                "seeds": OWN,
                "auth": {"user": "app", "source": "admin"},
                "tls": {"enabled": False},
                **changed,
            }
            (tmp_path / "profiles" / f"{name}.json").write_text(json.dumps(document))
        result = subprocess.run(
            [sys.executable, "-m", "clearline", "check", "--all", "--json", "--timeout", "0.3"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ},
        )
        assert evil.connections == 0, result.stderr
    assert result.returncode == 2
    assert CANARY not in result.stdout + result.stderr
    told = {name for name in tried if f"{name}: the password was" in result.stderr or f"{name}.json" in result.stderr}
    assert told == set(tried)
    assert all(ord(character) >= 32 for line in result.stderr.splitlines() for character in line)
