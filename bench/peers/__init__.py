"""The same turns by our own loop, by LangGraph and by pydantic-ai, side by side against one stand-in for Claude.

Four contestants take turns, a round each, so that a machine that slows down slows them all; each is a process of its
own, asked over a pipe, one question at a time:

- `ours`: the worker's handler, with all that a turn costs it. It takes the turn from DynamoDB, reads the conversation
  from Postgres and writes it back, keeps every frame before it posts it (to a sink that answers at once), counts what
  was spent, writes its metrics, and hands the conversation on. DynamoDB is moto here, whose own time is in ours.
- `loop`: our loop and tools alone, with the conversation in memory and the text handed to a function. This is the work
  that the frameworks do, and no more.
- `langgraph`: LangChain's `create_agent`, which is LangGraph's ready-made ReAct agent since `create_react_agent` was
  deprecated, with ChatAnthropic, `stream(stream_mode="messages")`, an InMemorySaver and, for prompt caching,
  AnthropicPromptCachingMiddleware.
- `pydantic_ai`: Agent with AnthropicModel, `run_stream` without debouncing on one event loop that stays, the messages
  of the run before as history, and `cache=True` for prompt caching.

The same for all: model, `max_tokens`, no thinking, the text of the system prompt, the question with its context block,
names, descriptions and schemas of all tools, their implementations (PAM's own, in process, for a traveller of one's own
with the same books), versions of what these import, Claude's replies, and that everybody streams. Profile `zero` of
the stand-in answers at once, so what is left is the machinery.

Not the same, in the frameworks' favour: they keep nothing beyond memory, deliver nothing, survive nothing, and know the
traveller's facts beforehand. In ours: what a write did is told by a template, which saves the second model call; the
frameworks have no such thing. `ours` has its first text when the sink has it, the others when their own code has it.

A round is the four kinds of turn in conversations of their own, and a conversation of ten turns. CPU is that of the
contestant's process: neither moto's nor Postgres's nor the stand-in's. Ratios are ours divided by theirs, in the same
round; the median of all rounds is told.
"""

from bench.figures import Figure


def run() -> dict[str, Figure]:
    """Measures on a stack of its own, with the frameworks in `.peers/`, which is made where it isn't there."""
    # The contestants are modules of this package, in an environment that has none of the stack's requirements.
    from bench.peers.measuring import measure

    return measure()
