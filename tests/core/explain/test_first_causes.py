"""The cause that comes first, where a number, a name or the shape of a text decides between look-alikes."""

from __future__ import annotations

import pytest

from clearline.core.explain.explain import explain
from clearline.core.findings import Certainty

_JAVA = "com.mongodb.MongoTimeoutException: Timed out after 30000 ms while waiting. Client view of cluster state is "
_CSHARP = (
    "MongoDB.Driver.MongoConnectionException: An exception occurred while opening a connection to the server. ---> "
)
_GO = (
    "server selection error: server selection timeout, current topology: { Type: Single, Servers: "
    "[{ Addr: db1.example.com:27017, Type: Unknown, Last error: "
)
DECIDED = [
    # members that answer, and none of them is a primary or a secondary; the paste ends before the last bracket
    (_JAVA + "{type=REPLICA_SET, servers=[{address=172.16.0.1:27017, type=REPLICA_SET_OTHER, state=CONNECTED}, "
     "{address=172.16.0.2:27017, type=REPLICA_SET_OTHER, state=CONNECTED}]", "topology.recovering"),
    # a list of servers that is empty because the name was never resolved
    ("org.mongodb.driver.cluster: No server chosen from cluster description ClusterDescription{type=REPLICA_SET, "
     "srvResolutionException=com.mongodb.MongoConfigurationException: Failed looking up SRV record for "
     "'_mongodb._tcp.shop.ab1cd.mongodb.net'., connectionMode=MULTIPLE, serverDescriptions=[]}", "dns.srv-blocked"),
    ("com.mongodb.MongoConfigurationException: Unable to look up SRV record for host _mongodb._tcp.shop.example.com\n"
     "Caused by: io.smallrye.mutiny.TimeoutException", "dns.resolver-silent"),
    ("mongo_dart ClientException with SocketException: Connection timed out (OS Error: Connection timed out, "
     "errno = 110), uri=https://dns.google.com/resolve?name=shop.ab1cd.mongodb.net&type=16&dnssec=false",
     "dns.txt-blocked"),
    ("MongoDB is not available (Socket failed with code 61 (\"No data available\") [connectFailed])", "tcp.refused"),
    (_CSHARP + "System.Net.Sockets.SocketException: Der Name sagt niemandem etwas\n   bei System.Net.Dns.HostRes()",
     "dns.host-not-found"),
    ("MongoNetworkError: failed to connect to server [db1:27017] on first connect [MongoNetworkError: connection 5 to "
     "db1:27017 closed]", "tls.required"),
    ("MongoDB ConnectionException: Could not connect to 203.0.113.5:27017\n- HandshakeException: Connection terminated "
     "during handshake", "tls.not-offered"),
    # TLS had been set up, or was not asked for: what ended is the talk inside
    (_GO + "connection(db1.example.com:27017[-12]) socket was unexpectedly closed: EOF }, ] }\n"
     "mongodb://db1.example.com:27017/?tls=true", "tls.required"),
    # the connection stood, and the server said nothing
    (_GO + "connection() error occurred during connection handshake: connection(db1.example.com:27017[-13]) incomplete "
     "read of message header: read tcp 10.0.0.7:5632->10.0.0.5:27017: i/o timeout }, ] }", "hello.no-answer"),
    (_GO + "connection() error occurred during connection handshake: dial tcp 10.0.0.5:27017: i/o timeout }, ] }",
     "tcp.no-answer"),
    # services that speak TLS alone
    (_CSHARP.replace("server. --->", "server shop.documents.azure.com:10255. --->")
     + "System.IO.IOException: Authentication failed because the remote party has closed the transport stream.",
     "tls.handshake-refused"),
    ("Failed: can't create session: failed to connect to mongodb://shop.mongo.cosmos.azure.com:10255/: "
     + _GO.replace("db1.example.com:27017", "shop.mongo.cosmos.azure.com:10255")
     + "connection() error occurred during connection handshake: connection(shop.mongo.cosmos.azure.com:10255[-13]) "
     "incomplete read of message header: read tcp 10.0.0.7:5632->40.0.0.8:10255: i/o timeout }, ] }", "tls.required"),
    # a driver of MongoDB that was sent elsewhere
    ("No suitable servers found: [connection timeout calling hello on '127.0.0.1:3306']", "hello.other-service"),
    ("No suitable servers found: [connection refused calling hello on '127.0.0.1:3306']", "tcp.refused"),
    # localhost as ::1 where there is no IPv6
    ("MongoServerSelectionError: connect EADDRNOTAVAIL ::1:27017 - Local (:::0)", "env.container-localhost"),
    ("No suitable servers found: [TLS handshake failed (Certificate trust failure: CSSMERR_TP_CERT_SUSPENDED) calling "
     "hello on 'db1.example.com:27017']", "tls.unknown-ca"),
    # a stack's line is no port of a mail server
    ("{ Error: All configured authentication methods failed\n"
     "    at SSH2Stream.onUSERAUTH_FAILURE (/app/node_modules/ssh2/lib/client.js:587:5)\n"
     "  level: 'client-authentication' }\nmongoose.connect('mongodb://127.0.0.1:27017/shop')", "ssh.login-refused"),
    ("app[web.1]: message: 'failed to connect to server [undefined:27017] on first connect' } MongoError\n"
     'heroku[router]: at=error code=H13 desc="Connection closed without response" method=GET', "uri.not-set"),
    ("Error: Kind: An invalid argument was provided: all instances of 'tlsInsecure' and 'tlsAllowInvalidCertificates' "
     "must be consistent, labels: {} mongodb", "uri.conflicting-options"),
    # what a member says of another one
    ('{ "ok" : 0, "errmsg" : "replSetInitiate quorum check failed because not all proposed set members responded '
     "affirmatively: m1.example.com:27017 failed with Couldn't get a connection within the time limit\", "
     '"code" : 74, "codeName" : "NodeNotFound" }', "topology.member-unreachable"),
    ("I REPL [replication-1] Restarting oplog query due to error: NetworkInterfaceExceededTimeLimit: error in fetcher "
     "batch callback :: caused by :: Request 370 timed out, op was RemoteCommand 370 -- target:[m1:27017] db:local",
     "topology.member-unreachable"),
    # what starts servers, of one that ended
    ('- Start service "mongod" (service start attempt: exited quickly with code 48)', "server.does-not-start"),
    ("mongodb-community error  12288 dev ~/Library/LaunchAgents/homebrew.mxcl.mongodb-community.plist",
     "server.does-not-start"),
    ("Error: BadValue: Server fork+exec is incompatible with macOS\ntry '/opt/x/bin/mongod --help' for more "
     "information", "server.does-not-start"),
    ("WARN [mongo-check-thread] starter.b.a: Fail to start mongo DB server", "server.does-not-start"),
    ("Error executing 'postInstallation': EACCES: permission denied, mkdir '/bitnami/mongodb/data'",
     "server.does-not-start"),
    ("mongodb | mkdir: cannot create directory '/bitnami/mongodb/data': Operation not permitted",
     "server.does-not-start"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "cause"), DECIDED, ids=lambda value: str(value)[-40:])
def test_the_first_cause_is_the_one_that_the_text_decides(text: str, cause: str) -> None:
    told = explain(text)
    assert told.causes[0].cause == cause
    assert told.about_connection


def test_what_is_only_possible_leads_nothing_that_is_likely() -> None:
    told = explain("No suitable servers found: [socket timeout calling ismaster on 'a.docdb.amazonaws.com:27017']")
    sure = [c.certainty is not Certainty.POSSIBLE for c in told.causes]
    assert sure[0] == any(sure)


NOTHING = [
    "org.apache.kafka.common.errors.TimeoutException: Topic mongo.shop.orders not present in metadata after 60000 ms.",
    "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
    "<html><body><h1>Access Denied</h1><p>Your request to cloud.mongodb.com was blocked.</p></body></html>",
    "MongoDB: EACCES: permission denied, mkdir '/home/dev/.mongodb'",
    "mongo-express failed to start mongo-express",
    "connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.9, request: "
    '"GET /mongo HTTP/1.1", upstream: "http://192.0.2.5:8080/mongo"',
    'MongoDB app heroku[router]: at=error code=H10 desc="App crashed" method=GET path="/" status=503 connect= ',
]


@pytest.mark.parametrize("text", NOTHING, ids=lambda text: text[:24])
def test_what_is_of_another_program_blames_no_server(text: str) -> None:
    assert [c.cause for c in explain(text).causes if c.certainty is not Certainty.POSSIBLE] == []


def test_a_web_page_is_called_one() -> None:
    assert "web page" in (explain(NOTHING[2]).why or "")


def test_the_exit_code_of_a_server_is_no_code_that_a_server_sent() -> None:
    told = explain("I CONTROL  [initandlisten] now exiting\nI CONTROL  [initandlisten] shutting down with code:100")
    assert [c.cause for c in told.causes] == ["server.does-not-start"]


def test_tls_is_never_missing_where_a_service_speaks_nothing_else() -> None:
    told = explain(
        "No suitable servers found: [TLS handshake failed: -9806 calling hello on 'a.ab1cd.mongodb.net:27017']"
    )
    assert "tls.not-offered" not in [c.cause for c in told.causes]


def test_an_ipv6_address_without_brackets_is_one() -> None:
    told = explain("MongoServerSelectionError: connect ENETUNREACH 2001:db8::5:27017 - Local (:::0)")
    assert told.targets == ("mongodb://[2001:db8::5]:27017/?directConnection=true",)


def test_the_stored_key_of_a_password_is_no_key_in_a_file() -> None:
    told = explain("SASL SCRAM-SHA-1 authentication failed for app; AuthenticationFailed: storedKey mismatch mongod")
    assert "files.key-mismatch" not in [c.cause for c in told.causes]


def test_the_client_that_an_old_log_names_is_no_server() -> None:
    told = explain(
        "2019-05-02T10:11:12.000+0000 I ACCESS   [conn7] SASL SCRAM-SHA-1 authentication failed for app on admin from "
        "client 192.0.2.9:51000 ; UserNotFound: Could not find user app@admin"
    )
    assert [c.server for c in told.causes if c.server] == []
    assert told.causes[0].cause == "auth.unknown-user"


NOWHERE = [
    "[TLS handshake eof calling hello on '<my server name>:27017']",
    "Servers: [ { Address: <dbaddress>, Type: Unknown, Error: tls handshake eof }, ] } Server selection timeout:",
    "MongoSocketOpenException: connect timed out xxxx-shard-00-02.xxxxx.mongodb.net:27017",
    "MongoNetworkError: SSL routines: tlsv1 alert internal error:ssl\\record\\rec_layer_s3.c:1590:SSL alert number 80",
    "MongoNetworkError: unable to get local issuer certificate at onConnectSecure (_tls_wrap.js:1515:34)",
]


@pytest.mark.parametrize("text", NOWHERE, ids=lambda text: text[-40:])
def test_a_gap_and_a_source_file_are_no_server(text: str) -> None:
    told = explain(text)
    assert told.targets == ()
    assert not any((c.server and ".c:" in c.server) or ".js:" in (c.server or "") for c in told.causes)
