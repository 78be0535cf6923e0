"""pydantic-ai's Agent with its Anthropic model."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

from pydantic_ai import Agent, Tool  # type: ignore[import-not-found]
from pydantic_ai.models.anthropic import AnthropicModel, AnthropicModelSettings  # type: ignore[import-not-found]
from pydantic_ai.providers.anthropic import AnthropicProvider  # type: ignore[import-not-found]

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
    provider = AnthropicProvider(api_key=os.environ[KEY_VARIABLE], base_url=settings.base_url)
    agent = Agent(
        AnthropicModel(settings.model, provider=provider),
        instructions=system(),
        tools=[
            Tool.from_schema(_function(tool["name"]), tool["name"], tool["description"], tool["input_schema"])
            for tool in definitions()
        ],
        model_settings=AnthropicModelSettings(max_tokens=LONGEST_REPLY_TOKENS, thinking=False, cache=True),
    )
    earlier: dict[str, Any] = {}

    async def answer(conversation: str, text: str) -> Took:
        took = Took()
        with took.timed():
            blocks = [block["text"] for block in question(text)["content"]]
            async with agent.run_stream(blocks, message_history=earlier.get(conversation)) as run:
                async for piece in run.stream_text(delta=True, debounce_by=None):
                    took.say(piece)
            earlier[conversation] = run.all_messages()
        return took

    loop = asyncio.new_event_loop()  # one for all turns: the model's connections belong to it
    serve(lambda conversation, text: loop.run_until_complete(answer(conversation, text)))


if __name__ == "__main__":
    main()
