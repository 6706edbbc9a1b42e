from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearline.core.facts.names import DnsOutcome
from clearline.core.inspection.srv_lookup import SrvAnswer, look_up_srv, read_pasted
from lab import loops
from lab.dns_server import REFUSED, SILENT, DnsServer, cluster, resolver_at

NAME = "c0.abcde.lab.test"
MEMBERS = {f"db{n}.abcde.lab.test": 27016 + n for n in (1, 2, 3)}
HOSTS = ("db1.abcde.lab.test:27017", "db2.abcde.lab.test:27018", "db3.abcde.lab.test:27019")
TXT = "authSource=admin&replicaSet=atlas-x1"


def look_up(name: str = NAME, service: str | None = None, server: DnsServer | None = None, **more: str) -> SrvAnswer:
    at = (server.host, server.port) if server else None
    return loops.run(look_up_srv(name, service, server=at, deadline_s=0.4, **more))


def test_a_chosen_name_server_tells_the_hosts_and_the_options() -> None:
    with DnsServer(cluster(NAME, MEMBERS, txt=TXT)) as server:
        answer = look_up(server=server)
    assert answer.hosts == HOSTS
    assert (answer.options.auth_source, answer.options.replica_set) == ("admin", "atlas-x1")
    assert answer.answered_by == f"127.0.0.1#{server.port}"


def test_the_first_name_server_that_answers_counts_and_the_silent_one_is_named() -> None:
    with (
        DnsServer(default=SILENT, tcp=False) as dead,
        DnsServer(cluster(NAME, MEMBERS, txt=TXT), host="127.0.0.2") as alive,
        resolver_at(dead, alive),
    ):
        answer = look_up()
    assert answer.hosts == HOSTS
    assert answer.answered_by == f"127.0.0.2#{alive.port}"
    silent = {q.nameserver for q in answer.questions if q.outcome is DnsOutcome.SILENT}
    assert silent == {f"127.0.0.1#{dead.port}"}


def test_a_resolver_that_refuses_srv_gives_no_hosts_and_says_so() -> None:
    with DnsServer({(f"_mongodb._tcp.{NAME}", "SRV"): REFUSED}) as server:
        answer = look_up(server=server)
    assert (answer.hosts, answer.answered_by) == ((), None)
    assert {q.outcome for q in answer.questions if q.type == "SRV"} == {DnsOutcome.REFUSED}


def test_targets_of_another_domain_are_told_apart() -> None:
    with DnsServer(cluster(NAME, {"db1.abcde.lab.test": 27017, "evil.example.com": 27017})) as server:
        answer = look_up(server=server)
    assert answer.hosts == ("db1.abcde.lab.test:27017",)
    assert answer.outside == ("evil.example.com:27017",)


def test_another_service_name_and_its_own_domain_are_asked_for() -> None:
    zone = {(f"_reports._tcp.{NAME}", "SRV"): "0 0 27017 db1.elsewhere.test."}
    with DnsServer(zone) as server:
        answer = look_up(service="reports", server=server, suffix="elsewhere.test")
    assert answer.hosts == ("db1.elsewhere.test:27017",)


def test_two_txt_records_do_not_count() -> None:
    with DnsServer(cluster(NAME, MEMBERS, txt=["authSource=admin", "replicaSet=x"])) as server:
        answer = look_up(server=server)
    assert answer.txt_records == 2
    assert answer.options.auth_source is None


LINUX = """\
Server:         10.0.0.2
Address:        10.0.0.2#53

Non-authoritative answer:
_mongodb._tcp.c0.abcde.lab.test service = 0 0 27017 db1.abcde.lab.test.
_mongodb._tcp.c0.abcde.lab.test service = 0 0 27018 db2.abcde.lab.test.
_mongodb._tcp.c0.abcde.lab.test service = 0 0 27019 db3.abcde.lab.test.

c0.abcde.lab.test       text = "authSource=admin&replicaSet=atlas-x1"
"""
WINDOWS = """\
Server:  dns.corp.example
Address:  10.0.0.2

Nicht autorisierende Antwort:
_mongodb._tcp.c0.abcde.lab.test SRV service location:
          priority       = 0
          weight         = 0
          port           = 27017
          svr hostname   = db1.abcde.lab.test
_mongodb._tcp.c0.abcde.lab.test SRV service location:
          priority       = 0
          weight         = 0
          port           = 27018
          svr hostname   = db2.abcde.lab.test
_mongodb._tcp.c0.abcde.lab.test SRV service location:
          priority       = 0
          weight         = 0
          port           = 27019
          svr hostname   = db3.abcde.lab.test
c0.abcde.lab.test text =

        "authSource=admin&replicaSet=atlas-x1"
"""
DIG = """\
;; ANSWER SECTION:
_mongodb._tcp.c0.abcde.lab.test. 60 IN SRV 0 0 27017 db1.abcde.lab.test.
_mongodb._tcp.c0.abcde.lab.test. 60 IN SRV 0 0 27018 db2.abcde.lab.test.
_mongodb._tcp.c0.abcde.lab.test. 60 IN SRV 0 0 27019 db3.abcde.lab.test.
c0.abcde.lab.test.  60 IN TXT "authSource=admin" "&replicaSet=atlas-x1"
"""
DIG_SHORT = """\
0 0 27017 db1.abcde.lab.test.
0 0 27018 db2.abcde.lab.test.
0 0 27019 db3.abcde.lab.test.
"authSource=admin&replicaSet=atlas-x1"
"""
HOST = """\
_mongodb._tcp.c0.abcde.lab.test has SRV record 0 0 27017 db1.abcde.lab.test.
_mongodb._tcp.c0.abcde.lab.test has SRV record 0 0 27018 db2.abcde.lab.test.
_mongodb._tcp.c0.abcde.lab.test has SRV record 0 0 27019 db3.abcde.lab.test.
c0.abcde.lab.test descriptive text "authSource=admin&replicaSet=atlas-x1"
"""
POWERSHELL = """\
Name                                     Type   TTL   Section    NameTarget             Priority Weight Port
----                                     ----   ---   -------    ----------             -------- ------ ----
_mongodb._tcp.c0.abcde.lab.test          SRV    60    Answer     db1.abcde.lab.test     0        0      27017
_mongodb._tcp.c0.abcde.lab.test          SRV    60    Answer     db2.abcde.lab.test     0        0      27018
_mongodb._tcp.c0.abcde.lab.test          SRV    60    Answer     db3.abcde.lab.test     0        0      27019

Name                                     Type   TTL   Section    Strings
c0.abcde.lab.test                        TXT    60    Answer     {authSource=admin&replicaSet=atlas-x1}
"""


@pytest.mark.parametrize("printed", [LINUX, WINDOWS, DIG, DIG_SHORT, HOST, POWERSHELL])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_other_tools_print_is_read(printed: str, line_end: str) -> None:
    answer = read_pasted(printed.replace("\n", line_end), name=None if "_tcp" in printed else NAME)
    assert answer.name == NAME
    assert answer.hosts == HOSTS
    assert (answer.options.auth_source, answer.options.replica_set) == ("admin", "atlas-x1")


def test_a_pasted_answer_without_the_record_gives_nothing() -> None:
    answer = read_pasted("** server can't find _mongodb._tcp.c0.abcde.lab.test: NXDOMAIN")
    assert (answer.hosts, answer.outside, answer.name) == ((), (), NAME)


@given(st.text(max_size=400))
def test_reading_a_pasted_text_never_fails(text: str) -> None:
    assert read_pasted(text).txt_records in (0, 1)
