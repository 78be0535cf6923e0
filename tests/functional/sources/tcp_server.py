"""A TCP server for the tests of HTTP clients, whose behaviour on each connection is a function."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Connection = socket.socket


def receive(connection: Connection) -> bool:
    """Read a whole request; return False where the connection is closed."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return False
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return True


class Server:
    """A TCP server that runs `serve` on each connection, and knows which of them the client has closed."""

    def __init__(self, serve: Callable[[Connection], None], tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._serve = serve
        self._tls = tls
        self.connections = 0
        self.closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection: Connection) -> None:
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._serve(connection)
            while connection.recv(65536):
                pass
        except OSError:
            pass
        finally:
            self.closed.set()
            connection.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def serving(serve: Callable[[Connection], None], tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(serve, tls)
    yield server
    server.close()
