"""DynamoDB, S3, Secrets Manager, SSM and SQS at one endpoint, with the template's stores.

DynamoDB is the stand-in `local.stand_ins.dynamodb`, the others are moto's.
"""

import asyncio
import io
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from local.http_server import HttpRequest, HttpResponse, HttpServer
from local.stand_ins.child import Child, serve, without_collection
from local.stand_ins.duration_header import DURATION_HEADER
from local.stand_ins.dynamodb.api import DynamoDB
from local.stand_ins.dynamodb.capacity_journal import CapacityJournal
from local.stand_ins.dynamodb.faults import DynamoFaults
from local.template import Store
from local.template.intrinsics import ACCOUNT, REGION


class Aws:
    """The endpoint in a process of its own, on 127.0.0.1.

    Its data is lost when it ends. Where it has crashed, the stores are created again, empty.
    """

    def __init__(self, log: Path) -> None:
        self._child = Child("local.stand_ins.aws", log, sockets=1, on_restart=self._create_again)
        self._create: Callable[[], None] = lambda: None
        self._sqs: Any = None
        [self.endpoint] = self._child.urls

    async def start(self) -> None:
        """Start the process; requests wait while it is still importing moto."""
        await self._child.start(wait=False)

    async def stop(self) -> None:
        await self._child.stop()

    def create_stores(self, stores: Iterable[Store], secrets: Mapping[str, str]) -> None:
        """Create the stores. `secrets` are values by logical id; other secrets get the template's value."""
        listed = list(stores)
        self._create = lambda: self._create_stores(listed, secrets)
        self._create()

    async def _create_again(self) -> None:
        await asyncio.to_thread(self._create)

    def _create_stores(self, stores: Iterable[Store], secrets: Mapping[str, str]) -> None:
        import boto3

        session: Any = boto3.Session("local", "local", region_name=REGION)
        self._sqs = session.client("sqs", endpoint_url=self.endpoint)
        clients: dict[str, Any] = {"sqs": self._sqs}
        # Dead-letter queues have to exist before the queues that name them.
        for store in sorted(stores, key=lambda store: "RedrivePolicy" in store.properties):
            service = store.type.split("::")[1].lower()
            if service not in clients:
                clients[service] = session.client(service, endpoint_url=self.endpoint)
            match service:
                case "dynamodb":
                    _create_table(clients[service], store)
                case "secretsmanager":
                    _create_secret(clients[service], store, secrets.get(store.logical_id))
                case "s3":
                    clients[service].create_bucket(Bucket=store.name)
                case "ssm":
                    clients[service].put_parameter(Name=store.name, **store.properties)
                case "sqs":
                    attributes = {name: _attribute(value) for name, value in store.properties.items()}
                    clients[service].create_queue(QueueName=store.name, Attributes=attributes)

    async def count_messages(self, name: str) -> int:
        """Return how many messages wait in the queue with this name."""
        options = {"QueueUrl": f"{self.endpoint}/{ACCOUNT}/{name}", "AttributeNames": ["ApproximateNumberOfMessages"]}
        found = await asyncio.to_thread(self._sqs.get_queue_attributes, **options)
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    async def send_message(self, queue: str, body: str, attributes: Mapping[str, Any]) -> None:
        """Send a message to the queue with this ARN."""
        url = f"{self.endpoint}/{ACCOUNT}/{queue.rpartition(':')[2]}"
        await asyncio.to_thread(
            self._sqs.send_message, QueueUrl=url, MessageBody=body, MessageAttributes=dict(attributes)
        )


def _create_table(dynamodb: Any, store: Store) -> None:
    properties = dict(store.properties)
    expiry = properties.pop("TimeToLiveSpecification", None)
    dynamodb.create_table(TableName=store.name, **properties)
    if expiry:
        dynamodb.update_time_to_live(TableName=store.name, TimeToLiveSpecification=expiry)


def _create_secret(secretsmanager: Any, store: Store, value: str | None) -> None:
    if value is None:
        value = store.properties.get("SecretString")
    if value is None:
        options = dict(store.properties.get("GenerateSecretString", {}))
        fields = json.loads(options.pop("SecretStringTemplate", "{}"))
        key = options.pop("GenerateStringKey", None)
        value = secretsmanager.get_random_password(**options)["RandomPassword"]
        if key:
            value = json.dumps(fields | {key: value})
    secretsmanager.create_secret(Name=store.name, SecretString=value)


def _attribute(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)


class _MotoDispatcher:
    """A WSGI application that passes a request to moto's application for the service that it is signed for.

    moto's own dispatcher inspects much more, and lists its folder of modules for each request.
    """

    def __init__(self) -> None:
        import moto.s3.responses
        import moto.secretsmanager.responses
        import moto.sqs.responses
        import moto.ssm.responses  # noqa: F401  imported here, while the stack starts other parts
        from moto.moto_server import werkzeug_app

        self._server = werkzeug_app
        self._applications: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, environment: dict[str, Any], start_response: Any) -> Any:
        service = _service(environment.get("HTTP_AUTHORIZATION") or _signed_link(environment["RAW_URI"]))
        with self._lock:
            if service not in self._applications:
                self._applications[service] = self._server.create_backend_app(service)
        return self._applications[service](environment, start_response)


class _Endpoint:
    """Answers requests by the service that they are signed for, and adds DURATION_HEADER.

    `PUT /_control` sets the faults of DynamoDB (`DynamoFaults`), and `GET /_journal` returns its requests
    (`CapacityJournal`).
    """

    def __init__(self) -> None:
        self._dynamodb = DynamoDB()
        self._faults = DynamoFaults()
        self._journal = CapacityJournal()
        self._moto = _WsgiAdapter(_MotoDispatcher())

    async def handle(self, request: HttpRequest) -> HttpResponse:
        if (request.method, request.target) == ("PUT", "/_control"):
            self._faults = DynamoFaults.model_validate_json(request.body)
            return HttpResponse(200, b"{}")
        if (request.method, request.target) == ("GET", "/_journal"):
            return HttpResponse(200, json.dumps(self._journal.to_json()).encode())
        authorization = request.headers.get("authorization", "") or _signed_link(request.target)
        if authorization.count("/") < _SCOPE_PARTS:
            body = {"__type": "MissingAuthenticationTokenException", "message": "Missing Authentication Token"}
            return HttpResponse(400, json.dumps(body).encode())
        began = time.perf_counter()
        if _service(authorization) == "dynamodb":
            self._journal.add(request)
            response = self._faults.throttle() or await self._dynamodb.handle(request)
            await self._faults.lose(request)
        else:
            response = await self._moto.handle(request)
        duration = {DURATION_HEADER: f"{(time.perf_counter() - began) * 1000:.3f}"}
        return HttpResponse(response.status, response.body, {**response.headers, **duration})


_SCOPE_PARTS = 4


def _signed_link(target: str) -> str:
    """Return the credential of a link that is signed in its query, `KEY/DAY/REGION/SERVICE/aws4_request`, or ""."""
    return parse_qs(urlsplit(target).query).get("X-Amz-Credential", [""])[0]


def _service(authorization: str) -> Any:
    """Return the service in `AWS4-HMAC-SHA256 Credential=KEY/DAY/REGION/SERVICE/aws4_request, ...`."""
    return authorization.split("/")[3]


class _WsgiAdapter:
    """Runs a WSGI application behind `HttpServer`, which keeps connections open as AWS does.

    moto's own server closes a connection after each response, which costs a function a new connection for each call.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Run the application in a thread, so that requests are handled concurrently."""
        return await asyncio.to_thread(self._run, request)

    def _run(self, request: HttpRequest) -> HttpResponse:
        path, _, query = request.target.partition("?")
        environment: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": request.target,
            "REQUEST_URI": request.target,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": request.headers.get("host", "").rpartition(":")[2],
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers.items():
            key = name.upper().replace("-", "_")
            environment[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        responses: list[Any] = []
        body = b"".join(self._application(environment, lambda *response: responses.append(response)))
        status, headers = responses[0][:2]
        kept = {name: value for name, value in headers if name.lower() != "content-length"}
        return HttpResponse(int(status.split(" ")[0]), body, kept)


if __name__ == "__main__":
    with without_collection():
        endpoint = _Endpoint()
    asyncio.run(serve(HttpServer(socket.socket(fileno=int(sys.argv[1])), endpoint.handle)))
