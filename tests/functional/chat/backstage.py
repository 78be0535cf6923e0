"""The conversation's functions in this process, on lines that can be cut: to Claude, to DynamoDB, to Postgres.

The parts are the product's own, put together here. The socket is the stack's, and so is all that lies behind the
lines.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3

from local.stack import LocalStack
from local.stand_ins.claude.server import CLAUDE_KEY
from pam.bootstrap import Bootstrap
from pam.chat import dispatch
from pam.chat.frames import CancelFrame, ChatFrame, ConfirmFrame, ResumeFrame
from pam.chat.limits import CostCaps
from pam.chat.parts import ChatParts
from pam.chat.store import ChatTable
from pam.chat.turns import Turn
from pam.chat.worker import Job, WorkerParts, work
from pam.platform import aws
from pam.platform.errors import PamError
from pam.platform.postgres import Database
from pam.platform.validation import parse_json, validate
from pam.platform.websocket import WebSocketRequest, error_frame
from pam.sources.api_key import ApiKey
from pam.sources.claude import ClaudeClient
from pam.sources.source import Source
from pam.tools.catalog.registry import TOOLS
from pam.tools.engine.executor import ToolThreads
from tests.functional.chat.faulty import DynamoLine, PostgresLine
from tests.functional.chat.scenes import Frames, Scene, whole

LARGEST_CAPS = CostCaps(Decimal(1), Decimal(1), Decimal(1000))


_ENDPOINTS: Mapping[str, tuple[type[Any], Callable[..., None]]] = {
    "chat": (ChatFrame, dispatch.chat),
    "resume": (ResumeFrame, dispatch.resume),
    "confirm": (ConfirmFrame, dispatch.confirm),
    "cancel": (CancelFrame, dispatch.cancel),
}


@dataclass
class Backstage:
    """A dispatcher, and workers that are threads. Change a field, and what is asked next has it."""

    stack: LocalStack
    dynamodb: DynamoLine
    postgres: PostgresLine
    claude: ClaudeClient
    tools: Mapping[str, Any]
    chat: ChatParts
    workers: Any = None
    """Who starts workers, if not this object itself."""
    seconds: float = 100.0
    """What a worker has left when it begins."""
    delivered: int = 1
    """How often each invocation comes."""
    released: threading.Event = field(default_factory=threading.Event)
    """What tools that hang wait for; set at the end in any case."""
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8, "worker"))
    _running: list[Future[None]] = field(default_factory=list)

    def send(self, scene: Scene, action: str, **fields: Any) -> None:
        """What the functions do with a frame of this scene's only socket. Their answers come over the socket."""
        parts = replace(self.chat, workers=self.workers or self)
        table = ChatTable(aws.client("dynamodb"), self.stack.environment_of("chat")["CHAT_TABLE"])
        (connection,) = table.items(f"connections#{scene.id}", "", "")
        call = WebSocketRequest(scene.id, connection["item"], self._context(), self.chat.frame_sender)
        frame, endpoint = _ENDPOINTS[action]
        try:
            endpoint(parts, call, validate(frame, parse_json(json.dumps({"action": action} | fields).encode())))
        except PamError as error:
            call.reply(error_frame(error, fields))

    def start(self, turn: Turn) -> None:
        """Invokes a worker, as `Workers` does."""
        worker = WorkerParts(
            replace(self.chat, workers=self.workers or self), self.claude, "claude-haiku-5-5", self.tools, _THREADS
        )
        job = Job(
            user_id=turn.user_id,
            message_id=turn.message_id,
            conversation_id=turn.conversation_id,
            timezone=turn.request["context"]["timezone"],
        )
        for _ in range(self.delivered):
            self._running.append(self._pool.submit(work, worker, job, self._context()))

    def ask(self, scene: Scene, words: str = "What now?", **fields: Any) -> Frames:
        """A question with all frames of its answer, which are checked to be in order and whole."""
        if scene.conversation is not None:
            fields = {"conversation_id": scene.conversation} | fields
        fields = {"message_id": str(uuid4()), "text": f"{words} {scene.claude.word}"} | fields
        self.send(scene, "chat", **fields)
        frames = whole(scene.line.until("done", "error"))
        scene.conversation = frames[0]["conversation_id"]
        return frames

    def await_beats(self) -> None:
        """Waits until the worker has looked twice what is asked of it: what was asked before is known to it."""
        seen = threading.Semaphore(0)

        def see(operation: str, request: Mapping[str, Any]) -> bool:
            if operation == "UpdateItem" and "#alive_until" in request["UpdateExpression"]:
                seen.release()
            return False

        self.dynamodb.refuses = see
        for _ in range(2):
            assert seen.acquire(timeout=30)

    def wait(self) -> None:
        """Until no worker runs any more. Raises what one of them raised."""
        while self._running:
            self._running.pop().result(60)

    def _context(self) -> Any:
        return SimpleNamespace(
            function_name="chat",
            memory_limit_in_mb=1024,
            invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:chat",
            aws_request_id="backstage",
            get_remaining_time_in_millis=lambda: int(self.seconds * 1000),
        )


def make_claude(url: str, silence_s: float = 12.0) -> ClaudeClient:
    """A client of Claude, or of what stands at `url`."""
    return ClaudeClient(url, ApiKey(Source.CLAUDE, lambda: json.dumps({"key": CLAUDE_KEY})), silence_s)


@contextmanager
def backstage(stack: LocalStack) -> Iterator[Backstage]:
    """All of it, on lines of its own. This process has a function's environment."""
    with ExitStack() as opened:
        dynamodb = DynamoLine(stack.aws_endpoint)
        opened.callback(dynamodb.close)
        app = stack.postgres.app
        postgres = PostgresLine(app["host"], app["port"])
        opened.callback(postgres.close)
        database = Database(lambda: json.dumps(app | {"host": "127.0.0.1", "port": postgres.port}))
        opened.callback(database.close)
        behind = Backstage(
            stack, dynamodb, postgres, make_claude(stack.claude.url), TOOLS, _parts(stack, dynamodb, database)
        )
        opened.callback(behind.wait)
        opened.callback(behind.released.set)
        yield behind


_THREADS = ToolThreads()
_SESSION = boto3.session.Session()
_ONE_AT_A_TIME = threading.Lock()  # a session is shared, and not made for threads


def _client_of(line: DynamoLine) -> Any:
    """A client as the product makes it, but for the session: each would read the service's description anew."""
    with _ONE_AT_A_TIME:
        return _SESSION.client("dynamodb", endpoint_url=line.url, config=aws.client("dynamodb").meta.config)


def _parts(stack: LocalStack, dynamodb: DynamoLine, database: Database) -> ChatParts:
    caps = {f"CHAT_{name}_CAP_USD": "1000" for name in ("TURN", "USER_DAY", "STAGE_DAY")}
    services = Bootstrap(stack.environment_of("chat") | caps, database=database, dynamodb=_client_of(dynamodb))
    return replace(services.chat_dependencies, workers=None)  # type: ignore[arg-type]  # see `Backstage.send`
