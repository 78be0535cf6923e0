"""What must hold after a run, whatever happened during it; read from the stores of a local stack."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx
import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from websockets.exceptions import WebSocketException

from load.aws import local_client
from load.plan import PlannedUser
from load.records import MessageRecord, Records
from local.chat_client import open_chat
from local.stack import LocalStack


class Invariants:
    """Checks of one run; each yields a sentence for what doesn't hold."""

    def __init__(
        self, stack: LocalStack, plan: Sequence[PlannedUser], records: Records, settle_timeout_s: float = 90.0
    ) -> None:
        """`settle_timeout_s` is how long queues, lost turns and missing embeddings are waited for.

        A lost turn is declared after 75 s.
        """
        self._stack = stack
        self._plan = plan
        self._records = records
        self._settle_timeout_s = settle_timeout_s
        self._letters: set[str] = set()
        self._owner = psycopg.connect(stack.postgres.owner, autocommit=True)

    def broken(self) -> list[str]:
        """Return a sentence for each violation, waiting for what settles by itself."""
        settling = (
            self._unfinished_events,
            self._waiting_turns,
            self._unindexed_exchanges,
            self._missing_embeddings,
            self._dead_letters,
        )
        lasting = (self._ends, self._expenses, self._sums, self._tool_pairs, self._stuck_conversations)
        deadline = time.monotonic() + self._settle_timeout_s
        found = [violation for check in settling for violation in _settled(check, deadline)]
        return found + [violation for check in lasting for violation in _found(check)]

    def stored_twice(self) -> int:
        """Return the number of messages whose expense is stored more than once."""
        return sum(self._stored(message) > 1 for message in self._records.messages if message.amount)

    def _ends(self) -> Iterator[str]:
        planned = {message.message_id for user in self._plan for message in user.messages}
        ended = [message.message_id for message in self._records.messages if message.end in ("done", "error")]
        if missing := planned - set(ended):
            yield f"{len(missing)} messages have neither an answer nor an error."
        if doubled := len(ended) - len(set(ended)) + len(self._records.doubled):
            yield f"{doubled} messages have two ends."

    def _stored(self, message: MessageRecord) -> int:
        [(count,)] = self._owner.execute(
            "select count(*) from expenses where user_id = %s and amount = %s and undone_at is null",
            (message.user, Decimal(message.amount)),
        ).fetchall()
        return int(count)

    def _expenses(self) -> Iterator[str]:
        for message in self._records.messages:
            if not message.amount:
                continue
            count = self._stored(message)
            if count > 1 or (count == 0 and message.end == "done" and message.answered_tier == 2):
                yield f"The expense of {message.message_id}, which ended with {message.end}, is stored {count} times."

    def _sums(self) -> Iterator[str]:
        """The summary of each traveller is the sum of the rows."""
        rows = self._owner.execute(
            "select user_id::text, sum(amount) from expenses"
            " where user_id = any (%s::uuid[]) and undone_at is null group by 1",
            ([user.user_id for user in self._plan],),
        ).fetchall()
        sums: dict[str, Decimal] = dict(rows)
        for user in self._plan:
            answer = httpx.get(
                f"{self._stack.url}/v1/spend-summary?period=this_month",
                headers={"authorization": f"Bearer {user.token}"},
                timeout=30,
            ).json()
            if Decimal(str(answer["total"])) != sums.get(user.user_id, 0):
                yield f"{user.user_id} is told {answer['total']}, and has spent {sums.get(user.user_id, 0)}."

    def _tool_pairs(self) -> Iterator[str]:
        """Each call of a tool in the stored history is followed by its result in the next message."""
        rows = self._owner.execute(
            "select conversation_id, role, content from messages where user_id = any (%s::uuid[])"
            " order by conversation_id, position",
            ([user.user_id for user in self._plan],),
        ).fetchall()
        nothing: tuple[None, str, list[Any]] = (None, "", [])
        for (conversation, role, content), (next_conversation, _, next_content) in pairwise([nothing, *rows, nothing]):
            used = _blocks(content, "tool_use", "id") if role == "assistant" else set()
            results = _blocks(next_content, "tool_result", "tool_use_id")
            if next_conversation != conversation:
                if used or results:
                    yield f"{conversation} ends within a call of a tool, or {next_conversation} begins with its result."
            elif used != results:
                yield f"A call of a tool in {conversation} has no result, or a result has no call."

    def _stuck_conversations(self) -> Iterator[str]:
        """Each conversation takes another question for Claude, who gets all of its history, and it is answered."""
        rows = self._owner.execute(
            "select distinct on (user_id) user_id::text, id::text from conversations"
            " where user_id = any (%s::uuid[]) limit 20",
            ([user.user_id for user in self._plan],),
        ).fetchall()
        tokens = {user.user_id: user.token for user in self._plan}
        for user_id, conversation in rows:
            try:
                with open_chat(self._stack.url, tokens[user_id]) as chat:
                    end = chat.ask("What should I check on the rig before a long drive?", conversation)[-1].frame
            except (OSError, TimeoutError, httpx.HTTPError, WebSocketException) as error:
                yield f"{conversation} can't be asked: {type(error).__name__}: {error}"
            else:
                if end["type"] != "done" or end.get("tier") != 3:
                    yield f"{conversation} takes no further question: {end}"

    def _missing_embeddings(self) -> Iterator[str]:
        """Each exchange has its vector, and no request for one is left, or was given up."""
        users = [user.user_id for user in self._plan]
        for what, query in (
            ("exchanges have no vector", "exchanges where embedding is null and embedding_refused_by is null and"),
            ("requests for vectors are left", "embedding_requests where"),
        ):
            [(count,)] = self._owner.execute(
                f"select count(*) from {query} user_id = any (%s::uuid[])", (users,)
            ).fetchall()
            if count:
                yield f"{count} {what}."

    def _dead_letters(self) -> Iterator[str]:
        """No event was given up whose message is without an end: of a lost turn the traveller was told."""
        ended = {message.message_id for message in self._records.messages if message.end in ("done", "error")}
        client = local_client(self._stack, "sqs")
        for url in client.list_queues().get("QueueUrls", []):
            letters: set[str] = set()
            while found := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                letters |= {str(json.loads(letter["Body"]).get("message_id", "")) for letter in found}
            self._letters |= letters
        if silent := self._letters - ended:
            yield f"{len(silent)} events were given up, and nobody was told."

    def _unfinished_events(self) -> Iterator[str]:
        for name, function in self._stack.functions.items():
            if function.queued:
                yield f"{function.queued} events of {name} wait."

    def _waiting_turns(self) -> Iterator[str]:
        """No turn waits or runs."""
        client = local_client(self._stack, "dynamodb")
        table = self._stack.environment_of("chat")["CHAT_TABLE"]
        users = {user.user_id for user in self._plan}
        for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            for item in page["Items"]:
                text = json.dumps(item, default=str)
                state = item.get("state", {}).get("S", "")
                if state in ("queued", "starting", "running") and any(user in text for user in users):
                    yield f"A turn is {state}."

    def _unindexed_exchanges(self) -> Iterator[str]:
        [(turns,)] = self._owner.execute(
            "select count(*) from turns t where user_id = any (%s::uuid[]) and ended = 'done'"
            " and not exists (select from exchanges e where e.user_id = t.user_id and e.turn_id = t.id)",
            ([user.user_id for user in self._plan],),
        ).fetchall()
        if turns:
            yield f"{turns} turns are not in the memory."


def _blocks(content: object, kind: str, key: str) -> set[str]:
    blocks = content if isinstance(content, list) else []
    return {str(block[key]) for block in blocks if isinstance(block, dict) and block.get("type") == kind}


def _settled(check: Callable[[], Iterator[str]], deadline: float) -> list[str]:
    """Return what a check still finds at the deadline; it is repeated until it finds nothing."""
    while (found := _found(check)) and time.monotonic() < deadline:
        time.sleep(1)
    return found


def _found(check: Callable[[], Iterator[str]]) -> list[str]:
    """Return what a check finds; that it can't be made is a finding, too, so that the report is written."""
    found: list[str] = []
    try:
        for violation in check():
            found.append(violation)
    except (httpx.HTTPError, psycopg.Error, BotoCoreError, ClientError, ValueError, KeyError) as error:
        found.append(f"The check {check.__name__.strip('_')} can't be made: {type(error).__name__}: {error}")
    return found
