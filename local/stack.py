"""The whole system on one machine, as one object: what `make run`, the tests and the benchmarks start."""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn

from local import demo
from local.gateway.connections_api import ConnectionsApi
from local.gateway.http_gateway import Access, Gateway
from local.gateway.websocket_connection import Limits
from local.gateway.websocket_gateway import WebSocketGateway
from local.http_server import HttpServer
from local.lambda_runtime.environment import InitError
from local.lambda_runtime.event_queue import RETRY_SECONDS, EventQueue
from local.lambda_runtime.function import Invocation, LambdaFunction
from local.lambda_runtime.invoke_api import InvokeApi
from local.site import make_site
from local.sockets import listen
from local.stand_ins import issuer, selection
from local.stand_ins.aws import Aws
from local.stand_ins.claude.server import Claude
from local.stand_ins.issuer import Issuer
from local.stand_ins.postgres import Postgres
from local.stand_ins.travel.server import Upstreams
from local.template import Template, load

CHECKOUT = Path(__file__).resolve().parent.parent
DATABASE_SECRET = "DatabaseAppSecret"  # noqa: S105 - a logical id
"""The secret whose value is the app's connection to Postgres, as JSON."""

DEFAULT_LIMITS = Limits()
"""API Gateway's."""

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, Any]], Any]
Progress = Callable[[str, float], None]
"""Called with the name of a part that is up, and the seconds since the start."""


class StackError(Exception):
    """The stack doesn't come up; the message is for the person who started it."""


class PortTakenError(StackError):
    """Somebody else listens on the port."""


class LocalStack:
    """Starts everything on entry and ends it on exit, also when only half of it came up.

    The checkout is the folder of `template`: its functions, migrations and page are served from there. What
    is kept between starts (the database, the signing key, the logs) is in `state_dir`. The event loop of all
    servers runs in a thread of its own: every method here blocks, and can be called from any other thread.
    """

    def __init__(
        self,
        state_dir: Path = CHECKOUT / ".local",
        *,
        template: Path = CHECKOUT / "template.yaml",
        port: int = 0,
        keys: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        claude_profile: str = "seed",
        on_progress: Progress = lambda _part, _seconds: None,
        on_request: Callable[[Access], None] = lambda _access: None,
        socket_limits: Limits = DEFAULT_LIMITS,
        retry_seconds: tuple[float, ...] = RETRY_SECONDS,
    ) -> None:
        """`port` 0 takes a free one; `parameters` replace defaults of the template's.

        `keys` are API keys of real sources (see `local.stand_ins.selection`); sources without one are replaced by
        stand-ins. `claude_profile` is the latency of Claude's stand-in (`local.stand_ins.claude.profile.PROFILES`).
        `socket_limits` are the lifetimes of WebSockets; `retry_seconds` are the waits before the second and third
        attempt of a failed asynchronous invocation.
        Callbacks are called on the event loop's thread.
        """
        self._state = state_dir.resolve()
        self._template_file = template.resolve()
        self._port = port
        self._keys = keys or {}
        self._parameters = parameters or {}
        self._claude_profile = claude_profile
        self._on_progress = on_progress
        self._on_request = on_request
        self._socket_limits = socket_limits
        self._retry_seconds = retry_seconds
        self._parts = contextlib.AsyncExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local-stack", daemon=True)
        self._starting: asyncio.Task[None] | None = None
        self._functions: dict[str, LambdaFunction] = {}
        self.url = ""
        """Base URL of the API and of the page."""
        self.ws_url = ""
        """Where WebSockets are opened; empty where the template has no WebSocket API."""
        self.aws_endpoint = ""
        """Where DynamoDB, Secrets Manager, SSM and SQS are."""
        self.functions: dict[str, FunctionHandle] = {}
        """The functions by the names of their folders."""
        self.postgres: PostgresHandle
        self.issuer: Issuer
        self.upstreams: Upstreams
        self.claude: Claude
        self.template: Template

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._run(self._start())
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def token(self, sub: uuid.UUID | str | None = None, **claims: Any) -> str:
        """An access token of the demo traveller, or of `sub`; `claims` replace usual ones (`Issuer.mint`)."""
        return self.issuer.mint(uuid.UUID(str(sub)) if sub else None, **claims)

    def environment_of(self, function: str) -> dict[str, str]:
        """The environment variables of a function, to run its handler elsewhere against this stack."""
        return self._functions[function].environment()

    def warm(self) -> dict[str, str]:
        """Has an environment started of each function that an API invokes, or that has an EventInvokeConfig.

        As many start at once as there are CPUs. Returns what went wrong, by function: the others answer all the same.
        """
        asynchronous = {function.logical_id for function in self.template.functions.values() if function.event_invoke}
        wanted = self.template.routed | asynchronous
        failures: dict[str, str] = {}

        async def start(name: str, function: LambdaFunction) -> None:
            try:
                await function.warm()
            except InitError as error:
                failures[name] = error.outcome.message

        async def start_all() -> None:
            functions = self._functions.items()
            await asyncio.gather(*(start(*item) for item in functions if item[1].function.logical_id in wanted))

        self._run(start_all())
        return failures

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _close(self) -> None:
        try:
            self._run(self._end())
        finally:
            self._run(self._loop.shutdown_default_executor())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _end(self) -> None:
        if self._starting is not None and not self._starting.done():
            # Ctrl-C has ended the wait for the start, and not the start.
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._parts.aclose()

    async def _start(self) -> None:
        self._starting = asyncio.current_task()
        began = time.perf_counter()

        async def part(name: str, work: Awaitable[T]) -> T:
            result = await work
            self._on_progress(name, time.perf_counter() - began)
            return result

        self._state.mkdir(parents=True, exist_ok=True)
        self._parts.enter_context(_lock(self._state))
        logs = self._state / "logs"
        shutil.rmtree(logs, ignore_errors=True)  # the logs of the last start, not of all
        logs.mkdir()
        try:
            listener = self._parts.enter_context(contextlib.closing(listen(self._port)))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise PortTakenError(f"Port {self._port} can't be used: {reason}.") from error
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        issuer_url = f"{self.url}{issuer.PATH}"
        sockets = self._parts.enter_context(contextlib.closing(listen()))
        websocket_url = f"ws://127.0.0.1:{sockets.getsockname()[1]}"
        invocations = self._parts.enter_context(contextlib.closing(listen()))
        lambda_endpoint = f"http://127.0.0.1:{invocations.getsockname()[1]}"

        aws = Aws(logs / "aws.log")
        self._parts.push_async_callback(aws.stop)
        self.aws_endpoint = aws.endpoint
        checkout = self._template_file.parent
        postgres = Postgres(self._state, checkout / "migrations", os.environ.get("DATABASE_URL"))
        self._parts.push_async_callback(postgres.close)
        self.postgres = PostgresHandle(postgres, self._run)

        self.upstreams = Upstreams(logs / "upstream.log")
        self._parts.push_async_callback(self.upstreams.stop)
        self.claude = Claude(logs / "claude.log", self._claude_profile)
        self._parts.push_async_callback(self.claude.stop)
        source_parameters, source_secrets = selection.choose(self.upstreams, self.claude, self._keys)

        def expand() -> Template:
            parameters = {"Stage": "local", "JwtIssuer": issuer_url, "JwtAudience": issuer.CLIENT_ID}
            parameters |= source_parameters | dict(self._parameters)
            return load(
                self._template_file,
                parameters,
                endpoint=aws.endpoint,
                api_url=self.url,
                websocket_url=websocket_url,
            )

        try:
            async with asyncio.TaskGroup() as starts:
                await aws.start()
                database = starts.create_task(part("Postgres", postgres.prepare()))
                starts.create_task(part("Stand-ins for Mapbox, Open-Meteo, EIA", self.upstreams.start()))
                starts.create_task(part("Stand-in for Claude", self.claude.start()))
                expansion = starts.create_task(part("Template", asyncio.to_thread(expand)))
                key = starts.create_task(asyncio.to_thread(issuer.load_key, self._state / "issuer.pem"))
                self.template = await expansion
                await database
                secrets = {DATABASE_SECRET: json.dumps(postgres.app)} | source_secrets
                making = asyncio.to_thread(aws.make, self.template.stores, secrets)
                starts.create_task(part("DynamoDB, Secrets Manager, SSM, SQS", making))
                self.issuer = Issuer(issuer_url, await key, demo.TRAVELLER_ID)
        except BaseExceptionGroup as group:
            raise _first(group) from None

        starting = asyncio.Semaphore(os.cpu_count() or 1)
        invocable: dict[str, tuple[LambdaFunction, EventQueue]] = {}
        for function in self.template.functions.values():
            runner = LambdaFunction(
                function, aws_endpoint=aws.endpoint, lambda_endpoint=lambda_endpoint, logs=logs, starts=starting
            )
            self._parts.push_async_callback(runner.stop)
            queue = EventQueue(runner, aws.send, self._retry_seconds)
            self._parts.push_async_callback(queue.stop)
            self._functions[function.code.name] = runner
            self.functions[function.code.name] = FunctionHandle(runner, queue, self._run)
            invocable[function.name] = (runner, queue)
        await self._start_server(HttpServer(invocations, InvokeApi(invocable).answer))
        await self._serve_sockets(sockets, websocket_url)
        await part("API", self._serve(listener, make_site(checkout, self.issuer)))

    async def _start_server(self, server: HttpServer) -> None:
        self._parts.push_async_callback(server.stop)
        await server.start()

    async def _serve_sockets(self, listener: socket.socket, url: str) -> None:
        api = self.template.websocket
        if api is None:
            return
        functions = {runner.function.logical_id: runner for runner in self._functions.values()}
        gateway = WebSocketGateway(api, functions, self._socket_limits, self._on_request)
        self._parts.push_async_callback(gateway.stop)
        management = ConnectionsApi(api.stage, gateway.connections)
        await self._start_server(HttpServer(listener, management.answer, gateway.upgrade))
        self.ws_url = f"{url}/{api.stage}"

    async def _serve(self, listener: socket.socket, site: Any) -> None:
        functions = {runner.function.logical_id: runner for runner in self._functions.values()}
        gateway = Gateway(self.template, functions, site, self._on_request)
        self._parts.push_async_callback(gateway.stop)
        config = uvicorn.Config(
            gateway,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))

        async def stop() -> None:
            server.should_exit = True
            await serving

        self._parts.push_async_callback(stop)
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)


class FunctionHandle:
    """A function of the stack, called from outside its event loop."""

    def __init__(self, function: LambdaFunction, queue: EventQueue, run: Run) -> None:
        self._function = function
        self._queue = queue
        self._run = run

    def invoke(self, event: Mapping[str, Any] | bytes) -> Invocation:
        """Runs the handler on an event, given as a JSON object or its bytes, and waits for the result."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        result: Invocation = self._run(self._function.invoke(payload))
        return result

    def invoke_async(self, event: Mapping[str, Any] | bytes) -> str:
        """Puts an event into the queue in front of the function, and returns the request id."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()

        async def put() -> str:
            return self._queue.put(payload, self._function.function.alias or "$LATEST")

        request_id: str = self._run(put())
        return request_id

    @property
    def queued(self) -> int:
        """Events of asynchronous invocations that aren't finished."""
        return self._queue.depth

    def warm(self, count: int = 1) -> None:
        """Has `count` environments started, or as many as the function may have."""
        self._run(self._function.warm(count))

    @property
    def pids(self) -> list[int]:
        """Process ids of the environments."""
        return self._function.pids

    @property
    def log(self) -> Path:
        """The file that stands for the function's log group."""
        return self._function.log_path


class PostgresHandle:
    """The database of the stack. `stop` and `start` pull its plug and put it back."""

    def __init__(self, postgres: Postgres, run: Run) -> None:
        self._postgres = postgres
        self._run = run

    @property
    def owner(self) -> str:
        """Conninfo of the role that owns the tables."""
        return self._postgres.owner

    @property
    def app(self) -> dict[str, Any]:
        """The app's connection, as the secret holds it: host, port, dbname, username, password."""
        return dict(self._postgres.app)

    def stop(self) -> None:
        self._run(self._postgres.stop())

    def start(self) -> None:
        self._run(self._postgres.start())


@contextlib.contextmanager
def _lock(state: Path) -> Iterator[None]:
    """Holds the state directory for one stack, for as long as its process lives."""
    with (state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError(f"Another PAM is running with its state in {state}. Stop it first.") from None
        yield


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first plain exception of a group: what went wrong, without how it was started."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
