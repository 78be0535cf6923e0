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

MAX_CHARACTERS = 200
MAX_TOKENS = 32
MAX_AMOUNT = 999_999.99

Value = str | int | float
Pairs = tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Route:
    """Where a sentence goes: tier 1 (cached read), 2 (compute or write) or 3 (Claude), and what it said."""

    tier: int = 3
    intent: str = "chat"
    slots: dict[str, Value] = field(default_factory=dict)


class Router:
    """One compiled automaton, as loaded from automaton.json. Immutable; shared between threads."""

    def __init__(self, automaton: dict[str, Any]) -> None:
        self._characters = {ord(character): to for character, to in automaton["characters"].items()}
        self._token, self._amount, self._integer, self._iso = (
            re.compile(automaton["patterns"][name]) for name in ("token", "amount", "integer", "iso_date")
        )
        self._spellings = automaton["spellings"]
        self._numbers = automaton["numbers"]
        self._signs, self._units = automaton["currency_signs"], automaton["currency_units"]
        self._months = automaton["months"]
        self._lists = automaton["lists"]
        self._tiers = automaton["tiers"]
        self._states = automaton["states"]

    def route(self, text: str) -> Route:
        """The one reading of the whole sentence, else tier 3 "chat". Never raises on a str."""
        tokens = self.tokens(text)
        readings: dict[tuple[str, Pairs], int] = {}
        for state, slots in self.explore(tokens)[-1]:
            for intent, constants in self._states[state][2]:
                reading = tuple(sorted(slots + tuple(map(tuple, constants))))
                readings[intent, reading] = len(reading)
        most = max(readings.values(), default=0)
        best = [reading for reading, size in readings.items() if size == most]
        if len(best) != 1:
            return Route()
        intent, slots = best[0]
        return Route(self._tiers[intent], intent, dict(slots))

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

    def explore(self, tokens: list[str]) -> list[set[tuple[int, Pairs]]]:
        """Per position 0…len(tokens), the configurations that explain the tokens before it."""
        frontiers: list[set[tuple[int, Pairs]]] = [set() for _ in range(len(tokens) + 1)]
        frontiers[0].add((0, ()))
        for at, token in enumerate(tokens):
            matches: dict[str, list[tuple[int, Value, Pairs]]] = {}
            for state, slots in frontiers[at]:
                words, calls, _ = self._states[state]
                if token in words:
                    frontiers[at + 1].add((words[token], slots))
                for which, slot, to in calls:
                    if which not in matches:
                        matches[which] = self._match(self._lists[which], tokens, at)
                    for end, value, more in matches[which]:
                        pairs = (*slots, (slot, value), *more)
                        if len(dict(pairs)) == len(pairs):  # a slot is said once
                            frontiers[end].add((to, pairs))
        return frontiers

    def _match(self, entries: dict[str, Any], tokens: list[str], at: int) -> list[tuple[int, Value, Pairs]]:
        if "forms" in entries:
            return self._amounts(tokens, at, entries["forms"], entries["from"])
        if "trie" not in entries:
            return self._dates(tokens, at)
        found = self._walk(entries["trie"], tokens, at)
        said = entries["said"]
        return [(end, value, ((said, " ".join(tokens[at:end])),) if said else ()) for end, value in found]

    def _walk(self, node: list[Any], tokens: list[str], at: int, n: int = 0) -> list[tuple[int, Any]]:
        """Every (end, value) of a trie from here; [prefix, factor, suffix] is a value made with n."""
        found: list[tuple[int, Any]] = []
        while True:
            value, words, after_integer = node
            if value is not None:
                computed = isinstance(value, list)
                found.append((at, f"{value[0]}{value[1] * n}{value[2]}" if computed else value))
            if at == len(tokens):
                return found
            if after_integer:
                for end, integer in self._integers(tokens, at):
                    found += self._walk(after_integer, tokens, end, integer)
            if tokens[at] not in words:
                return found
            node, at = words[tokens[at]], at + 1

    def _integers(self, tokens: list[str], at: int) -> list[tuple[int, int]]:
        if self._integer.fullmatch(tokens[at]):
            return [(at + 1, int(tokens[at]))]
        return self._walk(self._numbers, tokens, at)

    def _amounts(self, tokens: list[str], at: int, forms: list[str], least: float) -> list[tuple[int, Value, Pairs]]:
        sign = self._signs.get(tokens[at], "")
        start = at + 1 if sign else at
        if start == len(tokens):
            return []
        if self._amount.fullmatch(tokens[start]):
            exact = float(tokens[start].replace(",", ""))
            numbers: list[tuple[int, Any]] = [(start + 1, int(exact) if exact.is_integer() else exact)]
        else:
            numbers = self._walk(self._numbers, tokens, start)
        plain = "sign" if sign else "cents" if tokens[start][-3:-2] == "." else "bare"
        found: list[tuple[int, Value, Pairs]] = []
        for end, value in numbers:
            if max(least, 0.01) <= value <= MAX_AMOUNT:
                if plain in forms:
                    found.append((end, value, _currency(sign, sign)))
                for stop, unit in self._walk(self._units, tokens, end):
                    # "$45 AUD" and "A$45 dollars" name one currency, "€45 dollars" two
                    dollars = sign[-1:] in "$D" and unit[-1] in "$D" and "$" in (sign, unit)
                    fits = not sign or sign == unit or dollars
                    if fits and (plain if sign else "unit") in forms:
                        found.append((stop, value, _currency(sign, unit)))
        return found

    def _dates(self, tokens: list[str], at: int) -> list[tuple[int, Value, Pairs]]:
        """ISO, "march 14[th] [2026]", "14[th] [of] march [2026]" → 2026-03-14, else 03-14."""
        if self._iso.fullmatch(tokens[at]):
            year, month, day = map(int, tokens[at].split("-"))
            return [(at + 1, tokens[at], ())] if _is_date(year, month, day) else []
        month, day, end = 0, 0, at
        while end < len(tokens) and not (month and day):
            if not month and tokens[end] in self._months:
                month = self._months[tokens[end]]
            elif not day and self._integer.fullmatch(tokens[end]):
                day = int(tokens[end])
                if end + 1 < len(tokens) and tokens[end + 1] in ("st", "nd", "rd", "th"):
                    end += 1
            elif not day or tokens[end] != "of":
                return []
            end += 1
        found: list[tuple[int, Value, Pairs]] = []
        if _is_date(2000, month, day):
            found.append((end, f"{month:02}-{day:02}", ()))
        said = tokens[end] if end < len(tokens) else ""
        if re.fullmatch("20[0-9][0-9]", said) and _is_date(int(said), month, day):
            found.append((end + 1, f"{said}-{month:02}-{day:02}", ()))
        return found


def _currency(sign: str, unit: str) -> Pairs:
    code = sign if unit == "$" and sign else unit
    return (("currency", code),) if code not in ("", "$") else ()


def _is_date(year: int, month: int, day: int) -> bool:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= month <= 12 and 1 <= day <= days[month - 1]


@cache
def default_router() -> Router:
    """The router over the committed automaton, read once."""
    return Router(json.loads(Path(__file__).with_name("automaton.json").read_bytes()))


def route(text: str) -> Route:
    """Where this sentence goes, by the committed automaton."""
    return default_router().route(text)
