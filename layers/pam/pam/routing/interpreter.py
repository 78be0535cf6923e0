"""Interprets the compiled automaton over one sentence. Standard library only; web/router.js is its port to JavaScript.

The frontier at a token holds every (state, slots) that the automaton can reach with the tokens before it. Frontiers
only move forward, each configuration is stored once, and each list is matched once per position, so there is no
backtracking.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pam.routing.list_matcher import ListMatcher, SlotValues, Value, first_key

MAX_CHARACTERS = 200
MAX_TOKENS = 32

# The matches of lists and sub-automata, by (list or start state of the sub-automaton, slot, position).
Memo = dict[tuple[Any, str, int], list[tuple[int, SlotValues]]]


@dataclass(frozen=True)
class Route:
    """The route of a sentence: tier 1 (cached read), 2 (computation or write) or 3 (Claude), intent and slots.

    ``slots`` are those listed in docs/routing.md; ``details`` are further values of the sentence: its description,
    currency and answer unit.
    """

    tier: int = 3
    intent: str = "chat"
    slots: dict[str, Value] = field(default_factory=dict)
    details: dict[str, Value] = field(default_factory=dict)


class Router:
    """An interpreter of one automaton, given as parsed automaton.json. Immutable, so threads can share it."""

    def __init__(self, automaton: dict[str, Any]) -> None:
        self._characters = {ord(character): to for character, to in automaton["characters"].items()}
        self._token = re.compile(automaton["patterns"]["token"])
        self._spellings = automaton["spellings"]
        self._lists = ListMatcher(automaton)
        self._tiers = automaton["tiers"]
        self._details, self._place_slots = automaton["details"], automaton["place_slots"]
        self._states = automaton["states"]
        self._first: dict[str | int, frozenset[str] | None] = {}
        for _, calls, _ in self._states:
            for callee, slot, _ in calls:
                self._compute_first(callee, slot)

    def _compute_first(self, callee: Any, slot: str) -> None:
        """Store the words with which a list or sub-automaton can start, None for any word; they rule out most calls."""
        if callee in self._first:
            return
        if slot:
            self._first[callee] = self._lists.first_words(callee)
            return
        words, calls, _ = self._states[callee]
        first_sets: list[Any] = [{first_key(word) for word in words}]
        for inner, inner_slot, _ in calls:
            self._compute_first(inner, inner_slot)
            first_sets.append(self._first[inner])
        self._first[callee] = None if None in first_sets else frozenset().union(*first_sets)

    def route(self, text: str) -> Route:
        """Return the route of a sentence; tier 3 and intent "chat" unless it has exactly one best reading."""
        tokens = self.tokenise(text)
        readings: dict[tuple[str, SlotValues], tuple[int, int]] = {}
        for end, slots, accepts in self.run(0, tokens, 0, {}):
            for intent, constants in accepts if end == len(tokens) else ():
                reading = tuple(sorted(slots + tuple(map(tuple, constants))))
                readings[intent, reading] = self._rank(reading)
        best_rank = min(readings.values(), default=(0, 0))
        best = [reading for reading, rank in readings.items() if rank == best_rank]
        if len(best) != 1:
            return Route()
        intent, pairs = best[0]
        values: tuple[dict[str, Value], dict[str, Value]] = ({}, {})
        for slot, value in pairs:
            values[slot in self._details][slot] = value
        return Route(self._tiers[intent], intent, *values)

    def _rank(self, reading: SlotValues) -> tuple[int, int]:
        """Return the sort key of a reading: fewest words in places first, then most slots."""
        places = [str(value) for slot, value in reading if slot in self._place_slots and value != "here"]
        return sum(value.count(" ") + 1 for value in places), -len(reading)

    def tokenise(self, text: str) -> list[str]:
        """Return the normalised tokens; an empty list for a text over `MAX_CHARACTERS` or `MAX_TOKENS`."""
        if len(text) > MAX_CHARACTERS:
            return []
        tokens = []
        for token in self._token.findall(text.translate(self._characters)):
            if token in self._spellings:
                tokens += self._spellings[token]
            elif token:
                tokens.append(token)
        return tokens if len(tokens) <= MAX_TOKENS else []

    def run(self, start: int, tokens: list[str], at: int, memo: Memo) -> list[tuple[int, SlotValues, list[Any]]]:
        """Return each (end, slots, accepts) that the automaton reaches from the state `start` and the token `at`."""
        states, first_sets, count = self._states, self._first, len(tokens)
        found: list[tuple[int, SlotValues, list[Any]]] = []
        frontiers: dict[int, set[tuple[int, SlotValues]]] = {at: {(start, ())}}
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
                for callee, slot, to in calls:
                    first = first_sets[callee]
                    if first is None or key in first:
                        for end, pairs in self._call(callee, slot, tokens, at, memo):
                            both = slots + pairs
                            if not slots or len(dict(both)) == len(both):  # no slot is set twice
                                frontiers.setdefault(end, set()).add((to, both))
            at += 1
        return found

    def _call(self, callee: Any, slot: str, tokens: list[str], at: int, memo: Memo) -> list[tuple[int, SlotValues]]:
        """Return the matches of a list or sub-automaton at a position, memoised."""
        key = (callee, slot, at)
        if key not in memo:
            if slot:
                matches = self._lists.match(callee, tokens, at)
                memo[key] = [(end, ((slot, value), *more)) for end, value, more in matches]
            else:
                memo[key] = [(end, pairs) for end, pairs, _ in self.run(callee, tokens, at, memo) if end > at]
        return memo[key]


@cache
def default_router() -> Router:
    """Return the router of the committed automaton, which is loaded on the first call."""
    return Router(json.loads(Path(__file__).with_name("automaton.json").read_bytes()))


def route(text: str) -> Route:
    """Return the route of a sentence by the committed automaton. Accepts any string."""
    return default_router().route(text)
