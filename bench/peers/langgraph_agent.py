"""LangGraph's ready-made ReAct agent, by way of LangChain's `create_agent`."""

import os
import sys
from contextlib import ExitStack

from langchain.agents import create_agent  # type: ignore[import-not-found]
from langchain_anthropic import ChatAnthropic  # type: ignore[import-not-found]
from langchain_anthropic.middleware import AnthropicPromptCachingMiddleware  # type: ignore[import-not-found]
from langchain_core.messages import AIMessageChunk  # type: ignore[import-not-found]
from langchain_core.tools import StructuredTool  # type: ignore[import-not-found]
from langgraph.checkpoint.memory import InMemorySaver  # type: ignore[import-not-found]
from langgraph.checkpoint.postgres import PostgresSaver  # type: ignore[import-not-found]

from bench.peers.contestant import TurnRecord, serve
from bench.peers.delivery import Delivery, Mode
from bench.peers.environment import DATABASE_VARIABLE, KEY_VARIABLE
from bench.peers.traveller import Tools, question, system, user_id
from pam.chat.turn.prompt import MAX_REPLY_TOKENS
from pam.platform.settings import ClaudeSettings, read_environment
from pam.tools.catalog import TOOLS


def main(mode: Mode) -> None:
    """Answer until the pipe is closed."""
    settings, tools = read_environment(ClaudeSettings), Tools()
    model = ChatAnthropic(
        model=settings.model,
        base_url=settings.base_url,
        api_key=os.environ[KEY_VARIABLE],
        max_tokens=MAX_REPLY_TOKENS,
        thinking={"type": "disabled"},
    )
    with ExitStack() as resources:
        checkpointer = InMemorySaver()
        if mode is not Mode.MEMORY:
            checkpointer = resources.enter_context(PostgresSaver.from_conn_string(os.environ[DATABASE_VARIABLE]))
            checkpointer.setup()
        agent = create_agent(
            model,
            [
                StructuredTool.from_function(
                    func=tools.function(tool["name"]),
                    name=tool["name"],
                    description=tool["description"],
                    args_schema=tool["input_schema"],
                )
                for tool in TOOLS.definitions()
            ],
            system_prompt=system(),
            middleware=[AnthropicPromptCachingMiddleware()],
            checkpointer=checkpointer,
        )

        def answer(conversation: str, text: str) -> TurnRecord:
            delivery = tools.delivery = Delivery(mode, user_id(), conversation, text)
            with delivery.record.measured():
                pieces = agent.stream(
                    {"messages": [question(text)]},
                    {"configurable": {"thread_id": conversation}},
                    stream_mode="messages",
                )
                for piece, _ in pieces:
                    if isinstance(piece, AIMessageChunk) and piece.text:
                        delivery.add_text(piece.text)
                delivery.end()
            delivery.check()
            return delivery.record

        serve(answer)


if __name__ == "__main__":
    main(Mode(sys.argv[1]))
