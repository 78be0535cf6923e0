"""Servers between the chat's functions and what they depend on, which fail as a test configures them."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RequestFilter = Callable[[str, Mapping[str, Any]], bool]
"""Selects requests to DynamoDB by the operation's name, such as `UpdateItem`, and its parameters."""


class _HttpServer:
    """An HTTP server in a thread."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop accepting connections."""
        self._server.shutdown()
        self._server.server_close()


class DynamoProxy(_HttpServer):
    """A proxy in front of DynamoDB that throttles requests, or drops the response of one."""

    def __init__(self, endpoint: str) -> None:
        self.should_throttle: RequestFilter | None = None
        """The requests that aren't performed and fail as if DynamoDB had throttled them."""
        self.should_drop: RequestFilter | None = None
        """The request that is performed and whose response is lost: the first one that it returns True for."""
        self.throttled_count = 0
        self.dropped_count = 0
        address = endpoint.removeprefix("http://")
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                operation = self.headers["x-amz-target"].rpartition(".")[2]
                if proxy.should_throttle is not None and proxy.should_throttle(operation, json.loads(body)):
                    proxy.throttled_count += 1
                    error = {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}
                    self._respond(400, json.dumps(error).encode())
                    return
                upstream = http.client.HTTPConnection(address, timeout=30)
                upstream.request("POST", self.path, body, dict(self.headers))
                response = upstream.getresponse()
                content = response.read()
                upstream.close()
                if proxy.should_drop is not None and proxy.should_drop(operation, json.loads(body)):
                    proxy.should_drop = None
                    proxy.dropped_count += 1
                    self.close_connection = True
                    return
                self._respond(response.status, content)

            def _respond(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", "application/x-amz-json-1.0")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        super().__init__(Handler)


@dataclass(frozen=True)
class RecordedResponse:
    """A response to a model call, byte for byte."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class ReplayServer(_HttpServer):
    """A server in Claude's place that returns recorded responses in their order, the last one repeatedly."""

    def __init__(self, *responses: RecordedResponse) -> None:
        self.request_count = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                response = responses[min(server.request_count, len(responses) - 1)]
                server.request_count += 1
                self.send_response(response.status)
                for name, value in ({"content-length": str(len(response.body))} | dict(response.headers)).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(response.body)

            def log_message(self, *_: object) -> None: ...

        super().__init__(Handler)


class SilentServer(_HttpServer):
    """A server in Claude's place that reads requests and doesn't respond."""

    def __init__(self) -> None:
        self.received = threading.Semaphore(0)
        """Released for every request."""
        self._closed = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                server.received.release()
                server._closed.wait(120)

            def log_message(self, *_: object) -> None: ...

        super().__init__(Handler)

    def close(self) -> None:
        """End all requests, and stop accepting connections."""
        self._closed.set()
        super().close()


_COMMITTED = b"Z\x00\x00\x00\x05I"
"""`ReadyForQuery` outside of a transaction."""


class PostgresProxy:
    """A TCP proxy in front of Postgres that can be disconnected, and can lose the response to a commit."""

    def __init__(self, directory: str, port: int) -> None:
        self._path = f"{directory}/.s.PGSQL.{port}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_connected = True
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._lost_statement: bytes | None = None
        self.commit_lost = threading.Event()
        """Set when the response to a commit was lost."""
        threading.Thread(target=self._accept, daemon=True).start()

    def disconnect(self) -> None:
        """Close all connections, and refuse new ones."""
        self._is_connected = False
        with self._lock:
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def reconnect(self) -> None:
        """Accept connections again."""
        self._is_connected = True

    def lose_commit_of(self, statement: bytes) -> None:
        """Lose the response to the commit of the next transaction that contains a statement."""
        self.disconnect()  # on new connections no statement is prepared, so that its text is sent
        self.commit_lost.clear()
        self._lost_statement = statement
        self.reconnect()

    def close(self) -> None:
        """Close all connections, and stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)  # ends `accept`, which may go on with the descriptor's next owner
        self._listener.close()
        self.disconnect()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if not self._is_connected:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                loses_commit = threading.Event()
                with self._lock:
                    self._sockets |= {client, server}
                threading.Thread(target=self._send, args=(client, server, loses_commit), daemon=True).start()
                threading.Thread(target=self._return, args=(server, client, loses_commit), daemon=True).start()

    def _send(self, client: socket.socket, server: socket.socket, loses_commit: threading.Event) -> None:
        with self._closing(client, server):
            while data := client.recv(65536):
                if self._lost_statement is not None and self._lost_statement in data:
                    self._lost_statement = None
                    loses_commit.set()
                server.sendall(data)

    def _return(self, server: socket.socket, client: socket.socket, loses_commit: threading.Event) -> None:
        with self._closing(client, server):
            while data := server.recv(65536):
                if loses_commit.is_set() and _COMMITTED in data:
                    self.commit_lost.set()
                    return
                client.sendall(data)

    @contextmanager
    def _closing(self, *ends: socket.socket) -> Iterator[None]:
        with suppress(OSError):
            yield
        for each in ends:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._sockets -= set(ends)
