"""Files and folders that may not be read or written: a sentence names them, the rest goes on, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from clearline.core.profiles.hop import KubernetesForward
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds
from clearline.core.storage import store
from lab.rights import OWNER

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")

ORDERS = Profile(id="p1", name="Orders", seeds=Seeds(hosts=("127.0.0.1:1",)))
BY_VARIABLE = replace(
    ORDERS, auth=Auth(user="app"), secrets={"password": SecretSource(place="reference", reference="${DB_PASSWORD}")}
)
BY_COMMAND = replace(
    ORDERS, auth=Auth(user="app"), secrets={"password": SecretSource(place="command", command="echo hi")}
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "home"
    (made / "profiles").mkdir(parents=True)
    yield made
    for folder, folders, files in os.walk(tmp_path):
        for name in (*folders, *files):
            Path(folder, name).chmod(0o700)


def run(home: Path, *arguments: str, cwd: Path | None = None, **environ: str) -> tuple[int, str, str]:
    """Exit code, output and errors; whatever happens, no traceback."""
    done = subprocess.run(
        [*OWNER, sys.executable, "-m", "clearline", *arguments],
        env={
            **os.environ,
            "CLEARLINE_HOME": str(home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            **environ,
        },
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def test_a_profile_that_may_not_be_read_is_named_and_the_others_are_there(home: Path) -> None:
    shut = store.save_in(home / "profiles", ORDERS)
    store.save_in(home / "profiles", replace(ORDERS, id="p2", name="Billing"))
    shut.chmod(0)
    code, said, errors = run(home, "list")
    assert (code, "Billing" in said) == (1, True)
    assert errors == f"clearline list: cannot be read: {shut.name}: Permission denied\n"
    code, _, errors = run(home, "check", "Orders", "--quiet")
    assert f"Orders is taken for a host; of the saved profiles these cannot be read: {shut.name}" in errors
    assert run(home, "check", str(shut))[0] == 2


@pytest.mark.parametrize("mode", [0, 0o100, 0o400])
def test_a_folder_that_may_not_be_read_is_no_empty_one(home: Path, mode: int) -> None:
    store.save_in(home / "profiles", ORDERS)
    (home / "profiles").chmod(mode)
    code, said, errors = run(home, "list")
    assert (code, said) == (1, "")
    assert "the saved profiles cannot be read" in errors
    assert str(home / "profiles") in errors
    code, _, errors = run(home, "check", "--all")
    assert code == 2
    assert "the saved profiles cannot be read" in errors
    code, said, errors = run(home, "check", "127.0.0.1:1", "--quiet")  # which needs none
    assert (code, errors) == (1, "")


def test_where_nothing_can_be_written_a_check_tells_all_the_same(home: Path) -> None:
    store.save_in(home / "profiles", ORDERS)
    home.chmod(0o500)
    code, said, errors = run(home, "check", "Orders", "--quiet")
    assert code == 1
    assert "nothing listens on port 1" in said
    assert errors == "clearline check: the report is not kept: Permission denied\n"
    for option, name in (("--junit", "a.xml"), ("--summary", "a.md")):
        code, said, errors = run(home, "check", "127.0.0.1:1", "--quiet", option, str(home / name))
        assert code == 2
        assert "nothing listens on port 1" in said
        assert f"{home / name} cannot be written: Permission denied" in errors


def test_an_agreement_that_cannot_be_written_holds_for_this_command(home: Path) -> None:
    store.save_in(home / "profiles", BY_COMMAND)
    home.chmod(0o500)
    _, said, errors = run(home, "check", "Orders", "--yes", "--quiet")
    assert "nothing listens on port 1" in said
    assert "the agreement cannot be remembered: Permission denied" in errors
    assert run(home, "check", "Orders", "--quiet")[0] == 2


@pytest.mark.parametrize("file", ["agreements.json", "agreements.key"])
def test_agreements_that_may_not_be_read_are_asked_again_and_stay(home: Path, file: str) -> None:
    store.save_in(home / "profiles", BY_COMMAND)
    assert run(home, "check", "Orders", "--yes", "--quiet")[0] == 1
    before = (home / file).read_bytes()
    (home / file).chmod(0)
    assert run(home, "check", "Orders", "--quiet")[0] == 2
    assert run(home, "check", "Orders", "--yes", "--quiet")[0] == 1
    (home / file).chmod(0o600)
    assert (home / file).read_bytes() == before
    assert run(home, "check", "Orders", "--quiet")[0] == 1


def test_the_memory_of_servers_is_not_written_over_while_it_may_not_be_read(home: Path) -> None:
    store.save_in(home / "profiles", BY_VARIABLE)
    assert run(home, "check", "Orders", "--yes", "--quiet", DB_PASSWORD="pw")[0] == 1
    file = home / "servers.json"
    before = file.read_bytes()
    file.chmod(0)
    assert run(home, "check", "Orders", "--quiet", DB_PASSWORD="pw")[0] == 2
    assert run(home, "check", "Orders", "--yes", "--quiet", DB_PASSWORD="pw")[0] == 1
    file.chmod(0o600)
    assert file.read_bytes() == before


@pytest.mark.parametrize("text", [None, "{", "[]", '{"profiles":5}'])
def test_while_it_cannot_be_known_what_was_imported_every_profile_asks(home: Path, text: str | None) -> None:
    store.save_in(home / "profiles", replace(ORDERS, tls=replace(ORDERS.tls, enabled=True, insecure=True)))
    assert run(home, "check", "Orders", "--quiet")[0] == 1
    (home / "imported.json").write_text(text or '{"profiles":["p9"]}')
    if text is None:
        (home / "imported.json").chmod(0)
    assert run(home, "check", "Orders", "--quiet")[0] == 2


def test_files_of_a_connection_that_may_not_be_read_are_named(home: Path, tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.write_text("x")
    shut.chmod(0)
    for option in ("tlsCAFile", "tlsCertificateKeyFile", "tlsCRLFile"):
        code, said, _ = run(home, "check", f"mongodb://127.0.0.1:1/?tls=true&{option}={shut}", "--quiet")
        assert (code, f"You may not read {shut}." in said) == (1, True)
    store.save_in(home / "profiles", replace(BY_VARIABLE, env_file=str(shut)))
    _, said, _ = run(home, "check", "Orders", "--yes")
    said = " ".join(said.split())  # which is wrapped
    assert f"not in the environment, and {shut} could not be read" in said
    assert f"You may not read {shut}." in said
    hops = (KubernetesForward(kubeconfig=str(shut)),)
    store.save_in(home / "profiles", replace(ORDERS, id="p2", name="Far", hops=hops))
    _, said, _ = run(home, "check", "Far", "--yes", "--quiet")
    assert f"The kubeconfig {shut} cannot be used: it cannot be read (Permission denied)." in said


def test_a_file_of_variables_beside_the_user_that_may_not_be_read(home: Path, tmp_path: Path) -> None:
    shut = tmp_path / ".env"
    shut.write_text("MONGODB_URI=mongodb://db1")
    shut.chmod(0)
    code, _, errors = run(home, "check", cwd=tmp_path, MONGODB_URI="")
    assert code == 2
    assert ".env cannot be read: Permission denied" in errors


@pytest.mark.parametrize("mode", [0, 0o500])
def test_a_home_of_others_keeps_no_check_back(tmp_path: Path, mode: int) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=mode)
    environ = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), "")
    code, said, _ = run(Path(), "check", "127.0.0.1:1", "--quiet", **environ, CLEARLINE_HOME="", HOME=str(other))
    assert code == 1
    assert "nothing listens on port 1" in said
    other.chmod(0o700)
