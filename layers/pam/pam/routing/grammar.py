"""Loads and checks the grammar from its YAML files: templates with their rules inserted, lists with their phrases."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pam.routing.interpreter import Router
from pam.routing.list_matcher import Value
from pam.routing.tables import build_tables, expand_phrases
from pam.routing.templates import (
    Choice,
    ListCall,
    Node,
    RuleCall,
    Sequence,
    SharedRule,
    TemplateError,
    Word,
    parse_template,
)

GRAMMAR_DIR = Path(__file__).parent
MAX_ENTRY_PHRASES = 500
MAX_INLINE_LABELS = 8  # a rule with more words and lists than this is compiled to a sub-automaton

# {"phrases": {words: value}, "text_slot": slot or ""}, or the "type" and the parameters of a built-in list.
ListDefinition = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """A sentence template of an intent; `constants` are the slots that its block sets for every sentence."""

    intent: str
    text: str
    tree: Node
    constants: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Grammar:
    """The parsed and checked content of the YAML files."""

    normaliser: dict[str, Any]
    lists: dict[str, ListDefinition]
    templates: list[Template]
    tiers: dict[str, int]
    tests: dict[str, list[tuple[str, dict[str, Value], dict[str, Value]]]]  # sentence, slots, details
    negatives: dict[str, list[str]]


def load_grammar(directory: Path) -> Grammar:
    """Load normalise.yaml, rules.yaml, lists/ and intents/. Raises TemplateError that names file and text."""
    normaliser = _read(directory / "normalise.yaml")
    normalising_router = Router(
        build_tables(normaliser) | {"tiers": {}, "details": [], "place_slots": [], "lists": {}, "states": []}
    )

    def parse(text: str, location: str) -> Node:
        try:
            tree = parse_template(text)
            _check_words(tree, normalising_router)
        except TemplateError as error:
            raise TemplateError(f"{location}: {error} in {text!r}") from None
        return tree

    rules_file = directory / "rules.yaml"
    shared = {name: parse(text, f"{rules_file}: rule <{name}>") for name, text in _read(rules_file)["rules"].items()}
    rules = _Rules(shared)
    lists: dict[str, ListDefinition] = {}
    for path in sorted(directory.glob("lists/*.yaml")):
        for name, source in _read(path)["lists"].items():
            if name in lists:
                raise TemplateError(f"{path}: list {{{name}}} is defined twice")
            lists[name] = _load_list(source, lists, rules, f"{path}: list {{{name}}}", parse)

    grammar = Grammar(normaliser, lists, [], {}, {}, {})
    seen: dict[str, Path] = {}
    for path in sorted(directory.glob("intents/*.yaml")):
        source = _read(path)
        intent = source["intent"]
        grammar.tiers[intent] = source["tier"]
        own = {name: parse(text, f"{path}: rule <{name}>") for name, text in source.get("rules", {}).items()}
        if taken := own.keys() & shared.keys():
            raise TemplateError(f"{path}: rule <{min(taken)}> is in rules.yaml already")
        own_rules = _Rules(own, rules)
        for block in source["data"]:
            for text in block["sentences"]:
                location = f"{path}: {text!r}"
                if text in seen:
                    raise TemplateError(f"{location} is a duplicate of one in {seen[text]}")
                seen[text] = path
                tree = own_rules.inline(parse(text, str(path)), location)
                constants = tuple(sorted(block.get("slots", {}).items()))
                _check_template(tree, lists, dict(constants), location)
                grammar.templates.append(Template(intent, text, tree, constants))
        grammar.tests[intent] = [
            (text, case["slots"], case.get("details", {})) for case in source["tests"] for text in case["sentences"]
        ]
        grammar.negatives[intent] = source["negatives"]
        own_rules.check_use(path)
    rules.check_use(rules_file)
    return grammar


class _UniqueKeys(yaml.CSafeLoader):
    """Rejects duplicate keys, of which YAML would silently use the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping. Raises TemplateError for a duplicate key."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise TemplateError(f"{node.start_mark.name}: {key!r} is defined twice")
        return super().construct_mapping(node, deep)


def _read(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as stream:
        content: dict[str, Any] = yaml.load(stream, _UniqueKeys)  # noqa: S506 (it is a SafeLoader)
    return content


def _check_words(tree: Node, router: Router) -> None:
    """Reject words that can never match because the normaliser rewrites them."""
    for node in _nodes(tree):
        if isinstance(node, Word):
            tokens = router.tokenise(node.text)
            if not tokens:
                raise TemplateError(f"{node.text!r} is dropped by the normaliser: leave it out")
            if tokens != [node.text]:
                normalised = " ".join(tokens)
                raise TemplateError(f"{node.text!r} is normalised to {normalised!r}: write that")


def _nodes(tree: Node) -> Iterator[Node]:
    """Yield the tree and all nodes below it, each before its children, which are in order."""
    waiting = [tree]  # a recursive generator would pass each node through one generator for each level above it
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Sequence):
            waiting.extend(reversed(node.items))
        elif isinstance(node, Choice):
            waiting.extend(reversed(node.alternatives))
        elif isinstance(node, SharedRule):
            waiting.append(node.tree)


class _Rules:
    """Rules by name: those of one file and, for the other names, the shared ones of rules.yaml."""

    def __init__(self, trees: dict[str, Node], shared: "_Rules | None" = None) -> None:
        self._trees, self._shared = trees, shared
        self._inlined: dict[str, Node] = {}

    def inline(self, tree: Node, location: str, inside: tuple[str, ...] = ()) -> Node:
        """Return the tree with its rules inserted. Raises TemplateError for an unknown or recursive rule."""
        if isinstance(tree, RuleCall):
            return self._inline_rule(tree.rule, location, inside)
        if isinstance(tree, Sequence):
            return Sequence(tuple(self.inline(item, location, inside) for item in tree.items))
        if isinstance(tree, Choice):
            return Choice(tuple(Sequence((self.inline(item, location, inside),)) for item in tree.alternatives))
        return tree

    def check_use(self, path: Path) -> None:
        """Raise TemplateError if a rule was never inserted."""
        if unused := self._trees.keys() - self._inlined.keys():
            raise TemplateError(f"{path}: rule <{min(unused)}> is never used")

    def _inline_rule(self, name: str, location: str, inside: tuple[str, ...]) -> Node:
        if name not in self._trees:
            if self._shared is None:
                raise TemplateError(f"{location}: unknown rule <{name}>")
            return self._shared._inline_rule(name, location, inside)
        if name in inside:
            raise TemplateError(f"{location}: rule <{name}> contains itself via {' → '.join(inside)}")
        if name not in self._inlined:
            rule = self.inline(self._trees[name], location, (*inside, name))
            labels = sum(isinstance(node, Word | ListCall) for node in _nodes(rule))
            self._inlined[name] = SharedRule(rule) if labels > MAX_INLINE_LABELS else rule
        return self._inlined[name]


def _check_template(tree: Node, lists: dict[str, ListDefinition], constants: dict[str, str], location: str) -> None:
    for node in _nodes(tree):
        if isinstance(node, ListCall):
            if node.list not in lists:
                raise TemplateError(f"{location}: unknown list {{{node.list}}}")
            if node.slot in constants:
                raise TemplateError(f"{location}: slot {node.slot!r} is set by its block and by {{{node.list}}}")
    if may_be_empty(tree):
        raise TemplateError(f"{location} matches a sentence without words")


def may_be_empty(tree: Node) -> bool:
    """Return whether the tree matches an empty sequence of words."""
    if isinstance(tree, Sequence):
        return all(may_be_empty(item) for item in tree.items)
    if isinstance(tree, Choice):
        return any(may_be_empty(item) for item in tree.alternatives)
    return isinstance(tree, SharedRule) and may_be_empty(tree.tree)


def _load_list(
    source: dict[str, Any],
    lists: dict[str, ListDefinition],
    rules: _Rules,
    location: str,
    parse: Callable[[str, str], Node],
) -> ListDefinition:
    if "type" in source:
        return {"from": 0, **source} if source["type"] == "amount" else source
    if "from" in source:
        return _derive_list(source, lists, location)
    phrases: dict[tuple[str, ...], str] = {}
    for value, texts in source["values"].items():
        for text in texts:
            tree = rules.inline(parse(text, location), location)
            for count, words in enumerate(expand_phrases(tree, location)):
                if count == MAX_ENTRY_PHRASES:
                    raise TemplateError(f"{location}: {text!r} expands to more than {MAX_ENTRY_PHRASES} phrases")
                if not words:
                    raise TemplateError(f"{location}: {text!r} matches the empty phrase")
                if phrases.setdefault(words, value) != value:
                    phrase = " ".join(words)
                    raise TemplateError(f"{location}: {phrase!r} means both {phrases[words]} and {value}")
    if not phrases:
        raise TemplateError(f"{location} is empty")
    return {"phrases": phrases, "text_slot": source.get("text_slot", "")}


def _derive_list(source: dict[str, Any], lists: dict[str, ListDefinition], location: str) -> ListDefinition:
    """Return the phrases of another list, `only` those of some values or all `without` them."""
    if source["from"] not in lists:
        raise TemplateError(f"{location}: unknown list {{{source['from']}}}")
    base = lists[source["from"]]
    picked = set(source.get("only") or source["without"])
    if unknown := picked - set(base["phrases"].values()):
        raise TemplateError(f"{location}: {{{source['from']}}} has no {', '.join(sorted(unknown))}")
    phrases = {words: value for words, value in base["phrases"].items() if (value in picked) == ("only" in source)}
    return {"phrases": phrases, "text_slot": base["text_slot"]}
