"""The interpreter: limits, ambiguity, bounded work, and equality with web/router.js."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pam
from pam.routing import Route, Router, route
from pam.routing.grammar import Grammar
from pam.routing.interpreter import default_router

ROOT = Path(pam.__file__).parents[1]
QUESTION = "how much did i spend on gas this month"
ANSWER = Route(1, "spend_summary", {"category": "fuel", "period": "this_month"})

# Text that Python and JavaScript treat differently: case, digits, white space, surrogates, object prototypes.
SPECIAL_TEXTS = [
    *"İıßẞǅﬁKſΣςéÉñ٤²½Ⅷ４ａＧ’…—\0\x0b\x1c\x1f\x7f\x85\u00a0\u00ad\u1680\u180e",
    *"\u200b\u200d\u2028\u2029\u202e\u3000\ufeff\ud83d\ude00😀🇦🇺\U0010ffff\\\"'`\n\r\t$£€?!.,-/",
    *("e\u0301", "👨\u200d👩", "A$", "??", "?!", "!?", "...", "--", "1,000", "1,00", "1.5", "007", "45"),
    *("$45", "45$", "one", "please", "2026-02-30", "14th", "of", "2026", "\r\n", "us$", "aud", "euros"),
    *("constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "forty", "hundred", "march"),
]


def test_sentence_with_an_unexplained_word_goes_to_claude() -> None:
    """One such word is enough, and so is an empty sentence."""
    assert route(QUESTION) == ANSWER
    assert route(f"{QUESTION} somehow") == Route(3, "chat", {}, {})
    assert route("") == Route(3, "chat", {})


@pytest.mark.parametrize(
    "text",
    [
        QUESTION.upper(),
        f"  {QUESTION}  ",
        QUESTION.replace(" ", "\u00a0"),
        QUESTION.replace(" ", " \t\r\n"),
        f"{QUESTION}?!",
        f"{QUESTION}…",
        "Ｈｏｗ much did i spend on gas this month？",
        "hwo muhc did i spedn on gas thsi month",
        "\ufeffhow much did i spend on gas this month",
    ],
)
def test_case_white_space_punctuation_and_listed_misspellings_are_normalised(text: str) -> None:
    """They don't change the route, nor do full-width characters."""
    assert route(text) == ANSWER


@pytest.mark.parametrize("text", ["how much did i spend on ga s this month", "how much did i spend on gsa this month"])
def test_misspelling_that_is_not_listed_goes_to_claude(text: str) -> None:
    """Words are never corrected by edit distance."""
    assert route(text).tier == 3


def test_text_over_200_characters_or_32_tokens_goes_to_claude() -> None:
    """One character or token over the limit is enough."""
    assert route(QUESTION + " " * (200 - len(QUESTION))) == ANSWER
    assert route(QUESTION + " " * (201 - len(QUESTION))).tier == 3
    assert len(default_router().tokenise("a " * 32)) == 32
    assert default_router().tokenise("a " * 33) == []


def test_reading_with_most_slots_is_chosen(build_router: Callable[..., Router]) -> None:
    """A slot explains more than a word of a template."""
    router = build_router(
        "weather (in|soon) tahoe", "weather {when} tahoe", lists={"when": {"values": {"soon": ["soon"]}}}
    )
    assert router.route("weather soon tahoe") == Route(1, "ask", {"when": "soon"})
    assert router.route("weather in tahoe") == Route(1, "ask", {})


def test_sentence_with_two_equally_good_readings_goes_to_claude(build_router: Callable[..., Router]) -> None:
    """An ambiguous sentence gets no fast answer."""
    lists = {
        "lake": {"values": {"tahoe": ["tahoe"]}},
        "town": {"values": {"tahoe_city": ["tahoe"], "reno": ["reno"]}},
    }
    router = build_router("weather in {lake}", "weather in {town}", lists=lists)
    assert router.route("weather in reno") == Route(1, "ask", {"town": "reno"})
    assert router.route("weather in tahoe") == Route(3, "chat", {})


def test_reading_with_fewer_words_in_places_is_chosen(build_router: Callable[..., Router]) -> None:
    """A place is free text, so any other list explains a word better."""
    lists = {"place": {"type": "place"}, "kind": {"values": {"area": ["metro area"]}}}
    router = build_router("weather in {place}", "weather in {place} {kind}", "{kind:place} weather", lists=lists)
    assert router.route("weather in reno").slots == {"place": "reno"}
    assert router.route("weather in reno metro area").slots == {"place": "reno", "kind": "area"}


def test_sentence_with_a_repeated_slot_goes_to_claude() -> None:
    """Two periods are rejected even if they are equal."""
    assert route("last month how much did i spend on gas").tier == 1
    assert route("last month how much did i spend on gas last week").tier == 3
    assert route("last month how much did i spend on gas last month").tier == 3


ADVERSARIAL = [
    *(
        "$1 ",
        "1 ",
        "please ",
        "hey pam ",
        "how much ",
        "this month ",
        "the last 9 days ",
        "forty five ",
        "gas ",
    ),
    *(
        "on gas ",
        "so far ",
        "march 14 ",
        "in total ",
        "a ",
        "?",
        "? ",
        "-",
        "'",
        "$",
        "1,",
        "1,000",
        "1.",
        "a'",
    ),
    "yesterday ",
    *(
        "near me ",
        "moab ",
        "from moab to zion ",
        "in moab ",
        "400 miles ",
        "8 mpg ",
        "at $3 a gallon ",
        "5 miles of here ",
    ),
    *("tonight ", "rv parks ", "within 25 miles ", "new york city ", "the ", "weather ", "to ", "salt lake "),
    "add $1 for gas on march 14 ",
    "how much have i spent so far this month in total on gas ",
]


@pytest.mark.parametrize("unit", ADVERSARIAL)
def test_work_on_adversarial_text_is_bounded(unit: str, router: Router) -> None:
    """Repeated optional phrases don't multiply the configurations or the time."""
    for lead in ("", "add ", "how much did i spend ", "hey pam can you please add ", "fuel for ", "weather in "):
        for length in (200, 190, 100):
            text = (lead + unit * 200)[:length]
            started = time.perf_counter()
            router.route(text)
            assert time.perf_counter() - started < 0.25  # the target is 5 ms; the rest allows for a loaded machine
            memo: dict = {}
            router.run(0, router.tokenise(text), 0, memo)
            assert sum(map(len, memo.values())) < 1_000


@given(st.text(st.characters(exclude_categories=()), max_size=250))
def test_any_text_gets_a_route(text: str) -> None:
    """No string raises an exception, not even one with lone surrogates."""
    assert route(text).tier in (1, 2, 3)


def mutate(samples: list, count: int) -> list[str]:
    """Return sentences with words inserted, removed, changed, shuffled, repeated or joined at random."""
    rng = random.Random(14)
    sentences = [sentence for sentence, _, _ in samples]
    mutations = list(SPECIAL_TEXTS)
    while len(mutations) < count:
        words = rng.choice(sentences).split()
        for _ in range(rng.choice((1, 1, 2, 3))):
            at = rng.randrange(len(words) + 1)
            kind = rng.randrange(8)
            if kind == 0:
                words.insert(at, rng.choice(SPECIAL_TEXTS))
            elif kind == 1 and len(words) > 1:
                words.pop(at - 1)
            elif kind == 2:
                words[at - 1] = words[at - 1].upper()
            elif kind == 3:
                words[at - 1] += rng.choice(SPECIAL_TEXTS)
            elif kind == 4:
                rng.shuffle(words)
            elif kind == 5:
                words = words[:at] + rng.choice(sentences).split()
            elif kind == 6:
                words.insert(at, rng.choice(words or ["a"]))
            else:
                words = words * rng.choice((1, 2, 9)) or ["a"]
        text = rng.choice((" ", " ", " ", "\u00a0", "  ", "-", "")).join(words)
        mutations.append(text[: rng.choice((199, 200, 201, 300))])
    return mutations


def test_javascript_router_returns_the_same_routes(
    samples: list, router: Router, grammar: Grammar, route_in_javascript: Callable
) -> None:
    """Python and JavaScript agree on every sampled sentence and on 25,000 mutations."""
    texts = [sentence for sentence, _, _ in samples] + mutate(samples, 25_000)
    texts += [sentence for cases in grammar.tests.values() for sentence, *_ in cases]
    routes = [router.route(text) for text in texts]
    fast = sum(found.tier < 3 for found in routes[len(samples) :])
    assert 500 < fast < 20_000  # both outcomes must occur among the mutations, or equality is trivial
    differences = [
        (text, found, in_javascript)
        for text, found, in_javascript in zip(texts, routes, route_in_javascript(texts), strict=True)
        if asdict(found) != in_javascript
    ]
    assert differences == []


def run_module(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *arguments],
        input=stdin,
        capture_output=True,
        check=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT)},
    )


def test_command_writes_one_json_object_per_line() -> None:
    """`python -m pam.routing` accepts blank lines, invalid UTF-8, NUL and a missing last newline."""
    lines = [
        QUESTION.encode(),
        b"",
        b"\xff\xfe\x00",
        "gas 😀".encode(),
        b"add $45.50 for gas\r",
        b"a" * 100_000,
        b"\xed\xa0\x80",
    ]
    answers = [
        json.loads(line) for line in run_module("-m", "pam.routing", stdin=b"\n".join(lines)).stdout.splitlines()
    ]
    chat = {"tier": 3, "intent": "chat", "slots": {}}
    assert answers == [
        {"tier": 1, "intent": "spend_summary", "slots": {"category": "fuel", "period": "this_month"}},
        *[chat] * 3,
        {"tier": 2, "intent": "add_expense", "slots": {"amount": 45.5, "category": "fuel"}},
        *[chat] * 2,
    ]


def test_command_writes_each_answer_before_its_input_ends() -> None:
    """Each answer is flushed, so that a program can send the next line after it."""
    with subprocess.Popen(
        [sys.executable, "-m", "pam.routing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin
        assert process.stdout
        for _ in range(3):
            process.stdin.write(QUESTION.encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["intent"] == "spend_summary"
        process.stdin.close()


def test_routing_imports_only_the_standard_library() -> None:
    """PyYAML and the compiler are needed at build time only, so functions don't load them."""
    code = (
        "import sys; import pam.routing as r; r.route('gas this month');"
        "print(sorted({n.partition('.')[0] for n in sys.modules} - sys.stdlib_module_names - {'__main__'}),"
        " 'pam.routing.grammar' in sys.modules)"
    )
    assert run_module("-S", "-c", code).stdout.decode().split("\n")[0] == "['pam'] False"
