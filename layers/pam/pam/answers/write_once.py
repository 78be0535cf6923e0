"""A write for a request over HTTP or a fast answer: done once for its idempotency key, and answered with its undo."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from aws_lambda_powertools.utilities.typing import LambdaContext

from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import from_json, to_json
from pam.answers.undo_link import undo_link
from pam.ledger.effects import Effect, find_effect, perform_write
from pam.ledger.operation import WriteOperation
from pam.memory.selection import memory_not_found
from pam.platform.deadline import Deadline

A = TypeVar("A")
T = TypeVar("T")


@dataclass(frozen=True)
class WriteRequest:
    """A request for a write. `payload` are its values in JSON: the same key with others is refused."""

    user_id: UUID
    idempotency_key: str | None
    payload: dict[str, Any]
    deadline: Deadline
    context: LambdaContext
    zone: ZoneInfo | None = None
    typed_at: datetime | None = None


def write_once(
    dependencies: UserDependencies,
    request: WriteRequest,
    operation: WriteOperation[A],
    prepare: Callable[[], A],
    answer_type: type[T],
) -> T:
    """Perform a write once for the request's key; return its answer, with the fields of `WriteResult.data`.

    The answer is only in the ledger, where deletions find it, and not in the record of the key. Where a deletion of
    memories has cleared it, raises `PamError` (`memory_not_found`).

    `prepare` returns the operation's arguments. It is called before the transaction, so it may ask other services.
    Raises `PamError`, and what `prepare` and the operation raise.
    """
    user_id, payload = request.user_id, request.payload
    key = f"{user_id} {request.idempotency_key}" if request.idempotency_key else None
    digest = hashlib.sha256(json.dumps([key, payload]).encode()).hexdigest() if key else uuid4().hex
    ledger_key = f"request:{digest}"

    def answer_of(effect: Effect) -> dict[str, Any]:
        return {
            "text": effect.text,
            "source": effect.source,
            "simulated": effect.simulated,
            "as_of": effect.as_of,
            **effect.data,
            **({"undo": to_json(undo_link(effect)) if effect.undo_until else None} if operation.undo else {}),
        }

    def write() -> Effect:
        return perform_write(
            dependencies,
            user_id,
            ledger_key,
            operation,
            prepare(),
            request.deadline,
            zone=request.zone,
            typed_at=request.typed_at,
        )

    written: list[Effect] = []

    def write_apart() -> dict[str, Any]:
        written.append(write())
        return {}

    dependencies.idempotency.run(key, payload, write_apart, request.context)
    # A repetition isn't prepared again: what it needs may be gone since.
    effect = written[0] if written else find_effect(dependencies, user_id, ledger_key, request.deadline)
    try:
        return from_json(answer_type, answer_of(effect or write()))
    except ValueError:  # a deletion has cleared the record
        raise memory_not_found() from None
