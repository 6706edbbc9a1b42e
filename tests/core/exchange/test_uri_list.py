"""Connection strings in any text, with their names where they have some."""

from __future__ import annotations

from clearline.core.exchange.imported import Format
from clearline.core.exchange.reading import read_text
from clearline.core.profiles.hop import SshServer
from clearline.core.secrets.secret import PASSWORD, Secret, hop_passphrase, hop_password
from clearline.core.uri.connection_string import build


def test_one_a_line_with_and_without_names() -> None:
    read = read_text(
        "mongodb://db1:27017,db2:27018/\n"
        "orders = mongodb://db3/\n"
        "Stock, test: mongodb+srv://c.example.net/\n"
        "\n"
        "# Archive\n"
        "mongodb://app:secret@db5/\n"
        "invoices\tmongodb://db6/\n"
        '- "mongodb://db7/",\n'
        "MONGODB://DB8/\n"
    )
    assert read.format is Format.URI_LIST
    assert [item.name for item in read.items] == [
        "db1 +1",
        "orders",
        "Stock, test",
        "Archive",
        "invoices",
        "db7",
        "DB8",
    ]
    assert read.items[3].secrets == {PASSWORD: Secret("secret")}


def test_the_export_of_studio_3t_names_and_colours_its_connections() -> None:
    read = read_text(
        "mongodb://app:pw@db1:27017,db2:27017/?replicaSet=rs0&3t.uriVersion=3&3t.connection.name=Orders+-+prod"
        "&3t.defaultColor=31,163,86&3t.ssh=true&3t.sshAddress=10.0.0.1&3t.sshPassword=hunter2\r\n"
        "mongodb://db3/?3t.connection.name=http%3A%2F%2Flocalhost&3t.defaultColor=purple"
    )
    one, other = read.items
    assert (one.name, one.profile.name, one.colour) == ("Orders - prod", "Orders - prod", "green")
    assert one.kept_foreign == ("3t.uriVersion",)
    assert [unread.name for unread in one.profile.unread] == list(one.kept_foreign), "listed and not dropped"
    assert one.profile.hops == (SshServer(host="10.0.0.1", login=("password", "interactive")),)
    assert one.secrets == {PASSWORD: Secret("pw"), hop_password(0): Secret("hunter2")}
    assert "hunter2" not in repr(one)
    assert (other.name, other.colour) == ("http://localhost", None)
    assert "3t.defaultColor" in other.kept_foreign


def test_a_password_placeholder_is_not_taken_for_a_password() -> None:
    [item] = read_text("mongodb+srv://app:<password>@cluster0.abcde.mongodb.net/").items
    assert item.secrets == {}
    assert item.problem == ""
    assert item.remarks == ("The password is a placeholder, so none is imported.",)


def test_one_that_the_driver_refuses_is_kept_with_the_reason() -> None:
    bad, good = read_text("mongodb://db1:99999/\nmongodb://db2/").items
    assert bad.profile is not None
    assert "99999" in bad.problem
    assert good.problem == ""


def test_a_list_in_json_is_a_list() -> None:
    items = read_text('["mongodb://db1/", "mongodb://db2/"]').items
    assert [item.name for item in items] == ["db1", "db2"]


def test_the_settings_of_some_other_program_are_searched() -> None:
    [item] = read_text('{"database": {"uri": "mongodb://db1/orders"}}').items
    assert (item.name, item.profile.seeds.database) == ("uri", "orders")


def test_an_unescaped_password_is_imported_as_it_was_typed() -> None:
    imported = read_text("one mongodb://app:p@ss@db1.example.com/orders\n# a comment\n\nno address here\n")
    [item] = imported.items
    assert item.problem == ""
    assert item.secrets["password"].reveal() == "p@ss"
    assert item.profile is not None
    assert item.profile.seeds.hosts == ("db1.example.com",)
    assert "as they were typed" in item.remarks[0]
    assert imported.passed_over == 1


def test_the_ssh_key_of_studio_3t_comes_along() -> None:
    [item] = read_text(
        "mongodb://db1:27017/?3t.connection.name=Orders&3t.ssh=true&3t.sshAddress=bastion.example.com&3t.sshPort=2222"
        "&3t.sshAuthMode=privateKey&3t.sshUser=deploy&3t.sshPKPath=C:/Users/me/key.pem&3t.sshUsePKPassphrase=true"
        "&3t.sshPKPassphrase=opens-it"
    ).items
    assert item.profile.hops == (
        SshServer(
            host="bastion.example.com",
            port=2222,
            user="deploy",
            login=("key", "interactive"),
            key_file="C:/Users/me/key.pem",
        ),
    )
    assert item.secrets == {hop_passphrase(0): Secret("opens-it")}
    assert item.kept_foreign == ()
    assert "opens-it" not in build(item.profile, item.secrets)


def test_a_tunnel_of_studio_3t_that_is_switched_off_is_none() -> None:
    [item] = read_text("mongodb://db1/?3t.ssh=false&3t.sshAddress=bastion").items
    assert item.profile.hops == ()
    assert item.kept_foreign == ("3t.ssh", "3t.sshAddress")
