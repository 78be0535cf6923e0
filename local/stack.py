"""The whole system on one machine, as one object: `make run`, the tests and the benchmarks start it."""

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
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from local import demo
from local.asgi_server import AsgiServer
from local.dashboard import LocalDashboard
from local.gateway.connections_api import ConnectionsApi
from local.gateway.http_gateway import AccessLogEntry, HttpGateway
from local.gateway.websocket_connection import WebSocketLimits
from local.gateway.websocket_gateway import WebSocketGateway
from local.handles import FunctionHandle, PostgresHandle
from local.http_server import HttpServer
from local.lambda_runtime.environment import InitError
from local.lambda_runtime.event_queue import RETRY_DELAYS_S, EventQueue
from local.lambda_runtime.function import IDLE_LIFETIME_S, LambdaFunction, runtime_variables
from local.lambda_runtime.invoke_api import InvokeApi
from local.lambda_runtime.scheduler import Scheduler
from local.lambda_runtime.snapshot import Zygote
from local.lambda_runtime.start_slots import StartSlots
from local.site import Reports, Site
from local.sockets import listen
from local.stand_ins import issuer, selection
from local.stand_ins.aws import Aws
from local.stand_ins.claude.server import ClaudeStandIn
from local.stand_ins.gemini.server import GeminiStandIn
from local.stand_ins.issuer import Issuer
from local.stand_ins.postgres import Postgres
from local.stand_ins.travel.server import TravelStandIns
from local.template import Template, load
from monitoring.operator import parse_month, read_costs, read_feedback

CHECKOUT = Path(__file__).resolve().parent.parent
DATABASE_SECRET = "DatabaseAppSecret"  # noqa: S105 - a logical id
"""The secret whose value is the app's connection to Postgres, as JSON."""

DEFAULT_LIMITS = WebSocketLimits()
"""API Gateway's."""

T = TypeVar("T")
Progress = Callable[[str, float], None]
"""Called with the name of a part that is up, and the seconds since the start."""


class StackError(Exception):
    """The stack doesn't start; the message is for the person who started it."""


class PortTakenError(StackError):
    """Another process listens on the port."""


class LocalStack:
    """Starts everything on entry and ends it on exit, also when the start failed half way.

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
        variables: Mapping[str, Mapping[str, str]] | None = None,
        claude_profile: str = "seed",
        requires_sign_in: bool = False,
        load_data: Callable[[str], object] = lambda _owner: None,
        on_serving: Callable[[str], None] = lambda _url: None,
        on_progress: Progress = lambda _part, _seconds: None,
        on_request: Callable[[AccessLogEntry], None] = lambda _entry: None,
        websocket_limits: WebSocketLimits = DEFAULT_LIMITS,
        retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S,
        idle_lifetime_s: float = IDLE_LIFETIME_S,
    ) -> None:
        """`port` 0 takes a free one; `parameters` replace defaults of the template's; `variables` are
        environment variables that functions, by their folders, have beyond those of the template.

        `keys` are API keys of real sources (see `local.stand_ins.selection`); sources without one are replaced by
        stand-ins. `claude_profile` is the latency of Claude's stand-in (`local.stand_ins.claude.profile.PROFILES`).
        With `requires_sign_in` the page signs in as on a stage: with an authorization code of the issuer.
        `websocket_limits` are the lifetimes of WebSockets; `retry_delays_s` are the waits before the second and third
        attempt of a failed asynchronous invocation. An environment that has had no event for `idle_lifetime_s` is
        ended, unless it is its function's last one.

        `load_data` is called in a thread with the owner's conninfo, after the migrations and before a function can
        be invoked. The others are called on the event loop's thread: `on_serving` with the URL once the page is
        served, while requests to the API still wait; `on_progress` for each part that is up; `on_request` for each
        request.
        """
        self._state = state_dir.resolve()
        self._template_file = template.resolve()
        self._checkout = self._template_file.parent
        self._port = port
        self._keys = keys or {}
        self._parameters = parameters or {}
        self._variables = variables or {}
        self._claude_profile = claude_profile
        self._requires_sign_in = requires_sign_in
        self._load_data = load_data
        self._on_serving = on_serving
        self._on_progress = on_progress
        self._on_request = on_request
        self._websocket_limits = websocket_limits
        self._retry_delays_s = retry_delays_s
        self._idle_lifetime_s = idle_lifetime_s
        self._parts = contextlib.AsyncExitStack()
        self._api = contextlib.AsyncExitStack()  # ended before all other parts
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local-stack", daemon=True)
        self._cancelled_at_end: set[asyncio.Task[Any]] = set()
        self._functions: dict[str, LambdaFunction] = {}
        self.url = ""
        """Base URL of the API and of the page."""
        self.ws_url = ""
        """URL that WebSockets connect to; empty where the template has no WebSocket API."""
        self.aws_endpoint = ""
        """URL of DynamoDB, S3, Secrets Manager, SSM and SQS."""
        self.lambda_endpoint = ""
        """URL of Lambda's Invoke API."""
        self.functions: dict[str, FunctionHandle] = {}
        """The functions by the names of their folders."""
        self.dashboard = LocalDashboard()
        """The metrics of the functions; to be used on the stack's event loop."""
        self._aws: Aws
        self.postgres: PostgresHandle
        self.issuer: Issuer
        self.travel_sources: TravelStandIns
        self.claude: ClaudeStandIn
        self.gemini: GeminiStandIn
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

    def warm(self, on_warm: Callable[[str, str | None], None] = lambda _name, _failure: None) -> dict[str, str]:
        """Start an environment of each function that an API invokes, or that has an EventInvokeConfig and no schedule.

        As many start at once as there are CPUs; a function that a request waits for goes first. `on_warm` is called
        for each function with its name, and with the reason if it doesn't start. Returns the failures by function.
        """
        asynchronous = {function.logical_id for function in self.template.functions.values() if function.event_invoke}
        wanted = self.template.routed | asynchronous - {schedule.function for schedule in self.template.schedules}
        failures: dict[str, str] = {}

        async def start(name: str, function: LambdaFunction) -> None:
            try:
                await function.warm()
            except InitError as error:
                failures[name] = error.outcome.message
            on_warm(name, failures.get(name))

        async def start_all() -> None:
            functions = self._functions.items()
            with self._cancelled_on_close():
                await asyncio.gather(*(start(*item) for item in functions if item[1].function.logical_id in wanted))

        self._run(start_all())
        return failures

    def start_schedules(self) -> None:
        """Invoke the functions of schedules at once, and then at their rates.

        After `warm`: else they would start before functions that users wait for.
        """

        async def start() -> None:
            invoke = {runner.function.logical_id: runner.invoke for runner in self._functions.values()}
            self._api.push_async_callback(Scheduler(self.template.schedules, invoke).stop)

        self._run(start())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @contextlib.contextmanager
    def _cancelled_on_close(self) -> Iterator[None]:
        """Have the current task cancelled when the stack ends: Ctrl-C ends the wait for it, and not the task."""
        task = asyncio.current_task()
        assert task is not None
        self._cancelled_at_end.add(task)
        try:
            yield
        finally:
            self._cancelled_at_end.discard(task)

    def _close(self) -> None:
        try:
            self._run(self._end())
        finally:
            self._run(self._loop.shutdown_default_executor())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _end(self) -> None:
        tasks = list(self._cancelled_at_end)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._api.aclose()
        finally:
            await self._parts.aclose()

    async def _start(self) -> None:
        began = time.perf_counter()

        async def part(name: str, work: Awaitable[T]) -> T:
            result = await work
            self._on_progress(name, time.perf_counter() - began)
            return result

        with self._cancelled_on_close():
            logs = self._prepare_state()
            page, sockets, invocations = self._listen(self._port), self._listen(), self._listen()
            self.url = _url(page)
            aws = self._aws = Aws(logs / "aws.log")
            self._parts.push_async_callback(aws.stop)
            self.aws_endpoint = aws.endpoint
            postgres = Postgres(self._state, self._checkout / "migrations", os.environ.get("DATABASE_URL"))
            self._parts.push_async_callback(postgres.close)
            self.postgres = PostgresHandle(postgres, self._run)
            self.travel_sources = TravelStandIns(logs / "travel_sources.log")
            self._parts.push_async_callback(self.travel_sources.stop)
            self.claude = ClaudeStandIn(logs / "claude.log", self._claude_profile)
            self._parts.push_async_callback(self.claude.stop)
            self.gemini = GeminiStandIn(logs / "gemini.log")
            self._parts.push_async_callback(self.gemini.stop)
            source_parameters, source_secrets = selection.choose_sources(
                self.travel_sources, self.claude, self.gemini, self._keys
            )

            def expand() -> Template:
                parameters = {"Stage": "local", "JwtIssuer": self.issuer.url, "JwtAudience": issuer.CLIENT_ID}
                parameters["WebOrigin"] = self.url
                parameters |= source_parameters | dict(self._parameters)
                return load(
                    self._template_file,
                    parameters,
                    endpoint=aws.endpoint,
                    api_url=self.url,
                    websocket_url=_url(sockets, "ws"),
                )

            async def prepare_database() -> None:
                await postgres.prepare()
                await asyncio.to_thread(self._load_data, postgres.owner)

            try:
                async with asyncio.TaskGroup() as starts:
                    await aws.start()
                    key = await asyncio.to_thread(issuer.load_key, self._state / "issuer.pem")
                    self.issuer = Issuer(
                        f"{self.url}{issuer.PATH}",
                        key,
                        demo.USER_ID,
                        redirect_uris=[f"{self.url}/"],
                        accounts={each.id: each.name for each in (demo.FIRST, *demo.OTHERS)},
                        requires_sign_in=self._requires_sign_in,
                    )
                    gateway = HttpGateway(Site(self._checkout, self.issuer, self._reports()), self._on_request)
                    await part("Page", self._serve(page, gateway))
                    self._on_serving(self.url)
                    database = starts.create_task(part("Postgres", prepare_database()))
                    self.template = await part("Template", asyncio.to_thread(expand))
                    used = source_parameters.keys() & self.template.parameters
                    if used & self.travel_sources.parameters.keys():
                        starts.create_task(part("Stand-ins for travel and exchange rates", self.travel_sources.start()))
                    if used & self.claude.parameters.keys():
                        starts.create_task(part("Stand-in for Claude", self.claude.start()))
                    if used & self.gemini.parameters.keys():
                        starts.create_task(part("Stand-in for Gemini", self.gemini.start()))
                    await database
                    secrets = {DATABASE_SECRET: json.dumps(postgres.app)} | source_secrets
                    creation = asyncio.to_thread(aws.create_stores, self.template.stores, secrets)
                    await part("DynamoDB, S3, Secrets Manager, SSM, SQS", creation)
                    await part("API", self._open(gateway, aws, logs, sockets, invocations))
            except BaseExceptionGroup as group:
                raise _first(group) from None

    def _prepare_state(self) -> Path:
        """Make and lock the state directory. Returns the folder for logs, empty. Raises StackError."""
        self._state.mkdir(parents=True, exist_ok=True)
        self._parts.enter_context(_lock(self._state))
        logs = self._state / "logs"
        shutil.rmtree(logs, ignore_errors=True)  # only the last start's logs are kept
        logs.mkdir()
        return logs

    def _reports(self) -> Reports:
        """Return what the local dashboard shows, by path."""

        async def costs(parameters: Mapping[str, str]) -> dict[str, Any]:
            month = parse_month(parameters["month"]) if "month" in parameters else datetime.now(UTC)
            return await asyncio.to_thread(read_costs, self.postgres.owner, month)

        async def feedback(_parameters: Mapping[str, str]) -> dict[str, Any]:
            return await asyncio.to_thread(read_feedback, self.postgres.owner, datetime.now(UTC))

        return {"/dashboard.json": self._report, "/costs.json": costs, "/feedback.json": feedback}

    async def _report(self, _parameters: Mapping[str, str]) -> dict[str, Any]:
        """Return the dashboard's values: of the queues as they are now."""
        stores = {store.logical_id: store.name for store in self.template.stores}
        depths = {
            each: await self._aws.count_messages(stores[each]) for each in self.dashboard.queues if each in stores
        }
        self.dashboard.measure_queues(depths)
        return self.dashboard.snapshot()

    def _listen(self, port: int = 0) -> socket.socket:
        try:
            return self._parts.enter_context(contextlib.closing(listen(port)))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise PortTakenError(f"Port {port} can't be used: {reason}.") from error

    async def _open(
        self, gateway: HttpGateway, aws: Aws, logs: Path, sockets: socket.socket, invocations: socket.socket
    ) -> None:
        """Make the functions, and open the APIs that invoke them."""
        start_slots = StartSlots(os.cpu_count() or 1)
        self.lambda_endpoint = _url(invocations)
        zygotes = {
            runtime: Zygote(runtime_variables(runtime), logs / "zygote.log")
            for runtime in {function.runtime for function in self.template.functions.values()}
        }
        for zygote in zygotes.values():
            self._parts.push_async_callback(zygote.stop)
        invocable: dict[str, tuple[LambdaFunction, EventQueue]] = {}
        for function in self.template.functions.values():
            variables = {**function.environment, **self._variables.get(function.code.name, {})}
            runner = LambdaFunction(
                replace(function, environment=variables),
                aws_endpoint=aws.endpoint,
                lambda_endpoint=self.lambda_endpoint,
                logs=logs,
                start_slots=start_slots,
                zygote=zygotes[function.runtime],
                idle_lifetime_s=self._idle_lifetime_s,
                on_log=self.dashboard.add_log,
            )
            self._parts.push_async_callback(runner.stop)
            queue = EventQueue(runner, aws.send_message, self._retry_delays_s)
            self._parts.push_async_callback(queue.stop)
            self._functions[function.code.name] = runner
            self.functions[function.code.name] = FunctionHandle(runner, queue, self._run)
            invocable[function.name] = (runner, queue)
        await self._start_server(HttpServer(invocations, InvokeApi(invocable).handle))
        functions = {runner.function.logical_id: runner for runner in self._functions.values()}
        if self.template.websocket is not None:
            stage = self.template.websocket.stage
            websockets = WebSocketGateway(self.template.websocket, functions, self._websocket_limits, self._on_request)
            self._parts.push_async_callback(websockets.stop)
            management = ConnectionsApi(stage, websockets.connections)
            await self._start_server(HttpServer(sockets, management.handle, websockets.upgrade))
            self.ws_url = f"{_url(sockets, 'ws')}/{stage}"
        gateway.open(self.template, functions)

    async def _start_server(self, server: HttpServer) -> None:
        self._parts.push_async_callback(server.stop)
        await server.start()

    async def _serve(self, listener: socket.socket, gateway: HttpGateway) -> None:
        self._api.push_async_callback(gateway.stop)
        server = AsgiServer(gateway, listener)
        self._api.push_async_callback(server.stop)
        await server.start()


def _url(listener: socket.socket, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def _lock(state: Path) -> Iterator[None]:
    """Lock the state directory for one stack. Raises StackError if another one uses it."""
    with (state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError(f"Another PAM is running with its state in {state}. Stop it first.") from None
        yield


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first exception in a group that isn't a group itself."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
