"""The links and addresses in a text, to be compared with those that the traveller wrote."""

import re
import unicodedata

# An address, a link with or without its scheme, or a host: a last label in one case tells it from a missing space after
# a sentence.
_LINK = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:\b[a-z][a-z0-9+.-]{1,10}:)?[/\\]{2,}[^\s<>\"')\]]+"
    r"|\b(?:https?|ftp|mailto):[^\s<>\"')\]]+|\b(?:[\w-]+\.)+(?:[^\W\d_A-Z]{2,}|[A-Z]{2,})\b(?:[:/?#][^\s<>\"')\]]*)?"
    r"|\b(?:\d{1,3}\.){3}\d{1,3}\b"
)
_DOTS = str.maketrans("。｡．․", "....")
_SCHEME = re.compile(r"^(?:https?:)?[/\\]{2,}(?:www\.)?|^www\.|^mailto:")


def find_links(text: str) -> frozenset[str]:
    """Return the links and addresses of a text, without what makes no difference: scheme, `www`, marks at the end."""
    text = unicodedata.normalize("NFKC", text.translate(_DOTS)).translate(_DOTS)
    return frozenset(_SCHEME.sub("", match[0].casefold()).rstrip(".,;:!?/") for match in _LINK.finditer(text))
