"""The tools of one turn: begun as soon as Claude has written them, in parallel, each within its time.

What only reads begins at once. A write waits until the reply has ended: a refusal comes at a reply's end, and what is
written by then can't be unwritten. Writes of a step run one after another, in Claude's order. What others see, or what
costs, isn't run at all, but put before the traveller.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from pam.answers.dependencies import TravelDependencies
from pam.chat.confirmations import Confirmations
from pam.chat.frames import ConfirmRequest, Frame, ToolLine
from pam.chat.prompt import tool_result
from pam.platform.deadline import Deadline
from pam.platform.errors import INTERNAL_ERROR, TOOL_RESULT_TOO_LARGE, TOOL_TIMED_OUT, UNKNOWN_TOOL, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.platform.postgres import MAX_STATEMENT_TIMEOUT_S
from pam.sources.claude import ToolUse
from pam.tools.catalog.registry import MORE_TO_DO
from pam.tools.engine.definition import EffectKind, Tool, ToolContext, ToolResult, WriteContext
from pam.tools.engine.ledger import perform_write
from pam.tools.engine.parsing import parse_arguments
from pam.users.profile import Profile

LARGEST_RESULT_CHARS = 24_000
"""What Claude is given of a tool at most: about 7,000 tokens."""

AT_ONCE = 8


@dataclass(frozen=True)
class Outcome:
    """What came of one tool: the block for Claude, and for the traveller the result, or what they are asked."""

    use: ToolUse
    block: Mapping[str, Any]
    effect: EffectKind | None
    result: ToolResult | None = None
    asked: str | None = None
    more_to_do: bool = False

    @property
    def failed(self) -> bool:
        return self.result is None and self.asked is None

    @property
    def says(self) -> str | None:
        """What a writing tool has to say, so that Claude needn't; None where Claude has to go on."""
        if self.effect is None or self.effect is EffectKind.READ or self.failed or self.more_to_do:
            return None
        return self.asked or (self.result.text if self.result else None)


@dataclass
class _Begun:
    use: ToolUse
    tool: Tool[Any]
    arguments: BaseModel
    key: str
    more_to_do: bool
    future: "Future[ToolResult] | None" = None


class Toolbox:
    """Runs the tools of one turn. Use it as a context: at its end nothing is waited for any more."""

    def __init__(
        self,
        travel: TravelDependencies,
        confirmations: Confirmations,
        tools: Mapping[str, Tool[Any]],
        profile: Profile,
        message_id: UUID,
        zone: ZoneInfo | None,
        location: tuple[float, float] | None,
        say: Callable[..., None],
        deadline: Deadline,
    ) -> None:
        self._travel = travel
        self._confirmations = confirmations
        self._tools = tools
        self._profile = profile
        self._message_id = message_id
        self._zone = zone
        self._location = location
        self._say: Callable[[Frame], None] = say
        self._deadline = deadline
        self._pool = ThreadPoolExecutor(AT_ONCE, "tool")
        self._step: dict[str, _Begun | Outcome] = {}
        self._repeated: dict[str, int] = {}

    def __enter__(self) -> "Toolbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def begin(self, use: ToolUse) -> None:
        """Claude has written this one: looks at it, and begins it if it only reads."""
        tool = self._tools.get(use.name)
        if tool is None:
            self._step[use.id] = _failure(use, None, PamError(UNKNOWN_TOOL, f"There is no tool {use.name[:64]}."))
            return
        try:
            arguments = parse_arguments(tool, use.arguments)
        except PamError as fault:
            self._step[use.id] = _failure(use, tool.effect, fault)
            return
        begun = _Begun(use, tool, arguments, self._key(tool, arguments), _more(use))
        self._step[use.id] = begun
        if tool.effect is EffectKind.READ:
            self._say(ToolLine(use.id, use.name, "running", tool.doing(arguments)))
            begun.future = self._pool.submit(self._run, begun)

    @property
    def reading(self) -> frozenset[str]:
        """The ids of this step's tools that can't do harm: readers, and those that were refused."""
        return frozenset(
            id for id, each in self._step.items() if isinstance(each, Outcome) or each.tool.effect is EffectKind.READ
        )

    def finish(self) -> list[Outcome]:
        """The step's reply has ended well: runs its writes, asks what has to be asked, and waits for all."""
        writes = [
            each for each in self._step.values() if isinstance(each, _Begun) and each.tool.effect is EffectKind.OWN
        ]
        for begun in writes:
            self._say(ToolLine(begun.use.id, begun.use.name, "running", begun.tool.doing(begun.arguments)))
            begun.future = Future()
        if writes:
            self._pool.submit(self._run_in_order, writes)
        outcomes = [each if isinstance(each, Outcome) else self._outcome(each) for each in self._step.values()]
        self._step.clear()
        self._repeated.clear()
        return outcomes

    def drop(self, *ids: str) -> None:
        """Forgets what was begun in this step: all of it, or these. What was told as running is told as stopped."""
        for id in ids or tuple(self._step):
            begun = self._step.pop(id, None)
            if isinstance(begun, _Begun) and begun.future is not None:
                self._say(ToolLine(id, begun.use.name, "failed", "Stopped."))
        if not ids:
            self._repeated.clear()

    def _outcome(self, begun: _Begun) -> Outcome:
        use, tool = begun.use, begun.tool
        try:
            if tool.effect.needs_confirmation:
                return self._ask(begun)
            assert begun.future is not None
            result = begun.future.result(min(tool.timeout_s, self._deadline.left_s))
            content = {
                "source": result.source,
                "as_of": result.as_of,
                "data": {**result.data, "text": result.text},
            }
            block = tool_result(use.id, content)
            if len(block["content"]) > LARGEST_RESULT_CHARS:
                raise PamError(
                    TOOL_RESULT_TOO_LARGE, "That found more than can be read at once. Ask for less: fewer days or rows."
                )
        except TookTooLong:
            fault = PamError(TOOL_TIMED_OUT, _too_late(tool.effect))
        except PamError as told:
            fault = told
        except Exception:
            logger.exception("a tool failed", tool=tool.name)
            fault = PamError(INTERNAL_ERROR, "This didn't work, for a reason on PAM's side.")
        else:
            count(Metric.TOOL_DONE)
            self._say(ToolLine(use.id, use.name, "done", result.text, result.source))
            return Outcome(use, block, tool.effect, result, more_to_do=begun.more_to_do)
        self._say(ToolLine(use.id, use.name, "failed", fault.message))
        return _failure(use, tool.effect, fault)

    def _ask(self, begun: _Begun) -> Outcome:
        use, tool, parts = begun.use, begun.tool, self._travel
        assert tool.preview is not None
        with parts.database.session(self._profile.id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection:
            preview = tool.preview(WriteContext(connection, self._profile, parts.clock()), begun.arguments)
        asked = self._confirmations.ask(self._profile.id, self._message_id, tool.name, use.arguments, preview)
        self._say(ToolLine(use.id, use.name, "waiting", tool.doing(begun.arguments)))
        self._say(
            ConfirmRequest(
                confirmation_id=str(asked.id),
                name=tool.name,
                summary=preview,
                arguments=begun.arguments.model_dump(mode="json", exclude_none=True),
                digest=asked.digest,
                expires_at=asked.expires_at.astimezone(self._profile.zone).isoformat(timespec="seconds"),
            )
        )
        block = tool_result(
            use.id, {"status": "waits for the traveller's confirmation; nothing is done yet", "summary": preview}
        )
        return Outcome(use, block, tool.effect, asked=f"{preview} Please confirm.", more_to_do=begun.more_to_do)

    def _run(self, begun: _Begun) -> ToolResult:
        call = ToolContext(self._travel, self._profile.id, begun.key, self._zone, self._location)
        if begun.tool.read is not None:
            return begun.tool.read(call, begun.arguments)
        return perform_write(call, begun.tool, begun.arguments)

    def _run_in_order(self, writes: list[_Begun]) -> None:
        for begun in writes:
            assert begun.future is not None
            try:
                begun.future.set_result(self._run(begun))
            except Exception as fault:  # told to whoever asks for the result
                begun.future.set_exception(fault)

    def _key(self, tool: Tool[Any], arguments: BaseModel) -> str:
        """The same for the same call of the same question, however often it is made; a second one in a step differs."""
        text = json.dumps([str(self._message_id), tool.name, arguments.model_dump_json()])
        nth = self._repeated[text] = self._repeated.get(text, 0) + 1
        return hashlib.sha256(f"{text} {nth}".encode()).hexdigest()


def _failure(use: ToolUse, effect: EffectKind | None, fault: PamError) -> Outcome:
    count(Metric.TOOL_FAILED)
    return Outcome(use, tool_result(use.id, {"error": fault.body()}, failed=True), effect)


def _too_late(effect: EffectKind) -> str:
    if effect is EffectKind.READ:
        return "This took too long, so there is no answer from it."
    return "This took too long, and PAM can't say whether it was done. Look before trying again."


def _more(use: ToolUse) -> bool:
    return bool(json.loads(use.arguments or "{}").get(MORE_TO_DO))
