"""References are resolved, commands run, and trust becomes a file, before anything is contacted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from clearline.core.check.check import check
from clearline.core.check.preparation import Prepared, prepared
from clearline.core.check.request import Permits, Request
from clearline.core.facts.text import Mistake
from clearline.core.findings import Certainty, Severity
from clearline.core.profiles.profile import Auth, Profile, SecretSource, Seeds, Tls
from clearline.core.report.report import Verdict, to_json
from clearline.core.secrets.references import variables
from clearline.core.secrets.secret import AWS_SESSION_TOKEN, KEY_PASSWORD, PASSWORD, Secret, Secrets
from clearline.core.tls.trust import bundled_roots, os_roots_file
from clearline.core.uri.connection_string import read
from clearline.core.uri.filling_in import undefined
from lab import loops
from lab.command_lines import command_line


def prepare(
    text: str | None,
    profile: Profile | None = None,
    *,
    secrets: Secrets | None = None,
    environ: Mapping[str, str] | None = None,
    may_run: Callable[[str], bool] | None = None,
) -> Prepared:
    request = Request(profile or Profile(), secrets or {}, text, permits=Permits(may_run=may_run))
    return loops.run(prepared(request, environ=environ or {}))


def printing(code: str) -> str:
    return command_line([sys.executable, "-c", code])


def first(ready: Prepared) -> Mistake:
    return ready.mistakes[0]


# ---------------------------------------------------------------- references


@pytest.mark.parametrize(
    ("text", "environ", "resolved"),
    [
        ("mongodb://${U}:${P}@h/", {"U": "a@b", "P": "p:w/%"}, "mongodb://a%40b:p%3Aw%2F%25@h/"),
        ("mongodb://${H}:${N}/${D}", {"H": "db1", "N": "27018", "D": "orders"}, "mongodb://db1:27018/orders"),
        ("mongodb://${HOSTS}/", {"HOSTS": " h1:1,h2:2 "}, "mongodb://h1:1,h2:2/"),
        ("mongodb://${S}/", {"S": "/tmp/mongodb-27017.sock"}, "mongodb://%2Ftmp%2Fmongodb-27017.sock/"),
        (
            "mongodb://h/?maxPoolSize=${N}&appName=${A}",
            {"N": "5", "A": "a&b"},
            "mongodb://h/?maxPoolSize=5&appName=a%26b",
        ),
        ("mongodb+srv://app:${P}@${C}/", {"P": "x", "C": "c.example.test"}, "mongodb+srv://app:x@c.example.test/"),
        ('"mongodb://${H}/"', {"H": "db1"}, "mongodb://db1/"),
    ],
)
def test_references_get_their_values_escaped_as_the_place_needs(
    text: str, environ: dict[str, str], resolved: str
) -> None:
    ready = prepare(text, environ=environ)
    assert ready.text == resolved
    assert ready.usable
    assert ready.facts.mistakes == () or text.startswith('"')


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("mongodb://${H}", True),
        ("mongodb://${H}/x?tls=true", True),
        ("mongodb://h1,${H}", True),
        ("${H}", False),
    ],
)
def test_hosts_from_a_variable_bring_no_options(text: str, refused: bool) -> None:
    value = "h/?tlsInsecure=true" if refused else "mongodb://h/?tlsInsecure=true"
    ready = prepare(text, environ={"H": value})
    assert ready.usable is not refused
    assert [mistake.fields for mistake in ready.mistakes] == [("hosts",)] * refused


def test_a_profile_without_a_text_is_prepared_as_well() -> None:
    sources = {PASSWORD: SecretSource(place="reference", reference="${PW}")}
    profile = Profile(
        seeds=Seeds(hosts=("${H}",)), auth=Auth(user="app"), tls=Tls(ca_file="${D}/ca.pem"), secrets=sources
    )
    ready = prepare(None, profile, environ={"H": "db1", "PW": "s3cret!", "D": "/etc"})
    assert ready.text == "mongodb://app:s3cret%21@db1/?tlsCAFile=%2Fetc/ca.pem"
    assert ready.profile.tls.ca_file == "/etc/ca.pem"
    assert ready.secrets[PASSWORD] == Secret("s3cret!")


def test_the_profiles_file_comes_first(tmp_path: Path) -> None:
    (tmp_path / "my.env").write_text("H=from-file\n", encoding="utf-8")
    profile = Profile(env_file=str(tmp_path / "my.env"))
    assert prepare("mongodb://${H}/", profile, environ={"H": "from-environment"}).text == "mongodb://from-file/"


@pytest.mark.parametrize(
    ("text", "name", "fields"),
    [
        ("mongodb://${U}:***@h/", "U", ("user",)),
        ("mongodb://app:${P}@h/", "P", ("password",)),
        ("mongodb://${H}/", "H", ("hosts",)),
        ("mongodb://h/${D}", "D", ("database",)),
        ("mongodb://h/?replicaSet=${R}", "R", ("replicaSet",)),
        ("mongodb://h/?maxPoolSize=${N}", "N", ("maxPoolSize",)),
        ("mongodb://h/?tlsCertificateKeyFilePassword=${K}", "K", ("tlsCertificateKeyFilePassword",)),
    ],
)
def test_an_undefined_reference_is_a_mistake_beside_its_field(text: str, name: str, fields: tuple[str, ...]) -> None:
    ready = prepare(text)
    assert not ready.usable
    mistake = first(ready)
    assert (mistake.severity, mistake.fields) == (Severity.FAILURE, fields)
    assert text[mistake.start : mistake.end] == f"${{{name}}}"
    assert mistake.blanks["placeholder"] == f"${{{name}}}"
    assert f"{name} is not set for this program: it stands nowhere in the environment" in mistake.blanks["origin"]
    assert ready.facts.redacted == text


def test_an_undefined_reference_says_where_it_was_looked_for(tmp_path: Path) -> None:
    file = tmp_path / "team.env"
    file.touch()
    mistake = first(prepare("mongodb://${H}/", Profile(env_file=str(file))))
    assert mistake.blanks["what"] == "host"
    assert f"it stands neither in {file} nor in the environment" in mistake.blanks["origin"]


def test_a_missing_file_is_a_failure_only_where_a_value_is_missing(tmp_path: Path) -> None:
    profile = Profile(env_file=str(tmp_path / "none.env"))
    assert [m.cause for m in prepare("mongodb://h/", profile).mistakes] == []
    found = prepare("mongodb://${H}/", profile, environ={"H": "h"})
    assert [(m.cause, m.severity) for m in found.mistakes] == [("files.not-found", Severity.WARNING)]
    lost = prepare("mongodb://${H}/", profile)
    assert [m.cause for m in lost.mistakes] == ["uri.not-set", "files.not-found"]
    assert lost.mistakes[1].severity is Severity.FAILURE


def test_a_resolved_secret_is_a_secret() -> None:
    environ = {"P": "hunter22", "API_TOKEN": "t0ken-value", "H": "h"}
    ready = prepare("mongodb://app:${P}@${H}/?appName=${API_TOKEN}", environ=environ)
    assert {secret.reveal() for secret in ready.secrets.values()} >= {"hunter22", "t0ken-value"}
    shown = (
        repr(ready) + repr(ready.mistakes) + ready.facts.redacted + msgspec.json.encode(ready.facts.mistakes).decode()
    )
    assert "hunter22" not in shown
    assert "t0ken-value" not in shown
    assert "hunter22" not in repr(ready.edits)


@pytest.mark.parametrize(
    "text",
    [
        "mongodb://h:${MY_TOKEN}/",
        "mongodb://${MY_TOKEN}/",
        "mongodb://${MY_TOKEN}@h/",
        "mongodb://h/${MY_TOKEN}",
        "mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:${MY_TOKEN}",
        "mongodb://h/?w=0&journal=true&replicaSet=${MY_TOKEN}",
        "mongodb://h/?w=0&journal=true&tls=true&tlsCAFile=${MY_TOKEN}",
    ],
)
def test_a_secret_variable_where_no_secret_belongs_is_in_no_report(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "s3cr3t-4/k3y-7788")
    report = loops.run(check(Request(text=text), lambda _report: None))
    told = to_json(report)
    assert report.verdict is Verdict.FAILED
    assert "s3cr3t" not in told
    assert "k3y" not in told


def test_a_pipe_or_an_endless_file_is_no_file_of_variables(tmp_path: Path) -> None:
    large = tmp_path / "large.env"
    large.write_text("A=1\n" * 300_000)
    files = [str(large), str(tmp_path)]
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
        files += [str(tmp_path / "pipe"), "/dev/zero"]
    for file in files:
        known = variables(file, {})
        assert known.problem is not None
        assert known.find("A") is None


def test_a_mistake_in_a_resolved_text_is_at_its_place_in_the_typed_one() -> None:
    text = "mongodb://${LONGER_NAME}:pw@${H}/?replicaSet=${R}&tls=yes&foo=${F}"
    ready = prepare(
        text, environ={"LONGER_NAME": "u", "H": "a-much-longer-host-name.example.test", "R": "rs0", "F": "1"}
    )
    places = {m.cause: text[m.start : m.end] for m in ready.facts.mistakes}
    assert places == {"uri.tls-value-ignored": "tls=yes", "uri.unknown-option": "foo=${F}"}


def test_a_bad_value_behind_a_reference_is_at_the_reference() -> None:
    text = "mongodb://${H}:${N}/db"
    ready = prepare(text, environ={"H": "db1.example.test", "N": "99999"})
    (mistake,) = ready.facts.mistakes
    assert mistake.cause == "uri.bad-port"
    assert text[mistake.start : mistake.end] == "${N}"


def test_what_needs_no_preparation_is_given_as_it_is_without_waiting() -> None:
    text = "mongodb://app:pw@h1,h2/db?w=1"
    coroutine = prepared(Request(text=text))
    with pytest.raises(StopIteration) as done:
        coroutine.send(None)
    ready = done.value.value
    assert ready.text == text
    assert ready.facts == read(text).facts
    assert ready.keywords == {}


# ---------------------------------------------------------------- commands


def with_command(command: str, name: str = PASSWORD) -> Profile:
    return Profile(secrets={name: SecretSource(place="command", command=command)})


def test_a_command_prints_the_password() -> None:
    profile = with_command(printing("print('p@ss'); print('and more')"))
    ready = prepare("mongodb://app@h/db", profile, may_run=lambda _command: True)
    assert ready.text == "mongodb://app:p%40ss@h/db"
    assert ready.secrets[PASSWORD] == Secret("p@ss")
    assert ready.facts.mistakes == ()
    assert ready.facts.redacted == "mongodb://app@h/db"


@pytest.mark.parametrize(
    ("text", "name", "prepared_text"),
    [
        ("mongodb://app:@h/", PASSWORD, "mongodb://app:x%26y@h/"),
        (
            "mongodb://h/?tlsCertificateKeyFile=me.pem",
            KEY_PASSWORD,
            "mongodb://h/?tlsCertificateKeyFile=me.pem&tlsCertificateKeyFilePassword=x%26y",
        ),
        (
            "mongodb://k:s@h/?authMechanism=MONGODB-AWS",
            AWS_SESSION_TOKEN,
            "mongodb://k:s@h/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:x%26y",
        ),
    ],
)
def test_any_secret_can_come_from_a_command(text: str, name: str, prepared_text: str) -> None:
    ready = prepare(text, with_command(printing("print('x&y')"), name), may_run=lambda _command: True)
    assert ready.text == prepared_text
    assert ready.secrets[name] == Secret("x&y")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (printing("import sys; print('s3cret'); print('noise', file=sys.stderr); sys.exit(3)"), "exit code 3"),
        (printing("pass"), "printed nothing"),
        ("/nowhere/to/be/found --flag", "cannot be started"),
        ('unbalanced "quote', "quotation mark"),
        ("", "not named"),
    ],
)
def test_a_command_that_fails_is_a_mistake_without_its_output(command: str, words: str) -> None:
    ready = prepare("mongodb://app@h/", with_command(command), may_run=lambda _command: True)
    assert not ready.usable
    mistake = first(ready)
    assert mistake.fields == ("password",)
    assert words in mistake.blanks["rule"]
    assert "s3cret" not in repr(ready.mistakes)
    assert "noise" not in repr(ready.mistakes)


def test_a_command_without_consent_is_not_run(tmp_path: Path) -> None:
    profile = with_command(printing(f"open({str(tmp_path / 'ran')!r}, 'w')"))
    ready = prepare("mongodb://app@h/", profile)
    assert not ready.usable
    assert "not been agreed" in first(ready).blanks["rule"]
    assert not (tmp_path / "ran").exists()


def test_a_secret_that_is_at_hand_needs_no_command() -> None:
    profile = with_command(printing("raise SystemExit(1)"))
    ready = prepare("mongodb://app@h/", profile, secrets={PASSWORD: Secret("known")})
    assert ready.text == "mongodb://app:known@h/"


def test_a_command_for_a_secret_that_is_not_needed_is_not_run() -> None:
    ready = prepare("mongodb://h/", with_command(printing("raise SystemExit(1)")), may_run=lambda _command: True)
    assert ready.mistakes == ()


def test_a_password_that_was_asked_and_not_answered_is_missing() -> None:
    profile = Profile(seeds=Seeds(hosts=("h",)), auth=Auth(user="app"), secrets={PASSWORD: SecretSource(place="ask")})
    ready = prepare(None, profile)
    assert [m.cause for m in ready.facts.mistakes] == ["uri.missing-password"]
    assert not ready.usable
    assert prepare(None, profile, secrets={PASSWORD: Secret("x1")}).facts.mistakes == ()


# ---------------------------------------------------------------- trust


def test_the_bundled_roots_are_given_to_the_driver() -> None:
    ready = prepare("mongodb://h/?tls=true", Profile(tls=Tls(trust="bundled")))
    assert ready.keywords == {"tlsCAFile": str(bundled_roots())}


@pytest.mark.skipif(os_roots_file() is None, reason="this system keeps no list in a file")
def test_the_systems_roots_are_given_to_the_driver() -> None:
    ready = prepare("mongodb+srv://c.example.test/", Profile(tls=Tls(trust="system")))
    assert ready.keywords == {"tlsCAFile": str(os_roots_file())}


@pytest.mark.parametrize("text", ["mongodb://h/", "mongodb://h/?tls=false", "mongodb://h/?tlsCAFile=mine.pem"])
def test_trust_counts_only_with_tls_and_without_a_file(text: str) -> None:
    assert prepare(text, Profile(tls=Tls(trust="bundled"))).keywords == {}


def test_a_system_without_a_list_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    from clearline.core.tls import trust

    monkeypatch.setattr(trust, "_SYSTEM_FILES", ())
    monkeypatch.setattr(sys, "platform", "linux")
    ready = prepare("mongodb://h/?tls=true", Profile(tls=Tls(trust="system")))
    assert [m.cause for m in ready.mistakes] == ["files.no-certificate"]
    assert not ready.usable


def test_a_form_asks_for_undefined_references_alone(tmp_path: Path) -> None:
    profile = read(
        "mongodb://app:${PW}@${H}/?maxPoolSize=${N}", profile=Profile(env_file=str(tmp_path / "x.env"))
    ).profile
    known = variables(profile.env_file, {"H": "h"})
    found = [(m.cause, m.fields) for m in undefined(profile, known)]
    assert found == [
        ("uri.not-set", ("password",)),
        ("uri.not-set", ("maxPoolSize",)),
        ("files.not-found", ("envFile",)),
    ]
    assert undefined(read("mongodb://h/").profile, known) == ()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_pipe_in_a_files_place_ends_the_check_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    text = f"mongodb://127.0.0.1:1/?tls=true&tlsCAFile={quote(str(tmp_path / 'pipe'), safe='')}"
    report = loops.run(check(Request(text=text), lambda _report: None))
    assert report.verdict is Verdict.FAILED
    assert (report.findings[0].cause, report.findings[0].certainty) == ("files.not-a-file", Certainty.PROVEN)
    assert report.driver.exception is None
