"""Long texts in the results of tools."""

from pam.platform.envelope import encode


def excerpt(text: str, max_bytes: int) -> str:
    """Return a text, or its beginning with `…`, that has at most so many bytes as JSON."""
    if len(encode(text).encode()) - 2 <= max_bytes:
        return text
    room = max_bytes - len("…".encode())
    size = 0
    for position, character in enumerate(text):
        size += len(encode(character).encode()) - 2
        if size > room:
            return f"{text[:position].rstrip()}…"
    return text
