"""The chat's functions in this process, on connections to Claude, DynamoDB and Postgres that tests can break.

The services are built by the product's composition root. The WebSocket is that of the local stack.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3

from local.stack import LocalStack
from local.stand_ins.claude.server import CLAUDE_KEY
from pam.bootstrap import Bootstrap
from pam.chat.dependencies import ChatDependencies
from pam.chat.frames import CancelFrame, ChatFrame, ConfirmFrame, ResumeFrame
from pam.chat.gateway import control
from pam.chat.gateway.ask import answer_question
from pam.chat.gateway.resume import resume_message
from pam.chat.lifecycle.limits import CostCaps
from pam.chat.lifecycle.turn import Turn
from pam.chat.turn.worker import TurnJob, WorkerDependencies, run_turn
from pam.platform import aws
from pam.platform.dynamodb import DynamoTable
from pam.platform.errors import PamError
from pam.platform.postgres import Database
from pam.platform.validation import parse_json, validate
from pam.platform.websocket import WebSocketRequest, error_frame
from pam.sources.api_key import ApiKey
from pam.sources.claude.client import STREAM_IDLE_TIMEOUT_S, ClaudeClient
from pam.sources.source import Source
from pam.tools.catalog import TOOLS
from pam.tools.engine.definition import Tool
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.fault_proxies import DynamoProxy, PostgresProxy
from tests.functional.chat.frames import Frames, check_frames

MAX_CAPS = CostCaps(Decimal(1), Decimal(100), Decimal(1000))

_ENDPOINTS: Mapping[str, tuple[type[Any], Callable[..., None]]] = {
    "chat": (ChatFrame, answer_question),
    "resume": (ResumeFrame, resume_message),
    "confirm": (ConfirmFrame, control.confirm),
    "cancel": (CancelFrame, control.cancel),
}


class InProcessBackend:
    """The gateway's functions, and workers that run in threads. `replace` changes services for later requests."""

    def __init__(self, stack: LocalStack, dynamodb: DynamoProxy, postgres: PostgresProxy, database: Database) -> None:
        self.stack = stack
        self.dynamodb = dynamodb
        self.postgres = postgres
        self.remaining_s = 100.0
        """The remaining time of an invocation when it begins."""
        self.deliveries = 1
        """How often each asynchronous event is delivered."""
        self.released = threading.Event()
        """Fake tools that hang wait for it. Set when the backend is closed."""
        self._replacements: dict[str, Any] = {
            "database": database,
            "dynamodb": dynamodb_client(dynamodb),
            "claude": make_claude(stack.claude.url),
            "cost_caps": MAX_CAPS,
            "worker_invoker": self,
        }
        self._pool = ThreadPoolExecutor(8, "worker")
        self._running: list[Future[None]] = []
        self._build()

    def replace(self, **services: Any) -> None:
        """Replace services of the composition root."""
        self._replacements |= services
        self._build()

    def add_tools(self, *tools: Tool[Any]) -> None:
        """Add tools to the catalogue."""
        self.replace(tools={**TOOLS, **{tool.name: tool for tool in tools}})

    def _build(self) -> None:
        environment = self.stack.environment_of("chat_worker")
        services = Bootstrap(environment, **self._replacements)
        self.chat: ChatDependencies = services.chat_dependencies
        self.worker: WorkerDependencies = services.worker_dependencies
        self.table: DynamoTable = services.chat_table

    def send(self, user: ChatUser, action: str, **fields: Any) -> None:
        """Handle a frame as the functions do, for the user's only connection. Replies arrive there."""
        table = DynamoTable(aws.client("dynamodb"), self.stack.environment_of("chat")["CHAT_TABLE"])
        item = table.get(f"connections#{user.id}", "open")
        assert item is not None
        (connection_id,) = item["connections"]
        request = WebSocketRequest(user.id, connection_id, self.context(), self.chat.sender)
        frame, endpoint = _ENDPOINTS[action]
        try:
            body = json.dumps({"action": action} | fields).encode()
            endpoint(self.chat, request, validate(frame, parse_json(body)))
        except PamError as error:
            request.reply(error_frame(error, fields))

    def invoke(self, turn: Turn) -> None:
        """Run a worker in a thread, in place of the asynchronous invocation."""
        job = TurnJob(
            user_id=turn.user_id,
            message_id=turn.message_id,
            conversation_id=turn.conversation_id,
            timezone=turn.request["context"]["timezone"],
        )
        for _ in range(self.deliveries):
            self._running.append(self._pool.submit(run_turn, self.worker, job, self.context()))

    def ask(self, user: ChatUser, text: str | None = None, *, message_id: str | None = None) -> Frames:
        """Ask a question, as `send_question` does; return all frames of its answer.

        The worker has handed over by then, or hasn't for five seconds: else it would start the conversation's next
        question, which may be for the stack's own worker.
        """
        self.send_question(user, text, message_id=message_id)
        frames = check_frames(user.socket.receive_until("done", "error"))
        user.conversation_id = frames[0]["conversation_id"]
        futures.wait(self._running, timeout=5)
        return frames

    def send_question(self, user: ChatUser, text: str | None = None, *, message_id: str | None = None) -> str:
        """Send a question of the user's conversation, by default one with the marker; return its message id."""
        message_id = message_id or str(uuid4())
        scope = {} if user.conversation_id is None else {"conversation_id": user.conversation_id}
        self.send(user, "chat", message_id=message_id, text=text or f"What now? {user.claude.marker}", **scope)
        return message_id

    def wait_for_control_polls(self) -> None:
        """Wait until the worker has polled its turn twice: then it knows of earlier requests."""
        polls = threading.Semaphore(0)

        def count_poll(operation: str, request: Mapping[str, Any]) -> bool:
            if operation == "GetItem" and request["Key"]["item"]["S"].endswith("#state"):
                polls.release()
            return False

        self.dynamodb.should_throttle = count_poll
        for _ in range(2):
            assert polls.acquire(timeout=30)

    def wait(self) -> None:
        """Wait until no worker runs. Raises what one of them raised."""
        while self._running:
            self._running.pop().result(60)

    def context(self) -> Any:
        """Return the context of a new invocation."""
        return SimpleNamespace(
            function_name="chat",
            memory_limit_in_mb=1024,
            invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:chat",
            aws_request_id="in-process",
            get_remaining_time_in_millis=lambda: int(self.remaining_s * 1000),
        )


def make_claude(url: str, idle_timeout_s: float = STREAM_IDLE_TIMEOUT_S) -> ClaudeClient:
    """Return a client of Claude at a URL, with a valid key."""
    return ClaudeClient(url, ApiKey(Source.CLAUDE, lambda: json.dumps({"key": CLAUDE_KEY})), idle_timeout_s)


@contextmanager
def in_process_backend(stack: LocalStack) -> Iterator[InProcessBackend]:
    """Yield a backend with proxies of its own. This process has a function's environment."""
    with ExitStack() as opened:
        dynamodb = DynamoProxy(stack.aws_endpoint)
        opened.callback(dynamodb.close)
        app = stack.postgres.app
        postgres = PostgresProxy(app["host"], app["port"])
        opened.callback(postgres.close)
        database = Database(lambda: json.dumps(app | {"host": "127.0.0.1", "port": postgres.port}))
        opened.callback(database.close)
        backend = InProcessBackend(stack, dynamodb, postgres, database)
        opened.callback(backend.wait)
        opened.callback(backend.released.set)
        yield backend


_SESSION = boto3.session.Session()
_LOCK = threading.Lock()  # a session is shared, and creating clients isn't thread-safe


def dynamodb_client(proxy: DynamoProxy) -> Any:
    """Return a client of DynamoDB through a proxy, with the product's configuration."""
    with _LOCK:
        return _SESSION.client("dynamodb", endpoint_url=proxy.url, config=aws.client("dynamodb").meta.config)
