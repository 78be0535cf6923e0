"""Failing requests: each has its kind, in bounded time, after exactly one request, and without the key."""

import json
import logging
import socket
import time
import traceback
from collections.abc import Callable

import pytest

from local.stand_ins.gemini.server import GEMINI_KEY
from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.embedding import EmbeddingPurpose
from pam.sources.gemini.client import GeminiEmbedder
from pam.sources.source import Source, SourceError, SourceErrorKind
from tests.functional.gemini.conftest import NewEmbedder
from tests.functional.sources.tcp_server import Connection, receive, serving
from tests.functional.stand_ins.client import StandInClient

DOCUMENT = EmbeddingPurpose.DOCUMENT
MAX_FAILURE_S = 2.0


def error_of(embedder: GeminiEmbedder, count: int = 2, seconds: float = 10.0) -> SourceError:
    """Return the error of a request that fails within two seconds of its deadline or its response."""
    embedder.preload()
    began = time.monotonic()
    with pytest.raises(SourceError) as raised:
        embedder.embed(["a text"] * count, DOCUMENT, Deadline(seconds))
    assert time.monotonic() - began < min(seconds, MAX_FAILURE_S) + 0.5
    return raised.value


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("400", SourceErrorKind.REFUSED),
        ("invalid_key", SourceErrorKind.UNAUTHORISED),
        ("401", SourceErrorKind.UNAUTHORISED),
        ("403", SourceErrorKind.UNAUTHORISED),
        ("404", SourceErrorKind.NOT_FOUND),
        ("429", SourceErrorKind.LIMITED),
        ("500", SourceErrorKind.DOWN),
        ("503", SourceErrorKind.DOWN),
        ("504", SourceErrorKind.DOWN),
        ("reset", SourceErrorKind.DOWN),
        ("truncated", SourceErrorKind.MALFORMED),
        ("not_json", SourceErrorKind.MALFORMED),
        ("wrong_shape", SourceErrorKind.MALFORMED),
        ("wrong_dimension", SourceErrorKind.MALFORMED),
        ("zero", SourceErrorKind.MALFORMED),
        ("not_a_number", SourceErrorKind.MALFORMED),
    ],
)
def test_failure_has_its_kind_after_one_request(
    embedder: GeminiEmbedder, stand_in: StandInClient, mode: str, kind: SourceErrorKind, count: int
) -> None:
    """Neither the SDK nor its HTTP library sends it again, and the next request succeeds."""
    stand_in.control(mode=mode, times=1)
    error = error_of(embedder, count)
    assert (error.source, error.kind) == (Source.GEMINI, kind)
    assert stand_in.journal()["requests"] == 1
    assert len(embedder.embed(["a text"], DOCUMENT, Deadline(10))) == 1


def test_additional_vector_is_malformed(embedder: GeminiEmbedder, stand_in: StandInClient) -> None:
    """Nobody knows which text each of three vectors belongs to."""
    stand_in.control(mode="wrong_count")
    assert error_of(embedder).kind is SourceErrorKind.MALFORMED


@pytest.mark.parametrize(
    ("retry_after", "headers", "body", "seconds"),
    [
        (7, True, True, 7.0),
        (7, False, True, 7.0),
        (7, True, False, 7.0),
        (7, False, False, None),
    ],
)
def test_retry_after_is_read_from_header_or_body(
    new_embedder: NewEmbedder, retry_after: int, headers: bool, body: bool, seconds: float | None
) -> None:
    """The service sends it as a detail of the error, other servers as a header."""
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after}s"},
    ]
    error = {"code": 429, "message": "", "status": "RESOURCE_EXHAUSTED", "details": details if body else []}
    content = json.dumps({"error": error}).encode()
    head = f"HTTP/1.1 429 Too Many Requests\r\ncontent-length: {len(content)}\r\n".encode()
    head += f"retry-after: {retry_after}\r\n".encode() if headers else b""

    def serve(connection: Connection) -> None:
        receive(connection)
        connection.sendall(head + b"\r\n" + content)

    with serving(serve) as server:
        error = error_of(new_embedder(url=f"http://{server.address}"))
    assert (error.kind, error.retry_after) == (SourceErrorKind.LIMITED, seconds)
    assert server.connections == 1


@pytest.mark.parametrize("limits", [{"requests_per_minute": 20}, {"tokens_per_minute": 200}])
def test_limit_per_minute_is_reported_with_its_end(
    embedder: GeminiEmbedder, stand_in: StandInClient, limits: dict[str, int]
) -> None:
    """Each text of a batch counts as a request; the next minute begins within 60 s."""
    stand_in.control(**limits)
    for count in (9, 11):
        embedder.embed(["a text"] * count, DOCUMENT, Deadline(10))
    error = error_of(embedder, count=20)
    assert error.kind is SourceErrorKind.LIMITED
    assert error.retry_after is not None
    assert 55 <= error.retry_after <= 60


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_refused(new_embedder: NewEmbedder, stand_in: StandInClient, status: int) -> None:
    """The key in the header would be sent along."""

    def serve(connection: Connection) -> None:
        receive(connection)
        location = f"{stand_in.url}/v1beta/models/gemini-embedding-2:batchEmbedContents"
        connection.sendall(f"HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode())

    with serving(serve) as server:
        assert error_of(new_embedder(url=f"http://{server.address}")).kind is SourceErrorKind.REFUSED
    assert stand_in.journal()["requests"] == 0


def silent(connection: Connection) -> None:
    receive(connection)


def drip(connection: Connection) -> None:
    """Send a byte every tenth of a second, which never exceeds a read timeout."""
    receive(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        time.sleep(0.1)
        connection.sendall(b" ")


def deaf(_: Connection) -> None:
    """Accept the connection, and never read."""
    time.sleep(3)


@pytest.mark.parametrize("serve", [silent, drip, deaf])
def test_slow_server_times_out_at_the_deadline(new_embedder: NewEmbedder, serve: Callable[[Connection], None]) -> None:
    """Whatever it doesn't do, and with one connection."""
    with serving(serve) as server:
        error = error_of(new_embedder(url=f"http://{server.address}"), seconds=0.6)
        assert error.kind is SourceErrorKind.SLOW
        assert server.connections == 1


def test_slow_response_times_out_at_the_deadline(embedder: GeminiEmbedder, stand_in: StandInClient) -> None:
    """The deadline ends all batches together: the second isn't sent."""
    stand_in.control(mode="slow", seconds=3)
    assert error_of(embedder, count=150, seconds=0.5).kind is SourceErrorKind.SLOW
    assert stand_in.journal()["requests"] == 1


def test_expired_deadline_sends_no_request(embedder: GeminiEmbedder, stand_in: StandInClient) -> None:
    """A request after the deadline fails as slow."""
    assert error_of(embedder, seconds=0.0).kind is SourceErrorKind.SLOW
    assert stand_in.journal()["requests"] == 0


def test_refused_connection_is_down(new_embedder: NewEmbedder) -> None:
    """Nothing listens on the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert error_of(new_embedder(url=f"http://127.0.0.1:{port}")).kind is SourceErrorKind.DOWN


def test_key_is_read_again_after_it_was_refused(stand_in: StandInClient) -> None:
    """It may have been replaced: then the refused request is made again with the new one, which is cached."""
    keys = ["AIza-old", GEMINI_KEY]
    embedder = GeminiEmbedder(
        stand_in.url, ApiKey(Source.GEMINI, lambda: json.dumps({"key": keys.pop(0)})), "gemini-embedding-2"
    )
    for _ in range(3):
        assert len(embedder.embed(["a text"], DOCUMENT, Deadline(10))) == 1
    assert keys == []


def test_missing_key_sends_no_request(new_embedder: NewEmbedder, stand_in: StandInClient) -> None:
    """An empty key in the secret means that none is set; the environment's own keys aren't taken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEMINI_API_KEY", GEMINI_KEY)
        patch.setenv("GOOGLE_API_KEY", GEMINI_KEY)
        assert error_of(new_embedder(key="")).kind is SourceErrorKind.MISSING_KEY
    assert stand_in.journal()["requests"] == 0


def test_proxies_of_the_environment_are_ignored(
    embedder: GeminiEmbedder, stand_in: StandInClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would get the key."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert len(embedder.embed(["a text"], DOCUMENT, Deadline(10))) == 1
    assert stand_in.journal()["requests"] == 1


def test_key_and_texts_are_in_no_log_and_no_error(
    new_embedder: NewEmbedder, stand_in: StandInClient, caplog: pytest.LogCaptureFixture
) -> None:
    """With all logs on: neither in messages nor in the causes that a traceback prints."""
    caplog.set_level(logging.DEBUG)
    printed = []
    text = " ".join(["My", "secret", "place"])  # a traceback prints the line of the call
    for mode in ("ok", "invalid_key", "400", "429", "503", "reset", "truncated", "wrong_shape", "zero", "slow"):
        stand_in.control(mode=mode, seconds=1)
        try:
            new_embedder().embed([text], DOCUMENT, Deadline(0.8))
        except SourceError as error:
            printed.append("".join(traceback.format_exception(error)))
    assert len(printed) == 9
    records = [record for record in caplog.records if not record.name.startswith("http")]  # of the test's own client
    logged = "\n".join([*printed, *(f"{record.getMessage()} {vars(record)}" for record in records)])
    for hidden in (GEMINI_KEY, text, stand_in.url.removeprefix("http://")):
        assert hidden not in logged
