"""Connections to a deployed database: encrypted, and only to a server with a certificate of Amazon RDS."""

import datetime
import ipaddress
import json
import socket
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.stack import LocalStack
from pam.platform import postgres
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database, DatabaseUnavailable, tls_options

SSL_REQUEST_BYTES = 8


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server's TLS context, with a certificate for 127.0.0.1 that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path / "server.pem"
    path.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def serve(stack: LocalStack) -> Iterator[Callable[[ssl.SSLContext | None], dict[str, Any]]]:
    """Serve the stack's Postgres over TCP, with TLS or without; return the secret for it, as RDS writes it."""
    app = stack.postgres.app
    listeners: list[socket.socket] = []

    def relay(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def handle(client: socket.socket, context: ssl.SSLContext | None) -> None:
        with suppress(OSError):
            assert len(client.recv(SSL_REQUEST_BYTES)) == SSL_REQUEST_BYTES
            client.sendall(b"N" if context is None else b"S")
            end = client if context is None else context.wrap_socket(client, server_side=True)
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{app['host']}/.s.PGSQL.{app['port']}")
            threading.Thread(target=relay, args=(server, end), daemon=True).start()
            relay(end, server)
        client.close()

    def accept(listener: socket.socket, context: ssl.SSLContext | None) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=handle, args=(client, context), daemon=True).start()

    def start(context: ssl.SSLContext | None) -> dict[str, Any]:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=accept, args=(listener, context), daemon=True).start()
        of_rds = {name: value for name, value in app.items() if name != "sslmode"}
        return of_rds | {"host": "127.0.0.1", "port": listener.getsockname()[1]}

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)  # ends `accept`, which may go on with the descriptor's next owner
        listener.close()


def connect(secret: dict[str, Any]) -> dict[str, Any] | None:
    """Return whether a new connection is encrypted, from a database with this secret."""
    database = Database(lambda: json.dumps(secret))
    try:
        with database.session(uuid.uuid4(), Deadline(5)) as connection:
            return {"encrypted": connection.pgconn.ssl_in_use}
    finally:
        database.close()


def test_server_with_another_certificate_is_refused(
    serve: Callable[[ssl.SSLContext | None], dict[str, Any]], certificate: ssl.SSLContext
) -> None:
    """Although it names the right host; nothing is sent to it."""
    secret = serve(certificate)
    with pytest.raises(DatabaseUnavailable):
        connect(secret)
    assert connect(secret | {"sslmode": "require"}) == {"encrypted": True}


def test_certificate_of_another_authority_is_accepted_where_the_secret_names_it(
    serve: Callable[[ssl.SSLContext | None], dict[str, Any]], certificate: ssl.SSLContext, tmp_path: Path
) -> None:
    """A Postgres outside of RDS has one of its provider's, or of a public authority; its name is checked as well."""
    named = {"sslmode": "verify-full", "sslrootcert": str(tmp_path / "server.pem")}
    secret = serve(certificate) | named
    assert connect(secret) == {"encrypted": True}
    with pytest.raises(DatabaseUnavailable):
        connect(secret | {"host": "localhost"})
    with pytest.raises(DatabaseUnavailable):
        connect(secret | {"sslrootcert": tls_options({})["sslrootcert"]})


def test_server_without_tls_is_refused(serve: Callable[[ssl.SSLContext | None], dict[str, Any]]) -> None:
    """No password is sent in clear text."""
    with pytest.raises(DatabaseUnavailable):
        connect(serve(None))
    assert connect(serve(None) | {"sslmode": "prefer"}) == {"encrypted": False}


def test_root_certificates_are_those_of_rds_and_valid() -> None:
    """For years: they are renewed with a release."""
    path = Path(tls_options({})["sslrootcert"])
    assert path.parent == Path(postgres.__file__).parent
    roots = x509.load_pem_x509_certificates(path.read_bytes())
    assert len(roots) > 50
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=730)
    for root in roots:
        (name,) = root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert str(name.value).startswith("Amazon RDS") and "Root CA" in str(name.value)
        assert root.not_valid_after_utc > soon
        root.verify_directly_issued_by(root)
