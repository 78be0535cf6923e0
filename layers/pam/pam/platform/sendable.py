"""Text that can be encoded and shown by clients."""

import re
from collections.abc import Mapping
from typing import Any

# A lone surrogate can't be encoded; the other control characters have no meaning in a text.
_UNSENDABLE = re.compile(r"[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def sendable(value: Any) -> Any:
    """Return JSON with each unsendable character of its texts and names replaced by U+FFFD."""
    if isinstance(value, str):
        return _UNSENDABLE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {sendable(name): sendable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [sendable(each) for each in value]
    return value
