"""Actions that wait for the user's confirmation: bound to their exact arguments, valid for ten minutes."""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from pam.chat.lifecycle.quoted_memory import DELETING_TOOL
from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, Item, Owner
from pam.platform.errors import (
    CONFIRMATION_MISMATCH,
    CONFIRMATION_NOT_FOUND,
    CONFIRMATION_USED,
    PamError,
)
from pam.tools.engine.definition import Identity
from pam.tools.engine.execution import Preview, confirmation_expired

CONFIRMATION_TTL = timedelta(minutes=10)

_ITEM_TTL = timedelta(days=1)
_UNDECIDED = "none"


@dataclass(frozen=True)
class Confirmation:
    """An action that is performed if the user confirms it."""

    id: UUID
    user_id: UUID
    message_id: UUID
    tool: str
    arguments: str
    """The arguments as the JSON text that Claude wrote."""
    preview: Preview
    """What the user was shown: a text, and the identities that the action concerns."""
    expires_at: datetime

    @property
    def digest(self) -> str:
        """SHA-256 over tool, arguments, preview and identities: a decision names what the user saw."""
        shown = [self.tool, self.arguments, self.preview.text, self.preview.identities_body()]
        return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


class Confirmations:
    """The store of confirmations. Methods raise `DynamoUnavailable`."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def create(self, user_id: UUID, message_id: UUID, tool: str, arguments: str, preview: Preview) -> Confirmation:
        """Store an action that needs a confirmation."""
        now = self._clock()
        confirmation = Confirmation(uuid4(), user_id, message_id, tool, arguments, preview, now + CONFIRMATION_TTL)
        fields = {
            "message": str(message_id),
            "tool": tool,
            "arguments": arguments,
            "preview": preview.text,
            "identities": preview.identities_body(),
            "digest": confirmation.digest,
            "expires_at": int(confirmation.expires_at.timestamp()),
            "decision": _UNDECIDED,
        }
        self._table.put(_key(user_id, confirmation.id), fields, now + _ITEM_TTL)
        return confirmation

    def decide(self, user_id: UUID, confirmation_id: UUID, decision: str, digest: str) -> Confirmation:
        """Record the user's decision; the same decision may be repeated, also after the expiry.

        A confirmed action may be performed until it expires; afterwards only its recorded outcome may be reported.
        Raises `PamError`: `confirmation_not_found` (another user's as well), `confirmation_mismatch`,
        `confirmation_expired`, `confirmation_used` after the other decision.
        """
        try:
            item = self._table.update(
                _key(user_id, confirmation_id),
                "set #decision = :decision",
                {
                    "decision": decision,
                    "digest": digest,
                    "now": int(self._clock().timestamp()),
                    "undecided": _UNDECIDED,
                },
                condition="#digest = :digest and "
                "(#decision = :decision or (#decision = :undecided and #expires_at > :now))",
            )
        except ConditionFailed as failure:
            raise _refusal(failure.item, digest) from None
        return Confirmation(
            id=confirmation_id,
            user_id=user_id,
            message_id=UUID(item["message"]),
            tool=item["tool"],
            arguments=item["arguments"],
            preview=Preview(
                item["preview"],
                {name: Identity(UUID(each["id"]), each["name"]) for name, each in item["identities"].items()},
            ),
            expires_at=datetime.fromtimestamp(int(item["expires_at"]), UTC),
        )

    def claim_report(self, confirmation: Confirmation) -> bool:
        """Return True for the one caller that reports the outcome, however often a decision is repeated."""
        try:
            self._table.update(
                _key(confirmation.user_id, confirmation.id),
                "",
                condition="attribute_not_exists(#reported_by)",
                owner=Owner("reported_by", uuid4().hex),
            )
        except ConditionFailed:
            return False
        return True

    def delete(self, user_id: UUID, turns: Collection[UUID]) -> None:
        """Delete the confirmations that these turns asked for."""
        messages = {str(turn) for turn in turns}
        self._delete(user_id, lambda item: item["message"] in messages)

    def delete_all(self, user_id: UUID, kept: UUID | None = None) -> None:
        """Delete the confirmations of a user but those of deletions that one turn asked for."""
        self._delete(user_id, lambda item: item["message"] != str(kept) or item["tool"] != DELETING_TOOL)

    def _delete(self, user_id: UUID, is_deleted: Callable[[Item], bool]) -> None:
        for item in self._table.query(_partition(user_id)):
            if is_deleted(item):
                self._table.delete(item["key"], item["item"])


def _refusal(item: Item | None, digest: str) -> PamError:
    if item is None:
        return PamError(CONFIRMATION_NOT_FOUND, "PAM knows of nothing like that to confirm.")
    if item["digest"] != digest:
        return PamError(CONFIRMATION_MISMATCH, "That isn't what PAM asked about. Nothing was done; please look again.")
    if item["decision"] != _UNDECIDED:
        return PamError(CONFIRMATION_USED, "You've already decided about that.")
    return confirmation_expired()


def _key(user_id: UUID, confirmation_id: UUID) -> tuple[str, str]:
    return _partition(user_id), str(confirmation_id)


def _partition(user_id: UUID) -> str:
    return f"confirmation#{user_id}"
