"""Whether a question may need what was said before. The others don't wait for memory.

A rule of words, not a model: it takes microseconds. In doubt it says yes, which costs the wait for one embedding.
"""

import re

# What is to be done now, with all that it takes in the sentence itself.
_ORDER = re.compile(
    r"(?:please\s+)?(?:add|log|record|enter|undo|delete|remove|cancel|post|publish|send|stop)\b|"
    r"(?:i\s+|we\s+)?(?:just\s+)?(?:spent|paid)\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:again|always|before|earlier|last|like\s+we|our|my|previous(?:ly)?|remember|same|usual(?:ly)?|when|yesterday)\b",
    re.IGNORECASE,
)
_SMALL_TALK = re.compile(
    r"(?:hi|hello|hey|thanks?|thank\s+you|ok(?:ay)?|great|perfect|cool|yes|no|sure|good\s+(?:morning|evening|night)|bye)"
    r"(?:\s+(?:pam|there|you|so|very|much|a|lot))*\W*",
    re.IGNORECASE,
)


def needs_recall(text: str) -> bool:
    """Return whether memory is asked: not for small talk, nor for an order that refers to nothing earlier."""
    text = text.strip()
    if _SMALL_TALK.fullmatch(text):
        return False
    return not _ORDER.match(text) or _PAST.search(text) is not None
