"""What the generator of the load recorded, read back."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class MessageRecord:
    """One message of a traveller: times in milliseconds from its due time; None where there was no such frame."""

    message_id: str
    user: str
    transport: str
    tier: int
    """The tier that was expected."""
    due_s: float
    amount: str
    end: str
    """`done`, `error`, or `none` for no answer."""
    code: str
    retried: tuple[str, ...]
    """The codes of the attempts that were refused or failed, and were sent again."""
    done_ms: float
    ack_ms: float | None = None
    first_token_ms: float | None = None
    answered_tier: int | None = None
    cost_usd: float = 0.0

    @property
    def response_ms(self) -> float:
        """The time to the first text of a streamed answer, and to the whole of any other."""
        return self.done_ms if self.first_token_ms is None else self.first_token_ms


@dataclass(frozen=True)
class ConnectRecord:
    """One attempt to open a WebSocket, with its ticket. `failure` is empty for a success."""

    at_s: float
    ms: float
    failure: str


@dataclass
class Records:
    """All records of a run."""

    messages: list[MessageRecord] = field(default_factory=list)
    connects: list[ConnectRecord] = field(default_factory=list)
    dropped_at_s: list[float] = field(default_factory=list)
    """When sockets were lost that nobody had closed."""
    doubled: list[str] = field(default_factory=list)
    """The ids of messages with a second end."""


def read_records(path: Path) -> Records:
    """Return the records of a file with a JSON object a line."""
    records = Records()
    for line in path.read_text(encoding="utf-8").splitlines():
        fields: dict[str, Any] = json.loads(line)
        match fields.pop("kind"):
            case "message":
                records.messages.append(MessageRecord(**fields | {"retried": tuple(fields["retried"])}))
            case "connect":
                records.connects.append(ConnectRecord(**fields))
            case "dropped":
                records.dropped_at_s.append(fields["at_s"])
            case "doubled":
                records.doubled.append(fields["message_id"])
    return records
