"""A grammar → one minimal automaton, as JSON.

All templates are joined into one non-deterministic automaton whose labels are words, calls of lists, and calls
of parts: a long rule is an automaton of its own, so that it is there once and not in every place that uses it.
Subset construction makes it deterministic over those labels, and states with the same future are made once:
templates don't recurse, so the automaton has no cycle and minimising is one lookup per state.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from pam.routing.grammar import SOURCES, Entries, Grammar, load, may_be_empty
from pam.routing.tables import tables, trie
from pam.routing.templates import Choice, ListCall, Node, Part, Sequence, Word

AUTOMATON = SOURCES / "automaton.json"

# What a template may note beside the slots of the contract.
DETAILS = ("answer_unit", "currency", "description")

Label = str | tuple[str, str]  # a word, (list, slot), or (number of a part, "")
State = list[Any]


def build(sources: Path) -> str:
    """The text of automaton.json, a line for each list and state; the same bytes for the same sources."""
    automaton = compile_grammar(load(sources))
    states = ",\n".join(map(_json, automaton.pop("states")))
    lists = ",\n".join(f"{_json(name)}:{_json(entries)}" for name, entries in automaton.pop("lists").items())
    tables = "".join(f"{_json(name)}:{_json(table)},\n" for name, table in automaton.items())
    return f'{{\n{tables}"lists":{{\n{lists}\n}},\n"states":[\n{states}\n]\n}}\n'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


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
            if may_be_empty(tree.tree):
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
    automaton = tables(grammar.normaliser)
    automaton["tiers"] = grammar.tiers
    automaton["details"] = DETAILS
    automaton["free"] = sorted({slot for name, slot in calls if grammar.lists[name].get("type") == "place"})
    automaton["lists"] = {name: _compiled(grammar.lists[name]) for name in sorted({name for name, _ in calls})}
    automaton["states"] = _renumber(states, roots, parts)
    return automaton


def _compiled(entries: Entries) -> Entries:
    if "type" in entries:
        return entries
    return {"type": "phrases", "trie": trie(entries["phrases"]), "said": entries["said"]}


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
