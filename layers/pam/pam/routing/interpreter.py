"""Runs the compiled automaton over one sentence. Standard library only; web/router.js is its twin.

The frontier at a token holds every (state, slots) that explains the sentence up to there. It only moves
forward, a configuration is kept once and a list is walked once per position: nothing to backtrack into.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pam.routing.values import Pairs, Value, Values, first_key

MAX_CHARACTERS = 200
MAX_TOKENS = 32

# What lists and parts matched, by (list or start of the part, slot, position).
Made = dict[tuple[Any, str, int], list[tuple[int, Pairs]]]


@dataclass(frozen=True)
class Route:
    """Where a sentence goes: tier 1 (cached read), 2 (compute or write) or 3 (Claude), and what it said.

    ``slots`` are those of the contract; ``details`` is what was said besides (a description, a currency).
    """

    tier: int = 3
    intent: str = "chat"
    slots: dict[str, Value] = field(default_factory=dict)
    details: dict[str, Value] = field(default_factory=dict)


class Router:
    """One compiled automaton, as loaded from automaton.json. Immutable; shared between threads."""

    def __init__(self, automaton: dict[str, Any]) -> None:
        self._characters = {ord(character): to for character, to in automaton["characters"].items()}
        self._token = re.compile(automaton["patterns"]["token"])
        self._spellings = automaton["spellings"]
        self._values = Values(automaton)
        self._tiers = automaton["tiers"]
        self._details, self._free = automaton["details"], automaton["free"]
        self._states = automaton["states"]
        self._first: dict[str | int, frozenset[str] | None] = {}
        for _, calls, _ in self._states:
            for which, slot, _ in calls:
                self._learn_first(which, slot)

    def _learn_first(self, which: Any, slot: str) -> None:
        """Notes the words that a list or a part can begin with, None for any: most calls end there."""
        if which in self._first:
            return
        if slot:
            self._first[which] = self._values.first(which)
            return
        words, calls, _ = self._states[which]
        firsts: list[Any] = [{first_key(word) for word in words}]
        for inner, inner_slot, _ in calls:
            self._learn_first(inner, inner_slot)
            firsts.append(self._first[inner])
        self._first[which] = None if None in firsts else frozenset().union(*firsts)

    def route(self, text: str) -> Route:
        """The one reading of the whole sentence, else tier 3 "chat". Never raises on a str."""
        tokens = self.tokens(text)
        readings: dict[tuple[str, Pairs], tuple[int, int]] = {}
        for end, slots, accepts in self.run(0, tokens, 0, {}):
            for intent, constants in accepts if end == len(tokens) else ():
                reading = tuple(sorted(slots + tuple(map(tuple, constants))))
                readings[intent, reading] = self._rank(reading)
        first = min(readings.values(), default=(0, 0))
        best = [reading for reading, rank in readings.items() if rank == first]
        if len(best) != 1:
            return Route()
        intent, pairs = best[0]
        said: tuple[dict[str, Value], dict[str, Value]] = ({}, {})
        for slot, value in pairs:
            said[slot in self._details][slot] = value
        return Route(self._tiers[intent], intent, *said)

    def _rank(self, reading: Pairs) -> tuple[int, int]:
        """Fewest words that could be anything, then most slots."""
        free = [str(value) for slot, value in reading if slot in self._free and value != "here"]
        return sum(value.count(" ") + 1 for value in free), -len(reading)

    def tokens(self, text: str) -> list[str]:
        """The normalised tokens; none for a text over 200 characters or 32 tokens."""
        if len(text) > MAX_CHARACTERS:
            return []
        tokens = []
        for token in self._token.findall(text.translate(self._characters)):
            if token in self._spellings:
                tokens += self._spellings[token]
            elif token:
                tokens.append(token)
        return tokens if len(tokens) <= MAX_TOKENS else []

    def run(self, start: int, tokens: list[str], at: int, made: Made) -> list[tuple[int, Pairs, list[Any]]]:
        """Every (end, slots, accepts) of the automaton that begins with this state, from this token on."""
        states, first, count = self._states, self._first, len(tokens)
        found: list[tuple[int, Pairs, list[Any]]] = []
        frontiers: dict[int, set[tuple[int, Pairs]]] = {at: {(start, ())}}
        while frontiers:
            frontier = frontiers.pop(at, ())
            for state, slots in frontier:
                words, calls, accepts = states[state]
                if accepts:
                    found.append((at, slots, accepts))
                if at == count:
                    continue
                token = tokens[at]
                if token in words:
                    frontiers.setdefault(at + 1, set()).add((words[token], slots))
                key = first_key(token)
                for which, slot, to in calls:
                    begins = first[which]
                    if begins is None or key in begins:
                        for end, pairs in self._call(which, slot, tokens, at, made):
                            both = slots + pairs
                            if not slots or len(dict(both)) == len(both):  # a slot is said once
                                frontiers.setdefault(end, set()).add((to, both))
            at += 1
        return found

    def _call(self, which: Any, slot: str, tokens: list[str], at: int, made: Made) -> list[tuple[int, Pairs]]:
        """What a list or a part matches here; worked out once per position."""
        key = (which, slot, at)
        if key not in made:
            if slot:
                matches = self._values.match(which, tokens, at)
                made[key] = [(end, ((slot, value), *more)) for end, value, more in matches]
            else:
                made[key] = [(end, pairs) for end, pairs, _ in self.run(which, tokens, at, made) if end > at]
        return made[key]


@cache
def default_router() -> Router:
    """The router over the committed automaton, read once."""
    return Router(json.loads(Path(__file__).with_name("automaton.json").read_bytes()))


def route(text: str) -> Route:
    """Where this sentence goes, by the committed automaton."""
    return default_router().route(text)
