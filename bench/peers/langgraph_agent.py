"""LangGraph's ready-made ReAct agent, by way of LangChain's `create_agent`."""

import os
from collections.abc import Callable
from typing import Any

from langchain.agents import create_agent  # type: ignore[import-not-found]
from langchain_anthropic import ChatAnthropic  # type: ignore[import-not-found]
from langchain_anthropic.middleware import AnthropicPromptCachingMiddleware  # type: ignore[import-not-found]
from langchain_core.messages import AIMessageChunk  # type: ignore[import-not-found]
from langchain_core.tools import StructuredTool  # type: ignore[import-not-found]
from langgraph.checkpoint.memory import InMemorySaver  # type: ignore[import-not-found]

from bench.peers.contestant import Took, serve
from bench.peers.environment import KEY_VARIABLE
from bench.peers.traveller import question, system, use
from pam.chat.prompt import LONGEST_REPLY_TOKENS
from pam.platform.settings import ClaudeSettings, read_environment
from pam.tools.catalog.registry import definitions


def _function(name: str) -> Callable[..., str]:
    def run(**arguments: Any) -> str:
        return use(name, arguments)

    return run


def main() -> None:
    """Serves until the pipe is closed."""
    settings = read_environment(ClaudeSettings)
    model = ChatAnthropic(
        model=settings.model,
        base_url=settings.base_url,
        api_key=os.environ[KEY_VARIABLE],
        max_tokens=LONGEST_REPLY_TOKENS,
        thinking={"type": "disabled"},
    )
    tools = [
        StructuredTool.from_function(
            func=_function(tool["name"]),
            name=tool["name"],
            description=tool["description"],
            args_schema=tool["input_schema"],
        )
        for tool in definitions()
    ]
    agent = create_agent(
        model,
        tools,
        system_prompt=system(),
        middleware=[AnthropicPromptCachingMiddleware()],
        checkpointer=InMemorySaver(),
    )

    def turn(conversation: str, text: str) -> Took:
        took = Took()
        with took.timed():
            pieces = agent.stream(
                {"messages": [question(text)]}, {"configurable": {"thread_id": conversation}}, stream_mode="messages"
            )
            for piece, _ in pieces:
                if isinstance(piece, AIMessageChunk) and piece.text:
                    took.say(piece.text)
        return took

    serve(turn)


if __name__ == "__main__":
    main()
