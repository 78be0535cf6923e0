"""Listening sockets of the local stack, and the hosts that requests to them may name."""

import socket

ALLOWED_HOSTS = ("127.0.0.1", "localhost")
"""A web page of another host whose name is made to resolve to 127.0.0.1 could read every answer here otherwise."""


def is_allowed_host(header: str) -> bool:
    """Return whether a `Host` header names this machine, with or without a port."""
    return header.partition(":")[0] in ALLOWED_HOSTS


def listen(port: int = 0) -> socket.socket:
    """Open a TCP socket that listens on 127.0.0.1, on a free port for 0. Raises OSError for a port in use."""
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    # Connections inherit this. Without it, an answer written in two parts waits 40 ms for the client's
    # acknowledgement of the first; asyncio sets it only on sockets that were made with an explicit protocol.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
