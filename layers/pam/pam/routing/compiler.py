"""Templates → one minimal automaton. Build time only: the one module here that needs PyYAML.

All templates are joined into one non-deterministic automaton whose labels are words, calls of lists, and calls
of parts: a long rule is an automaton of its own, so that it is there once and not in every place that uses it.
Subset construction makes it deterministic over those labels, and states with the same future are made once:
templates don't recurse, so the automaton has no cycle and minimising is one lookup per state.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pam.routing.interpreter import Router
from pam.routing.templates import Choice, ListCall, Node, Part, RuleCall, Sequence, TemplateError, Word, parse
from pam.routing.values import Value

SOURCES = Path(__file__).parent
AUTOMATON = SOURCES / "automaton.json"
MAX_ENTRY_PHRASES = 500
PART_LABELS = 8  # a rule with more words and lists than this is compiled once and called

# What a template may note beside the slots of the contract.
DETAILS = ("answer_unit", "currency", "description")

PATTERNS = {
    # Outside the group is what is passed over: a space, "!", a comma or full stop that ends a word, a hyphen
    # inside or after one ("-45" keeps its minus), all but the last of "??". In the group is one token: a
    # currency sign, an ISO date, a number, a word, else any one character; of those, templates have only "?".
    "token": (
        r"[ !]|[,.:]+(?=[ !?]|$)|-(?=[ a-z]|$)|\?(?=[ !]*\?)"
        r"|((?:us|au|a|ca|c|nz)?\$"
        r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?![-0-9])"
        r"|(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?![0-9]|[.,][0-9])"
        r"|[a-zß-öø-ÿ]+(?:'[a-zß-öø-ÿ]+)*"
        r"|[\s\S])"
    ),
    "amount": r"^(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]{1,3})?$",
    "integer": r"^[1-9][0-9]{0,2}$",
    "iso_date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "place_word": r"^(?:[a-zß-öø-ÿ]+(?:'[a-zß-öø-ÿ]+)*|[0-9]{5})$",  # five digits are a postal code
}

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


def build(sources: Path) -> str:
    """The text of automaton.json, a line for each list and state; the same bytes for the same sources."""
    automaton = compile_grammar(load(sources))
    states = ",\n".join(map(_json, automaton.pop("states")))
    lists = ",\n".join(f"{_json(name)}:{_json(entries)}" for name, entries in automaton.pop("lists").items())
    tables = "".join(f"{_json(name)}:{_json(table)},\n" for name, table in automaton.items())
    return f'{{\n{tables}"lists":{{\n{lists}\n}},\n"states":[\n{states}\n]\n}}\n'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def load(sources: Path) -> Grammar:
    """Reads normalise.yaml, rules.yaml, lists/ and intents/. Raises TemplateError, which names the place."""
    normaliser = _read(sources / "normalise.yaml")
    spelling = Router(_tables(normaliser) | {"tiers": {}, "details": [], "free": [], "lists": {}, "states": []})

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
        """The tree with its rules written out, or as parts. Raises TemplateError for unknown rules and recursion."""
        if isinstance(tree, RuleCall):
            return self._rule(tree.rule, place, inside)
        if isinstance(tree, Sequence):
            return Sequence(tuple(self.inline(item, place, inside) for item in tree.items))
        if isinstance(tree, Choice):
            return Choice(tuple(Sequence((self.inline(item, place, inside),)) for item in tree.alternatives))
        return tree

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
    if _may_be_empty(tree):
        raise TemplateError(f"{place} matches a sentence without words")


def _may_be_empty(tree: Node) -> bool:
    if isinstance(tree, Sequence):
        return all(_may_be_empty(item) for item in tree.items)
    if isinstance(tree, Choice):
        return any(_may_be_empty(item) for item in tree.alternatives)
    return isinstance(tree, Part) and _may_be_empty(tree.tree)


# Lists


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
            for count, words in enumerate(_expand(tree, place)):
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


def _expand(tree: Node, place: str) -> Iterator[tuple[str, ...]]:
    if isinstance(tree, Word):
        yield (tree.text,)
    elif isinstance(tree, ListCall):
        if tree.list != "n":
            raise TemplateError(f"{place}: only {{n}} may stand in a list, not {{{tree.list}}}")
        yield ("{n}",)
    elif isinstance(tree, Choice):
        for alternative in tree.alternatives:
            yield from _expand(alternative, place)
    elif isinstance(tree, Part):
        yield from _expand(tree.tree, place)
    elif isinstance(tree, Sequence) and not tree.items:
        yield ()
    elif isinstance(tree, Sequence):
        for head in _expand(tree.items[0], place):
            for tail in _expand(Sequence(tree.items[1:]), place):
                yield head + tail


def _trie(phrases: dict[tuple[str, ...], Any]) -> list[Any]:
    """[value or null, {word: node}, node after an integer or null]; {7n}_days is ["", 7, "_days"]."""
    node: list[Any] = [None, {}, None]
    branches: dict[str, dict[tuple[str, ...], Any]] = defaultdict(dict)
    for words, value in sorted(phrases.items()):
        if words:
            branches[words[0]][words[1:]] = value
        elif isinstance(value, str) and "{" in value:
            prefix, _, computed = value.partition("{")
            factor, _, suffix = computed.partition("n}")
            node[0] = [prefix, int(factor or 1), suffix]
        else:
            node[0] = value
    for word, branch in branches.items():
        if word == "{n}":
            node[2] = _trie(branch)
        else:
            node[1][word] = _trie(branch)
    return node


def _tables(normaliser: dict[str, Any]) -> dict[str, Any]:
    """The parts of the automaton that don't depend on templates."""
    characters = {chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
    characters |= {chr(code): chr(code + 32) for code in range(0xC0, 0xDF) if code != 0xD7}
    for code in range(0xFF01, 0xFF5F):
        plain = chr(code - 0xFEE0)
        characters[chr(code)] = characters.get(plain, plain)
    for to, sources in normaliser["characters"].items():
        characters |= dict.fromkeys(sources, to)

    numbers: dict[tuple[str, ...], int] = {}
    for value, text in normaliser["number_words"].items():
        numbers |= dict.fromkeys(_expand(parse(text), "number_words"), value)
    tens = {words: value for words, value in numbers.items() if 20 <= value < 100}
    units = {words: value for words, value in numbers.items() if value < 10}
    numbers |= {ten + unit: tens[ten] + units[unit] for ten in tens for unit in units}
    hundreds = {words: value for words, value in numbers.items() if value % 100 == 0 and value < 1000}
    numbers |= {
        hundred + joint + rest: hundreds[hundred] + numbers[rest]
        for hundred in hundreds
        for joint in ((), ("and",))
        for rest in numbers
        if numbers[rest] in (25, 75) or (numbers[rest] < 100 and numbers[rest] % 10 == 0)
    }

    months: dict[str, int] = {}
    for number, names in enumerate(normaliser["months"], start=1):
        months |= dict.fromkeys(names, number)
    unit_phrases = {tuple(text.split()): code for code, texts in normaliser["currency_units"].items() for text in texts}
    return {
        "patterns": PATTERNS,
        "characters": dict(sorted(characters.items())),
        "spellings": {slip: text.split() for slip, text in sorted(normaliser["spellings"].items())},
        "numbers": _trie(numbers),
        "months": months,
        "currency_signs": normaliser["currency_signs"],
        "currency_units": _trie(unit_phrases),
        "place_words": {word: kind for kind, text in normaliser["place_words"].items() for word in text.split()},
    }


# The automaton

Label = str | tuple[str, str]  # a word, (list, slot), or (number of a part, "")
State = list[Any]


class _Nfa:
    """Thompson's construction: edges by label, and edges that cost no token."""

    def __init__(self) -> None:
        self.edges: list[list[tuple[Label, int]]] = []
        self.free: list[list[int]] = []
        self.accepts: dict[int, tuple[str, tuple[tuple[str, str], ...]]] = {}
        self.parts: dict[int, int] = {}  # the state where each begins, by the identity of its tree

    def state(self) -> int:
        self.edges.append([])
        self.free.append([])
        return len(self.edges) - 1

    def add(self, tree: Node, start: int) -> int:
        """Appends the tree after the state; returns the state behind it."""
        if isinstance(tree, Sequence):
            for item in tree.items:
                start = self.add(item, start)
            return start
        end = self.state()
        if isinstance(tree, Choice):
            for alternative in tree.alternatives:
                self.free[self.add(alternative, start)].append(end)
        elif isinstance(tree, Word):
            self.edges[start].append((tree.text, end))
        elif isinstance(tree, ListCall):
            self.edges[start].append(((tree.list, tree.slot), end))
        elif isinstance(tree, Part):
            part = id(tree.tree)
            if part not in self.parts:
                self.parts[part] = self.state()
                self.accepts[self.add(tree.tree, self.parts[part])] = ("", ())
            self.edges[start].append(((str(self.parts[part]), ""), end))
            if _may_be_empty(tree.tree):
                self.free[start].append(end)
        return end

    def closure(self, states: set[int]) -> frozenset[int]:
        """The states reached without a token."""
        reached, todo = set(states), list(states)
        while todo:
            for state in self.free[todo.pop()]:
                if state not in reached:
                    reached.add(state)
                    todo.append(state)
        return frozenset(reached)


def compile_grammar(grammar: Grammar) -> dict[str, Any]:
    """The automaton as plain JSON data, state 0 its start.

    A state is [{word: state}, calls, accepts]. A call is [list, slot, state] or, of a part, [its start, "", state].
    Accepts is [[intent, constants], …], constants being the [slot, value] that the template's block sets, and
    [["", []]] at the end of a part.
    """
    nfa = _Nfa()
    root = nfa.state()
    for template in grammar.templates:
        start = nfa.state()  # of its own: one template's options must not lead into another
        nfa.free[root].append(start)
        nfa.accepts[nfa.add(template.tree, start)] = (template.intent, template.constants)

    made: dict[frozenset[int], int] = {}
    by_future: dict[str, int] = {}
    states: list[State] = []

    def determinise(subset: frozenset[int]) -> int:
        if subset in made:
            return made[subset]
        targets: dict[Label, set[int]] = defaultdict(set)
        for origin in subset:
            for label, to in nfa.edges[origin]:
                targets[label].add(to)
        words, lists = {}, []
        for label in sorted(targets, key=repr):
            to = determinise(nfa.closure(targets[label]))
            if isinstance(label, str):
                words[label] = to
            else:
                lists.append([*label, to])
        accepts = sorted({nfa.accepts[origin] for origin in subset if origin in nfa.accepts})
        state = [words, lists, accepts]
        future = _json(state)
        if future not in by_future:
            by_future[future] = len(states)
            states.append(state)
        made[subset] = by_future[future]
        return made[subset]

    roots = [determinise(nfa.closure({start})) for start in (root, *nfa.parts.values())]
    parts = dict(zip(map(str, nfa.parts.values()), roots[1:], strict=True))
    calls = {label for edges in nfa.edges for label, _ in edges if isinstance(label, tuple) and label[1]}
    tables = _tables(grammar.normaliser)
    tables["tiers"] = grammar.tiers
    tables["details"] = DETAILS
    tables["free"] = sorted({slot for name, slot in calls if grammar.lists[name].get("type") == "place"})
    tables["lists"] = {name: _compiled(grammar.lists[name]) for name in sorted({name for name, _ in calls})}
    tables["states"] = _renumber(states, roots, parts)
    return tables


def _compiled(entries: Entries) -> Entries:
    if "type" in entries:
        return entries
    return {"type": "phrases", "trie": _trie(entries["phrases"]), "said": entries["said"]}


def _renumber(states: list[State], roots: list[int], parts: dict[str, int]) -> list[State]:
    """The states in breadth-first order from the first root, as neighbours in the file are in speech."""
    queue = list(dict.fromkeys(roots))
    order = {state: number for number, state in enumerate(queue)}
    for state in queue:
        words, calls, _ = states[state]
        for to in [*words.values(), *(call[2] for call in calls)]:
            if to not in order:
                order[to] = len(order)
                queue.append(to)
    return [
        [
            {word: order[to] for word, to in states[old][0].items()},
            [[name if slot else order[parts[name]], slot, order[to]] for name, slot, to in states[old][1]],
            states[old][2],
        ]
        for old in queue
    ]
