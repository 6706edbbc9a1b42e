"""An address is found in whatever it was pasted with, and the mistake offers it alone as the repair."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.uri.connection_string import read
from clearline.core.uri.remedies import remedied
from examples import examples

URI = "mongodb://app:pw@h1:27017,h2/db?tls=true&w=1"

AROUND = [
    '"{}"',
    "'{}'",
    "`{}`",
    "“{}”",
    "„{}“",
    "‘{}’",
    "«{}»",
    "<{}>",
    " {}\t",
    "\r\n{}\r\n",
    "\u00a0{}\u202f",
    "\ufeff{}",
    "\u200b{}\u200d",
    '"{}",',
    "{};".replace("{}", '"{}"'),
    "&quot;{}&quot;",
    "&lt;{}&gt;",
    "[{0}]({0})",
    "[open in Compass]({})",
    'mongosh "{}"',
    "mongosh '{}'",
    "mongosh {}",
    "$ mongosh {} --quiet",
    "> mongosh.exe “{}”",
    'mongodump --uri="{}" --out dump',
    "mongodump --uri {} --out dump",
    "mongodump --uri={} --gzip",
    'export MONGODB_URI="{}"',
    "export MONGODB_URI={}",
    "set MONGODB_URI={}",
    "$env:MONGODB_URI = '{}'",
    "MONGODB_URI={}",
    "MONGODB_URI='{}'",
    "MONGODB_URI={} # production",
    "# .env\nPORT=8080\nMONGODB_URI={}\nDEBUG=1\n",
    "MONGODB_URI={}\n# the old one\n",
    "mongodb_uri: {}",
    'mongodb_uri: "{}"',
    "spring:\n  data:\n    mongodb:\n      uri: {}\n  profiles: dev\n",
    "spring.data.mongodb.uri={}",
    '"uri": "{}",',
    '{{"uri": "{}", "poolSize": 5}}',
    '{{\n  "ConnectionStrings": {{\n    "Mongo": "{}"\n  }}\n}}',
    "docker run -e MONGO_URL={} -p 80:80 image",
    'docker run -e "MONGO_URL={}" image',
    "docker run -e MONGO_URL='{}' image",
    "docker run --env MONGO_URL={} image",
    "services:\n  app:\n    environment:\n      - MONGO_URL={}\n      - DEBUG=1\n    ports:\n      - 80\n",
    "    environment:\n      MONGO_URL: {}\n      DEBUG: 1\n",
    "ENV MONGO_URL {}",
    "ENV MONGO_URL={}\nCMD node app.js\n",
    'client = MongoClient("{}", tls=True)',
    "client = AsyncMongoClient('{}')  # see the wiki",
    'import pymongo\n\nclient = pymongo.MongoClient(\n    "{}",\n    tls=True,\n)\nprint(client)\n',
    "const client = new MongoClient('{}', {{ maxPoolSize: 5 }});",
    'const uri =\n  "{}";\nconst client = new MongoClient(uri);\n',
    "mongoose.connect(`{}`).then(() => start())",
    'MongoClient client = MongoClients.create("{}");',
    'var client = new MongoClient("{}");',
    'client, err := mongo.Connect(options.Client().ApplyURI("{}"))',
    "$client = new MongoDB\\Client('{}');",
    "uri = '{}'",
    "Connect with {}, please.",
    "The address is {}.",
]


@pytest.mark.parametrize("around", AROUND)
def test_what_stands_around_an_address_is_taken_away_by_one_click(around: str) -> None:
    reading = read(around.format(URI))
    assert reading.repaired == URI
    stray = next(mistake for mistake in reading.mistakes if mistake.action == "use-repaired-text")
    assert remedied(reading, stray) == URI
    assert read(URI).mistakes == ()


@pytest.mark.parametrize("around", [around for around in AROUND if "://" not in around])
def test_no_password_is_lost_or_shown_in_what_stands_around(around: str) -> None:
    reading = read(around.format("mongodb+srv://app:Tr0ub4dor@c.example.test/?retryWrites=true"))
    assert reading.secrets["password"].reveal() == "Tr0ub4dor"
    assert "Tr0ub4dor" not in repr((reading, reading.facts, reading.profile))


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("mongodb://h/?tls=true&amp;w=1", "mongodb://h/?tls=true&w=1"),
        ('"uri": "mongodb://h/?tls=true\\u0026w=1"', "mongodb://h/?tls=true&w=1"),
        ("mongodb://h1:1,\n  h2:2,\n  h3/db", "mongodb://h1:1,h2:2,h3/db"),
        ("mongodb://h1,\u200bh2/", "mongodb://h1,h2/"),
        ("mongodb://h/db?tls=true&\n  w=1", "mongodb://h/db?tls=true&w=1"),
        ("mongodb://app:my pass@h/db", "mongodb://app:my%20pass@h/db"),
        ("MONGODB_URI=mongodb://app:my pass@h/db", "mongodb://app:my%20pass@h/db"),
        ("MONGODB_URI=mongodb://h/?tls=true&appName=My App", "mongodb://h/?tls=true&appName=My%20App"),
        ('mongosh "mongodb://app:p@ss@h/db"', "mongodb://app:p%40ss@h/db"),
    ],
)
def test_the_address_itself_stays_whole(text: str, repaired: str) -> None:
    assert read(text).repaired == repaired


@pytest.mark.parametrize(
    "text",
    [
        'uri = "mongodb://app:" + password + "@h/db"',
        "$uri = 'mongodb://app:' . $password . '@h/db';".replace("$password", "getenv('PW')"),
        "`mongodb://app:${encodeURIComponent(pw)}@h/db`",
        "`mongodb://app:${process.env.MONGO_PW}@h/db`",
        'f"mongodb://app:{password}@h/db"',
    ],
)
def test_code_in_the_passwords_place_is_no_password(text: str) -> None:
    assert {"uri.placeholder", "uri.not-set"} & {mistake.cause for mistake in read(text).mistakes}


@pytest.mark.parametrize("name", ["autoEncryption", "keyVaultNamespace", "kmsProviders", "encryptedFieldsMap"])
def test_in_use_encryption_is_said_to_be_outside_what_is_tested(name: str) -> None:
    (mistake,) = read(f"mongodb://h/?{name}=x").mistakes
    assert mistake.cause == "uri.unknown-option"
    assert mistake.blanks["option"] == f"{name} (in-use encryption: not tested here)"


@examples(300)
@given(
    st.sampled_from(["", "mongosh ", "URI=", "- URI: ", '"', "x = MongoClient('", "[a](", "docker run -e A="]),
    st.text(st.sampled_from("h1:/@?&= \n\"',;-#u&amp;$${A}()"), max_size=30),
    st.sampled_from(["", '"', "')", ")", " --username x", "\nB=1"]),
)
def test_any_surroundings_are_read_without_an_error(before: str, address: str, behind: str) -> None:
    text = f"{before}mongodb://{address}{behind}"
    for mistake in read(text).mistakes:
        assert 0 <= mistake.start <= mistake.end <= len(text)
