"""The compiler: the language of the automaton, and the errors of invalid templates."""

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
from pam.routing.compiler import AUTOMATON_PATH, compile_grammar, render_automaton
from pam.routing.grammar import GRAMMAR_DIR, load_grammar
from pam.routing.templates import Choice, ListCall, Sequence, TemplateError, Word, parse_template

LAKES = {"lake": {"values": {"tahoe": ["tahoe", "[south] lake tahoe"], "mead": ["lake mead"]}}}


def test_committed_automaton_is_up_to_date() -> None:
    """If this fails, run `make compile`."""
    assert AUTOMATON_PATH.read_text(encoding="utf-8") == render_automaton(GRAMMAR_DIR)


def test_automaton_has_the_same_bytes_in_another_process() -> None:
    """Hash seeds and the order of sets don't affect the file."""
    code = "import sys; from pam.routing import compiler as c; sys.stdout.write(c.render_automaton(c.GRAMMAR_DIR))"
    environment = {"PYTHONPATH": str(Path(pam.__file__).parents[1]), "PYTHONHASHSEED": "1", "PYTHONUTF8": "1"}
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment, timeout=60)
    assert process.stdout.decode() == render_automaton(GRAMMAR_DIR)


def test_template_is_parsed_to_its_tree() -> None:
    """Groups, optional groups, lists and words are nested as in hassil."""
    assert parse_template("(a|b) [c] {day:date}") == Sequence(
        (
            Choice((Sequence((Word("a"),)), Sequence((Word("b"),)))),
            Choice((Sequence(()), Sequence((Sequence((Word("c"),)),)))),
            ListCall("day", "date"),
        )
    )


def test_automaton_accepts_exactly_the_sentences_of_the_templates(
    build_router: Callable[..., Router],
) -> None:
    """Alternatives, optional groups, rules and lists are matched in their order."""
    router = build_router(
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


def test_permutation_accepts_all_its_parts_in_any_order(build_router: Callable[..., Router]) -> None:
    """(a;b) requires each part once, unless it is optional."""
    router = build_router("weather ([at {lake}];now)", lists=LAKES)
    for sentence in ("weather at tahoe now", "weather now at tahoe", "weather now"):
        assert router.route(sentence).tier == 1
    for sentence in ("weather at tahoe", "weather now now", "weather now at tahoe now"):
        assert router.route(sentence).tier == 3


def test_long_rule_has_the_same_meaning_as_its_text(build_router: Callable[..., Router]) -> None:
    """The sub-automaton accepts the same, also if it is optional, starts a sentence, or may be empty."""
    polite = "[(very well|kind sir|dear friend|good fellow|old chap)] [(at {lake}|by {lake}|near {lake}|on {lake})]"
    sentences = ("<polite> weather <polite>", "weather <polite> today", "rain <polite> today")
    called = build_router(*sentences, rules={"polite": polite}, lists=LAKES)
    inlined = build_router(*(text.replace("<polite>", polite) for text in sentences), lists=LAKES)
    for text in (
        "dear friend weather",
        "weather",
        "weather near lake mead today",
        "old chap by tahoe weather dear friend",
    ):
        assert called.route(text) == inlined.route(text) != Route()
    for text in ("dear weather", "weather near today", "at tahoe weather at tahoe", "rain", "dear friend"):
        assert called.route(text) == inlined.route(text) == Route()


def test_integer_in_a_list_is_inserted_in_its_value(build_router: Callable[..., Router]) -> None:
    """{7n} is seven times the integer: two weeks are fourteen days."""
    lists = {"span": {"values": {"{n}_days": ["{n} days"], "{7n}_days": ["{n} weeks"]}}}
    router = build_router("past {span}", lists=lists)
    assert router.route("past 45 days").slots == {"span": "45_days"}
    assert router.route("past twenty-one days").slots == {"span": "21_days"}
    assert router.route("past two weeks").slots == {"span": "14_days"}
    assert [router.route(f"past {n} days").tier for n in ("0", "07", "2.5", "1,000", "1000", "-3")] == [3] * 6


def test_templates_with_the_same_continuation_share_their_states(write_grammar: Callable[..., Path]) -> None:
    """The automaton is minimal: alternatives with equal continuations add no states."""
    one = compile_grammar(load_grammar(write_grammar("weather at {lake} now", lists=LAKES)))
    sentences = ("(weather|forecast|wind) at {lake} now", "rain at {lake} now")
    several = compile_grammar(load_grammar(write_grammar(*sentences, lists=LAKES)))
    assert len(several["states"]) == len(one["states"]) == 5


@pytest.mark.parametrize(
    ("sentences", "lists", "rules", "message"),
    [
        (["at {pond}"], {}, {}, r"ask\.yaml.*at \{pond\}.*unknown list \{pond\}"),
        (["at <where>"], {}, {}, r"ask\.yaml.*at <where>.*unknown rule <where>"),
        (["go <a>"], {}, {"a": "x <b>", "b": "<a>"}, r"go <a>.*rule <a> contains itself via a → b"),
        (["go"], {}, {"a": "x"}, r"rules\.yaml: rule <a> is never used"),
        (["go now", "go now"], {}, {}, r"ask\.yaml.*'go now' is a duplicate"),
        (["[go] [now]"], {}, {}, r"ask\.yaml.*'\[go\] \[now\]' matches a sentence without words"),
        (["go (now|"], {}, {}, r"ask\.yaml.*'\)' is missing in 'go \(now\|'"),
        (["(a;b|c)"], {}, {}, r"'|' and ';' in one group at column 5"),
        (["go now)"], {}, {}, r"'\)' closes nothing at column 7 in 'go now\)'"),
        (["go (now]"], {}, {}, r"'\]' closes nothing"),
        (["go {now"], {}, {}, r"unexpected '\{' at column 4"),
        (["lake[s] now"], {}, {}, r"put a space before column 5"),
        (["what's up"], {}, {}, r"\"what's\" is normalised to 'what is': write that"),
        (["go please"], {}, {}, r"'please' is dropped by the normaliser: leave it out"),
        (["Go now"], {}, {}, r"'Go' is normalised to 'go'"),
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
            r"words\.yaml: list \{lake\}.*matches the empty phrase",
        ),
        (["go"], {"lake": {"values": {}}}, {}, r"list \{lake\} is empty"),
        (["go"], {"lake": {"values": {"a": ["(a|b) " * 10]}}}, {}, r"expands to more than 500 phrases"),
        (["go"], {"lake": {"values": {"a": ["{pond}"]}}}, {}, r"only \{n\} can be used in a list"),
        (["go"], {"lake": {"from": "pond", "only": ["a"]}}, {}, r"list \{lake\}: unknown list \{pond\}"),
        (
            ["go"],
            {"all": LAKES["lake"], "lake": {"from": "all", "only": ["erie"]}},
            {},
            r"\{all\} has no erie",
        ),
    ],
)
def test_invalid_grammar_is_rejected_with_its_file_and_text(
    sentences: list, lists: dict, rules: dict, message: str, write_grammar: Callable[..., Path]
) -> None:
    """The message names the file, the template, list or rule, and the error."""
    with pytest.raises(TemplateError, match=message):
        load_grammar(write_grammar(*sentences, lists=lists, rules=rules))


def test_slot_set_by_a_list_and_by_its_block_is_rejected(write_grammar: Callable[..., Path]) -> None:
    """Which of the two values applies would be undefined."""
    directory = write_grammar("at {lake}", lists=LAKES)
    intent = directory / "intents" / "ask.yaml"
    intent.write_text(intent.read_text().replace("data:\n- ", "data:\n- slots: {lake: mead}\n  "))
    with pytest.raises(TemplateError, match=r"slot 'lake' is set by its block and by \{lake\}"):
        load_grammar(directory)


def test_rule_defined_twice_is_rejected(write_grammar: Callable[..., Path]) -> None:
    """YAML itself would silently use the last definition."""
    directory = write_grammar("go")
    (directory / "rules.yaml").write_text("rules:\n  a: x\n  a: y\n")
    with pytest.raises(TemplateError, match=r"rules\.yaml.*'a' is defined twice"):
        load_grammar(directory)


@given(st.text("ab |()[]{}<>:é", max_size=40))
def test_any_text_is_parsed_or_rejected_with_a_template_error(text: str) -> None:
    """The parser raises no other exception."""
    with suppress(TemplateError):
        parse_template(text)
