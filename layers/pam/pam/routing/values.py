"""What lists match at a place in a sentence: phrases, amounts, dates, names of places."""

import re
from typing import Any

MAX_AMOUNT = 999_999.99
MAX_PLACE_WORDS = 5

DIGITS = "0123456789"
ANY_NUMBER = "0"  # stands for all of them where first words are compared
DECIMALS = ("whole", "tenths", "cents", "mills")

Value = str | int | float
Pairs = tuple[tuple[str, Value], ...]
Match = tuple[int, Value, Pairs]  # where it ends, the slot's value, and what else it says


def first_key(token: str) -> str:
    """What stands for this token in a set of first words."""
    return ANY_NUMBER if token[0] in DIGITS else token


class Values:
    """The lists and tables of one automaton. Immutable; shared between threads."""

    def __init__(self, automaton: dict[str, Any]) -> None:
        self._lists = automaton["lists"]
        self._numbers, self._months = automaton["numbers"], automaton["months"]
        self._signs, self._units = automaton["currency_signs"], automaton["currency_units"]
        self._place_words = automaton["place_words"]
        self._amount, self._integer, self._iso_date, self._place_word = (
            re.compile(automaton["patterns"][name]) for name in ("amount", "integer", "iso_date", "place_word")
        )

    def first(self, name: str) -> frozenset[str] | None:
        """The words that a match of this list can begin with, `ANY_NUMBER` for digits; None for any word at all."""
        entries = self._lists[name]
        numbers = {ANY_NUMBER, *self._numbers[1]}
        if entries["type"] == "phrases":
            return frozenset(map(first_key, entries["trie"][1])) | (numbers if entries["trie"][2] else set())
        if entries["type"] == "amount":
            return frozenset({*numbers, *self._signs})
        return frozenset({ANY_NUMBER, *self._months}) if entries["type"] == "date" else None

    def match(self, name: str, tokens: list[str], at: int) -> list[Match]:
        """All that this list matches from this token on."""
        entries = self._lists[name]
        kind = entries["type"]
        if kind == "amount":
            return self._amounts(tokens, at, entries["forms"], entries["from"])
        if kind == "date":
            return self._dates(tokens, at)
        if kind == "place":
            return self._places(tokens, at)
        said = entries["said"]
        return [
            (end, value, ((said, " ".join(tokens[at:end])),) if said else ())
            for end, value in self._walk(entries["trie"], tokens, at)
        ]

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

    def _amounts(self, tokens: list[str], at: int, forms: list[str], least: float) -> list[Match]:
        sign = self._signs.get(tokens[at], "")
        start = at + 1 if sign else at
        if start == len(tokens):
            return []
        form = "whole"
        if self._amount.fullmatch(tokens[start]):
            digits = tokens[start].replace(",", "")
            exact = float(digits)
            numbers: list[tuple[int, Any]] = [(start + 1, int(exact) if exact.is_integer() else exact)]
            form = DECIMALS[len(digits.partition(".")[2])]
        else:
            numbers = self._walk(self._numbers, tokens, start)
        if form == "mills" and form not in forms:
            return []
        plain = "sign" if sign else form
        found: list[Match] = []
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

    def _dates(self, tokens: list[str], at: int) -> list[Match]:
        """ISO, "march 14[th] [2026]", "14[th] [of] march [2026]" → 2026-03-14, else 03-14."""
        if self._iso_date.fullmatch(tokens[at]):
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
        found: list[Match] = []
        if _is_date(2000, month, day):
            found.append((end, f"{month:02}-{day:02}", ()))
        said = tokens[end] if end < len(tokens) else ""
        if re.fullmatch("20[0-9][0-9]", said) and _is_date(int(said), month, day):
            found.append((end + 1, f"{said}-{month:02}-{day:02}", ()))
        return found

    def _places(self, tokens: list[str], at: int) -> list[Match]:
        """One to five words, none of which can change a meaning, and one of which is a name."""
        found: list[Match] = []
        named = False
        for end in range(at + 1, min(at + MAX_PLACE_WORDS, len(tokens)) + 1):
            word = tokens[end - 1]
            kind = self._place_words.get(word, "name")
            first = end == at + 1
            if kind == "never" or (first and kind in ("inside", "last")) or not self._place_word.fullmatch(word):
                break
            named = named or kind == "name"
            if named and kind != "inside" and word[-2:] != "'s":
                found.append((end, " ".join(tokens[at:end]), ()))
            if kind == "last":
                break
        return found


def _currency(sign: str, unit: str) -> Pairs:
    code = sign if unit == "$" and sign else unit
    return (("currency", code),) if code not in ("", "$") else ()


def _is_date(year: int, month: int, day: int) -> bool:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= month <= 12 and 1 <= day <= days[month - 1]
