"""`python -m pam.memory.evaluate FILE`: how well questions about a conversation find the messages that answer them.

FILE has one conversation a line, plain or gzip: `{"id", "messages": [{"id", "session", "role", "at", "content"}],
"questions": [{"text", "kind", "evidence": [message ids], "answer"}]}`. Each conversation becomes a traveller whose
messages are stored, indexed and recalled as the product does it, without any text that a model has written.

Prints, by kind of question: the share of the evidence within the best 3, 5 and 10 sessions and the best 10 and 30
messages, the share of answers whose words are delivered within 400 and 800 words, and times of a query; how many
questions pass the relevance gate, each with its embedding, and, in a line of its own, searched as the product does,
which embeds only some. The last line is one JSON object; its figures are percentages, null for one of no question.
"""

import argparse
import json
import os
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid5

from pam.memory.embedding import embed_user
from pam.memory.evaluation_file import (
    EvaluatedConversation,
    EvaluatedMessage,
    EvaluatedQuestion,
    InvalidConversations,
    read_conversations,
)
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.memory.recall import Hit, Query, fetch_hits, send_recall_query
from pam.memory.recall_need import RecallNeed, recall_need
from pam.memory.recalled_text import select_passages
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.sources.embedding import Embedder, EmbeddingPurpose
from pam.users.profile import ensure_user

DELIVERED_SHARE = 0.8
"""An answer counts as delivered where this share of its words, without those of the question, is in the text."""

_NAMESPACE = UUID("5c1f2f0e-6f7e-4b7e-9f64-2f6a5f8f3b11")
_TIMEOUT_S = 60.0
_ALL_ROWS = 1_000_000
_INSERT_CONVERSATION = "insert into conversations (id, user_id, profile) values (%(id)s, %(user)s, '')"
_WORD = re.compile(r"[^\W_]+")
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a about after all also am an and any are as at be been before but by can could did do does doing for from had"
        " has have he her here him his how i if in into is it its just like me more most my no not of on one or our out"
        " over said she should so some such than that the their them then there these they this those to up us very was"
        " we were what when where which while who whom whose why will with would you your"
    )
)


@dataclass
class Scores:
    """What was measured of questions of one kind, a value for each question; shares are between 0 and 1."""

    questions: int = 0
    sessions: dict[int, list[float]] = field(default_factory=lambda: {3: [], 5: [], 10: []})
    messages: dict[int, list[float]] = field(default_factory=lambda: {10: [], 30: []})
    delivered: dict[int, list[float]] = field(default_factory=lambda: {400: [], 800: []})
    paraphrase: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    stranger: list[float] = field(default_factory=list)


class Evaluation:
    """One run over all conversations on one database."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database = database
        self._embedder = embedder
        self.scores: defaultdict[str, Scores] = defaultdict(Scores)
        self.as_asked = Scores()
        self.needs: Counter[RecallNeed] = Counter()
        self.query_s: list[float] = []
        self.embed_s: list[float] = []
        self._vectors: dict[str, list[float]] = {}

    def store(self, conversation: EvaluatedConversation) -> None:
        """Store and index a conversation's messages; each session is a conversation of its traveller."""
        user = _user(conversation)
        with self._database.session(user, Deadline(_TIMEOUT_S)) as connection:
            ensure_user(connection, user)
            for session in {message["session"] for message in conversation["messages"]}:
                connection.execute(_INSERT_CONVERSATION, {"id": _session(user, session), "user": user})
            for message in conversation["messages"]:
                sent = ExchangeMessage(
                    "user" if message["role"] == "user" else "assistant",
                    message["content"],
                    datetime.fromisoformat(message["at"]),
                )
                turn = _message(user, message["id"])
                store_exchange(connection, user, _session(user, message["session"]), turn, [sent])
        embed_user(self._database, self._embedder, user, Deadline(3600))

    def ask(self, conversation: EvaluatedConversation, stranger: EvaluatedConversation | None) -> None:
        """Ask a conversation's questions, of its own memory and of a stranger's, if there is one."""
        user = _user(conversation)
        messages = {_message(user, message["id"]): message for message in conversation["messages"]}
        for question in conversation["questions"]:
            query = self._query(question["text"])
            hits = self._recall(user, query)
            evidence = [_message(user, each) for each in question["evidence"]]
            evidence = [each for each in evidence if each in messages]
            own = self._passes(user, query)
            others = None if stranger is None else self._passes(_user(stranger), query)
            for scores in (self.scores[question["kind"]], self.scores["all"]):
                scores.questions += 1
                if evidence:
                    self._score(scores, question, hits, evidence, messages)
                    scores.own.append(own)
                if others is not None:
                    scores.stranger.append(others)
            self._search_as_asked(user, query, stranger, has_evidence=bool(evidence))

    def _search_as_asked(
        self, user: UUID, query: Query, stranger: EvaluatedConversation | None, *, has_evidence: bool
    ) -> None:
        """Measure the gate by what the product would search by, which embeds only some of the questions."""
        need = recall_need(query.text)
        self.needs[need] += 1
        query = query if need is RecallNeed.MEANING else replace(query, vector=None)
        searched = need is not RecallNeed.NOTHING
        if has_evidence:
            self.as_asked.own.append(self._passes(user, query) if searched else 0.0)
        if stranger is not None:
            self.as_asked.stranger.append(self._passes(_user(stranger), query) if searched else 0.0)

    def _score(
        self,
        scores: Scores,
        question: EvaluatedQuestion,
        hits: Sequence[Hit],
        evidence: Sequence[UUID],
        messages: Mapping[UUID, EvaluatedMessage],
    ) -> None:
        ranked = list(dict.fromkeys(hit.passage.turn_id for hit in hits if hit.passage.turn_id))
        sessions = list(dict.fromkeys(messages[turn]["session"] for turn in ranked))
        for most, values in scores.sessions.items():
            values.append(_share(messages[turn]["session"] in sessions[:most] for turn in evidence))
        for most, values in scores.messages.items():
            values.append(_share(turn in ranked[:most] for turn in evidence))
        asked = _words(question["text"])
        if not any(asked & _words(messages[turn]["content"]) for turn in evidence):
            scores.paraphrase.append(_share(turn in ranked[:10] for turn in evidence))
        answer = _words(str(question.get("answer") or "")) - asked
        if answer:
            for most, values in scores.delivered.items():
                text = _words(" ".join(each.text for each in select_passages(hits, most)))
                values.append(float(len(answer & text) >= DELIVERED_SHARE * len(answer)))

    def _query(self, text: str) -> Query:
        if text not in self._vectors:
            started = time.perf_counter()
            (self._vectors[text],) = self._embedder.embed([text], EmbeddingPurpose.QUERY, Deadline(_TIMEOUT_S))
            self.embed_s.append(time.perf_counter() - started)
        return Query(text, self._vectors[text], self._embedder.model)

    def _recall(self, user: UUID, query: Query) -> list[Hit]:
        """Return all rows, best first: also those that the product would not look at."""
        with self._database.session(user, Deadline(_TIMEOUT_S)) as connection:
            return fetch_hits(send_recall_query(connection, user, query, _ALL_ROWS, gated=False))

    def _passes(self, user: UUID, query: Query) -> float:
        """Return 1 if the question is found relevant to the user's memory, as the product asks; measure the time."""
        with self._database.session(user, Deadline(_TIMEOUT_S)) as connection:
            started = time.perf_counter()
            hits = fetch_hits(send_recall_query(connection, user, query))
            self.query_s.append(time.perf_counter() - started)
            return float(bool(hits))


def _share(found: Iterable[bool]) -> float:
    values = list(found)
    return sum(values) / len(values)


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.casefold()) if word not in _STOP_WORDS}


def _user(conversation: EvaluatedConversation) -> UUID:
    return uuid5(_NAMESPACE, f"user {conversation['id']}")


def _session(user: UUID, session: object) -> UUID:
    return uuid5(user, f"session {session}")


def _message(user: UUID, message: object) -> UUID:
    return uuid5(user, f"message {message}")


def report(evaluation: Evaluation) -> dict[str, float | None]:
    """Print a line for each kind of question, and the times; return the figures of all in percent, or None."""
    columns = ("n", "s@3", "s@5", "s@10", "m@10", "m@30", "400w", "800w", "para", "own", "strange")
    print(f"{'kind':28}" + "".join(f"{column:>8}" for column in columns))
    for kind in sorted(evaluation.scores, key=lambda name: (name == "all", name)):
        scores = evaluation.scores[kind]
        values = [
            *(scores.sessions[most] for most in (3, 5, 10)),
            *(scores.messages[most] for most in (10, 30)),
            *(scores.delivered[most] for most in (400, 800)),
            scores.paraphrase,
            scores.own,
            scores.stranger,
        ]
        print(f"{kind:28}{scores.questions:8}" + "".join(f"{_cell(each):>8}" for each in values))
    for name, seconds in (("query", evaluation.query_s), ("embedding", evaluation.embed_s)):
        if len(seconds) > 1:
            steps = statistics.quantiles(seconds, n=20)
            print(f"{name}: {statistics.median(seconds) * 1000:.1f} ms at the median, {steps[-1] * 1000:.1f} ms at P95")
    needs = ", ".join(f"{need.name.lower()} {evaluation.needs[need]}" for need in RecallNeed)
    own, strange = evaluation.as_asked.own, evaluation.as_asked.stranger
    print(f"gate as the product searches ({needs}): own {_cell(own)}, strange {_cell(strange)}")
    scores = evaluation.scores["all"]
    return {
        "sessions_r3": _percent(scores.sessions[3]),
        "sessions_r5": _percent(scores.sessions[5]),
        "sessions_r10": _percent(scores.sessions[10]),
        "messages_r10": _percent(scores.messages[10]),
        "messages_r30": _percent(scores.messages[30]),
        "delivered_400": _percent(scores.delivered[400]),
        "delivered_800": _percent(scores.delivered[800]),
        "paraphrase_r10": _percent(scores.paraphrase),
        "gate_own": _percent(scores.own),
        "gate_stranger": _percent(scores.stranger),
    }


def _percent(values: Sequence[float]) -> float | None:
    return round(100 * sum(values) / len(values), 2) if values else None


def _cell(values: Sequence[float]) -> str:
    percent = _percent(values)
    return "-" if percent is None else f"{percent:.1f}"


@contextmanager
def temporary_database() -> Iterator[Database]:
    """A Postgres of this run's own, migrated; removed at the end."""
    from local.stand_ins.postgres import temporary_postgres  # the local stack isn't part of what is deployed

    with temporary_postgres() as postgres:
        database = Database(lambda: json.dumps(postgres.app))
        try:
            yield database
        finally:
            database.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate one file; print the report. Returns 2 where the file or the embedder can't be used."""
    from local.embedding.choice import NAMES, EmbedderUnavailable, make_embedder

    parser = argparse.ArgumentParser(prog="python -m pam.memory.evaluate", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--embedder", choices=NAMES, default="minilm")
    options = parser.parse_args(arguments)
    try:
        conversations = read_conversations(options.file)
    except (OSError, InvalidConversations) as error:
        print(f"{options.file} can't be read: {error}", file=sys.stderr)
        return 2
    try:
        embedder = make_embedder(options.embedder, os.environ)
    except EmbedderUnavailable as error:
        print(f"--embedder {options.embedder} can't be used: {error}", file=sys.stderr)
        return 2
    with temporary_database() as database:
        evaluation = Evaluation(database, embedder)
        for conversation in conversations:
            evaluation.store(conversation)
        for index, conversation in enumerate(conversations):
            stranger = conversations[(index + 1) % len(conversations)]
            evaluation.ask(conversation, None if stranger is conversation else stranger)
        print(json.dumps(report(evaluation)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
