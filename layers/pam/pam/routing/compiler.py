"""Compiles a grammar to one minimal automaton, as JSON.

All templates become one non-deterministic automaton whose labels are words, calls of lists and calls of
sub-automata: a long rule is compiled once to a sub-automaton instead of once per use. Subset construction makes it
deterministic over these labels. States with equal transitions and results are merged as they are created: templates
don't recurse, so the automaton has no cycle and minimising it takes one lookup per state.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from pam.routing.grammar import GRAMMAR_DIR, Grammar, ListDefinition, load_grammar, may_be_empty
from pam.routing.tables import build_tables, build_trie
from pam.routing.templates import Choice, ListCall, Node, Sequence, SharedRule, Word

AUTOMATON_PATH = GRAMMAR_DIR / "automaton.json"

# The slots that become `Route.details`.
DETAILS = ("amount_text", "answer_unit", "currency", "description", "part_of_day", "weather_measure")

Label = str | tuple[str, str]  # a word, (list, slot), or (NFA state where a sub-automaton starts, "")
State = list[Any]


def render_automaton(grammar_dir: Path) -> str:
    """Return the text of automaton.json, one line per list and state; the same bytes for the same grammar."""
    automaton = compile_grammar(load_grammar(grammar_dir))
    states = ",\n".join(map(_json, automaton.pop("states")))
    lists = ",\n".join(f"{_json(name)}:{_json(definition)}" for name, definition in automaton.pop("lists").items())
    tables = "".join(f"{_json(name)}:{_json(table)},\n" for name, table in automaton.items())
    return f'{{\n{tables}"lists":{{\n{lists}\n}},\n"states":[\n{states}\n]\n}}\n'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


class _Nfa:
    """A non-deterministic automaton in Thompson's construction: labelled edges and epsilon edges between states."""

    def __init__(self) -> None:
        self.edges: list[list[tuple[Label, int]]] = []
        self.epsilon: list[list[int]] = []
        self.accepts: dict[int, tuple[str, tuple[tuple[str, str], ...]]] = {}
        self.shared_rules: dict[int, int] = {}  # the start state of each, by the identity of its tree

    def add_state(self) -> int:
        """Add a state; return its number."""
        self.edges.append([])
        self.epsilon.append([])
        return len(self.edges) - 1

    def add(self, tree: Node, start: int) -> int:
        """Add the edges of the tree after the state `start`; return the state where they end."""
        if isinstance(tree, Sequence):
            for item in tree.items:
                start = self.add(item, start)
            return start
        end = self.add_state()
        if isinstance(tree, Choice):
            for alternative in tree.alternatives:
                self.epsilon[self.add(alternative, start)].append(end)
        elif isinstance(tree, Word):
            self.edges[start].append((tree.text, end))
        elif isinstance(tree, ListCall):
            self.edges[start].append(((tree.list, tree.slot), end))
        elif isinstance(tree, SharedRule):
            rule = id(tree.tree)
            if rule not in self.shared_rules:
                self.shared_rules[rule] = self.add_state()
                self.accepts[self.add(tree.tree, self.shared_rules[rule])] = ("", ())
            self.edges[start].append(((str(self.shared_rules[rule]), ""), end))
            if may_be_empty(tree.tree):
                self.epsilon[start].append(end)
        return end

    def closure(self, states: set[int]) -> frozenset[int]:
        """Return the epsilon closure: the states reached from `states` without a token."""
        reached, pending = set(states), list(states)
        while pending:
            for state in self.epsilon[pending.pop()]:
                if state not in reached:
                    reached.add(state)
                    pending.append(state)
        return frozenset(reached)


def compile_grammar(grammar: Grammar) -> dict[str, Any]:
    """Return the automaton as JSON data; it starts in state 0.

    A state is [{word: state}, calls, accepts]. A call is [list, slot, next state] or, for a sub-automaton,
    [its start state, "", next state]. `accepts` is [[intent, constants], …], where constants are the [slot, value]
    pairs that the template's block sets; it is [["", []]] at the end of a sub-automaton.
    """
    nfa = _Nfa()
    root = nfa.add_state()
    for template in grammar.templates:
        start = nfa.add_state()  # one per template: otherwise a template could continue in another
        nfa.epsilon[root].append(start)
        nfa.accepts[nfa.add(template.tree, start)] = (template.intent, template.constants)

    by_subset: dict[frozenset[int], int] = {}
    by_content: dict[str, int] = {}
    states: list[State] = []

    def determinise(subset: frozenset[int]) -> int:
        if subset in by_subset:
            return by_subset[subset]
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
        content = _json(state)
        if content not in by_content:
            by_content[content] = len(states)
            states.append(state)
        by_subset[subset] = by_content[content]
        return by_subset[subset]

    roots = [determinise(nfa.closure({start})) for start in (root, *nfa.shared_rules.values())]
    sub_automata = dict(zip(map(str, nfa.shared_rules.values()), roots[1:], strict=True))
    calls = {label for edges in nfa.edges for label, _ in edges if isinstance(label, tuple) and label[1]}
    automaton = build_tables(grammar.normaliser)
    automaton["tiers"] = grammar.tiers
    automaton["details"] = DETAILS
    automaton["place_slots"] = sorted({slot for name, slot in calls if grammar.lists[name].get("type") == "place"})
    automaton["lists"] = {name: _compile_list(grammar.lists[name]) for name in sorted({name for name, _ in calls})}
    automaton["states"] = _renumber(states, roots, sub_automata)
    return automaton


def _compile_list(definition: ListDefinition) -> ListDefinition:
    if "type" in definition:
        return definition
    return {"type": "phrases", "trie": build_trie(definition["phrases"]), "text_slot": definition["text_slot"]}


def _renumber(states: list[State], roots: list[int], sub_automata: dict[str, int]) -> list[State]:
    """Return the states in breadth-first order from the roots, so that related states are near each other."""
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
            [[name if slot else order[sub_automata[name]], slot, order[to]] for name, slot, to in states[old][1]],
            states[old][2],
        ]
        for old in queue
    ]
