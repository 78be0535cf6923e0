"""Parts of a Markdown text that aren't prose: code, and the addresses of links and images."""

import re

# Bounded where a search could begin at each of many openings.
_HIDDEN = re.compile(
    r"(?P<ticks>`{1,8})(?!`).{1,2000}?(?<!`)(?P=ticks)(?!`)"
    r"|\]\([^()\s]{1,2000}(?:\([^()\s]{0,500}\)[^()\s]{0,500})?(?:\s+\"[^\"\n]{0,300}\")?\)"
    r"|\b(?:https?://|www\.|mailto:)[^\s<>\"`|]{1,2000}"
    r"|\b[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}",
    re.DOTALL,
)


def mask_hidden(text: str) -> str:
    """Return the text with each character of such a part replaced by a space: what remains keeps its position."""
    if not ("`" in text or "](" in text or "://" in text or "www." in text or "@" in text):
        return text
    return _HIDDEN.sub(lambda found: " " * len(found[0]), text)
