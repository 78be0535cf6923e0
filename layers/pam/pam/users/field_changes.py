"""Changes of some fields of a user's own row, and their exact undo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pam.platform.errors import MODIFIED_SINCE, PamError


@dataclass(frozen=True)
class FieldChanges:
    """The fields that a write changed, with their values before and after it (JSON values); empty: none."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @classmethod
    def between(cls, old: Mapping[str, Any], new: Mapping[str, Any]) -> "FieldChanges":
        """Return what differs between two states of the same fields."""
        changed = [name for name in new if old[name] != new[name]]
        return cls({name: old[name] for name in changed}, {name: new[name] for name in changed})

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "FieldChanges":
        """Return the changes from the result of `as_json`."""
        return cls(fields["before"], fields["after"])

    def as_json(self) -> dict[str, Any]:
        """Return both states as JSON values."""
        return {"before": dict(self.before), "after": dict(self.after)}

    def restored(self, current: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values to restore; none where they are restored already.

        Raises `PamError` (`modified_since`) if a field was changed again since.
        """
        if all(current[name] == value for name, value in self.before.items()):
            return {}
        if any(current[name] != value for name, value in self.after.items()):
            raise PamError(MODIFIED_SINCE, "That was changed again since, so it stays as it is.")
        return self.before
