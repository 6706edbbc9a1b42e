"""Real OpenSSL servers with chains of every kind, and real silence."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path

import pytest

from clearline.core.facts.computer import CertificateFacts
from clearline.core.facts.servers import Reach
from clearline.core.findings import Severity
from clearline.core.inspection.chain_words import kind_of, problems_of, trust_words, unknown_root, validity
from clearline.core.inspection.server_certificates import PresentedChain, TrustedBy, presented_chain, servers_of
from clearline.core.profiles.profile import Profile, Seeds
from lab import loops, peers
from lab.certificates import DAY, Authority, Identity, self_signed, server_context
from lab.deployment import Deployment
from lab.peer import Peer


@pytest.fixture
def lab(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def ask(
    peer: Peer, ca_file: Path | None = None, server_name: str = "localhost", deadline_s: float = 6
) -> PresentedChain:
    return loops.run(
        presented_chain(
            "127.0.0.1", peer.port, server_name, ca_file=str(ca_file) if ca_file else None, deadline_s=deadline_s
        )
    )


def presenting(identity: Identity, **options: object) -> Peer:
    return peers.silent(tls=server_context(identity, **options))  # type: ignore[arg-type]


def titles(chain: PresentedChain, used: TrustedBy = TrustedBy.DRIVER) -> str:
    return " ".join(f"{problem.title} {problem.fix}" for problem in problems_of(chain, used))


@pytest.fixture
def roots_of(monkeypatch: pytest.MonkeyPatch, lab: Authority) -> Authority:
    """The driver's default roots are those of the laboratory."""
    monkeypatch.setenv("SSL_CERT_FILE", str(lab.ca_file))
    return lab


def test_the_chain_is_shown_as_presented_and_ends_at_the_root_of_the_ca_file(lab: Authority) -> None:
    identity = lab.intermediate().server()
    with presenting(identity) as peer:
        chain = ask(peer, lab.ca_file)
    assert [kind_of(chain, place) for place in range(len(chain.certificates))] == ["server", "intermediate"]
    assert chain.certificates[0].sha256.replace(":", "").lower() == identity.fingerprint
    assert chain.pem == "".join(
        ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(certificate.pem)) for certificate in chain.certificates
    )
    file = chain.trusted_by(TrustedBy.FILE)
    assert file is not None
    assert file.reach is Reach.OK
    assert file.root is not None
    assert file.root.facts.common_name == "Lab CA"
    assert trust_words(file) == "trusted, through Lab CA"
    bundled = chain.trusted_by(TrustedBy.BUNDLED)
    assert bundled is not None
    assert bundled.verify_code == 20
    assert problems_of(chain, TrustedBy.FILE) == ()
    assert chain.name_matches is True


@pytest.mark.usefixtures("roots_of")
def test_a_source_that_would_do_is_named(lab: Authority, other_authority: Authority) -> None:
    with presenting(lab.server()) as peer:
        chain = ask(peer, other_authority.ca_file)
    assert "For the CA file the chain is not trusted" in titles(chain, TrustedBy.FILE)
    assert "The driver's default roots would do" in titles(chain, TrustedBy.FILE)
    assert problems_of(chain, TrustedBy.DRIVER) == ()


def test_a_missing_intermediate_is_told(lab: Authority) -> None:
    with presenting(lab.intermediate().server(send_chain=False)) as peer:
        chain = ask(peer, lab.ca_file)
    assert "presents no intermediate" in titles(chain, TrustedBy.FILE)


def test_an_expired_certificate_and_a_foreign_name_are_both_told(lab: Authority) -> None:
    with presenting(lab.server("db.example.com", ends=-3 * DAY)) as peer:
        chain = ask(peer, lab.ca_file)
    assert chain.name_matches is False
    said = titles(chain, TrustedBy.FILE)
    assert "The server certificate db.example.com expired on" in said
    assert "made out to db.example.com, not to localhost" in said
    assert "not trusted" not in said  # its authority is


def test_a_certificate_that_ends_soon_is_a_warning(lab: Authority) -> None:
    with presenting(lab.server(ends=5.5 * DAY)) as peer:
        [problem] = problems_of(ask(peer, lab.ca_file), TrustedBy.FILE)
    assert problem.severity is Severity.WARNING
    assert "only 5 days left" in problem.title


def test_a_self_signed_server_is_an_unknown_root(tmp_path: Path) -> None:
    identity = self_signed(tmp_path)
    with presenting(identity) as peer:
        chain = ask(peer)
    assert kind_of(chain, 0) == "server, self-signed"
    root = unknown_root(chain)
    assert root is not None
    assert root.sha256.replace(":", "").lower() == identity.fingerprint
    with presenting(identity) as peer:
        trusted = ask(peer, identity.certificate_file)
    assert unknown_root(trusted) is None
    assert problems_of(trusted, TrustedBy.FILE) == ()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_demands_a_client_certificate_still_shows_its_own(
    lab: Authority, version: ssl.TLSVersion
) -> None:
    context_options = {"client_ca": lab.ca_file, "client_certificate": True, "versions": (version, version)}
    with presenting(lab.server(), **context_options) as peer:
        chain = ask(peer, lab.ca_file)
    assert chain.certificate_requested is True
    file = chain.trusted_by(TrustedBy.FILE)
    assert file is not None
    assert trust_words(file) == "trusted, through Lab CA"


def test_a_real_mongod_shows_its_chain_and_gets_nothing_secret(tls_server: Deployment, authority: Authority) -> None:
    host, _, port = tls_server.address.rpartition(":")
    chain = loops.run(presented_chain(host, int(port), ca_file=str(authority.ca_file)))
    assert problems_of(chain, TrustedBy.FILE) == ()


def test_a_ca_file_that_cannot_be_read_says_so_and_the_chain_is_shown(lab: Authority, tmp_path: Path) -> None:
    with presenting(lab.server()) as peer:
        chain = ask(peer, tmp_path / "none.pem")
    assert len(chain.certificates) == 1
    assert "The CA file cannot be loaded" in titles(chain, TrustedBy.FILE)


def test_a_port_without_a_listener_is_said_with_the_address() -> None:
    with peers.closed_port() as port:
        chain = loops.run(presented_chain("127.0.0.1", port))
    assert chain.reach is Reach.REFUSED
    assert f"127.0.0.1:{port} refuses connections" in titles(chain)


def test_a_server_without_tls_is_said() -> None:
    with peers.close_after_data() as peer:
        assert "does not speak TLS" in titles(ask(peer))


def test_a_name_without_address_is_said() -> None:
    chain = loops.run(presented_chain("no-such-host.invalid", 27017))
    assert "no-such-host.invalid" in titles(chain)


def test_silence_ends_at_the_deadline() -> None:
    started = time.perf_counter()
    with peers.silent() as peer:
        chain = ask(peer, deadline_s=0.4)
    assert "did not answer in time" in titles(chain)
    assert time.perf_counter() - started < 2


def test_cancelling_hangs_up_at_once() -> None:
    async def cancel(peer: Peer) -> float:
        task = asyncio.create_task(presented_chain("127.0.0.1", peer.port, deadline_s=30))
        while not peer.connections:
            await asyncio.sleep(0.005)
        return await loops.cancelled_in_s(task)

    with peers.silent() as peer:
        assert loops.run(cancel(peer)) < 0.5


@pytest.mark.parametrize("name", ["", "a" * 300, "\N{SNOWMAN}", "x\0y"])
def test_a_name_that_tls_cannot_carry_never_raises(lab: Authority, name: str) -> None:
    with presenting(lab.server()) as peer:
        assert ask(peer, server_name=name).host == "127.0.0.1"


def test_the_servers_of_a_seed_list_are_its_hosts() -> None:
    assert loops.run(servers_of(Profile(seeds=Seeds(hosts=("a:1", "b"))))) == ("a:1", "b")
    assert loops.run(servers_of(Profile(seeds=Seeds(srv=True)))) == ()


def test_days_left_are_counted_in_words() -> None:
    facts = CertificateFacts(subject="CN=x", issuer="CN=y", not_after="2030-01-02T00:00:00+00:00", days_left=1.5)
    assert validity(facts) == (Severity.WARNING, "until 2030-01-02: only 1 day left")


class _WindowsObject(ssl.SSLObject):
    """Verifies after the handshake, as truststore has Windows do it, and says so in Windows' way."""

    def do_handshake(self) -> None:
        super().do_handshake()
        error = ssl.SSLCertVerificationError("not trusted by the trust provider")
        error.verify_code = 0x800B0109
        raise error


def test_a_system_that_verifies_by_itself_is_understood(lab: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    def windows() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.sslobject_class = _WindowsObject
        return context

    monkeypatch.setattr("clearline.core.tls.trust.os_roots_context", windows)
    with presenting(lab.server()) as peer:
        chain = ask(peer)
    system = chain.trusted_by(TrustedBy.SYSTEM)
    assert system is not None
    assert (system.reach, system.verify_code) == (Reach.VERIFY_FAILED, 19)
    assert trust_words(system) == "not trusted: the chain ends with an authority that is not in the list"
    assert chain.certificates
