"""What was typed behind mongosh "…" becomes part of the profile."""

from __future__ import annotations

import msgspec
import pytest

from clearline.core.profiles.profile import SecretSource
from clearline.core.secrets.secret import KEY_PASSWORD, PASSWORD, Secret
from clearline.core.uri.connection_string import Reading, read
from clearline.core.uri.remedies import carried_out
from clearline.core.uri.shell_options import with_address


def repair(text: str) -> Reading:
    reading = read(text)
    stray = next(mistake for mistake in reading.mistakes if mistake.action == "use-repaired-text")
    values = carried_out(reading, stray)
    assert values is not None
    assert values.profile == reading.profile
    return reading


def test_user_and_api_version_behind_the_address_are_kept() -> None:
    reading = repair('mongosh "mongodb+srv://c.example.test/db" --apiVersion 1 --username app')
    assert reading.profile.auth.user == "app"
    assert reading.profile.options.server_api == "1"
    assert reading.repaired == "mongodb+srv://app@c.example.test/db"


@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_a_password_of_the_command_line_goes_to_the_vault(quote: str) -> None:
    reading = repair(f"mongosh {quote}mongodb://h/db{quote} -u app -p 's3cret pw' --authenticationDatabase admin")
    assert reading.secrets == {PASSWORD: Secret("s3cret pw")}
    assert reading.repaired == "mongodb://app:s3cret%20pw@h/db?authSource=admin"
    assert "s3cret" not in repr((reading, reading.facts, reading.profile))


def test_a_variable_in_the_passwords_place_stays_one() -> None:
    reading = repair('mongosh "mongodb://h/" --username app --password ${MONGO_PW}')
    assert reading.profile.secrets == {PASSWORD: SecretSource(place="reference", reference="${MONGO_PW}")}
    assert reading.repaired == "mongodb://app:${MONGO_PW}@h/"


def test_files_and_flags_of_tls_are_kept() -> None:
    reading = repair(
        "mongosh mongodb://h/ --tls --tlsCAFile ca.pem --tlsCertificateKeyFile=me.pem"
        " --tlsCertificateKeyFilePassword k3y --tlsAllowInvalidHostnames --retryWrites=false"
    )
    tls = reading.profile.tls
    assert (tls.enabled, tls.ca_file, tls.certificate_key_file) == (True, "ca.pem", "me.pem")
    assert tls.allow_invalid_hostnames is True
    assert reading.profile.options.retry_writes is False
    assert reading.secrets == {KEY_PASSWORD: Secret("k3y")}


def test_what_the_address_says_counts_more() -> None:
    reading = repair('mongosh "mongodb://me:mine@h/" --username other --password theirs')
    assert reading.repaired == "mongodb://me:mine@h/"


def test_without_a_command_before_it_the_rest_is_no_silent_loss() -> None:
    reading = repair("mongodb://h/db --apiVersion 1 --username app")
    assert not reading.usable
    assert reading.profile.auth.user == "app"


@pytest.mark.parametrize(
    "text",
    [
        "docker run -e URI=mongodb://h/db -p 80:80 -u 1000 image",
        "mongosh mongodb://h/db --username",
        "mongosh mongodb://h/db --eval 'db.x.find({a: \"it's\"})'",
        "mongosh mongodb://h/db --norc --file x.js",
    ],
)
def test_other_options_change_nothing(text: str) -> None:
    reading = read(text)
    assert reading.repaired == "mongodb://h/db"
    assert reading.secrets == {}


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("-p 'it\"s s3cret!'", 'it"s s3cret!'),
        ("-p 'it'\\''s s3cret!'", "it's s3cret!"),
        ('-p "it\'s s3cret!"', "it's s3cret!"),
        ("--password='x\"y'", 'x"y'),
        ("-p 'unfinished s3cret", "unfinished s3cret"),
        ("-p ‘curled s3cret’", "curled s3cret"),
        ("-ps3cret", "s3cret"),
        ("-p s3cret@home", "s3cret@home"),
        ("-p 'one@s3cret two@s3cret'", "one@s3cret two@s3cret"),
        ("--password='it'\"'\"'s @s3cret'", "it's @s3cret"),
    ],
)
def test_a_password_of_a_command_with_a_quotation_mark_in_it_is_read_whole(written: str, password: str) -> None:
    for address in ('"mongodb://h:1/db"', "'mongodb://h:1/db'", "mongodb://h:1/db"):
        reading = read(f"mongosh {address} -u app {written}")
        assert reading.secrets["password"].reveal() == password
        assert (reading.profile.auth.user, reading.profile.seeds.hosts) == ("app", ("h:1",))
        assert "s3cret" not in reading.facts.redacted
        assert "s3cret" not in msgspec.json.encode(reading.profile).decode()


@pytest.mark.parametrize("written", ["-p one@s3cret", "-p 'one@s3cret two'", "--password='it'\"'\"'s@s3cret'"])
def test_a_password_of_a_command_without_an_address_is_not_shown(written: str) -> None:
    assert "s3cret" not in read(f"mongosh --host h:1 --username app {written}").facts.redacted


@pytest.mark.parametrize(
    ("command", "hosts", "rest"),
    [
        ("mongosh --host db1 --port 27018 -u app shop", ("db1:27018",), ("app", "shop", None)),
        ("$ mongo --host rs0/db1:27017,db2 -u app", ("db1:27017", "db2"), ("app", None, "rs0")),
        ("mongodump -h=fd00::1 -d shop", ("[fd00::1]",), (None, "shop", None)),
        ("mongo db1.example.com:27017/shop", ("db1.example.com:27017",), (None, "shop", None)),
        ("mongosh --port 27018", ("localhost:27018",), (None, None, None)),
        ("mongosh --host db1 --quiet --eval 'db.hello()'", ("db1",), (None, None, None)),
    ],
)
def test_a_command_that_names_its_server_by_options_gets_an_address(
    command: str, hosts: tuple[str, ...], rest: tuple[str | None, str | None, str | None]
) -> None:
    profile = repair(with_address(command)).profile
    assert profile.seeds.hosts == hosts
    assert (profile.auth.user, profile.seeds.database, profile.seeds.replica_set) == rest


def test_its_password_and_files_are_kept() -> None:
    reading = repair(with_address("mongosh --tls --tlsCAFile '/my ca.pem' --host db1 -u app -p 's3 cret'"))
    assert reading.secrets == {PASSWORD: Secret("s3 cret")}
    assert (reading.profile.tls.enabled, reading.profile.tls.ca_file) == (True, "/my ca.pem")


@pytest.mark.parametrize(
    "text",
    [
        "mongosh",
        "mongosh shop",
        "mongosh.example.com:27017",
        "mongo1,mongo2",
        'mongosh "mongodb://h/"',
        "db1:27017",
        "",
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert with_address(text) == text


@pytest.mark.parametrize("quote", ['"', "'", ""])
@pytest.mark.parametrize(
    "before",
    [
        "mongosh -u app -p {}",
        "mongosh -p {} -u app --tls",
        "mongosh --password={} --tls --username app",
        "mongodump --username=app --password {} --ssl --uri",
        "docker exec -it web mongosh -u app -p {} --quiet",
        "MONGO=1 mongosh -p{} --username app",
    ],
)
@pytest.mark.parametrize("password", ["s3cretpw", "'s3cret pw'", "'s3c:r@t/pw'"])
def test_options_before_the_address_count_as_well(before: str, quote: str, password: str) -> None:
    joined = "=" if before.endswith("--uri") and not quote else " "
    reading = repair(f"{before.format(password)}{joined}{quote}mongodb://h/db{quote}")
    assert reading.profile.seeds.hosts == ("h",)
    assert reading.profile.auth.user == "app"
    assert reading.secrets == {PASSWORD: Secret(password.strip("'"))}
    assert ("tls" in before or "ssl" in before) == (reading.profile.tls.enabled is True)
    assert "s3c" not in f"{reading.facts.redacted}{reading!r}"


def test_options_on_both_sides_come_together() -> None:
    reading = repair("mongosh -p 's3cret pw' 'mongodb://h/db' --username app --tls")
    assert (reading.profile.auth.user, reading.profile.tls.enabled) == ("app", True)
    assert reading.secrets == {PASSWORD: Secret("s3cret pw")}


def test_an_option_without_a_value_takes_none_from_behind_the_address() -> None:
    reading = repair("mongosh --username app -p 'mongodb://h/db' --quiet")
    assert reading.secrets == {}
    assert reading.profile.auth.user == "app"


@pytest.mark.parametrize("password", ["p@ss:w0rd/x", "p@ss"])
def test_an_at_sign_in_a_password_behind_does_not_make_the_address_longer(password: str) -> None:
    reading = repair(f'mongosh "mongodb://db1/" --username app --password={password}')
    assert reading.profile.seeds.hosts == ("db1",)
    assert reading.secrets == {PASSWORD: Secret(password)}


@pytest.mark.parametrize(
    ("command", "address"),
    [
        ("mongosh --tls --host db1 -u app -p pw", "mongodb://db1/"),
        ("mongosh -p pw --host db1 -u app", "mongodb://db1/"),
        ("docker exec -it c mongosh -u app -p pw --host db1 --port 27018", "mongodb://db1:27018/"),
        ("kubectl exec -it mongo-0 -- mongosh --host db1 -u app -p pw", "mongodb://db1/"),
        ("sudo -u mongodb mongosh -u app -p pw --port 27018", "mongodb://localhost:27018/"),
    ],
)
def test_a_server_named_by_options_in_any_order_and_by_any_program(command: str, address: str) -> None:
    reading = repair(with_address(command))
    assert f'"{address}"' in with_address(command)
    assert reading.profile.auth.user == "app"
    assert reading.secrets == {PASSWORD: Secret("pw")}


def test_a_sentence_about_a_tool_is_no_command() -> None:
    assert with_address("the tool mongo --host db1 failed") == "the tool mongo --host db1 failed"
