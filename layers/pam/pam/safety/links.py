"""The links and addresses in a text, to be compared with those that the traveller wrote."""

import re
import unicodedata

# An address, a link with or without its scheme, or a host. A last label with a capital may be a sentence that follows
# another without a space: it is a host's if it is a common one, has a capital elsewhere, or a path or port after it.
# Lengths are those of DNS: without bounds, the time would grow with the square of a text's length.
_LINK = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}|(?:\b[a-z][a-z0-9+.-]{1,10}:)?[/\\]{2,}[^\s<>\"')\]]+"
    r"|\b(?:https?|ftp|mailto|tel|sms|bitcoin|ethereum|litecoin|lightning):[^\s<>\"')\]]+"
    r"|\b(?:[\w-]{1,63}\.){1,10}(?:[^\W\d_A-Z]{2,63}|[A-Z]{2,63}|[^\W\d_]{1,62}[A-Z][^\W\d_]{0,61}"
    r"|(?i:com|net|org|info|biz|io|app|dev|xyz|online|site|shop|store|top|club|live|link|click|page)"
    r"|[^\W\d_]{2,63}(?=/|:\d))\b(?:[:/?#][^\s<>\"')\]]*)?"
    r"|\b(?:\d{1,3}\.){3}\d{1,3}\b|\[[\da-fA-F]{0,4}(?::[\da-fA-F.]{0,15}){2,8}\]|\b\d{8,10}/[^\s<>\"')\]]+"
)
_DOTS = str.maketrans("。｡．․", "....")
_SCHEME = re.compile(r"^(?:https?:)?[/\\]{2,}(?:www\.)?|^www\.|^mailto:")


def find_links(text: str) -> frozenset[str]:
    """Return the links and addresses of a text, without what makes no difference: scheme, `www`, marks at the end."""
    text = unicodedata.normalize("NFKC", text.translate(_DOTS)).translate(_DOTS)
    return frozenset(_SCHEME.sub("", match[0].casefold()).rstrip(".,;:!?/") for match in _LINK.finditer(text))
