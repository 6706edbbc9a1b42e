"""Who wrote a text: by the shapes that only one driver or tool prints."""

from __future__ import annotations

import re

_WRITERS = (
    # the tool that the user sees goes before the driver inside it
    (
        "mongosh",
        r"Current Mongosh Log|mongosh|MongoDB shell version|src/mongo/shell/|\[js\] |^\w+> ?(?:show|use|db\.)|"
        r"exception: connect failed",
    ),
    ("prisma", r"prisma|Error in connector: |Raw query failed\. Code|P1000: |schema_core::|Schema engine error"),
    ("studio3t", r"Studio ?3T"),
    ("robo3t", r"Robo ?3T|robomongo|starting up SSH session: -\d"),
    ("compass", r"\bCompass\b|compass-"),
    (
        "mongodump",
        r"error connecting to (?:host|db server):|mongodump|mongorestore|mongoexport|mongoimport|mongostat|mongotop"
        r"|\tFailed: |error parsing command line options:|can't create session: ",
    ),
    (
        "pymongo",
        r"pymongo|Traceback \(most|_ssl\.c|Topology Description: <|motor\.|mongoengine|beanie|djongo"
        r"|ServerSelectionTimeoutError|\.py\", line \d|full error: \{|ImproperlyConfigured|\bAutoReconnect: "
        r"|\(configured timeouts: ",
    ),
    ("scala", r"reactivemongo"),
    ("kotlin", r"com\.mongodb\.kotlin|\.kt:\d+\)"),
    (
        "java",
        r"com\.mongodb|org\.mongodb\.driver|"
        r"javax\.net\.ssl|java\.(?:net|security|lang|io)\.|springframework|client view of cluster state"
        r" is \{type=|cluster description ClusterDescription\{|\.java:\d+\)|sun\.security|jdbc:mongodb"
        r"|MongoCredential\{|The full response is \{|connection strings must start with",
    ),
    (
        "csharp",
        r"MongoDB\.Driver\.|---> System\.|Mdbc|Servers : \[|System\.Net\.|System\.Security\.|HeartbeatException"
        r"|CompositeServerSelector|MongoDB\.Bson\.",
    ),
    ("ruby", r"Mongo::|MONGODB \| |Bad URI: |mongoid|\.rb:\d+"),
    ("rust", r"Kind: |os error \d|RsGhost|rustls|kind: [A-Z]\w+ \{|Servers: \[ \{|thread '\w+' panicked"),
    ("c", r"mongocxx|mongolite"),
    (
        "php",
        r"MongoDB\\Driver|Failed to parse MongoDB URI|ext-mongodb|\.php\b|PHP (?:Fatal|Warning)|serverSelectionTryOnce",
    ),
    ("swift", r"MongoSwift|MongoKitten|NIOSSL"),
    ("elixir", r"\(Mongo\.Error\)|Mongo\.Protocol|^iex>"),
    ("perl", r"MongoDB::\w+Error"),
    ("dart", r"mongo_dart|\.dart:\d+|dart:io"),
    ("c", r"No suitable servers found|Failed to look up SRV record|calling hello on|mongocxx|libmongoc"),
    ("server-log", r"\"c\":\s*\"[A-Z\-]|[IWEFD]\d? +[A-Z_]+ +\[[\w\-]+\]|\[initandlisten\]|\[conn\d+\]"),
    ("kubectl", r"Error from server \((?:Forbidden|NotFound)\)|unable to forward port because|error forwarding port"),
    (
        "go",
        r"server selection error|current topology: \{|x509: |go\.mongodb|dial tcp|goroutine \d|mongo-driver"
        r"|error parsing uri|auth error: |connection\(\S*\) |lookup \S+ on \S+:53|client is disconnected",
    ),
    (
        "node",
        r"Mongo(?:ose)?\w{0,40}Error|node_modules|query(?:Srv|Txt|A)\b|getaddrinfo E|connect E[A-Z]|\(node:"
        r"|node:internal|mongoose|Bun v\d|ERR_SSL|errno: |code: 'E|codeName: '|TopologyDescription"
        r"|\.(?:[cm]?js|ts):\d+:\d+",
    ),
    (
        "server-log",
        r"mongo\w{0,12}(?:[-_]\d+)? +exited with code|mongod\b|MongoDB \d\.\d\+? requires a CPU|userland proxy.*27017",
    ),
    ("pymongo", r"\[Errno -?\d+\]|\[WinError \d+\]|NoneType|serviceaccount/token"),
    ("c", r"_mongodb\._tcp.{0,999}(?:SRV|TXT)"),
)
_PATTERNS = tuple((name, re.compile(pattern, re.IGNORECASE | re.MULTILINE)) for name, pattern in _WRITERS)


def writer_of(text: str) -> str | None:
    """The writer as an explanation names it, None when no shape is known."""
    return next((name for name, pattern in _PATTERNS if pattern.search(text)), None)
