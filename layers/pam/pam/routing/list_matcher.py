"""Matches the lists of the grammar at a token of a sentence: phrases, amounts, dates, place names."""

import re
from typing import Any

MAX_AMOUNT = 999_999.99
MAX_PLACE_WORDS = 5

DIGITS = "0123456789"
ANY_NUMBER = "0"  # represents every number in a set of first words
DOLLARS = ("$", "dollars")  # the marks of a dollar of no certain currency
DECIMAL_COMMA = ("EUR", "NOK", "SEK", "DKK", "kr")  # "$45,50" may be a slip of "$45,500" as well
DECIMALS = ("whole", "tenths", "cents", "mills")  # the form of an amount by its number of decimal places

Value = str | int | float
SlotValues = tuple[tuple[str, Value], ...]
Match = tuple[int, Value, SlotValues]  # index of the token after the match, value of the list's slot, further slots


def first_key(token: str) -> str:
    """Return the key of a token in a set of first words."""
    return ANY_NUMBER if token[0] in DIGITS else token


class ListMatcher:
    """Matches the lists of one automaton. Immutable, so it can be shared between threads."""

    def __init__(self, automaton: dict[str, Any]) -> None:
        self._lists = automaton["lists"]
        self._numbers, self._months = automaton["numbers"], automaton["months"]
        self._signs, self._units = automaton["currency_signs"], automaton["currency_units"]
        self._place_words = automaton["place_words"]
        self._amount, self._decimal_comma, self._integer, self._iso_date, self._place_word = (
            re.compile(automaton["patterns"][name])
            for name in ("amount", "decimal_comma", "integer", "iso_date", "place_word")
        )

    def first_words(self, name: str) -> frozenset[str] | None:
        """Return the keys of the words with which a match of the list can start, or None for any word."""
        definition = self._lists[name]
        numbers = {ANY_NUMBER, *self._numbers[1]}
        if definition["type"] == "phrases":
            return frozenset(map(first_key, definition["trie"][1])) | (numbers if definition["trie"][2] else set())
        if definition["type"] == "amount":
            return frozenset({*numbers, *self._signs})
        return frozenset({ANY_NUMBER, *self._months}) if definition["type"] == "date" else None

    def match(self, name: str, tokens: list[str], at: int) -> list[Match]:
        """Return all matches of the list that start at the token with index `at`."""
        definition = self._lists[name]
        kind = definition["type"]
        if kind == "amount":
            return self._amounts(tokens, at, definition["forms"], definition["from"])
        if kind == "date":
            return self._dates(tokens, at)
        if kind == "place":
            return self._places(tokens, at)
        text_slot = definition["text_slot"]
        return [
            (end, value, ((text_slot, " ".join(tokens[at:end])),) if text_slot else ())
            for end, value in self._walk(definition["trie"], tokens, at)
        ]

    def _walk(self, node: list[Any], tokens: list[str], at: int, n: int = 0) -> list[tuple[int, Any]]:
        """Return every (end, value) of a trie; a value [prefix, factor, suffix] is computed from the integer n."""
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

    def _amounts(self, tokens: list[str], at: int, forms: list[str], minimum: float) -> list[Match]:
        sign = self._signs.get(tokens[at], "")
        start = at + 1 if sign else at
        if start == len(tokens):
            return []
        form, separated = "whole", ""
        has_decimal_comma = self._decimal_comma.fullmatch(tokens[start]) is not None
        if has_decimal_comma or self._amount.fullmatch(tokens[start]):
            digits = tokens[start]
            digits = digits.replace(".", "").replace(",", ".") if has_decimal_comma else digits.replace(",", "")
            number = float(digits)
            numbers: list[tuple[int, Any]] = [(start + 1, int(number) if number.is_integer() else number)]
            form = DECIMALS[len(digits.partition(".")[2])]
            # A single separator may be the decimal comma of the user's locale.
            is_separated = has_decimal_comma or (digits != tokens[start] and "." not in digits)
            separated = tokens[start] if is_separated and "sign" in forms else ""
        else:
            numbers = self._walk(self._numbers, tokens, start)
        if form == "mills" and form not in forms:
            return []
        form_without_unit = "sign" if sign else form
        found: list[Match] = []
        for end, value in numbers:
            if max(minimum, 0.01) <= value <= MAX_AMOUNT:
                if form_without_unit in forms and (sign in DECIMAL_COMMA or not has_decimal_comma):
                    found.append((end, value, _amount_details(sign, sign, separated)))
                for unit_end, unit in self._walk(self._units, tokens, end):
                    # "$45 AUD" and "A$45 dollars" name one currency, "€45 dollars" two.
                    is_dollar = all(mark in DOLLARS or mark[-1:] == "D" for mark in (sign, unit))
                    is_consistent = sign in ("", unit) or (is_dollar and (sign in DOLLARS or unit in DOLLARS))
                    is_read = unit in DECIMAL_COMMA or not has_decimal_comma
                    if is_consistent and is_read and (form_without_unit if sign else "unit") in forms:
                        found.append((unit_end, value, _amount_details(sign, unit, separated)))
        return found

    def _dates(self, tokens: list[str], at: int) -> list[Match]:
        """Match an ISO date, "march 14[th] [2026]" or "14[th] [of] march [2026]"; the value is YYYY-MM-DD or MM-DD."""
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
        year_token = tokens[end] if end < len(tokens) else ""
        if re.fullmatch("20[0-9][0-9]", year_token) and _is_date(int(year_token), month, day):
            found.append((end + 1, f"{year_token}-{month:02}-{day:02}", ()))
        return found

    def _places(self, tokens: list[str], at: int) -> list[Match]:
        """Match one to five words of which none is excluded by `place_words` and at least one can be a name."""
        found: list[Match] = []
        has_name = False
        for end in range(at + 1, min(at + MAX_PLACE_WORDS, len(tokens)) + 1):
            word = tokens[end - 1]
            kind = self._place_words.get(word, "name")
            is_first = end == at + 1
            if kind == "never" or (is_first and kind in ("inside", "last")) or not self._place_word.fullmatch(word):
                break
            has_name = has_name or kind == "name"
            if has_name and kind != "inside" and word[-2:] != "'s":
                found.append((end, " ".join(tokens[at:end]), ()))
            if kind == "last":
                break
        return found


def _amount_details(sign: str, unit: str, separated: str) -> SlotValues:
    """Return the currency, of two marks the more specific one, and the text of a number with a comma."""
    mark = sign if unit in DOLLARS and sign not in ("", "$") else unit
    details = (("currency", mark),) if mark else ()
    return (("amount_text", separated), *details) if separated else details


def _is_date(year: int, month: int, day: int) -> bool:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= month <= 12 and 1 <= day <= days[month - 1]
