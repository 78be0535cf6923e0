"""Templates → automaton: what it accepts, and the errors that name the place."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pam
from pam.routing import Route, Router
from pam.routing.compiler import AUTOMATON, build
from pam.routing.grammar import SOURCES, load
from pam.routing.templates import Choice, ListCall, Sequence, TemplateError, Word, parse

LAKES = {"lake": {"values": {"tahoe": ["tahoe", "[south] lake tahoe"], "mead": ["lake mead"]}}}


def test_the_committed_automaton_is_the_one_the_templates_make() -> None:
    """automaton.json is fresh: run "python -m pam.routing.compile" when this fails."""
    assert AUTOMATON.read_text(encoding="utf-8") == build(SOURCES)


def test_the_same_templates_make_the_same_bytes_in_another_process() -> None:
    """Neither hash seeds nor set order reach the file."""
    code = "import sys; from pam.routing.compiler import SOURCES, build; sys.stdout.write(build(SOURCES))"
    environment = {"PYTHONPATH": str(Path(pam.__file__).parents[1]), "PYTHONHASHSEED": "1", "PYTHONUTF8": "1"}
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment, timeout=60)
    assert made.stdout.decode() == build(SOURCES)


def test_a_template_reads_as_its_tree() -> None:
    """Groups, options, lists and words nest as in hassil."""
    assert parse("(a|b) [c] {day:date}") == Sequence(
        (
            Choice((Sequence((Word("a"),)), Sequence((Word("b"),)))),
            Choice((Sequence(()), Sequence((Sequence((Word("c"),)),)))),
            ListCall("day", "date"),
        )
    )


def test_the_automaton_accepts_what_the_templates_say_and_nothing_else(
    small_router: Callable[..., Router],
) -> None:
    """Alternatives, options, rules and lists all count, in their order."""
    router = small_router(
        "<ask> [the] weather (at|near) {lake}", lists=LAKES, rules={"ask": "(show|[quickly] tell) me"}
    )
    for sentence in ("show me weather at tahoe", "quickly tell me the weather near south lake tahoe"):
        assert router.route(sentence) == Route(1, "ask", {"lake": "tahoe"})
    for sentence in (
        "quickly show me weather at tahoe",
        "tell me weather at south tahoe",
        "tell me weather",
        "weather at tahoe",
    ):
        assert router.route(sentence) == Route()


def test_a_permutation_takes_all_its_parts_in_any_order(small_router: Callable[..., Router]) -> None:
    """(a;b) is hassil's: all of them, each once; an optional one may be missing."""
    router = small_router("weather ([at {lake}];now)", lists=LAKES)
    for sentence in ("weather at tahoe now", "weather now at tahoe", "weather now"):
        assert router.route(sentence).tier == 1
    for sentence in ("weather at tahoe", "weather now now", "weather now at tahoe now"):
        assert router.route(sentence).tier == 3


def test_a_long_rule_is_compiled_once_and_means_the_same(small_router: Callable[..., Router]) -> None:
    """It is called instead of written out, also where it is optional, begins a sentence, or may be empty."""
    polite = "[(very well|kind sir|dear friend|good fellow|old chap)] [(at {lake}|by {lake}|near {lake}|on {lake})]"
    sentences = ("<polite> weather <polite>", "weather <polite> today", "rain <polite> today")
    called = small_router(*sentences, rules={"polite": polite}, lists=LAKES)
    inlined = small_router(*(text.replace("<polite>", polite) for text in sentences), lists=LAKES)
    for text in (
        "dear friend weather",
        "weather",
        "weather near lake mead today",
        "old chap by tahoe weather dear friend",
    ):
        assert called.route(text) == inlined.route(text) != Route()
    for text in ("dear weather", "weather near today", "at tahoe weather at tahoe", "rain", "dear friend"):
        assert called.route(text) == inlined.route(text) == Route()


def test_an_integer_in_a_list_is_written_into_its_value(small_router: Callable[..., Router]) -> None:
    """{7n} multiplies: two weeks are fourteen days."""
    lists = {"span": {"values": {"{n}_days": ["{n} days"], "{7n}_days": ["{n} weeks"]}}}
    router = small_router("past {span}", lists=lists)
    assert router.route("past 45 days").slots == {"span": "45_days"}
    assert router.route("past twenty-one days").slots == {"span": "21_days"}
    assert router.route("past two weeks").slots == {"span": "14_days"}
    assert [router.route(f"past {n} days").tier for n in ("0", "07", "2.5", "1,000", "1000", "-3")] == [3] * 6


def test_templates_with_the_same_continuation_share_their_states(small_router: Callable[..., Router]) -> None:
    """The automaton is minimal: alternatives that go on alike cost no state of their own."""
    one = small_router("weather at {lake} now", lists=LAKES)
    many = small_router("(weather|forecast|wind) at {lake} now", "rain at {lake} now", lists=LAKES)
    assert len(many._states) == len(one._states) == 5


@pytest.mark.parametrize(
    ("sentences", "lists", "rules", "message"),
    [
        (["at {pond}"], {}, {}, r"ask\.yaml.*at \{pond\}.*unknown list \{pond\}"),
        (["at <where>"], {}, {}, r"ask\.yaml.*at <where>.*unknown rule <where>"),
        (["go <a>"], {}, {"a": "x <b>", "b": "<a>"}, r"go <a>.*rule <a> contains itself, by a → b"),
        (["go"], {}, {"a": "x"}, r"rules\.yaml: rule <a> is never used"),
        (["go now", "go now"], {}, {}, r"ask\.yaml.*'go now' is a duplicate"),
        (["[go] [now]"], {}, {}, r"ask\.yaml.*'\[go\] \[now\]' matches a sentence without words"),
        (["go (now|"], {}, {}, r"ask\.yaml.*'\)' is missing in 'go \(now\|'"),
        (["(a;b|c)"], {}, {}, r"'|' and ';' in one group at column 5"),
        (["go now)"], {}, {}, r"'\)' closes nothing at column 7 in 'go now\)'"),
        (["go (now]"], {}, {}, r"'\]' closes nothing"),
        (["go {now"], {}, {}, r"unexpected '\{' at column 4"),
        (["lake[s] now"], {}, {}, r"put a space before column 5"),
        (["what's up"], {}, {}, r"\"what's\" reaches the templates as 'what is': write that"),
        (["go please"], {}, {}, r"'please' is dropped before the templates: leave it out"),
        (["Go now"], {}, {}, r"'Go' reaches the templates as 'go'"),
        (
            ["go"],
            {"lake": {"values": {"a": ["tahoe"], "b": ["tahoe"]}}},
            {},
            r"words\.yaml: list \{lake\}.*'tahoe' means both a and b",
        ),
        (
            ["go"],
            {"lake": {"values": {"a": ["[tahoe]"]}}},
            {},
            r"words\.yaml: list \{lake\}.*matches nothing at all",
        ),
        (["go"], {"lake": {"values": {}}}, {}, r"list \{lake\} is empty"),
        (["go"], {"lake": {"values": {"a": ["(a|b) " * 10]}}}, {}, r"stands for more than 500 phrases"),
        (["go"], {"lake": {"values": {"a": ["{pond}"]}}}, {}, r"only \{n\} may stand in a list"),
        (["go"], {"lake": {"from": "pond", "only": ["a"]}}, {}, r"list \{lake\}: unknown list \{pond\}"),
        (
            ["go"],
            {"all": LAKES["lake"], "lake": {"from": "all", "only": ["erie"]}},
            {},
            r"\{all\} has no erie",
        ),
    ],
)
def test_a_template_that_cannot_be_compiled_is_named(
    sentences: list, lists: dict, rules: dict, message: str, sources: Callable[..., Path]
) -> None:
    """The error says which file, which template, and what to do."""
    with pytest.raises(TemplateError, match=message):
        load(sources(*sentences, lists=lists, rules=rules))


def test_a_slot_cannot_be_set_by_a_list_and_by_its_block(sources: Callable[..., Path]) -> None:
    """A constant slot would silently win or lose."""
    folder = sources("at {lake}", lists=LAKES)
    intent = folder / "intents" / "ask.yaml"
    intent.write_text(intent.read_text().replace("data:\n- ", "data:\n- slots: {lake: mead}\n  "))
    with pytest.raises(TemplateError, match=r"slot 'lake' is set by its block and by \{lake\}"):
        load(folder)


def test_a_rule_written_twice_is_an_error(sources: Callable[..., Path]) -> None:
    """YAML alone would let the later one win in silence."""
    folder = sources("go")
    (folder / "rules.yaml").write_text("rules:\n  a: x\n  a: y\n")
    with pytest.raises(TemplateError, match=r"rules\.yaml.*'a' is defined twice"):
        load(folder)


@given(st.text("ab |()[]{}<>:é", max_size=40))
def test_any_text_is_a_tree_or_a_template_error(text: str) -> None:
    """The parser never fails in another way."""
    with suppress(TemplateError):
        parse(text)
