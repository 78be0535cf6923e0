"""DynamoDB, Secrets Manager, SSM and SQS: a moto server, with the stores of the template in it."""

import asyncio
import json
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from local import processes
from local.intrinsics import ACCOUNT, REGION
from local.sockets import listen
from local.template import Store

TOOK_HEADER = "x-took-ms"
"""What moto itself took, in milliseconds: a benchmark takes it off, since DynamoDB on AWS isn't moto."""


class Aws:
    """A moto server in a process of its own, on 127.0.0.1. What it holds is gone when it ends."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._sqs: Any = None
        # Bound here, so that the address is known and connections wait in line while moto is still importing.
        self._socket = listen()
        self.endpoint = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        descriptor = self._socket.fileno()
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *processes.bound([sys.executable, "-m", "local.aws", str(descriptor)]),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[descriptor],
                start_new_session=True,
            )
        self._socket.close()

    async def stop(self) -> None:
        self._socket.close()
        if self._process is not None:
            await processes.end(self._process, signal.SIGKILL)

    def make(self, stores: Iterable[Store], secrets: Mapping[str, str]) -> None:
        """Makes the stores. `secrets` gives values by logical id; the others get what the template says."""
        import boto3

        session: Any = boto3.Session("local", "local", region_name=REGION)
        self._sqs = session.client("sqs", endpoint_url=self.endpoint)
        clients: dict[str, Any] = {"sqs": self._sqs}
        # A queue that names a dead-letter queue comes after those that may be it.
        for store in sorted(stores, key=lambda store: "RedrivePolicy" in store.properties):
            service = store.type.split("::")[1].lower()
            if service not in clients:
                clients[service] = session.client(service, endpoint_url=self.endpoint)
            match service:
                case "dynamodb":
                    _make_table(clients[service], store)
                case "secretsmanager":
                    _make_secret(clients[service], store, secrets.get(store.logical_id))
                case "ssm":
                    clients[service].put_parameter(Name=store.name, **store.properties)
                case "sqs":
                    attributes = {name: _attribute(value) for name, value in store.properties.items()}
                    clients[service].create_queue(QueueName=store.name, Attributes=attributes)

    async def send(self, queue: str, body: str, attributes: Mapping[str, Any]) -> None:
        """Sends a message to the queue with this ARN, as Lambda does with events that it gives up."""
        url = f"{self.endpoint}/{ACCOUNT}/{queue.rpartition(':')[2]}"
        await asyncio.to_thread(
            self._sqs.send_message, QueueUrl=url, MessageBody=body, MessageAttributes=dict(attributes)
        )


def _make_table(dynamodb: Any, store: Store) -> None:
    properties = dict(store.properties)
    expiry = properties.pop("TimeToLiveSpecification", None)
    dynamodb.create_table(TableName=store.name, **properties)
    if expiry:
        dynamodb.update_time_to_live(TableName=store.name, TimeToLiveSpecification=expiry)


def _make_secret(secretsmanager: Any, store: Store, value: str | None) -> None:
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


def _timed(application: Any) -> Any:
    """The application with a header on each answer that says how long it took, in milliseconds."""

    def timed(environment: dict[str, Any], start_response: Any) -> Any:
        began = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            took = (TOOK_HEADER, f"{(time.perf_counter() - began) * 1000:.3f}")
            return start_response(status, [*headers, took], *more)

        return application(environment, start)

    return timed


def _serve(descriptor: int) -> None:
    """The moto process: serves on an inherited socket until its standard input is closed."""
    import logging

    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # not a line per request
    server = make_server(
        "127.0.0.1",
        0,
        _timed(DomainDispatcherApplication(create_backend_app)),
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=descriptor,
    )

    def end_with_parent() -> None:
        sys.stdin.read()
        server.shutdown()

    threading.Thread(target=end_with_parent, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
