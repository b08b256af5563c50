from __future__ import annotations

import datetime as dt
import ssl
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from functions.errors import PermanentError, RetryableError
from functions.stages.fetching import Fetched, FetchPolicy, fetch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Dns, RawServer, Visit

    Serve = Callable[..., RawServer]

_PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"
_NOW = dt.datetime.now(dt.UTC)
_SECRET = "hunter2"
_DAY = dt.timedelta(days=1)


@dataclass
class Authority:
    """A certificate authority that trusts every test."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, folder: Path) -> Authority:
        """Make one, with its bundle in a folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder("authority", "authority", key, _NOW + _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        authority = cls(folder, key, certificate)
        authority.bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return authority

    @property
    def bundle(self) -> Path:
        """The PEM file that makes a client trust it."""
        return self.folder / "authority.pem"

    def server(self, name: str, *, until: dt.datetime = _NOW + _DAY) -> ssl.SSLContext:
        """Give a server a certificate for a name, and note the names asked for by SNI."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(name, "authority", key, until)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
            .sign(self.key, hashes.SHA256())
        )
        file = self.folder / f"{name}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, until: dt.datetime
) -> x509.CertificateBuilder:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - 2 * _DAY)
        .not_valid_after(until)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    more = ("key_agreement", "encipher_only", "decipher_only")
    return x509.KeyUsage(**dict.fromkeys(names + more, False), key_cert_sign=signs, crl_sign=signs)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority of this test's own."""
    return Authority.create(tmp_path)


@pytest.fixture
def trusting(local: FetchPolicy, authority: Authority, dns: Dns) -> FetchPolicy:
    """A policy that trusts the authority, where site.test is this machine."""
    dns.answers["site.test"] = [["127.0.0.1"]]
    return replace(local, ca_bundle=authority.bundle)


def test_the_certificate_is_checked_against_the_name_and_not_the_address(
    serve: Serve, authority: Authority, trusting: FetchPolicy
) -> None:
    names: list[str | None] = []
    context = authority.server("site.test")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server = serve(_PAGE, tls=context)

    fetched = fetch(f"https://site.test:{server.port}/", policy=trusting)

    assert isinstance(fetched, Fetched)
    assert (b"page", ["site.test"]) == (fetched.body, names)


def test_an_encrypted_connection_is_kept_and_used_again(
    serve: Serve, authority: Authority, trusting: FetchPolicy
) -> None:
    def script(visit: Visit) -> None:
        while visit.read_request():
            visit.send(_PAGE)

    server = serve(script, tls=authority.server("site.test"))

    for _ in range(3):
        fetch(f"https://site.test:{server.port}/", policy=trusting)

    assert (3, 1) == (len(server.requests), server.connections)


def test_a_kept_connection_serves_only_those_who_trust_the_same(
    serve: Serve, authority: Authority, trusting: FetchPolicy
) -> None:
    def script(visit: Visit) -> None:
        while visit.read_request():
            visit.send(_PAGE)

    server = serve(script, tls=authority.server("site.test"))
    fetch(f"https://site.test:{server.port}/", policy=trusting)

    with pytest.raises(PermanentError, match="certificate is not valid"):
        fetch(f"https://site.test:{server.port}/", policy=replace(trusting, ca_bundle=None))

    assert 1 == len(server.requests)


def test_a_certificate_for_another_name_fails_for_good(
    serve: Serve, authority: Authority, trusting: FetchPolicy
) -> None:
    server = serve(_PAGE, tls=authority.server("other.test"))

    with pytest.raises(PermanentError, match=r"certificate is not valid .*Hostname mismatch"):
        fetch(f"https://site.test:{server.port}/", policy=trusting)

    assert [] == server.requests


def test_a_certificate_of_nobody_trusted_fails_for_good(
    serve: Serve, authority: Authority, local: FetchPolicy, dns: Dns
) -> None:
    dns.answers["site.test"] = [["127.0.0.1"]]
    server = serve(_PAGE, tls=authority.server("site.test"))

    with pytest.raises(PermanentError, match=r"certificate is not valid .*issuer"):
        fetch(f"https://site.test:{server.port}/", policy=local)

    assert [] == server.requests


def test_an_expired_certificate_fails_for_good(
    serve: Serve, authority: Authority, trusting: FetchPolicy
) -> None:
    server = serve(_PAGE, tls=authority.server("site.test", until=_NOW - _DAY))

    with pytest.raises(PermanentError, match=r"certificate is not valid .*expired"):
        fetch(f"https://site.test:{server.port}/", policy=trusting)


@pytest.mark.parametrize(
    "script",
    [
        lambda visit: None,  # hangs up
        lambda visit: visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"),  # speaks no TLS
        lambda visit: visit.send(b"\x15\x03\x03\x00\x02\x02\x28"),  # refuses the handshake
    ],
)
def test_a_handshake_that_fails_is_tried_again(
    serve: Serve, trusting: FetchPolicy, script: Callable[[Visit], None]
) -> None:
    server = serve(script)

    with pytest.raises(RetryableError, match=r"TLS failed|connection broke"):
        fetch(f"https://site.test:{server.port}/", policy=trusting)


def test_no_secret_gets_into_the_traceback_of_a_handshake(
    serve: Serve, authority: Authority, trusting: FetchPolicy
) -> None:
    server = serve(_PAGE, tls=authority.server("other.test"))

    with pytest.raises(PermanentError) as failure:
        fetch(f"https://site.test:{server.port}/?token={_SECRET}", policy=trusting)

    assert "token=REDACTED" in str(failure.value)
    assert _SECRET not in "".join(traceback.format_exception(failure.value))


def test_a_handshake_is_not_waited_for_longer_than_a_connection(
    serve: Serve, trusting: FetchPolicy
) -> None:
    server = serve(lambda visit: visit.hold())

    with pytest.raises(RetryableError, match=r"silent for too long \(0\.2 s to connect"):
        fetch(f"https://site.test:{server.port}/", policy=replace(trusting, connect_timeout=0.2))


def test_the_total_time_holds_under_encryption(
    serve: Serve, authority: Authority, trusting: FetchPolicy
) -> None:
    def script(visit: Visit) -> None:
        visit.read_request()
        visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
        visit.drip(b"a" * 999)

    server = serve(script, tls=authority.server("site.test"))

    with pytest.raises(RetryableError, match=r"longer than 0\.3 s in total"):
        fetch(f"https://site.test:{server.port}/", policy=replace(trusting, total_timeout=0.3))


def test_the_size_limit_holds_under_encryption(
    serve: Serve, authority: Authority, trusting: FetchPolicy
) -> None:
    def script(visit: Visit) -> None:
        visit.read_request()
        visit.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 999)

    server = serve(script, tls=authority.server("site.test"))

    with pytest.raises(PermanentError, match="far more than a body of 100000 bytes"):
        fetch(f"https://site.test:{server.port}/", policy=trusting)


def test_a_redirect_from_http_to_https_is_followed(
    serve: Serve, authority: Authority, trusting: FetchPolicy
) -> None:
    secure = serve(_PAGE, tls=authority.server("site.test"))
    url = f"https://site.test:{secure.port}/"
    plain = serve(b"HTTP/1.1 301 Moved\r\nLocation: " + url.encode() + b"\r\n\r\n")

    fetched = fetch(plain.url, policy=trusting)

    assert (url, (plain.url,)) == (fetched.url, fetched.redirects)
