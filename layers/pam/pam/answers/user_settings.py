"""A user's settings, changed with an exact undo."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.users.field_changes import FieldChanges
from pam.users.user_settings import change_settings, restore_settings

SOURCE = "Your settings in PAM"

_NAMES = {"time_zone": "time zone", "locale": "language"}

_NOTES = {
    "currency": "Amounts already recorded keep their currency, budgets too; sums convert them where PAM has an "
    "exchange rate.",
    "time_zone": "Where your device tells PAM another time zone, that one counts.",
    "notifications": "PAM sends no notifications yet; it keeps your choice.",
    "theme": "The page still follows your device; PAM keeps your choice.",
}
"""What a traveller may not expect of a changed setting."""


def _change(context: WriteContext, changes: Mapping[str, Any]) -> WriteResult:
    settings, changed = change_settings(context.connection, context.profile.id, changes)
    parts = [
        f"{_NAMES.get(name, name)} {_shown(value)} instead of {_shown(changed.before[name])}"
        for name, value in changed.after.items()
    ]
    notes = [_NOTES[name] for name in changed.after if name in _NOTES]
    text = " ".join([f"Your settings are changed: {', '.join(parts)}.", *notes])
    return WriteResult(
        text=text if parts else "Your settings are so already: nothing changed.",
        data=asdict(settings),
        source=SOURCE,
        undo=changed.as_json() if parts else None,
        simulated=context.profile.simulated,
    )


def _shown(value: Any) -> str:
    return {True: "on", False: "off"}.get(value, str(value))


def _restore(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    restore_settings(context.connection, context.profile.id, FieldChanges.from_json(undo))
    return UndoResult("Your settings are as they were before.")


UPDATE_SETTINGS = WriteOperation("update_settings", _change, _restore)
"""Changes the settings that are named."""
