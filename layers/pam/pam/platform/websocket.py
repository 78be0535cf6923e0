"""The WebSocket API: frames posted to connections, and routes that parse the frames of clients."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel
from snapshot_restore_py import register_before_snapshot

from pam.platform import errors
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.metrics import Metric
from pam.platform.observability import correlate, count, instrument, log_error, logger
from pam.platform.request_limit import RequestLimit
from pam.platform.request_metrics import record_request_error
from pam.platform.sendable import sendable
from pam.platform.uuids import parse_uuid
from pam.platform.validation import parse_json, validate

Model = TypeVar("Model", bound=BaseModel)

_OK = {"statusCode": 200}

_REFERENCE_FIELDS = ("message_id", "confirmation_id")


class FrameSender:
    """Posts frames to connections. Thread-safe."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def post(self, connection_id: str, *frames: Mapping[str, Any]) -> bool:
        """Send frames in order. Return False where the connection is gone or API Gateway fails.

        An undelivered frame isn't lost: it is stored, and sent again to a client that resumes.
        """
        try:
            for frame in frames:
                data = json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode()
                self._client.post_to_connection(ConnectionId=connection_id, Data=data)
        except self._client.exceptions.GoneException:
            return False
        except (BotoCoreError, ClientError):
            count(Metric.POST_FAILED)
            logger.warning("frame not delivered", exc_info=True)
            return False
        return True


@dataclass(frozen=True)
class WebSocketRequest:
    """A frame from a client, with its authenticated user and its connection."""

    user_id: UUID
    connection_id: str
    context: LambdaContext
    frame_sender: FrameSender

    @cached_property
    def deadline(self) -> Deadline:
        """When the invocation must have done its work."""
        return Deadline.of_invocation(self.context)

    def reply(self, *frames: Mapping[str, Any]) -> None:
        """Send frames to the client."""
        self.frame_sender.post(self.connection_id, *frames)


Endpoint = Callable[[WebSocketRequest, Model], None]


class WebSocketApi:
    """The routes of one function of the WebSocket API; called by Lambda as its handler.

    An error is sent to the client as an `error` frame: the function's own result never reaches it.
    """

    def __init__(
        self,
        frame_sender: Callable[[], FrameSender],
        dependencies: Callable[[], object],
        request_limit: Callable[[], RequestLimit],
    ) -> None:
        """`dependencies` and `request_limit` are built before a SnapStart snapshot is taken."""
        register_before_snapshot(dependencies)
        register_before_snapshot(request_limit)
        self._request_limit = request_limit
        self._frame_sender = frame_sender
        self.routes: dict[str, tuple[type[BaseModel], Callable[..., None]]] = {}
        """The model of each route's frames, and its endpoint."""
        self._handler = instrument(self._handle)

    def on(self, route: str, takes: type[Model]) -> Callable[[Endpoint[Model]], Endpoint[Model]]:
        """Register the endpoint of a route; its frames are parsed into `takes`."""

        def register(endpoint: Endpoint[Model]) -> Endpoint[Model]:
            self.routes[route] = (takes, endpoint)
            return endpoint

        return register

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Handle one event of the WebSocket API."""
        return self._handler(event, context)

    def _handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        request = event["requestContext"]
        message = WebSocketRequest(_user_id(request), request["connectionId"], context, self._frame_sender())
        takes, endpoint = self.routes[request["routeKey"]]
        fields: Any = None
        try:
            fields = parse_json(event.get("body") or "")
            self._request_limit().take(message.user_id)
            frame = validate(takes, fields)
            if (message_id := getattr(frame, "message_id", None)) is not None:
                correlate(message_id)
            endpoint(message, frame)
        except PamError as error:
            record_request_error(error)
            log_error(error)
            message.reply(error_frame(error, fields))
        except Exception:
            record_request_error(None)
            logger.exception("unexpected error")
            internal = PamError(errors.INTERNAL_ERROR, "Something went wrong on PAM's side. Please try again.")
            message.reply(error_frame(internal, fields))
        return _OK


def error_frame(error: PamError, fields: Any) -> dict[str, Any]:
    """Return an `error` frame, with the valid ids in the rejected frame's `fields` that it refers to."""
    given = fields if isinstance(fields, dict) else {}
    references = {}
    for name in _REFERENCE_FIELDS:
        with suppress(ValueError):
            references[name] = str(parse_uuid(given.get(name)))
    frame: dict[str, Any] = sendable({"type": "error"} | error.body() | references)
    return frame


def _user_id(request: Mapping[str, Any]) -> UUID:
    """Return the user whose ticket opened the connection: the authorizer is the only source of user ids."""
    return UUID(request["authorizer"]["user_id"])
