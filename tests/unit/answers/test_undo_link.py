"""What frames say of writes that can be undone."""

import uuid
from datetime import UTC, datetime

from pam.answers.undo_link import undo_entries
from pam.ledger.effects import Effect

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def effect(text: str, undo_until: datetime | None = NOON) -> Effect:
    return Effect(uuid.uuid4(), text, {}, "Your expenses in PAM", False, NOON.isoformat(), undo_until)


def test_each_effect_is_listed_once() -> None:
    """In the order of their calls; one that can't be undone isn't listed."""
    first, second, sent = effect("Added $45.00."), effect("Added $46.00."), effect("Sent.", None)
    entries = undo_entries([first, second, first, sent])
    assert [entry["text"] for entry in entries] == ["Added $45.00.", "Added $46.00."]
    assert entries[0]["href"] == f"/v1/effects/{first.id}"
