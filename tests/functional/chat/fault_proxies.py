"""What stands between the functions and their parts, and fails as it is told."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Refuses = Callable[[str, Mapping[str, Any]], bool]
"""Whether DynamoDB refuses this operation: `UpdateItem` and the like, and its request."""


class DynamoProxy:
    """An HTTP proxy in front of moto that refuses what it is told to, as DynamoDB does when it is throttled."""

    def __init__(self, endpoint: str) -> None:
        self.refuses: Refuses | None = None
        self.drops: Refuses | None = None
        """Which request is performed, and its response dropped: the first that it is true for."""
        self.refused = 0
        self.dropped = 0
        address = endpoint.removeprefix("http://")
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                operation = self.headers["x-amz-target"].rpartition(".")[2]
                if proxy.refuses is not None and proxy.refuses(operation, json.loads(body)):
                    proxy.refused += 1
                    told = {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}
                    self._answer(400, json.dumps(told).encode())
                    return
                upstream = http.client.HTTPConnection(address, timeout=30)
                upstream.request("POST", self.path, body, dict(self.headers))
                reply = upstream.getresponse()
                response = reply.read()
                upstream.close()
                if proxy.drops is not None and proxy.drops(operation, json.loads(body)):
                    proxy.drops = None
                    proxy.dropped += 1
                    self.close_connection = True
                    return
                self._answer(reply.status, response)

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", "application/x-amz-json-1.0")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Replay:
    """An answer to a model call, to the byte."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class ReplayServer:
    """Stands in Claude's place and says what it was given: an answer for each request, the last one again and again."""

    def __init__(self, *recitals: Replay) -> None:
        self.asked = 0
        reciter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                recital = recitals[min(reciter.asked, len(recitals) - 1)]
                reciter.asked += 1
                self.send_response(recital.status)
                for name, value in ({"content-length": str(len(recital.body))} | dict(recital.headers)).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(recital.body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


_COMMITTED = b"Z\x00\x00\x00\x05I"
"""`ReadyForQuery`, outside of a transaction."""


class PostgresProxy:
    """A TCP socket to Postgres that can be pulled, and that can lose the answer to a commit."""

    def __init__(self, directory: str, port: int) -> None:
        self._path = f"{directory}/.s.PGSQL.{port}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._there = True
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._loses: bytes | None = None
        self.lost = threading.Event()
        """Set when an answer was lost."""
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cuts all connections, and lets none in."""
        self._there = False
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def restore(self) -> None:
        self._there = True

    def lose_commit_of(self, statement: bytes) -> None:
        """The next transaction with this statement is committed, and who asked for it never hears of it."""
        self.cut()  # on connections anew, where no statement is prepared and known by a name only
        self.lost.clear()
        self._loses = statement
        self.restore()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if not self._there:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                doomed = threading.Event()
                with self._lock:
                    self._open |= {client, server}
                threading.Thread(target=self._forward, args=(client, server, doomed), daemon=True).start()
                threading.Thread(target=self._return, args=(server, client, doomed), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        with self._ending(client, server):
            while data := client.recv(65536):
                if self._loses is not None and self._loses in data:
                    self._loses = None
                    doomed.set()
                server.sendall(data)

    def _return(self, server: socket.socket, client: socket.socket, doomed: threading.Event) -> None:
        with self._ending(client, server):
            while data := server.recv(65536):
                if doomed.is_set() and _COMMITTED in data:
                    self.lost.set()
                    return
                client.sendall(data)

    @contextmanager
    def _ending(self, *ends: socket.socket) -> Iterator[None]:
        with suppress(OSError):
            yield
        for each in ends:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open -= set(ends)
