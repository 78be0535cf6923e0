"""Requests to Claude that are cancelled: whatever they wait for, and without harm to the next one."""

import datetime
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.claude.client import ClaudeClient
from pam.sources.claude.reply import ModelError, ModelErrorKind, ModelReply, TextDelta, ToolUse
from pam.sources.source import Source
from tests.functional.sources.tcp_server import Connection, receive, serving

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-simulated: true\r\ntransfer-encoding: chunked\r\n\r\n"
USAGE = {"input_tokens": 5, "output_tokens": 1}
START = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5", "content": []}
TEXT = [
    {"type": "message_start", "message": START | {"stop_reason": None, "stop_sequence": None, "usage": USAGE}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}},
]
END = [
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": USAGE},
    {"type": "message_stop"},
]


def chunk(*events: dict[str, Any]) -> bytes:
    body = b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


WHOLE = HEAD + chunk(*TEXT, *END) + b"0\r\n\r\n"
PING = chunk({"type": "ping"})


def client_at(url: str, idle_timeout_s: float = 12.0) -> ClaudeClient:
    return ClaudeClient(url, ApiKey(Source.CLAUDE, lambda: '{"key": "sk-ant-test"}'), idle_timeout_s)


def send(
    client: ClaudeClient, stop: threading.Event | None = None, *, text: str = "Hello?", seconds: float = 30
) -> list[Any]:
    request = {"model": "claude-haiku-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": text}]}
    return list(client.stream(request, (), Deadline(seconds), stop or threading.Event()))


def cancel(client: ClaudeClient, text: str = "Hello?") -> list[Any]:
    """Send a request, cancel it after 0.3 s, and return what it yielded; it must end within 0.5 s."""
    stop = threading.Event()
    stopped: list[float] = []

    def set_stop() -> None:
        stopped.append(time.monotonic())
        stop.set()

    timer = threading.Timer(0.3, set_stop)
    timer.start()
    pieces = send(client, stop, text=text)
    assert time.monotonic() - stopped[0] < 0.5
    return pieces


def silent(_: Connection) -> None:
    """Read the request, and never respond."""


def deaf(connection: Connection) -> None:
    """Accept the connection, and never read."""
    time.sleep(5)


def headers_only(connection: Connection) -> None:
    receive(connection)
    connection.sendall(HEAD)


def text_only(connection: Connection) -> None:
    receive(connection)
    connection.sendall(HEAD + chunk(*TEXT))


def pings(connection: Connection) -> None:
    """Begin a reply, and send nothing but pings."""
    receive(connection)
    connection.sendall(HEAD + chunk(*TEXT))
    while True:
        time.sleep(0.05)
        connection.sendall(PING)


def whole(connection: Connection) -> None:
    """Answer every request on the connection."""
    while receive(connection):
        connection.sendall(WHOLE)


def whole_then_silent(connection: Connection) -> None:
    receive(connection)
    connection.sendall(WHOLE)


@pytest.mark.parametrize(
    ("serve", "texts"), [(silent, []), (headers_only, []), (text_only, ["Hello."]), (pings, ["Hello."])]
)
def test_cancelled_request_ends_within_half_a_second_and_closes_its_connection(
    serve: Callable[[Connection], None], texts: list[str]
) -> None:
    """Whether Claude hasn't responded yet or stops in the middle, the server sees the connection closed."""
    with serving(serve) as server:
        pieces = cancel(client_at(f"http://{server.address}"))
        assert [piece.text for piece in pieces if isinstance(piece, TextDelta)] == texts
        assert not any(isinstance(piece, ModelReply) for piece in pieces)
        assert server.closed.wait(0.5)


def test_cancelled_request_ends_while_it_is_sent() -> None:
    """A server that doesn't read blocks a large request."""
    with serving(deaf) as server:
        assert cancel(client_at(f"http://{server.address}"), text="word " * 2_000_000) == []


def test_cancelled_request_ends_while_it_connects() -> None:
    """A full backlog drops the connection attempt."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        assert cancel(client_at(f"http://127.0.0.1:{listener.getsockname()[1]}")) == []
        for filler in fillers:
            filler.close()


def test_cancelled_request_ends_during_the_tls_handshake() -> None:
    """A server that accepts and doesn't answer the handshake."""
    with serving(silent) as server:
        assert cancel(client_at(f"https://{server.address}")) == []


def test_request_after_a_cancelled_one_succeeds() -> None:
    """A cancelled request on a reused connection closes it, and the next request opens a new one."""
    serves = iter([whole_then_silent, whole])
    with serving(lambda connection: next(serves)(connection)) as server:
        client = client_at(f"http://{server.address}")
        assert send(client)[-1].text == "Hello."
        assert cancel(client) == []
        assert server.connections == 1
        assert send(client)[-1].text == "Hello."
        assert server.connections == 2


def test_connection_is_reused() -> None:
    """Ten requests use one connection."""
    with serving(whole) as server:
        client = client_at(f"http://{server.address}")
        for _ in range(10):
            reply = send(client)[-1]
            assert (reply.text, reply.stop_reason, reply.simulated) == ("Hello.", "end_turn", True)
        assert server.connections == 1


def test_stream_without_data_times_out() -> None:
    """A reply that stops in the middle counts as dead, and its text is kept."""
    with serving(text_only) as server, pytest.raises(ModelError) as raised:
        send(client_at(f"http://{server.address}", idle_timeout_s=0.4))
    assert raised.value.kind is ModelErrorKind.SILENT
    assert raised.value.partial.text == "Hello."


def test_pings_are_activity() -> None:
    """A long tool argument arrives in one piece, after pings for longer than the idle timeout."""
    argument = json.dumps({"content": "Quiet at Goblin Valley. " * 210})
    assert len(argument) > 5000
    tool = {"type": "tool_use", "id": "toolu_1", "name": "create_post", "input": {}}
    delta = {"type": "input_json_delta", "partial_json": argument}

    def argument_after_pings(connection: Connection) -> None:
        receive(connection)
        connection.sendall(
            HEAD + chunk(*TEXT, END[0], {"type": "content_block_start", "index": 1, "content_block": tool})
        )
        for _ in range(12):
            time.sleep(0.1)
            connection.sendall(PING)
        rest = [{"type": "content_block_delta", "index": 1, "delta": delta}, END[0] | {"index": 1}, *END[1:]]
        connection.sendall(chunk(*rest) + b"0\r\n\r\n")

    with serving(argument_after_pings) as server:
        pieces = send(client_at(f"http://{server.address}", idle_timeout_s=0.6))
    assert pieces[:2] == [TextDelta("Hello."), ToolUse("toolu_1", "create_post", argument)]
    assert pieces[2].content[1] == tool | {"input": json.loads(argument)}


def test_slow_consumer_is_no_silent_stream() -> None:
    """Time that the caller takes between two pieces doesn't count as silence of the model."""

    def slowly(connection: Connection) -> None:
        receive(connection)
        connection.sendall(HEAD + chunk(*TEXT))
        time.sleep(0.9)
        connection.sendall(chunk(*END) + b"0\r\n\r\n")

    with serving(slowly) as server:
        client = client_at(f"http://{server.address}", idle_timeout_s=0.6)
        request = {"model": "claude-haiku-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello?"}]}
        pieces = client.stream(request, (), Deadline(30), threading.Event())
        assert next(pieces) == TextDelta("Hello.")
        time.sleep(0.8)
        assert next(pieces).text == "Hello."  # type: ignore[union-attr]


@pytest.mark.parametrize("serve", [silent, pings])
def test_deadline_ends_a_request(serve: Callable[[Connection], None]) -> None:
    """A request takes no longer than its deadline."""
    with serving(serve) as server:
        began = time.monotonic()
        with pytest.raises(ModelError) as raised:
            send(client_at(f"http://{server.address}"), seconds=0.4)
    assert raised.value.kind is ModelErrorKind.SILENT
    assert time.monotonic() - began < 1.5


def test_reply_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates are verified: a trusted one is accepted, any other refused."""
    certificate, key = _self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(whole, context) as server:
        with pytest.raises(ModelError) as raised:
            send(client_at(f"https://{server.address}"))
        assert raised.value.kind is ModelErrorKind.UNAVAILABLE
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        client = client_at(f"https://{server.address}")
        assert [send(client)[-1].text for _ in range(2)] == ["Hello.", "Hello."]
        assert server.connections == 2


def test_idle_connection_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """After half a minute by the wall clock, as when the environment was frozen, a new connection is opened."""
    with serving(whole) as server:
        client = client_at(f"http://{server.address}")
        send(client)
        wall_clock = time.time
        monkeypatch.setattr(time, "time", lambda: wall_clock() + 31)
        send(client)
        assert server.connections == 2


def _self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
