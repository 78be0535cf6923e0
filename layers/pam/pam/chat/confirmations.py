"""What waits for the traveller's yes: bound to the exact arguments, good once, for ten minutes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pam.chat.store import KEPT_FOR, ChatTable, Conflict
from pam.platform.clock import Clock
from pam.platform.errors import (
    CONFIRMATION_EXPIRED,
    CONFIRMATION_MISMATCH,
    CONFIRMATION_NOT_FOUND,
    CONFIRMATION_USED,
    PamError,
)

GOOD_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Confirmation:
    """Something that will be done if the traveller says so. `arguments` is the JSON text that Claude wrote."""

    id: UUID
    user_id: UUID
    message_id: UUID
    tool: str
    arguments: str
    preview: str
    """What the traveller was shown."""
    expires_at: datetime

    @property
    def digest(self) -> str:
        """SHA-256 of the tool, its arguments and what was shown of them: who confirms names what they saw."""
        return hashlib.sha256(json.dumps([self.tool, self.arguments, self.preview]).encode()).hexdigest()


class Confirmations:
    """Raises `PamError` (`store_unavailable`)."""

    def __init__(self, table: ChatTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def ask(self, user_id: UUID, message_id: UUID, tool: str, arguments: str, preview: str) -> Confirmation:
        """Keeps what is to be confirmed."""
        asked = Confirmation(uuid4(), user_id, message_id, tool, arguments, preview, self._clock() + GOOD_FOR)
        fields: Mapping[str, Any] = {
            "message": str(message_id),
            "tool": tool,
            "arguments": arguments,
            "preview": preview,
            "digest": asked.digest,
            "expires_at": int(asked.expires_at.timestamp()),
            "decision": "none",
        }
        self._table.put(_key(user_id, asked.id), "-", fields, self._clock() + KEPT_FOR)
        return asked

    def decide(self, user_id: UUID, confirmation_id: UUID, decision: str, digest: str) -> Confirmation:
        """Holds the traveller's decision; the same one again is the same.

        Raises `PamError`: `confirmation_not_found` (also for another traveller's), `confirmation_mismatch`,
        `confirmation_expired`, `confirmation_used` after the other decision.
        """
        now = int(self._clock().timestamp())
        try:
            item = self._table.update(
                _key(user_id, confirmation_id),
                "-",
                "set #decision = :decision",
                {"decision": decision, "digest": digest, "now": now, "none": "none"},
                condition="#digest = :digest and (#decision = :decision or (#decision = :none and #expires_at > :now))",
            )
        except Conflict as refusal:
            there = refusal.item
            if there is None:
                raise PamError(CONFIRMATION_NOT_FOUND, "PAM knows of nothing like that to confirm.") from None
            if there["digest"] != digest:
                raise PamError(
                    CONFIRMATION_MISMATCH, "That isn't what PAM asked about. Nothing was done; please look again."
                ) from None
            if there["decision"] != "none":
                raise PamError(CONFIRMATION_USED, "You've already decided about that.") from None
            raise PamError(
                CONFIRMATION_EXPIRED, "That waited for more than ten minutes, so nothing was done. Ask again."
            ) from None
        return Confirmation(
            id=confirmation_id,
            user_id=user_id,
            message_id=UUID(item["message"]),
            tool=item["tool"],
            arguments=item["arguments"],
            preview=item["preview"],
            expires_at=datetime.fromtimestamp(int(item["expires_at"]), self._clock().tzinfo),
        )

    def tell_once(self, user_id: UUID, confirmation_id: UUID) -> bool:
        """True for the first who asks: what came of it is told in one frame, however often it is confirmed."""
        try:
            self._table.update(
                _key(user_id, confirmation_id),
                "-",
                "set #told = :true",
                {"true": True},
                condition="attribute_not_exists(#told)",
            )
        except Conflict:
            return False
        return True


def _key(user_id: UUID, confirmation_id: UUID) -> str:
    return f"confirmation#{user_id}#{confirmation_id}"
