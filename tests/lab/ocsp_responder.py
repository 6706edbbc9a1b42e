"""A revocation service: what it says of certificates, with the signature of the authority or of another one."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from lab.certificates import DAY, Authority, Identity


class Responder:
    """``statuses`` maps serial numbers to answers, a certificate that is not in it is good; ``signer`` vouches."""

    def __init__(self, authority: Authority, signer: Authority | None = None, *, age: datetime.timedelta = DAY) -> None:
        self.authority = authority
        self.signer = signer or authority
        self.age = age
        self.statuses: dict[int, ocsp.OCSPCertStatus] = {}
        self.identities: dict[int, Identity] = {}
        self.asked = 0
        self.url = ""

    def knows(self, identity: Identity, status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD) -> None:
        """Answer for that certificate."""
        self.identities[identity.certificate.serial_number] = identity
        self.statuses[identity.certificate.serial_number] = status

    def answer(self, request: bytes) -> bytes:
        """The signed answer to a question."""
        self.asked += 1
        serial = ocsp.load_der_ocsp_request(request).serial_number
        status, now = self.statuses[serial], datetime.datetime.now(datetime.UTC)
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self.identities[serial].certificate,
            issuer=self.authority.certificate,
            algorithm=hashes.SHA1(),
            cert_status=status,
            this_update=now - self.age,
            next_update=now - self.age + 2 * DAY,
            revocation_time=now - self.age if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, self.signer.certificate)
        signed = builder.sign(self.signer.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.DER)


@contextmanager
def serving(responder: Responder, answers: Mapping[str, bytes] | None = None) -> Iterator[Responder]:
    """The service on a port of 127.0.0.1; ``answers`` gives other bytes for a path."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            body = (answers or {}).get(self.path) or responder.answer(request)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        responder.url = f"http://127.0.0.1:{server.server_address[1]}/"
        try:
            yield responder
        finally:
            server.shutdown()
            thread.join()
