"""A client for the control endpoints of the Claude stand-in."""

import json
import urllib.parse
import urllib.request


class ClaudeStandIn:
    """Sets the replies, faults and speed of the stand-in."""

    def __init__(self, url: str) -> None:
        self._url = url

    def script(self, contains: str, *replies: str | dict | list[dict]) -> None:
        """Set the replies to a user message that contains a text, one for each step of the turn.

        A reply is a text, a list of content blocks, or a whole reply with its fault; the last one is repeated.
        """
        scripted = []
        for reply in replies:
            if isinstance(reply, dict) and "content" in reply:
                scripted.append(reply)
                continue
            blocks = reply if isinstance(reply, list) else [reply]
            scripted.append({"content": [text_block(block) if isinstance(block, str) else block for block in blocks]})
        self._send("PUT", "_script", [{"match": {"text_contains": contains}, "replies": scripted}])

    def set_fault(self, contains: str, mode: str) -> None:
        """Set how requests that contain a text fail; "ok" ends it."""
        self._send("PUT", "_control", {"mode": mode, "contains": contains})

    def set_speed(self, first_token_ms: float, tokens_per_second: float | None) -> None:
        """Set the time to the first token and the rate of the others; None for no delay."""
        profile = {"first_token_ms": first_token_ms, "ms_per_uncached_token": 0, "tokens_per_second": tokens_per_second}
        self._send("PUT", "_control", {"profile": profile})

    def count_requests(self, contains: str) -> int:
        """Return how many received requests contain a text."""
        query = urllib.parse.urlencode({"contains": contains})
        with urllib.request.urlopen(f"{self._url}/_journal?{query}", timeout=30) as response:
            return json.load(response)["requests"]

    def reset(self) -> None:
        """Remove all scripts and faults, and reply without delay."""
        self._send("DELETE", "_journal", None)
        self.set_speed(0, None)

    def _send(self, method: str, path: str, body: object) -> None:
        data = None if body is None else json.dumps(body).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self._url}/{path}", data, method=method), timeout=30).close()


def text_block(text: str) -> dict:
    """Return a text content block."""
    return {"type": "text", "text": text}


def tool_use(tool: str, **arguments: object) -> dict:
    """Return a tool_use content block."""
    return {"type": "tool_use", "name": tool, "input": arguments}
