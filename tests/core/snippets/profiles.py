"""Profiles whose code is looked at by several tests."""

from __future__ import annotations

import random

from msgspec.structs import replace

from clearline.core.profiles.profile import Auth, Options, Profile, Reads, SecretSource, Seeds, Tls, Writes
from clearline.core.uri import connection_string


def profile_of(text: str) -> Profile:
    return connection_string.read(text).profile


PLAIN = profile_of("mongodb://localhost:27017/")
FULL = profile_of(
    "mongodb://a%40b:s3cret-w0rd@db1.example.com,db2.example.com:27018/orders.items?replicaSet=rs0&authSource=admin"
    "&tls=true&tlsCAFile=/etc/ssl/acme.pem&tlsCertificateKeyFile=/etc/ssl/app.pem&tlsCertificateKeyFilePassword=k3y-w0rd"
    "&maxPoolSize=50&maxIdleTimeMS=1500.5&waitQueueTimeoutMS=100&connectTimeoutMS=500&timeoutMS=2000&socketTimeoutMS=900"
    "&readPreference=secondary&readPreferenceTags=dc:east,use:re%3Aport&readPreferenceTags=&maxStalenessSeconds=120"
    "&readConcernLevel=majority&w=2&wTimeoutMS=300&journal=true&appName=the%20%22app%22&retryReads=false"
    "&compressors=zstd,snappy,zlib&zlibCompressionLevel=3&serverMonitoringMode=poll&uuidRepresentation=standard"
    "&tz_aware=true&unicode_decode_error_handler=replace&datetime_conversion=DATETIME_AUTO&sslValidate=true"
)
TAGS = ",".join(f"name{number}:a-rather-long-value-{number}" for number in range(6))
PROFILES = {
    "nothing": Profile(id="nothing"),
    "plain": PLAIN,
    "full": FULL,
    "login": profile_of("mongodb://app:s3cret-w0rd@localhost/?authMechanism=SCRAM-SHA-256"),
    "odd": replace(
        PLAIN,
        auth=Auth(user="""it's "{odd}"\\ ü \u202e\n"""),
        seeds=Seeds(hosts=("localhost",), database="it's {odd} %41"),
        options=Options(app_name="'{braces}' \"" * 6 + "\\x41\\u0041" * 4),
    ),
    "tags": profile_of(f"mongodb://localhost/?readPreference=nearest&readPreferenceTags={TAGS}&readPreferenceTags="),
    "long": profile_of(
        "mongodb://"
        + ",".join(f"a-rather-long-name-{number}.example.com:27017" for number in range(9))
        + f"/?replicaSet=rs0&tlsCAFile=/{'with%20spaces/' * 12}ca.pem"
    ),
    "srv": profile_of("mongodb+srv://app:s3cret-w0rd@cluster0.abcde.mongodb.net/orders?srvMaxHosts=2&w=majority"),
    "insecure": profile_of(
        "mongodb://localhost/?tlsAllowInvalidCertificates=true&tlsAllowInvalidHostnames=true&proxyHost=p&proxyUsername=me&proxyPassword=pr0xy-w0rd"
    ),
    "x509": profile_of("mongodb://localhost/?tls=true&tlsCertificateKeyFile=/a.pem&authMechanism=MONGODB-X509"),
    "kerberos": profile_of(
        "mongodb://app%40REALM@db.example.com/?authMechanism=GSSAPI&authMechanismProperties=SERVICE_NAME:other"
    ),
    "aws": profile_of(
        "mongodb://AKIA:s3cret-w0rd@db.example.com/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:t0ken-w0rd"
    ),
    "socket": replace(PLAIN, seeds=Seeds(hosts=("/tmp/mongodb-27017.sock",))),
    "bundled": replace(PLAIN, tls=Tls(enabled=True, trust="bundled"), options=Options(server_api="1", driver="lib")),
    "system": replace(PLAIN, tls=Tls(enabled=True, trust="system")),
    "references": replace(
        PLAIN,
        seeds=Seeds(hosts=("${DB_HOST}:27017", "two.example.com"), database="${db}", replica_set="rs-${STAGE}"),
        auth=Auth(user="${DB_USER}", source="$external"),
        tls=Tls(ca_file="/etc/${STAGE}/a {brace}/" + "long/" * 30 + "ca.pem", certificate_key_file="${KEY_FILE}"),
        env_file="conf/.env",
        secrets={
            "password": SecretSource(place="reference", reference="v1-${DB_PASSWORD}"),
            "tlsCertificateKeyFilePassword": SecretSource(place="keyring"),
        },
    ),
    "reference without a name": replace(
        PLAIN,
        auth=Auth(user="app"),
        secrets={"password": SecretSource(place="reference", reference="s3cret-w0rd")},
    ),
}
WORDS = (
    *"aZ0 '\"\\{}$%&=,:/?#@éü\n\t\0\u202e\u00a0\U0001f600",
    *("${A}", "${b_c}", "N{", "x41", "\\u0041", "\\N{DASH}", "word/", "long,"),
)


def anything(seed: int) -> Profile:
    """A profile with texts that nobody would type, the same for a seed each time."""
    source = random.Random(seed)

    def text(most: int = 90) -> str | None:
        return "".join(source.choices(WORDS, k=source.randint(1, most))) if source.random() < 0.7 else None

    tags = tuple({text(12) or "dc": text(40) or "east"} for _ in range(source.randint(0, 4)))
    reference = SecretSource(place="reference", reference=f"{text(12)}${{P}}")
    return Profile(
        id="anything",
        seeds=Seeds(hosts=("${H}:1", "two.example.com")[: source.randint(1, 2)], database=text(), replica_set=text()),
        auth=Auth(user=text(), source=text(), properties={"SERVICE_NAME": text(150) or "mongodb"}),
        tls=Tls(ca_file=text(200), certificate_key_file=text(), trust=source.choice((None, "system", "bundled"))),
        reads=Reads(preference=source.choice((None, "nearest")), tags=tags),
        writes=Writes(w=text()),
        options=Options(app_name=text(), driver=text(20), server_api=source.choice((None, "1"))),
        env_file=source.choice((None, "a b/.env")),
        secrets={"password": reference} if source.random() < 0.5 else {},
    )


SECRETS = ("s3cret-w0rd", "k3y-w0rd", "t0ken-w0rd", "pr0xy-w0rd")
