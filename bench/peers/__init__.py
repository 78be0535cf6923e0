"""The same turns by our worker, by LangGraph and by pydantic-ai, side by side against one stand-in for Claude.

The contestants take turns, a round each, so that a machine that slows down slows all of them. Each is a process of its
own that gets one question at a time over a pipe. The frameworks appear in three modes:

- In memory: `langgraph` is LangChain's `create_agent`, the ready-made ReAct agent that has replaced LangGraph's own
  deprecated `create_react_agent`, with ChatAnthropic, `stream(stream_mode="messages")`, an InMemorySaver and, for
  prompt caching, AnthropicPromptCachingMiddleware. `pydantic_ai` is Agent with AnthropicModel, `run_stream` without
  debouncing on one event loop, the messages of the previous run as history, and `cache=True` for prompt caching.
- `langgraph_durable`, `pydantic_ai_durable`: what a framework needs to do our worker's work. The conversation is in
  the same Postgres, over one autocommit connection: PostgresSaver by `from_conn_string` and `setup()`, with its
  default durability `async`; pydantic-ai's `all_messages_json`, written after each turn and read before the next. Each
  text delta is a frame, as are the start and the end of a tool and the whole answer. A frame is stored before it is
  posted, in the table in which our worker stores frames (DynamoDB, here its stand-in) and to the sink to which our
  worker posts them, both by our worker's own adapters, so that one frame costs everybody the same. A check after each
  turn, outside of the measurement, reads the stored frames and compares them with the answer.
- `langgraph_batched`, `pydantic_ai_batched`: the same, but the first text is sent at once and later text is gathered
  for 60 ms, as our worker does, so that fewer frames are stored and posted.

Ours are:

- `ours`: the worker's handler with everything that a turn costs it. It takes the turn from DynamoDB, reads the
  conversation from Postgres and writes it back, stores each batch of frames before it posts them, adds up what the
  model calls cost, writes its metrics, and lets the conversation's next turn start. Its text is gathered for 60 ms.
- `loop`: our agent loop and tools alone, with the conversation in memory and the text handed to a function. This is
  the work of the frameworks in memory.

The same for all: model, `max_tokens`, no thinking, the text of the system prompt, the question with its context block,
names, descriptions and schemas of all tools, their implementations (PAM's own, in process, for users with equal data),
the versions of what these import, Claude's replies, and streaming. The stand-in's profile `zero` replies at once, so
that what remains is the machinery.

Not the same, in the frameworks' favour: they know the user's facts beforehand, count no cost, hold no lease on the
turn and can't be resumed or cancelled; the table's row of a durable turn is made before the measurement. In ours: a
write is reported by a template, which saves the second model call; the frameworks have no such feature. Since the
replies come at once, gathering combines more deltas than it would at a real model's pace: up to 20, instead of two or
three. The ratios `durable_...` include this advantage, the ratios `batched_...` don't, as both sides gather.

CPU is the process's user and system time, all threads included; Postgres, the sink, and the stand-ins for DynamoDB, the
sources and Claude are other processes and not in it. Time is until the turn has ended: for ours until the handler
returns. DynamoDB on AWS takes another time than its stand-in, so `durable_time_ratio_...` subtracts the time in which
the stand-in worked for the turn from both sides; requests at the same time count once. Where it worked beside the
contestant, this subtracts too much, so the ratio with its time in both (`durable_gross_time_ratio_...`) is printed,
too. The first text is there when the sink has it, or in memory, when the contestant's own code has it.

A round is the four kinds of turn in conversations of their own, and a conversation of ten turns. Ours also stores each
turn in memory and searches memory for each question, which the frameworks don't; it is emptied before each
conversation, since the questions are the same again and again and would all be recalled. Ratios are ours
divided by theirs in the same round; the figure is the median over all rounds.
"""

from bench.figures import Figure


def run() -> dict[str, Figure]:
    """Measure on a stack of its own, with the frameworks in `.peers/`, which is made if it is missing."""
    # The contestants are modules of this package, in an environment that has none of the stack's requirements.
    from bench.peers.measurement import measure

    return measure()
