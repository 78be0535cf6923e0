"""Generates the summary of an episode by rules: its frequent words, some of its sentences, and facts by their form.

All of it is quoted from the messages, and facts from the traveller's only. The rules don't understand the text.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from local.stand_ins.claude.conversation import Conversation
from local.stand_ins.claude.fact_patterns import find_facts, sentences, subject_of
from local.stand_ins.claude.replies import SIMULATED, ModelReply, TextPart, make_reply
from local.stand_ins.claude.request import CountTokensRequest

MAX_SENTENCES = 3
MAX_SENTENCE_CHARS = 300
MAX_TOPIC_WORDS = 3

_FIELDS = {"topic", "summary", "facts", "sentiment"}
_CONFIDENCE = 0.9

_WORD = re.compile(r"[a-z][a-z'-]{2,}", re.I)
# Separated by white space.
_COMMON = """
about above after again all also always and any are because been before being below between both but can can't
could couldn't day days did didn't does doesn't doing don't down each even ever every few find for found from
get give going good got great had has have haven't having her here hers him his how into isn't it's its just
keep know last let's like little look made make many maybe more most much near need never new next not now off
once one only other our out over own per please put really right said same say says see she should show so
some soon still such sure take tell than thank thanks that that's the their them then there these they they're
thing things think this those through time today tomorrow too two under until use used very want was wasn't
way we'll we're we've week weeks well were what what's when where which while who why will with won't would
yes yesterday yet you you're your year years
"""
_POSITIVE = """
amazing awesome beautiful best better delighted enjoy enjoyed excellent fantastic favorite favourite fine fun
glad great happy love loved lovely nice perfect pleased quiet wonderful
"""
_NEGATIVE = """
angry annoyed awful bad broke broken closed disappointed expensive fail failed fails frustrated hate horrible
leak leaks lost noisy overcharged sad scared sick terrible tired trouble ugly unhappy upset worn worried worse
worst wrong
"""


def is_summary_request(request: CountTokensRequest, turn: Conversation) -> bool:
    """Return whether the request asks for the summary of an episode in the format of `pam.memory.summary_reply`."""
    output = request.output_config
    schema = (output.format or {}).get("schema", {}) if output else {}
    return set(schema.get("properties", {})) == _FIELDS and "messages" in turn.sections


def generate_summary(turn: Conversation) -> ModelReply:
    """Return the summary as JSON."""
    messages = _objects(turn.sections["messages"])
    known = [str(fact["subject"]) for fact in _objects(turn.sections.get("facts", ""))]
    own = [message for message in messages if message["from"] == "traveller"]
    counts = Counter(_content_words(" ".join(message["text"] for message in [*messages, *own])))
    reply = {
        "topic": _topic(counts),
        "summary": f"{_summary([message['text'] for message in own or messages], counts)} {SIMULATED}",
        "facts": [fact for message in own for fact in _facts(message, known)],
        "sentiment": _sentiment(" ".join(message["text"] for message in own)),
    }
    return make_reply(TextPart(json.dumps(reply, ensure_ascii=False)))


def _objects(section: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in section.splitlines() if line.startswith("{")]


def _topic(counts: Counter[str]) -> str:
    words = [word for word, _ in counts.most_common(MAX_TOPIC_WORDS)]
    return ", ".join(words).capitalize() or "Conversation"


def _summary(texts: Sequence[str], counts: Counter[str]) -> str:
    """Return the sentences with the most frequent words, in their order, statements before questions."""
    found = [sentence for text in texts for sentence in sentences(text)]

    def weight(index: int) -> tuple[bool, float]:
        words = _content_words(found[index])
        return not found[index].endswith("?"), sum(counts[word] for word in words) / (len(words) + 3)

    best = sorted(sorted(range(len(found)), key=weight, reverse=True)[:MAX_SENTENCES])
    return " ".join(found[index][:MAX_SENTENCE_CHARS] for index in best) or "Nothing was said."


def _facts(message: dict[str, Any], known: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "subject": next((name for name in known if _is_same_subject(name, fact.subject)), fact.subject),
            "value": fact.value,
            "standing": fact.standing,
            "sources": [message["number"]],
            "confidence": _CONFIDENCE,
        }
        for fact in find_facts(message["text"])
    ]


def _is_same_subject(known: str, subject: str) -> bool:
    return known.lower() == subject or subject_of(known) == subject


def _sentiment(text: str) -> str:
    words = Counter(text.lower().replace(".", " ").replace(",", " ").split())
    balance = sum(words[word] for word in _POSITIVE.split()) - sum(words[word] for word in _NEGATIVE.split())
    return "positive" if balance > 0 else "negative" if balance < 0 else "neutral"


def _content_words(text: str) -> list[str]:
    common = set(_COMMON.split())
    return [word for word in map(str.lower, _WORD.findall(text)) if word not in common]
