"""An HTTP transport whose requests can be interrupted while they connect, send, or wait for a response.

httpx ends a request only by its timeouts, and its sockets can't be reached before the response has begun. This
transport checks a condition of the waiting thread every `_POLL_INTERVAL_S`; where it holds, the request times out.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from typing import Any

import httpcore2
import httpx2

Condition = Callable[[], bool]

_POLL_INTERVAL_S = 0.1


class InterruptibleTransport(httpx2.BaseTransport):
    """HTTP/1.1 with a connection pool. Thread-safe."""

    def __init__(self, max_connections: int, keepalive_expiry_s: float) -> None:
        """Opens no connection."""
        self._thread = threading.local()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keepalive_expiry_s,
            network_backend=_Backend(self._is_interrupted, self._report_data),
        )

    @contextmanager
    def observe(self, is_over: Condition, on_data: Callable[[], None]) -> Iterator[None]:
        """End requests of this thread soon after `is_over` holds: they raise `httpx2.TimeoutException`.

        `on_data` is called for each piece of data that arrives.
        """
        self._thread.condition, self._thread.on_data = is_over, on_data
        try:
            yield
        finally:
            self._thread.condition = self._thread.on_data = None

    def _is_interrupted(self) -> bool:
        condition: Condition | None = getattr(self._thread, "condition", None)
        return condition is not None and condition()

    def _report_data(self) -> None:
        on_data: Callable[[], None] | None = getattr(self._thread, "on_data", None)
        if on_data is not None:
            on_data()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert isinstance(request.stream, Iterable)
        url = request.url
        with _httpx_errors():
            response = self._pool.handle_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx2.Response(response.status, headers=response.headers, stream=_Body(response.stream))

    def close(self) -> None:
        """Close all connections; the next request opens a new one."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _httpx_errors():
            yield from self._stream

    def close(self) -> None:
        self._stream.close()


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, is_interrupted: Condition, on_data: Callable[[], None]) -> None:
        self._backend = httpcore2.SyncBackend()
        self._is_interrupted = is_interrupted
        self._on_data = on_data

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        return _open(
            lambda: self._backend.connect_tcp(host, port, timeout, local_address, socket_options),
            self._is_interrupted,
            self._on_data,
        )


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, is_interrupted: Condition, on_data: Callable[[], None]) -> None:
        self._stream = stream
        self._is_interrupted = is_interrupted
        self._on_data = on_data

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        for interval_s in self._intervals(timeout):
            with suppress(httpcore2.ReadTimeout):
                data = self._stream.read(max_bytes, interval_s)
                self._on_data()
                return data
        raise httpcore2.ReadTimeout

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        sock = self.get_extra_info("socket")
        unsent = memoryview(buffer)
        for interval_s in self._intervals(timeout):
            try:
                sock.settimeout(interval_s)
                while unsent:
                    unsent = unsent[sock.send(unsent) :]
            except TimeoutError:
                continue
            except OSError as error:
                raise httpcore2.WriteError(str(error)) from error
            return
        raise httpcore2.WriteTimeout

    def _intervals(self, timeout: float | None) -> Iterator[float]:
        """Yield the seconds of each attempt, until the timeout is over or the request is interrupted."""
        end = time.monotonic() + (3600.0 if timeout is None else timeout)
        while (left_s := end - time.monotonic()) > 0 and not self._is_interrupted():
            yield min(left_s, _POLL_INTERVAL_S)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _open(
            lambda: self._stream.start_tls(ssl_context, server_hostname, timeout), self._is_interrupted, self._on_data
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _open(
    connect: Callable[[], httpcore2.NetworkStream], is_interrupted: Condition, on_data: Callable[[], None]
) -> _Stream:
    """Return the stream of `connect`, which runs in a thread of its own: name resolution and TLS can't be polled."""
    opened: Future[httpcore2.NetworkStream] = Future()

    def run() -> None:
        try:
            opened.set_result(connect())
        except BaseException as error:
            opened.set_exception(error)

    threading.Thread(target=run, name="claude-connect", daemon=True).start()
    while not wait([opened], _POLL_INTERVAL_S).done:
        if is_interrupted():
            opened.add_done_callback(_close)
            raise httpcore2.ConnectTimeout
    return _Stream(opened.result(), is_interrupted, on_data)


def _close(opened: Future[httpcore2.NetworkStream]) -> None:
    if opened.exception() is None:
        opened.result().close()


_HTTPX_ERRORS: tuple[tuple[type[Exception], type[httpx2.TransportError]], ...] = (
    (httpcore2.ConnectTimeout, httpx2.ConnectTimeout),
    (httpcore2.WriteTimeout, httpx2.WriteTimeout),
    (httpcore2.PoolTimeout, httpx2.PoolTimeout),
    (httpcore2.TimeoutException, httpx2.ReadTimeout),
    (httpcore2.ConnectError, httpx2.ConnectError),
    (httpcore2.NetworkError, httpx2.NetworkError),
    (httpcore2.ProtocolError, httpx2.RemoteProtocolError),
    (httpcore2.UnsupportedProtocol, httpx2.UnsupportedProtocol),
)


@contextmanager
def _httpx_errors() -> Iterator[None]:
    """Raise httpcore's errors as those of httpx, which the SDK handles."""
    try:
        yield
    except Exception as error:
        for kind, httpx_error in _HTTPX_ERRORS:
            if isinstance(error, kind):
                raise httpx_error(str(error)) from error
        raise
