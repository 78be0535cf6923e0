"""pydantic-ai's Agent with its Anthropic model."""

import asyncio
import os
import sys
from typing import Any, Protocol

import psycopg
from pydantic_ai import Agent, Tool  # type: ignore[import-not-found]
from pydantic_ai.messages import ModelMessagesTypeAdapter  # type: ignore[import-not-found]
from pydantic_ai.models.anthropic import AnthropicModel, AnthropicModelSettings  # type: ignore[import-not-found]
from pydantic_ai.providers.anthropic import AnthropicProvider  # type: ignore[import-not-found]

from bench.peers.contestant import TurnRecord, serve
from bench.peers.delivery import Delivery, Mode
from bench.peers.environment import DATABASE_VARIABLE, KEY_VARIABLE
from bench.peers.traveller import Tools, question, system, user_id
from pam.chat.turn.prompt import MAX_REPLY_TOKENS
from pam.platform.settings import ClaudeSettings, read_environment
from pam.tools.catalog import TOOLS


class Histories(Protocol):
    """Where the messages of a conversation are between its turns."""

    def read(self, conversation: str) -> Any:
        """Return the messages so far, or None."""

    def write(self, conversation: str, run: Any) -> None:
        """Replace them with those of a run that has ended."""


class InMemoryHistories:
    """Messages as the objects that they are."""

    def __init__(self) -> None:
        self._messages: dict[str, Any] = {}

    def read(self, conversation: str) -> Any:
        return self._messages.get(conversation)

    def write(self, conversation: str, run: Any) -> None:
        self._messages[conversation] = run.all_messages()


class PostgresHistories:
    """One row for each conversation, with `all_messages_json` of its last run."""

    def __init__(self, conninfo: str) -> None:
        self._connection = psycopg.connect(conninfo, autocommit=True, prepare_threshold=0)
        self._connection.execute(
            "create table if not exists pydantic_ai_histories (conversation uuid primary key, messages jsonb not null)"
        )

    def read(self, conversation: str) -> Any:
        row = self._connection.execute(
            "select messages::text from pydantic_ai_histories where conversation = %s", (conversation,)
        ).fetchone()
        return None if row is None else ModelMessagesTypeAdapter.validate_json(row[0])

    def write(self, conversation: str, run: Any) -> None:
        self._connection.execute(
            "insert into pydantic_ai_histories (conversation, messages) values (%s, %s::jsonb)"
            " on conflict (conversation) do update set messages = excluded.messages",
            (conversation, run.all_messages_json().decode()),
        )


def main(mode: Mode) -> None:
    """Answer until the pipe is closed."""
    settings, tools = read_environment(ClaudeSettings), Tools()
    provider = AnthropicProvider(api_key=os.environ[KEY_VARIABLE], base_url=settings.base_url)
    agent = Agent(
        AnthropicModel(settings.model, provider=provider),
        instructions=system(),
        tools=[
            Tool.from_schema(tools.function(tool["name"]), tool["name"], tool["description"], tool["input_schema"])
            for tool in TOOLS.definitions()
        ],
        model_settings=AnthropicModelSettings(max_tokens=MAX_REPLY_TOKENS, thinking=False, cache=True),
    )
    histories: Histories = (
        InMemoryHistories() if mode is Mode.MEMORY else PostgresHistories(os.environ[DATABASE_VARIABLE])
    )

    async def run(conversation: str, text: str) -> TurnRecord:
        delivery = tools.delivery = Delivery(mode, user_id(), conversation, text)
        with delivery.record.measured():
            blocks = [block["text"] for block in question(text)["content"]]
            async with agent.run_stream(blocks, message_history=histories.read(conversation)) as result:
                async for piece in result.stream_text(delta=True, debounce_by=None):
                    delivery.add_text(piece)
            histories.write(conversation, result)
            delivery.end()
        delivery.check()
        return delivery.record

    loop = asyncio.new_event_loop()  # one for all turns: the model's connections belong to it
    serve(lambda conversation, text: loop.run_until_complete(run(conversation, text)))


if __name__ == "__main__":
    main(Mode(sys.argv[1]))
