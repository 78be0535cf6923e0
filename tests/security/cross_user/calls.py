"""Calls of operations with one argument exchanged, and their answers without what differs by chance."""

import base64
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.functional.chat.claude_scripts import SHORT_ANSWER
from tests.functional.chat.frames import Frames
from tests.security.cross_user.operations import Operation, Place, Reference, Surface
from tests.security.cross_user.resident import LAUNDRY, MORE_LAUNDRY, UUID, Resident
from tests.words import new_word

# Ids, instants, whether an answer was cached, and the numbers of frames, which depend on the turn's pace.
_BY_CHANCE = (
    UUID,
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[\d:.]*(?:Z|[+-]\d\d:\d\d)?"),
    re.compile(r"toolu_\w+"),
    re.compile(r'"cached": \w+'),
    re.compile(r'"seq": \d+'),
)
_MEASURED = frozenset({"latency_ms", "usage", "cost_usd", "seq", "memory"})
NO_ANSWER = "no answer"
NO_ANSWER_TIMEOUT_S = 5.0
MAX_CALLS = 25
"""Of a tool in one reply: a longer one is cut at the limit on its tokens."""


@dataclass(frozen=True)
class Exchange:
    """A call with `value` in its place, what came back, and what the model that acts for the user was sent."""

    value: str
    returned: str
    sent: str = ""

    @property
    def answer(self) -> str:
        """What came back without the value, and without what differs each time."""
        text = self.returned.replace(self.value, "<value>")
        for pattern in _BY_CHANCE:
            text = pattern.sub("<>", text)
        return text

    def reveals(self, victim: Resident) -> list[str]:
        """Return what came back, or was sent to the model, of a user's own, beside the value that was tried."""
        rest = f"{self.returned}{self.sent}".replace(self.value, "<value>")
        return [each for each in (victim.secret, str(victim.id), *victim.uuids) if each in rest]


def references(victim: Resident, place: Place, *, all_ids: bool) -> list[str]:
    """Return the values of a user's own that may be tried in a place: every id, or one id of each kind."""
    match place.reference:
        case Reference.UUID if place.operation.name == "chat":
            # Each is a turn with Claude: those that the parameter can mean.
            return victim.conversations if place.parameter == "conversation_id" else victim.turns
        case Reference.UUID:
            return victim.uuids if all_ids else victim.uuids_of_each_kind
        case Reference.NUMBER:
            return victim.numbers if all_ids else victim.numbers_of_each_table
        case Reference.CURSOR:
            return [cursor_of(victim, place.operation)]
        case Reference.WORD:
            return [f"dogs {victim.topic}", victim.topic]
        case Reference.PUBLIC_NAME:
            return [victim.name]


def unknown(known: str, reference: Reference) -> str:
    """Return a value like `known` that belongs to nobody."""
    match reference:
        case Reference.UUID:
            return str(uuid.uuid4())
        case Reference.NUMBER:
            return str(99 * 10**8 + uuid.uuid4().int % 10**8)
        case Reference.CURSOR:
            at, _, identity = base64.urlsafe_b64decode(f"{known}===").decode().rpartition(" ")
            other = unknown(identity, Reference.UUID if UUID.fullmatch(identity) else Reference.NUMBER)
            return base64.urlsafe_b64encode(f"{at} {other}".encode()).decode().rstrip("=")
        case Reference.WORD:
            return f"dogs {new_word()}"
        case Reference.PUBLIC_NAME:
            return f"{known[:2]}{uuid.uuid4().hex[: len(known) - 2]}"


def cursor_of(user: Resident, operation: Operation) -> str:
    """Return where the second page of a user's list begins."""
    method, path = operation.name.split(" ")
    cursor = user.http.request(method, path, params={"limit": "1"}).json()["next_cursor"]
    assert cursor, f"{operation.name} has one page only: a resident needs two rows in it"
    return str(cursor)


def call(user: Resident, place: Place, values: Sequence[str], others: Mapping[str, Any]) -> list[Exchange]:
    """Call an operation as a user with each value in a place; `others` replace other arguments."""
    tried = [(value, place.arguments(value) | others | {place.parameter: value}) for value in values]
    match place.operation.surface:
        case Surface.HTTP:
            return [Exchange(value, send_request(user, place.operation.name, each)) for value, each in tried]
        case Surface.FRAME if place.operation.name == "chat":
            # What was written for a question that is asked again isn't written for another with that id.
            write = LAUNDRY if place.parameter == "retry_of" else MORE_LAUNDRY
            return [Exchange(value, *_ask(user, each, write)) for value, each in tried]
        case Surface.FRAME:
            return [Exchange(value, _send_frame(user, place.operation.name, each)) for value, each in tried]
        case Surface.TOOL:
            results = [
                result
                for start in range(0, len(tried), MAX_CALLS)
                for result in _use_tool(user, place.operation.name, [each for _, each in tried[start:][:MAX_CALLS]])
            ]
            return [Exchange(value, result) for value, result in zip(values, results, strict=True)]


def send_request(user: Resident, route: str, arguments: Mapping[str, Any], **options: Any) -> str:
    """Return the status and the body of the response."""
    method, path = route.split(" ")
    rest = dict(arguments)
    for name in re.findall(r"\{(\w+)\}", path):
        path = path.replace(f"{{{name}}}", rest.pop(name))
    body = {"params": rest} if method == "GET" else {"json": rest} if rest else {}
    response = user.http.request(method, path, **body, **options)
    return f"{response.status_code} {response.text}"


def _send_frame(user: Resident, action: str, arguments: Mapping[str, Any]) -> str:
    """Return the frames that come back up to the last."""
    user.socket.send(action, **arguments)
    try:
        frames = [user.socket.receive(NO_ANSWER_TIMEOUT_S)]
    except TimeoutError:
        return NO_ANSWER
    while action == "resume" and frames[-1]["type"] not in ("done", "error"):
        frames.append(user.socket.receive())
    return json.dumps(frames)


def _ask(user: Resident, arguments: Mapping[str, Any], write: dict[str, Any]) -> tuple[str, str]:
    """Ask a question that Claude answers with a write.

    Return the frames with the number of messages that Claude was sent and of expenses that were added, and these
    messages.
    """
    expenses = user.count_expenses()
    scripts = user.claude.with_new_marker()
    scripts.script(write, SHORT_ANSWER)
    # With the words of the write: one that a question doesn't ask for waits for the user's approval.
    text = f"We camped here last night. {write['input']['amount']} laundry {scripts.marker}"
    fields = {"message_id": str(uuid.uuid4())} | arguments | {"text": text}
    user.socket.send("chat", **fields)
    frames = _frames_of(user, fields["message_id"])
    # The last frame has the whole text, whatever its pieces were.
    kept = [
        {name: value for name, value in frame.items() if name not in _MEASURED}
        for frame in frames
        if frame["type"] != "delta"
    ]
    sent = [request["body"]["messages"] for request in scripts.requests()]
    memory = [frame.get("memory") for frame in frames]
    returned = json.dumps([kept, [len(messages) for messages in sent], user.count_expenses() - expenses])
    return returned.replace(scripts.marker, "<marker>"), json.dumps([sent, memory])


def _frames_of(user: Resident, message_id: str) -> Frames:
    """Return the frames of a message; those of an earlier call may come late."""
    frames: Frames = []
    while not frames or frames[-1]["type"] not in ("done", "error"):
        frames += [frame for frame in [user.socket.receive()] if frame.get("message_id") == message_id]
    return frames


def _use_tool(user: Resident, tool: str, arguments: Sequence[Mapping[str, Any]]) -> list[str]:
    """Have Claude call a tool with each of several arguments in one turn; return what each call returned."""
    scripts = user.claude.with_new_marker()
    scripts.script({"content": [{"type": "tool_use", "name": tool, "input": each} for each in arguments]}, SHORT_ANSWER)
    frames = _frames_of(user, user.socket.send_question(f"Please do this: {scripts.marker}"))
    assert frames[-1]["type"] == "done", frames
    results = {
        block["tool_use_id"]: json.dumps(block["content"])
        for request in scripts.requests()
        for message in request["body"]["messages"]
        if message["role"] == "user"
        for block in message["content"]
        if block["type"] == "tool_result"
    }
    # Claude isn't asked again where only an approval is waited for.
    lines = {frame["id"]: json.dumps(frame) for frame in frames if frame["type"] == "tool"}
    requests = [json.dumps(frame) for frame in frames if frame["type"] == "confirm_request"]
    used = list(results or lines)
    assert len(used) == len(arguments), frames
    return [f"{results.get(id, '')} {lines.get(id, '')} {requests}" for id in used]
