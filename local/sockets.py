"""Listening sockets of the local stack."""

import socket


def listen(port: int = 0) -> socket.socket:
    """Open a TCP socket that listens on 127.0.0.1, on a free port for 0. Raises OSError for a port in use."""
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    # Connections inherit this. Without it, an answer written in two parts waits 40 ms for the client's
    # acknowledgement of the first; asyncio sets it only on sockets that were made with an explicit protocol.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
