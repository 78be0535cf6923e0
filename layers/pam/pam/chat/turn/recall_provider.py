"""The section of the prompt with what memory has of earlier conversations, where the question may need it."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

from pam.chat.turn.context import ContextRequest, Finish, ReadState
from pam.memory.recall import Hit, MemoryKind, Passage, Query, fetch_hits, send_recall_query
from pam.memory.recall_need import RecallNeed, recall_need
from pam.memory.recalled_text import select_passages
from pam.platform.deadline import Deadline
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger, measure
from pam.platform.postgres import Database, DatabaseUnavailable
from pam.sources.embedding import Embedder, EmbeddingPurpose
from pam.sources.source import SourceError

MAX_WORDS = 400

EMBEDDING_TIMEOUT_S = 0.4
"""Without an embedding by then, memory is searched by words alone."""

_TIMEOUT_S = 1.0
_SPEAKERS = {"user": "the traveller", "assistant": "PAM"}


class RecallProvider:
    """Recalled messages. They are searched concurrently with the other providers' queries, on another connection."""

    section = "memory"
    max_tokens = 1200
    metric = Metric.CONTEXT_MEMORY_TOKENS

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database = database
        self._embedder = embedder
        self._threads = ThreadPoolExecutor(4, "recall")

    def start(self, request: ContextRequest) -> Finish:
        """Begin to search as soon as the question is known."""
        deadline = request.deadline.at_most(_TIMEOUT_S)
        searching = self._threads.submit(self._search, request, deadline)

        def finish(state: ReadState) -> list[str]:
            hits = searching.result(max(deadline.left_s, 0.0))
            return [_line(each, state.profile.zone) for each in select_passages(hits, MAX_WORDS, state.turns)]

        return finish

    def _search(self, request: ContextRequest, deadline: Deadline) -> list[Hit]:
        text = request.question.result(max(deadline.left_s, 0.0))
        need = recall_need(text)
        count(Metric.RECALL_GATE, {"need": need.name.lower()})
        if need is RecallNeed.NOTHING:
            return []
        began = time.monotonic()
        vector = self._embed(text, deadline) if need is RecallNeed.MEANING else None
        query = Query(text, vector, self._embedder.model)
        try:
            with self._database.session(request.user_id, deadline) as connection:
                hits = fetch_hits(send_recall_query(connection, request.user_id, query))
        except DatabaseUnavailable:
            # The conversation goes on without its memory, where its own queries succeed.
            count(Metric.CONTEXT_FAILED)
            logger.warning("memory not searched", exc_info=True)
            return []
        measure(Metric.RECALL_TIME, (time.monotonic() - began) * 1000)
        return hits

    def _embed(self, text: str, deadline: Deadline) -> list[float] | None:
        try:
            (vector,) = self._embedder.embed([text], EmbeddingPurpose.QUERY, deadline.at_most(EMBEDDING_TIMEOUT_S))
        except SourceError as error:
            count(Metric.SOURCE_ERROR, {"source": str(error.source), "kind": str(error.kind)})
            count(Metric.RECALL_WITHOUT_VECTOR)
            logger.warning("memory is searched by words alone", exc_info=True)
            return None
        return vector


def _line(passage: Passage, zone: ZoneInfo) -> str:
    day = _day(passage.at, zone)
    match passage.kind:
        case MemoryKind.FACT:
            until = "" if passage.until is None else f" until {_day(passage.until, zone)}"
            return f"Fact since {day}{until}: {passage.text}"
        case MemoryKind.SUMMARY:
            return f"Summary of a conversation that ended on {day}: {passage.text}"
        case MemoryKind.MESSAGE:
            return f"{day}, {_SPEAKERS[passage.role]}: {passage.text}"


def _day(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%A, %Y-%m-%d}"
