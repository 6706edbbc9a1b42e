"""Who wrote a text: by the shapes that only one driver or tool prints."""

from __future__ import annotations

import re

_WRITERS = (
    # the tool that the user sees goes before the driver inside it
    ("mongosh", r"Current Mongosh Log|mongosh"),
    ("prisma", r"prisma"),
    ("studio3t", r"Studio 3T"),
    ("robo3t", r"Robo ?3T|robomongo"),
    ("compass", r"\bCompass\b|compass-"),
    ("mongodump", r"error connecting to host:|mongodump|mongorestore|mongoexport|mongoimport|mongostat|mongotop"),
    ("pymongo", r"pymongo|Traceback \(most|_ssl\.c|Topology Description: <|motor\.|mongoengine|beanie|djongo"),
    (
        "csharp",
        r"MongoDB\.Driver\.|---> System\.|Mdbc|Servers : \[|System\.Net\.|System\.Security\.|HeartbeatException",
    ),
    ("scala", r"reactivemongo"),
    ("kotlin", r"com\.mongodb\.kotlin|\.kt:\d+\)"),
    ("java", r"com\.mongodb|javax\.net\.ssl|java\.(?:net|security|lang)\.|client view of cluster|springframework"),
    ("ruby", r"Mongo::|mongoid|\.rb:\d+"),
    ("rust", r"Kind: |os error \d|RsGhost|rustls"),
    ("php", r"MongoDB\\Driver|\.php\b"),
    ("swift", r"MongoSwift|MongoKitten|NIOSSL"),
    ("dart", r"mongo_dart|\.dart:\d+"),
    ("c", r"No suitable servers found|Failed to look up SRV record|calling hello on|mongocxx|libmongoc"),
    ("server-log", r"\"c\":\s*\"[A-Z]|[IWEFD]\d? +[A-Z]+ +\[[\w\-]+\]|\[initandlisten\]|\[conn\d+\]"),
    ("go", r"server selection error|current topology: \{|x509: |go\.mongodb|dial tcp|goroutine \d"),
    ("node", r"Mongo(?:ose)?\w*Error|node_modules|query(?:Srv|Txt)|getaddrinfo E|connect E|\(node:|node:internal"),
)
_PATTERNS = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _WRITERS)


def writer_of(text: str) -> str | None:
    """The writer as an explanation names it, None when no shape is known."""
    return next((name for name, pattern in _PATTERNS if pattern.search(text)), None)
