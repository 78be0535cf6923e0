"""By what memory is searched for a question. Only one about the past waits for its embedding.

A rule of words, not a model: it takes microseconds. In doubt it returns the wider search, which costs
the wait for one embedding.
"""

import re
from enum import Enum, auto


class RecallNeed(Enum):
    """What memory is searched by."""

    NOTHING = auto()
    """Small talk, or an order that refers to nothing earlier."""
    WORDS = auto()
    """A question about the world: messages with its words may help."""
    MEANING = auto()
    """A question about the user's own past or habits, in whatever words."""


# What is to be done now, with all that it takes in the sentence itself.
_ORDER = re.compile(
    r"(?:please\s+)?(?:add|log|record|enter|undo|delete|remove|cancel|post|publish|send|stop)\b|"
    r"(?:i\s+|we\s+)?(?:just\s+)?(?:spent|paid)\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:again|ago|always|am\s+i|are\s+we|before|did|(?:for|with)\s+(?:me|us)|i'?m|i\s+am|planned|recommend\w*|"
    r"scheduled|suggest\w*|we're|we\s+are|earlier|ever|had|have\s+(?:i|we)|(?:i|we)(?:'ve|\s+have)|last|mine|never|our|ours|"
    r"my|prefer\w*|previous(?:ly)?|recall|remember|remind|said|same|told|us|used\s+to|usual(?:ly)?|was|we|were|when|which|"
    r"who|yesterday)\b",
    re.IGNORECASE,
)
# What an order is about, described in place of named: "the name of the mechanic", "the shop that fixed it".
_DESCRIPTION = re.compile(
    r"\b(?:who|whom|whose|what|where)\b|\b(?:that|which)\s+(?!is\b|i\s+just|we\s+just)\w|"
    r"\b(?:the|our|my)\s+(?:\w+\s+)?(?:address|birthday|code|date|day|details|email|list|model|name|number|phone|place|"
    r"price|size|spot|summary|time)\b(?!\s*[:=])",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\b(?:again|before|earlier|last\s+(?:time|week|month|year|spring|summer|fall|autumn|winter)|like\s+we|"
    r"previous(?:ly)?|remember|same|usual(?:ly)?|yesterday)\b",
    re.IGNORECASE,
)
_SMALL_TALK = re.compile(
    r"(?:hi|hello|hey|thanks?|thank\s+you|ok(?:ay)?|great|perfect|cool|yes|no|sure|good\s+(?:morning|evening|night)|bye)"
    r"(?:[\s,]+(?:pam|there|you|so|very|much|a|lot))*\W*",
    re.IGNORECASE,
)


def recall_need(text: str) -> RecallNeed:
    """Return what memory is searched by for a question."""
    text = text.strip()
    if not text or _SMALL_TALK.fullmatch(text):
        return RecallNeed.NOTHING
    if _ORDER.match(text):
        refers = _REFERENCE.search(text) or _DESCRIPTION.search(text)
        return RecallNeed.MEANING if refers else RecallNeed.NOTHING
    return RecallNeed.MEANING if _PAST.search(text) else RecallNeed.WORDS
