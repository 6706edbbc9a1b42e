"""Settings on several lines that come to one address."""

from __future__ import annotations

import pytest

from clearline.core.uri.setting_lines import address_of
from clearline.core.uri.shell_options import with_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("MONGO_HOST=db1.example.com\nMONGO_PORT=27018", "mongodb://db1.example.com:27018/"),
        (
            "export MONGO_HOST='db1'\nexport MONGO_USER='app'\nexport MONGO_PASS='p@/w'\nMONGO_AUTHSOURCE=admin",
            "mongodb://app:p%40%2Fw@db1/?authSource=admin",
        ),
        ("[mongodb]\nhost = db1\nport = 27017\nssl = true", "mongodb://db1:27017/?tls=true"),
        ("spring:\n  data:\n    mongodb:\n      host: db1\n      database: shop", "mongodb://db1/shop"),
        ("'host' => 'localhost',\n'port' => 27017,\n'database' => 'shop',", "mongodb://localhost:27017/shop"),
        (
            '{\n  "hosts": "db1:27017,db2:27017",\n  "replicaSet": "rs0"\n}',
            "mongodb://db1:27017,db2:27017/?replicaSet=rs0",
        ),
        ("MONGO_HOST=mongo\nMONGO_PORT=27017\nREDIS_HOST=redis", "mongodb://mongo:27017/"),
        ("MONGO_HOST=2001:db8::5\nMONGO_PORT=27017", "mongodb://[2001:db8::5]:27017/"),
    ],
)
def test_settings_come_to_an_address(text: str, address: str) -> None:
    assert address_of(text) == address
    assert with_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "db1.example.com:27017",
        "db1:27017\ndb2:27017",
        "PGHOST=db1\nPGPORT=5432",
        "HOST=db1",
        "MONGO_URI=mongodb://db1/\nMONGO_HOST=db2\nMONGO_PORT=1",
        "MONGO_HOST=a b\nMONGO_PORT=27017",
        "services:\n  mongo:\n    image: mongo:7",
        "",
    ],
)
def test_other_lines_stay_as_they_are(text: str) -> None:
    assert address_of(text) is None
    assert with_address(text) == text


def test_the_list_of_a_set_is_read() -> None:
    assert with_address("rs0/db1:27017,db2:27018") == "mongodb://db1:27017,db2:27018/?replicaSet=rs0"
    assert with_address("db1/shop") == "db1/shop"


def test_a_collection_is_no_database() -> None:
    told = with_address("mongoimport --host db1 -d shop -c orders --file orders.json")
    assert told == 'mongoimport "mongodb://db1/shop" -c orders --file orders.json'
