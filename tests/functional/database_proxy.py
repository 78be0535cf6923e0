"""A fake RDS Proxy: it lends connections to sessions for a transaction, and pins a session as AWS's documentation says.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy-pinning.html. It listens on a Unix socket,
without TLS, and checks no password.
"""

import os
import re
import selectors
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from psycopg import pq
from psycopg.conninfo import make_conninfo

MAX_STATEMENT_BYTES = 16 * 1024

PIN_REASONS = {
    "SET": r"^\s*(re)?set\b",
    "set_config": r"\bset_config\s*\(",
    "prepared statement": r"^\s*(prepare|execute|deallocate|discard)\b",
    "temporary object": r"\bcreate\s+(local\s+|global\s+)?temp(orary)?\b",
    "cursor": r"^\s*declare\b",
    "notification channel": r"^\s*(un)?listen\b",
    "library": r"^\s*load\b",
    "sequence": r"\b(nextval|setval|currval|lastval)\s*\(",
    "lock of the session": r"\bpg_(try_)?advisory_(lock|unlock)\w*\s*\(",
}
"""What pins a session: a reason, and a pattern of the statements that have it."""

_SSL_REQUEST, _CANCEL_REQUEST, _GSS_REQUEST = 80877103, 80877102, 80877104
_REPORTED = ("server_version", "server_encoding", "client_encoding", "integer_datetimes", "standard_conforming_strings",
             "DateStyle", "IntervalStyle", "TimeZone")  # fmt: skip


def pin_reason(statement: str, name: str = "") -> str | None:
    """Return why a statement, prepared under this name, pins its session; None if it doesn't."""
    if name:
        return "prepared statement"
    if len(statement.encode()) > MAX_STATEMENT_BYTES:
        return "large statement"
    found = (reason for reason, pattern in PIN_REASONS.items() if re.search(pattern, statement, re.IGNORECASE))
    return next(found, None)


class DatabaseProxy:
    """The proxy, on `host`, a directory, from its construction on; `stop` ends it.

    `app` is the login of the functions, as in their secret; it may be set before the first session only.
    """

    def __init__(self, host: Path, port: int) -> None:
        self.host = str(host)
        self.app: Mapping[str, Any] = {}
        self.reasons: Counter[str] = Counter()
        """How many sessions were pinned for each reason, since the start."""
        self.transactions = 0
        self.max_lent = 0
        """The most connections that were lent at once."""
        self._pinned: set[int] = set()
        self._lock = threading.Lock()
        self._idle: list[_Backend] = []
        self._lent = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{host}/.s.PGSQL.{port}")
        self._listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def pinned(self) -> int:
        """How many sessions are pinned now."""
        with self._lock:
            return len(self._pinned)

    def stop(self) -> None:
        # Closing alone leaves the thread in `accept`, which may go on with the descriptor's next owner.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for backend in self._idle:
                backend.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError), client:
            if self._log_in(client):
                _Session(self, client).run()

    def _log_in(self, client: socket.socket) -> bool:
        """Answer the start of a session; return whether there is one."""
        while True:
            (length,) = struct.unpack("!i", _receive(client, 4))
            packet = _receive(client, length - 4)
            (code,) = struct.unpack("!i", packet[:4])
            if code == _CANCEL_REQUEST:
                return False  # not supported
            if code not in (_SSL_REQUEST, _GSS_REQUEST):
                break
            client.sendall(b"N")
        if b"options" in packet[4:].split(b"\0")[0::2]:  # names and values by turns
            text = "Feature not supported: RDS Proxy currently doesn't support command-line options."
            fields = b"".join(part.encode() + b"\0" for part in ("SFATAL", "VFATAL", "C0A000", f"M{text}"))
            client.sendall(_message(b"E", fields + b"\0"))
            return False
        backend = self.borrow()
        parameters = backend.parameters
        self.give_back(backend)
        answer = _message(b"R", struct.pack("!i", 0))
        answer += b"".join(_message(b"S", b"\0".join(each) + b"\0") for each in parameters.items())
        client.sendall(answer + _message(b"K", struct.pack("!ii", 0, 0)) + _message(b"Z", b"I"))
        return True

    def borrow(self) -> "_Backend":
        """Return a connection that nobody uses. Another one than the last: no session may rely on having the same."""
        with self._lock:
            self._lent += 1
            self.max_lent = max(self.max_lent, self._lent)
            if len(self._idle) > 1:
                return self._idle.pop(0)
        return _Backend(self.app)

    def give_back(self, backend: "_Backend", is_usable: bool = True) -> None:
        with self._lock:
            self._lent -= 1
            if is_usable:
                self._idle.append(backend)
        if not is_usable:
            backend.close()

    def pin(self, session: int, reason: str) -> None:
        with self._lock:
            if session not in self._pinned:
                self._pinned.add(session)
                self.reasons[reason] += 1

    def end(self, session: int) -> None:
        with self._lock:
            self._pinned.discard(session)


class _Backend:
    """A connection to Postgres that is logged in. Raises OSError."""

    def __init__(self, app: Mapping[str, Any]) -> None:
        conninfo = make_conninfo(
            host=app["host"], port=app["port"], dbname=app["dbname"], user=app["username"], password=app["password"]
        )
        self._login = pq.PGconn.connect(conninfo.encode())
        if self._login.status != pq.ConnStatus.OK:
            raise OSError(self._login.get_error_message())
        reported = {name.encode(): self._login.parameter_status(name.encode()) for name in _REPORTED}
        self.parameters = {name: value for name, value in reported.items() if value is not None}
        self.socket = socket.socket(fileno=os.dup(self._login.socket))
        self.socket.setblocking(True)

    def close(self) -> None:
        self.socket.close()
        self._login.finish()


def _wait_for_data(sockets: Iterable[socket.socket]) -> set[socket.socket]:
    """Wait for data on any socket, and return those that have some. `select` refuses descriptors above 1023."""
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ, each)
        return {key.data for key, _ in selector.select()}


class _Session:
    """A client's session. A connection is lent to it for a transaction, or until it ends if it is pinned."""

    def __init__(self, proxy: DatabaseProxy, client: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._backend: _Backend | None = None
        self._is_pinned = False
        self._awaited = 0  # ReadyForQuery messages
        self._is_synchronised = True
        self._from_client, self._from_backend = b"", b""

    def run(self) -> None:
        """Relay until the client leaves."""
        try:
            while True:
                sources = [self._client] + ([self._backend.socket] if self._backend else [])
                readable = _wait_for_data(sources)
                if self._backend and self._backend.socket in readable:
                    self._relay_answers(self._backend)
                elif not self._relay_requests():
                    return
        finally:
            if self._backend:
                self._proxy.give_back(self._backend, is_usable=False)
            self._proxy.end(id(self))

    def _relay_requests(self) -> bool:
        data = self._client.recv(65536)
        if not data:
            return False
        self._from_client += data
        messages, self._from_client = _split(self._from_client)
        for kind, payload in messages:
            if kind == b"X":
                return False
            self._inspect(kind, payload)
            if self._backend is None:
                self._backend = self._proxy.borrow()
            if kind != b"H":  # Flush, which libpq also sends after Sync
                self._is_synchronised = kind in (b"S", b"Q")
                self._awaited += self._is_synchronised
            self._backend.socket.sendall(_message(kind, payload))
        return True

    def _inspect(self, kind: bytes, payload: bytes) -> None:
        name, _, rest = payload.partition(b"\0")
        reason = None
        if kind == b"Q":
            reason = pin_reason(name.decode())
        elif kind == b"P":
            reason = pin_reason(rest.partition(b"\0")[0].decode(), name.decode())
        if reason:
            self._is_pinned = True
            self._proxy.pin(id(self), reason)

    def _relay_answers(self, backend: _Backend) -> None:
        data = backend.socket.recv(65536)
        if not data:
            raise EOFError
        self._from_backend += data
        messages, self._from_backend = _split(self._from_backend)
        status = b""
        for kind, payload in messages:
            if kind == b"Z":
                self._awaited -= 1
                status = payload
        # Before the client can see that its transaction has ended, as it may look whether the session is pinned.
        if status == b"I" and self._awaited == 0 and self._is_synchronised and not self._from_backend:
            self._proxy.transactions += 1
            if not self._is_pinned:
                self._backend = None
                self._proxy.give_back(backend)
        self._client.sendall(b"".join(_message(*each) for each in messages))


def _split(data: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the complete messages in `data`, and the rest."""
    messages = []
    while len(data) >= 5:
        (length,) = struct.unpack("!i", data[1:5])
        if len(data) < length + 1:
            break
        messages.append((data[:1], data[5 : length + 1]))
        data = data[length + 1 :]
    return messages, data


def _message(kind: bytes, payload: bytes) -> bytes:
    return kind + struct.pack("!i", len(payload) + 4) + payload


def _receive(connection: socket.socket, number: int) -> bytes:
    """Return so many bytes. Raises EOFError."""
    data = b""
    while len(data) < number:
        received = connection.recv(number - len(data))
        if not received:
            raise EOFError
        data += received
    return data


@contextmanager
def running_proxy(host: Path, app: Mapping[str, Any]) -> Iterator[DatabaseProxy]:
    """Yield a proxy of the Postgres with this login, as long as it is needed."""
    proxy = DatabaseProxy(host, int(app["port"]))
    proxy.app = app
    try:
        yield proxy
    finally:
        proxy.stop()
