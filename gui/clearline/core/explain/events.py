"""Cut a text into events (one error with its stack, one log line), and know whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clearline.core.explain.normalise import Text

_CONTINUES = re.compile(
    r"^(?:\s|[})\]>+~^]|at |Caused by|\.\.\. \d+ more|--->|--- End|Suppressed:|code:|errno|syscall|name:|message:|ok:"
    r"|errmsg|\w+Name:|reason|Topology|\[cause\]|- |#\d)"
)
_OTHER_PRODUCTS = re.compile(
    r"\b(?:SequelizeConnection\w*|SequelizeDatabase\w*|nodemailer|KafkaJS\w*|ioredis|redis\.\w+|Redis(?:Client)?\b"
    r"|Jedis\w*|psycopg2?|PSQLException|postgres(?:ql)?|mysql\w*|mariadb|amqp\w*|rabbitmq|sarama"
    r"|kafka(?:\.|js\b| broker)"
    r"|SqlException|SqlClient|SQL ?Server\w*|elasticsearch|ElasticsearchException|AxiosError|FetchError|FirebaseError"
    r"|JsonWebTokenError|TokenExpiredError|ClickHouse\w*|cassandra|datastax|couchbase|neo4j|memcached|JWT\b|smtp|SMTP"
    r"|javax\.mail|jakarta\.mail|requests\.exceptions|HTTPSConnectionPool|HTTPConnectionPool|urllib3|npm (?:ERR!|error)"
    r"|registry\.npmjs|pypi\.org|curl: \(\d+\)|ORA-\d{5}|unable to access 'https?:|Failed to fetch https?:)"
    r"|:(?:6379|5432|3306|1433|9092|9042|7687|465|587|11434|5672|9200|11211|2181|8086|1521)\b(?!:\d)"
    r"|\bport:? (?:6379|5432|3306|9092|9042|1433|7687)\b|P1001: Can't reach database server"
    r"|Access denied for user '[^']*'@'",
    re.IGNORECASE,
)
_MISTAKES = re.compile(
    r"\b(?:E11000|CastError|ValidationError|OverwriteModelError|MissingSchemaError|StrictModeError|VersionError|BSONError"
    r"|BSONTypeError|InvalidId|heap out of memory|OutOfMemoryError|Unrecognized pipeline stage|CursorNotFound|P2002"
    r"|ConflictingUpdateOperators|Document failed validation|CodecConfigurationException|no documents in result"
    r"|access MongoDB over HTTP|DuplicateKey\w*|does not match any field or property|QueryExceededMemoryLimit\w*"
    r"|BadValue: unknown operator|unknown top level operator|WriteConflict|Slow query|ChangeStreamHistoryLost)"
)
_ELSEWHERE = re.compile(
    r"cloud\.mongodb\.com/api|pull access denied|manifest unknown|Failed to pull image|ImagePullBackOff|ErrImagePull"
    r"|pull rate limit|\bupstream: \"(?:https?|fastcgi|uwsgi|grpcs?)://|\bat=error code=H\d\d desc="
)
"""Atlas's administration API and registries of container images name MongoDB, and are none; nor is Heroku's router,
nor what a web server passes requests on to."""
_WEB = re.compile(r"\bhttps?:?//\S+|'https?://[^']+'")
"""A page or package about MongoDB is none."""
_MONGO = re.compile(
    r"mongo|:2701[789]\b|\bport\W{1,3}2701[789]\b|querySrv|topology|atlas|calling (?:hello|ismaster) on", re.IGNORECASE
)
_PAGE = re.compile(r"<!doctype html|<html[\s>]", re.IGNORECASE)


@dataclass(frozen=True)
class Event:
    """Lines that belong together; ``first`` counts from 1."""

    first: int
    last: int
    words: str
    """Of the view."""

    @property
    def foreign(self) -> str | None:
        """Why this is no fault of a MongoDB connection; None when it may be one."""
        if _MISTAKES.search(self.words) and not _LOST_BESIDE.search(self.words):
            return "The text tells of a mistake in a query, a document or the program, not of the connection."
        if _ELSEWHERE.search(self.words) and not _LOST_BESIDE.search(self.words):
            return "The text tells of a download or a web service, not of a connection to MongoDB."
        if _PAGE.search(self.words) and not _LOST_BESIDE.search(self.words):
            return "The text is a web page, as a proxy or a web server sends it, and no error of a MongoDB connection."
        other = _OTHER_PRODUCTS.search(self.words)
        if other and not _MONGO.search(_OTHER_PRODUCTS.sub("", _WEB.sub("", self.words))):
            return "The text tells of another product than MongoDB."
        return None


_LOST_BESIDE = re.compile(
    r"ServerSelection|NetworkError|MongoTimeout|MongoSocket|ConnectionFailure|AutoReconnect|AuthenticationFailed"
    r"|No suitable servers|calling hello|cluster state is|TopologyDescription|current topology"
)


def events(text: Text) -> Iterator[Event]:
    """The events in order."""
    lines = text.lines
    first = 1
    for number in range(2, len(lines) + 2):
        if number <= len(lines):
            seen = text.view_of(number)
            if not seen.strip() or _CONTINUES.match(seen):
                continue
        words = "\n".join(text.view_of(n) for n in range(first, number))
        if words.strip():
            yield Event(first=first, last=number - 1, words=words)
        first = number
