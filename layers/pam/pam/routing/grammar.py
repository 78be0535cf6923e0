"""The YAML files → a checked grammar: templates with their rules in place, lists with their phrases."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pam.routing.interpreter import Router
from pam.routing.tables import expand, tables
from pam.routing.templates import Choice, ListCall, Node, Part, RuleCall, Sequence, TemplateError, Word, parse
from pam.routing.values import Value

SOURCES = Path(__file__).parent
MAX_ENTRY_PHRASES = 500
PART_LABELS = 8  # a rule with more words and lists than this is compiled once and called

# A list: {"phrases": {words: value}, "said": slot or ""}, or "type" and parameters of a built-in matcher.
Entries = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """One sentence template of an intent, with the slots that its block sets by itself."""

    intent: str
    text: str
    tree: Node
    constants: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Grammar:
    """Everything that the YAML files say, parsed and checked."""

    normaliser: dict[str, Any]
    lists: dict[str, Entries]
    templates: list[Template]
    tiers: dict[str, int]
    tests: dict[str, list[tuple[str, dict[str, Value], dict[str, Value]]]]  # sentence, slots, details
    negatives: dict[str, list[str]]


def load(sources: Path) -> Grammar:
    """Reads normalise.yaml, rules.yaml, lists/ and intents/. Raises TemplateError, which names the place."""
    normaliser = _read(sources / "normalise.yaml")
    spelling = Router(tables(normaliser) | {"tiers": {}, "details": [], "free": [], "lists": {}, "states": []})

    def parsed(text: str, place: str) -> Node:
        try:
            tree = parse(text)
            _check_words(tree, spelling)
        except TemplateError as error:
            raise TemplateError(f"{place}: {error} in {text!r}") from None
        return tree

    rules_file = sources / "rules.yaml"
    shared = {name: parsed(text, f"{rules_file}: rule <{name}>") for name, text in _read(rules_file)["rules"].items()}
    rules = _Rules(shared)
    lists: dict[str, Entries] = {}
    for path in sorted(sources.glob("lists/*.yaml")):
        for name, source in _read(path)["lists"].items():
            if name in lists:
                raise TemplateError(f"{path}: list {{{name}}} is defined twice")
            lists[name] = _list(source, lists, rules, f"{path}: list {{{name}}}", parsed)

    grammar = Grammar(normaliser, lists, [], {}, {}, {})
    seen: dict[str, Path] = {}
    for path in sorted(sources.glob("intents/*.yaml")):
        source = _read(path)
        intent = source["intent"]
        grammar.tiers[intent] = source["tier"]
        own = {name: parsed(text, f"{path}: rule <{name}>") for name, text in source.get("rules", {}).items()}
        if taken := own.keys() & shared.keys():
            raise TemplateError(f"{path}: rule <{min(taken)}> is in rules.yaml already")
        own_rules = _Rules(own, rules)
        for block in source["data"]:
            for text in block["sentences"]:
                place = f"{path}: {text!r}"
                if text in seen:
                    raise TemplateError(f"{place} is a duplicate of one in {seen[text]}")
                seen[text] = path
                tree = own_rules.inline(parsed(text, str(path)), place)
                constants = tuple(sorted(block.get("slots", {}).items()))
                _check_template(tree, lists, dict(constants), place)
                grammar.templates.append(Template(intent, text, tree, constants))
        grammar.tests[intent] = [
            (text, case["slots"], case.get("details", {})) for case in source["tests"] for text in case["sentences"]
        ]
        grammar.negatives[intent] = source["negatives"]
        own_rules.check_use(path)
    rules.check_use(rules_file)
    return grammar


class _UniqueKeys(yaml.CSafeLoader):
    """YAML itself lets a later key win in silence: a rule or a list would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping. Raises TemplateError on a key given twice."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise TemplateError(f"{node.start_mark.name}: {key!r} is defined twice")
        return super().construct_mapping(node, deep)


def _read(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as stream:
        content: dict[str, Any] = yaml.load(stream, _UniqueKeys)  # noqa: S506 (it is a SafeLoader)
    return content


def _check_words(tree: Node, spelling: Router) -> None:
    """A word that the normaliser rewrites could never match; say what to write instead."""
    for node in _nodes(tree):
        if isinstance(node, Word):
            tokens = spelling.tokens(node.text)
            if not tokens:
                raise TemplateError(f"{node.text!r} is dropped before the templates: leave it out")
            if tokens != [node.text]:
                arrives = " ".join(tokens)
                raise TemplateError(f"{node.text!r} reaches the templates as {arrives!r}: write that")


def _nodes(tree: Node) -> Iterator[Node]:
    yield tree
    children: tuple[Node, ...] = ()
    if isinstance(tree, Sequence):
        children = tree.items
    elif isinstance(tree, Choice):
        children = tree.alternatives
    elif isinstance(tree, Part):
        children = (tree.tree,)
    for child in children:
        yield from _nodes(child)


class _Rules:
    """Rules by name: a file's own, and behind them the shared ones. Each is written out once."""

    def __init__(self, trees: dict[str, Node], shared: "_Rules | None" = None) -> None:
        self._trees, self._shared = trees, shared
        self._inlined: dict[str, Node] = {}

    def inline(self, tree: Node, place: str, inside: tuple[str, ...] = ()) -> Node:
        """The tree with its rules written out, or as parts. Raises TemplateError on an unknown rule and recursion."""
        if isinstance(tree, RuleCall):
            return self._rule(tree.rule, place, inside)
        if isinstance(tree, Sequence):
            return Sequence(tuple(self.inline(item, place, inside) for item in tree.items))
        if isinstance(tree, Choice):
            return Choice(tuple(Sequence((self.inline(item, place, inside),)) for item in tree.alternatives))
        return tree

    def check_use(self, path: Path) -> None:
        """Raises TemplateError when a rule is never used."""
        if unused := self._trees.keys() - self._inlined.keys():
            raise TemplateError(f"{path}: rule <{min(unused)}> is never used")

    def _rule(self, name: str, place: str, inside: tuple[str, ...]) -> Node:
        if name not in self._trees:
            if self._shared is None:
                raise TemplateError(f"{place}: unknown rule <{name}>")
            return self._shared._rule(name, place, inside)
        if name in inside:
            raise TemplateError(f"{place}: rule <{name}> contains itself, by {' → '.join(inside)}")
        if name not in self._inlined:
            rule = self.inline(self._trees[name], place, (*inside, name))
            labels = sum(isinstance(node, Word | ListCall) for node in _nodes(rule))
            self._inlined[name] = Part(rule) if labels > PART_LABELS else rule
        return self._inlined[name]


def _check_template(tree: Node, lists: dict[str, Entries], constants: dict[str, str], place: str) -> None:
    for node in _nodes(tree):
        if isinstance(node, ListCall):
            if node.list not in lists:
                raise TemplateError(f"{place}: unknown list {{{node.list}}}")
            if node.slot in constants:
                raise TemplateError(f"{place}: slot {node.slot!r} is set by its block and by {{{node.list}}}")
    if may_be_empty(tree):
        raise TemplateError(f"{place} matches a sentence without words")


def may_be_empty(tree: Node) -> bool:
    if isinstance(tree, Sequence):
        return all(may_be_empty(item) for item in tree.items)
    if isinstance(tree, Choice):
        return any(may_be_empty(item) for item in tree.alternatives)
    return isinstance(tree, Part) and may_be_empty(tree.tree)


def _list(
    source: dict[str, Any],
    lists: dict[str, Entries],
    rules: _Rules,
    place: str,
    parsed: Callable[[str, str], Node],
) -> Entries:
    if "type" in source:
        return {"from": 0, **source} if source["type"] == "amount" else source
    if "from" in source:
        return _derived(source, lists, place)
    phrases: dict[tuple[str, ...], str] = {}
    for value, entries in source["values"].items():
        for text in entries:
            tree = rules.inline(parsed(text, place), place)
            for count, words in enumerate(expand(tree, place)):
                if count == MAX_ENTRY_PHRASES:
                    raise TemplateError(f"{place}: {text!r} stands for more than {MAX_ENTRY_PHRASES} phrases")
                if not words:
                    raise TemplateError(f"{place}: {text!r} matches nothing at all")
                if phrases.setdefault(words, value) != value:
                    said = " ".join(words)
                    raise TemplateError(f"{place}: {said!r} means both {phrases[words]} and {value}")
    if not phrases:
        raise TemplateError(f"{place} is empty")
    return {"phrases": phrases, "said": source.get("said", "")}


def _derived(source: dict[str, Any], lists: dict[str, Entries], place: str) -> Entries:
    """Another list's phrases, "only" those of some values or all "without" them."""
    if source["from"] not in lists:
        raise TemplateError(f"{place}: unknown list {{{source['from']}}}")
    base = lists[source["from"]]
    picked = set(source.get("only") or source["without"])
    if unknown := picked - set(base["phrases"].values()):
        raise TemplateError(f"{place}: {{{source['from']}}} has no {', '.join(sorted(unknown))}")
    kept = {words: value for words, value in base["phrases"].items() if (value in picked) == ("only" in source)}
    return {"phrases": kept, "said": base["said"]}
