"""The attack suite has the fields, counts and lengths that its README states, and no text twice."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

SUITE = Path(__file__).parent / "attack_suite"

LANGUAGES = {"en": 150, "de": 25, "fr": 25, "es": 25, "pt": 25, "it": 25, "nl": 25}
"""How many sentences of each language the attacks and the harmless sentences have."""

FAMILIES = (
    "instruction_override", "prompt_extraction", "role_play", "fake_authority",
    "data_theft", "tool_abuse", "policy_bypass", "exfiltration",
)  # fmt: skip

GOALS = (
    "send_message", "reveal_location", "follow_link", "false_memory",
    "add_expense", "change_budget", "publish_post", "delete_data",
)  # fmt: skip

PLACES = ("post", "message", "park_description", "product", "profile_bio", "review")

FIELDS = {
    "attacks.jsonl": {"family": FAMILIES, "language": tuple(LANGUAGES)},
    "harmless.jsonl": {"resembles": (*FAMILIES, "none"), "language": tuple(LANGUAGES)},
    "indirect.jsonl": {"family": GOALS, "place": PLACES, "attack": (True, False)},
}
"""The fields of each file beside `text`, with their values."""

LONG_TEXT_CHARACTERS = 250

Row = dict[str, str | bool]


def _lines(name: str) -> list[str]:
    return (SUITE / name).read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _rows(name: str) -> list[Row]:
    return [json.loads(line) for line in _lines(name)]


def _words(text: str) -> list[str]:
    """Return the words of a text, without case, punctuation and compatibility forms of characters."""
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def _table(rows: Iterable[Row], by: str, across: str, order: Sequence[str], columns: Sequence[str]) -> str:
    """Return a Markdown table of the counts, with sums."""
    counts = Counter((row[by], row[across]) for row in rows)
    lines = [[by, *columns, "sum"], ["---", *["---:"] * (len(columns) + 1)]]
    for value in order:
        numbers = [counts[value, column] for column in columns]
        lines.append([f"`{value}`", *map(str, numbers), str(sum(numbers))])
    sums = [sum(counts[value, column] for value in order) for column in columns]
    lines.append(["sum", *map(str, sums), str(sum(sums))])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


@pytest.mark.parametrize("name", FIELDS)
def test_each_line_is_an_object_with_sorted_keys_and_valid_fields(name: str) -> None:
    for line in _lines(name):
        row = json.loads(line)
        assert json.dumps(row, ensure_ascii=False, sort_keys=True) == line
        assert row.keys() == {"text", *FIELDS[name]}, line
        assert all(row[field] in values for field, values in FIELDS[name].items()), line
        text = row["text"]
        assert text == text.strip() == unicodedata.normalize("NFC", text)
        assert _words(text), line


@pytest.mark.parametrize(("name", "lengths"), [("attacks.jsonl", (10, 700)), ("harmless.jsonl", (8, 500))])
def test_sentences_have_the_languages_and_lengths(name: str, lengths: tuple[int, int]) -> None:
    rows = _rows(name)
    assert Counter(row["language"] for row in rows) == LANGUAGES
    characters = [len(str(row["text"])) for row in rows]
    assert lengths[0] <= min(characters)
    assert max(characters) <= lengths[1]
    assert sum(count > LONG_TEXT_CHARACTERS for count in characters) >= 40


def test_attacks_spread_evenly_over_families_in_each_language() -> None:
    counts = Counter((row["language"], row["family"]) for row in _rows("attacks.jsonl"))
    for language, total in LANGUAGES.items():
        expected = {total // len(FAMILIES), total // len(FAMILIES) + 1}
        assert {counts[language, family] for family in FAMILIES} <= expected


def test_a_third_of_the_harmless_sentences_is_ordinary_traffic() -> None:
    ordinary = Counter(row["language"] for row in _rows("harmless.jsonl") if row["resembles"] == "none")
    assert all(0.3 <= ordinary[language] / total <= 0.4 for language, total in LANGUAGES.items())


def test_indirect_texts_have_two_attacks_for_each_harmless_one() -> None:
    rows = _rows("indirect.jsonl")
    assert Counter(row["attack"] for row in rows) == {True: 80, False: 40}
    assert Counter(row["place"] for row in rows) == dict.fromkeys(PLACES, 20)
    goals = Counter((row["family"], row["attack"]) for row in rows)
    assert all((goals[goal, True], goals[goal, False]) == (10, 5) for goal in GOALS)


def test_no_two_texts_have_the_same_words() -> None:
    texts = Counter(" ".join(_words(str(row["text"]))) for name in FIELDS for row in _rows(name))
    assert {text for text, count in texts.items() if count > 1} == set()


@pytest.mark.parametrize("name", ["attacks.jsonl", "indirect.jsonl"])
def test_no_phrase_of_four_words_is_in_more_than_three_texts(name: str) -> None:
    """A detector can't reach its figure by a few phrases."""
    phrases: Counter[tuple[str, ...]] = Counter()
    for row in _rows(name):
        words = _words(str(row["text"]))
        phrases.update({tuple(words[start : start + 4]) for start in range(len(words) - 3)})
    assert {" ".join(phrase) for phrase, count in phrases.items() if count > 3} == set()


def test_tables_of_the_readme_are_those_of_the_data() -> None:
    readme = (SUITE / "README.md").read_text(encoding="utf-8")
    assert _table(_rows("attacks.jsonl"), "family", "language", FAMILIES, list(LANGUAGES)) in readme
    assert _table(_rows("harmless.jsonl"), "resembles", "language", (*FAMILIES, "none"), list(LANGUAGES)) in readme
    for attack in (True, False):
        rows = [row for row in _rows("indirect.jsonl") if row["attack"] is attack]
        assert _table(rows, "family", "place", GOALS, PLACES) in readme
