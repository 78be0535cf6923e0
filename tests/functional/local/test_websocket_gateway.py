"""The WebSocket side of API Gateway, over real sockets."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close
from websockets.sync.client import ClientConnection, connect

from local.gateway.http_gateway import AccessLogEntry
from local.gateway.websocket_connection import MAX_FRAME, MAX_MESSAGE, MAX_SEND_BUFFER, WebSocketLimits
from local.stack import LocalStack

Open = Callable[..., ClientConnection]
Queues = Callable[[str], Any]


@pytest.fixture
def open_socket(stack: LocalStack) -> Iterator[Open]:
    """Opens connections, with a valid ticket unless the query has another."""
    with ExitStack() as sockets:

        def open_one(query: str = "ticket=good", **more: Any) -> ClientConnection:
            return sockets.enter_context(connect(f"{stack.ws_url}?{query}", compression=None, proxy=None, **more))

        yield open_one


@pytest.fixture
def management(stack: LocalStack, session: boto3.Session) -> Any:
    """boto3's client of `@connections`."""
    url = stack.ws_url.replace("ws:", "http:")
    return session.client("apigatewaymanagementapi", endpoint_url=url)


def ask(socket: ClientConnection, command: dict[str, Any]) -> str:
    """Send a command to the function, and return the next message."""
    socket.send(json.dumps({"action": "do"} | command))
    return str(socket.recv(timeout=30))


def closed(socket: ClientConnection) -> Close:
    """Wait for the server's close frame, and return it."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            socket.recv(timeout=30)
    assert caught.value.rcvd is not None
    return caught.value.rcvd


def refusal(open_socket: Open, query: str, **more: Any) -> int:
    """Return the status of a refused handshake."""
    with pytest.raises(InvalidStatus) as caught:
        open_socket(query, **more)
    return caught.value.response.status_code


def test_message_becomes_a_proxy_event(open_socket: Open) -> None:
    """A message becomes a proxy event with the facts about its connection."""
    socket = open_socket(additional_headers={"X-Own": "1"})
    event = json.loads(ask(socket, {"do": "event"}))
    context = event.pop("requestContext")
    assert event == {"body": '{"action": "do", "do": "event"}', "isBase64Encoded": False}
    assert re.fullmatch(r"[\w-]{15}=", context["connectionId"])
    for name in ("requestId", "extendedRequestId", "messageId"):
        assert re.fullmatch(r"[\w-]{15}=", context.pop(name))
    assert abs(context.pop("requestTimeEpoch") / 1000 - time.time()) < 60
    assert abs(context.pop("connectedAt") / 1000 - time.time()) < 60
    assert re.fullmatch(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000", context.pop("requestTime"))
    authorizer = context.pop("authorizer")
    del authorizer["event"]
    assert authorizer == {"principalId": "a-user", "ticket": "good", "number": "7", "flag": "true"}
    identity = context.pop("identity")
    assert identity["sourceIp"] == "127.0.0.1"
    assert identity["userAgent"].startswith("Python/")
    del context["connectionId"]
    assert context == {
        "routeKey": "do",
        "eventType": "MESSAGE",
        "messageDirection": "IN",
        "stage": "live",
        "domainName": "127.0.0.1",
        "apiId": "localsocket",
    }


def test_authorizer_gets_the_handshake_request(open_socket: Open) -> None:
    """The authorizer's event has the handshake request."""
    socket = open_socket("ticket=old&ticket=good&other=a%20b", additional_headers={"X-Own": "1"})
    event = json.loads(json.loads(ask(socket, {"do": "event"}))["requestContext"]["authorizer"]["event"])
    assert event["type"] == "REQUEST"
    assert event["methodArn"] == "arn:aws:execute-api:us-east-1:123456789012:localsocket/live/$connect"
    assert event["headers"]["X-Own"] == "1"
    assert event["multiValueHeaders"]["X-Own"] == ["1"]
    assert event["queryStringParameters"] == {"ticket": "good", "other": "a b"}
    assert event["multiValueQueryStringParameters"] == {"ticket": ["old", "good"], "other": ["a b"]}
    assert event["stageVariables"] == {}
    context = event["requestContext"]
    assert (context["routeKey"], context["eventType"]) == ("$connect", "CONNECT")
    assert "authorizer" not in context


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 401),
        ("ticket=", 401),
        ("other=good", 401),
        ("ticket=unknown", 401),
        ("ticket=deny", 403),
        ("ticket=elsewhere", 403),
        ("ticket=raise", 500),
        ("ticket=object", 500),
        ("ticket=large", 500),
        ("ticket=no-policy", 500),
        ("ticket=good&connect=403", 403),
        ("ticket=good&connect=429", 429),
        ("ticket=good&connect=raise", 502),
        ("ticket=good&connect=nothing", 502),
        ("ticket=good&connect=post", 410),
    ],
)
def test_handshake_is_refused_by_authorizer_or_connect(
    stack: LocalStack, open_socket: Open, query: str, status: int
) -> None:
    """The authorizer and `$connect` refuse before the upgrade; posts to an unopened connection fail."""
    assert refusal(open_socket, query) == status


def test_handshake_needs_the_stage_s_path(stack: LocalStack) -> None:
    """A handshake succeeds at the stage's path only, and only with the headers of one."""
    for url in (f"{stack.ws_url}x?ticket=good", f"{stack.ws_url}/more?ticket=good"):
        with pytest.raises(InvalidStatus) as caught, connect(url, proxy=None):
            pass
        assert caught.value.response.status_code == 403
    http = stack.ws_url.replace("ws:", "http:")
    assert httpx.get(f"{http}?ticket=good", trust_env=False).status_code == 403
    headers = {"connection": "upgrade", "upgrade": "h2c"}
    assert httpx.get(f"{http}?ticket=good", headers=headers, trust_env=False).status_code == 426


def test_subprotocol_is_selected_by_connect(open_socket: Open) -> None:
    """The subprotocol is the one that `$connect` returns."""
    socket = open_socket("ticket=good&connect=protocol", subprotocols=["first", "second"])
    assert socket.subprotocol == "second"
    assert open_socket().subprotocol is None


@pytest.mark.parametrize(
    "message",
    ['{"action": "unknown"}', '{"do": "event"}', '{"action": 1}', "[1]", "no JSON", "", '{"action": "$connect"}'],
)
def test_message_without_a_route_gets_an_error_frame(open_socket: Open, message: str) -> None:
    """A message that selects no route gets an error frame, and the connection stays open."""
    socket = open_socket()
    socket.send(message)
    answer = json.loads(socket.recv(timeout=30))
    assert answer.keys() == {"message", "connectionId", "requestId"}
    assert answer["message"] == "Forbidden"
    assert json.loads(ask(socket, {"do": "event"}))["requestContext"]["connectionId"] == answer["connectionId"]


@pytest.mark.parametrize("order", ["raise", "nothing", "more"])
def test_function_error_gets_an_error_frame(open_socket: Open, order: str) -> None:
    """An error of the function, or a malformed result, gets an error frame."""
    socket = open_socket()
    answer = json.loads(ask(socket, {"do": order}))
    assert answer.pop("message") == "Internal server error"
    assert answer.keys() == {"connectionId", "requestId"}


def test_result_is_not_sent_to_the_client(open_socket: Open) -> None:
    """Without route responses, a function's result isn't sent to the client, even with status 500."""
    socket = open_socket()
    socket.send(json.dumps({"action": "do", "do": "fail"}))
    assert ask(socket, {"do": "post", "texts": ["the first"]}) == "the first"


def test_integration_timeout_gets_an_error_frame(open_socket: Open) -> None:
    """A function that exceeds its integration's timeout gets an error frame, and runs on."""
    socket = open_socket()
    socket.send(json.dumps({"action": "shortTimeout", "do": "sleep", "seconds": 2}))
    answer = json.loads(socket.recv(timeout=30))
    assert answer.pop("message") == "Endpoint request timed out"
    assert answer.keys() == {"connectionId", "requestId"}
    assert socket.recv(timeout=30) == "slept 2"


def test_messages_of_a_connection_run_concurrently(open_socket: Open) -> None:
    """Messages of one connection are handled concurrently."""
    socket = open_socket()
    socket.send(json.dumps({"action": "do", "do": "sleep", "seconds": 3}))
    socket.send(json.dumps({"action": "do", "do": "sleep", "seconds": 0}))
    assert [socket.recv(timeout=30), socket.recv(timeout=30)] == ["slept 0", "slept 3"]


def test_posts_arrive_in_order(open_socket: Open) -> None:
    """A function's posts arrive in their order."""
    texts = [f"{number} " + "x" * (number * 701 % 1000) for number in range(50)]
    socket = open_socket()
    socket.send(json.dumps({"action": "do", "do": "post", "texts": texts}))
    assert [socket.recv(timeout=30) for _ in texts] == texts


def test_message_may_have_128_kilobytes(open_socket: Open) -> None:
    """A frame may have 32 KB, and a message 128 KB in several frames."""
    socket = open_socket()
    order = {"action": "do", "do": "event", "pad": ""}
    frame = MAX_FRAME - len(json.dumps(order))
    assert len(json.loads(ask(socket, order | {"pad": "x" * frame}))["body"]) == MAX_FRAME
    order = {"action": "do", "do": "nothing", "pad": ""}
    text = json.dumps(order | {"pad": "x" * (MAX_MESSAGE - len(json.dumps(order)))})
    assert len(text) == MAX_MESSAGE
    socket.send(text[start : start + MAX_FRAME] for start in range(0, MAX_MESSAGE, MAX_FRAME))
    assert json.loads(socket.recv(timeout=30))["message"] == "Internal server error"


@pytest.mark.parametrize(
    "message",
    [["x" * (MAX_FRAME + 1)], ["x" * MAX_FRAME] * 4 + ["x"]],
)
def test_too_large_message_closes_with_1009(open_socket: Open, message: list[str]) -> None:
    """A larger frame, or a larger message, closes the connection with 1009."""
    socket = open_socket()
    with suppress(ConnectionClosed):  # the gateway may close before all of the message is sent
        socket.send(message)
    assert closed(socket).code == 1009


def test_binary_frame_closes_with_1003(open_socket: Open) -> None:
    """A binary frame closes the connection with 1003."""
    socket = open_socket()
    socket.send(b'{"action": "do", "do": "event"}')
    assert closed(socket).code == 1003


def test_disconnect_event_follows_the_close(queue: Queues, open_socket: Open) -> None:
    """`$disconnect` gets the code and reason of the close; posts to the connection fail by then."""
    for close, code, reason in (
        (lambda socket: socket.close(4001, "enough"), 4001, "enough"),
        (lambda socket: socket.socket.close(), 1006, "Connection closed abnormally"),
    ):
        socket = open_socket()
        connection = json.loads(ask(socket, {"do": "event"}))["requestContext"]["connectionId"]
        close(socket)
        note = queue("Notes").find(
            lambda note, of=connection: of == note.get("requestContext", {}).get("connectionId")
        )["Body"]
        context = note["requestContext"]
        assert note["gone"] is True
        assert (context["routeKey"], context["eventType"]) == ("$disconnect", "DISCONNECT")
        assert (context["disconnectStatusCode"], context["disconnectReason"]) == (code, reason)
        assert context["authorizer"]["principalId"] == "a-user"


def test_message_before_a_close_is_handled(queue: Queues, open_socket: Open) -> None:
    """A message that is sent right before the close is handled."""
    marker = str(uuid.uuid4())
    socket = open_socket()
    socket.send(json.dumps({"action": "do", "do": "work", "event": {"work": marker}}))
    socket.close()
    assert queue("Notes").find(lambda note: note.get("event", {}).get("work") == marker)


def test_connection_is_managed_by_boto3(open_socket: Open, management: Any) -> None:
    """boto3 posts to a connection, describes it and closes it; then it is gone."""
    socket = open_socket()
    connection = json.loads(ask(socket, {"do": "event"}))["requestContext"]["connectionId"]
    management.post_to_connection(ConnectionId=connection, Data="héllo".encode())
    assert socket.recv(timeout=30) == "héllo"
    facts = management.get_connection(ConnectionId=connection)
    assert facts["ConnectedAt"] <= facts["LastActiveAt"]
    assert facts["Identity"]["SourceIp"] == "127.0.0.1"
    assert facts["Identity"]["UserAgent"].startswith("Python/")
    management.delete_connection(ConnectionId=connection)
    assert closed(socket).code == 1000
    for call in (management.get_connection, management.delete_connection):
        with pytest.raises(management.exceptions.GoneException):
            call(ConnectionId=connection)
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=connection, Data=b"x")


def test_post_is_divided_into_frames(open_socket: Open, management: Any) -> None:
    """A post of up to 128 KB arrives as one message in frames of at most 32 KB; a larger one is an error."""
    socket = open_socket(max_size=(MAX_MESSAGE, MAX_FRAME))
    connection = json.loads(ask(socket, {"do": "event"}))["requestContext"]["connectionId"]
    for size in (0, 1, MAX_FRAME, MAX_FRAME + 1, MAX_MESSAGE):
        management.post_to_connection(ConnectionId=connection, Data=b"x" * size)
        assert socket.recv(timeout=30) == "x" * size
    with pytest.raises(management.exceptions.PayloadTooLargeException):
        management.post_to_connection(ConnectionId=connection, Data=b"x" * (MAX_MESSAGE + 1))


def test_unknown_connection_is_gone(stack: LocalStack, management: Any) -> None:
    """An unknown id is gone; another stage or another method is forbidden."""
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId="AAAAAAAAAAAAAAA=", Data=b"x")
    base = stack.ws_url.replace("ws:", "http:")
    for method, url in (("POST", f"{base}x/@connections/A"), ("PUT", f"{base}/@connections"), ("POST", base)):
        assert httpx.request(method, url, content=b"x", trust_env=False).status_code == 403


def test_slow_client_delays_no_other(open_socket: Open, management: Any) -> None:
    """A client that doesn't read delays no other, and has a limited buffer."""
    slow, other = open_socket(), open_socket()
    ids = [json.loads(ask(socket, {"do": "event"}))["requestContext"]["connectionId"] for socket in (slow, other)]
    posted = 0
    with pytest.raises(management.exceptions.LimitExceededException):
        while posted < 100 * MAX_SEND_BUFFER:
            management.post_to_connection(ConnectionId=ids[0], Data=b"x" * MAX_MESSAGE)
            posted += MAX_MESSAGE
    management.post_to_connection(ConnectionId=ids[1], Data=b"not held up")
    assert other.recv(timeout=30) == "not held up"
    for _ in range(posted // MAX_MESSAGE):
        assert slow.recv(timeout=30) == "x" * MAX_MESSAGE


def test_hundred_connections_get_their_own_messages(stack: LocalStack, open_socket: Open) -> None:
    """A hundred concurrent connections each get their own message."""
    with ThreadPoolExecutor(16) as pool:
        sockets = list(pool.map(lambda _: open_socket(), range(100)))
        answers = list(pool.map(lambda one: ask(one[1], {"do": "post", "texts": [str(one[0])]}), enumerate(sockets)))
    assert answers == [str(number) for number in range(100)]


def test_connections_are_closed_at_their_limits(state_dir: Path, app: Path) -> None:
    """Idle connections, and old ones, are closed; `$default` handles messages without a route.

    API Gateway's limits are ten minutes idle and two hours: here one second and three. There is no authorizer.
    """
    accesses: list[AccessLogEntry] = []
    with ExitStack() as parts:
        stack = parts.enter_context(
            LocalStack(
                state_dir,
                template=app / "sockets.yaml",
                websocket_limits=WebSocketLimits(idle=1, lifetime=3),
                on_request=accesses.append,
            )
        )
        stack.functions["socket"].warm(1)
        idle, busy = (parts.enter_context(connect(stack.ws_url, proxy=None)) for _ in range(2))
        began = time.monotonic()
        event = json.loads(ask(busy, {"do": "event"}))
        assert event["requestContext"]["routeKey"] == "$default"
        assert "authorizer" not in event["requestContext"]
        busy.send(json.dumps({"to": {"do": "raise"}, "do": "raise"}))
        assert json.loads(busy.recv(timeout=30))["message"] == "Internal server error"
        end = closed(idle)
        assert (end.code, end.reason) == (1001, "Going away")
        try:
            while True:
                ask(busy, {"do": "post", "texts": ["x"]})
                time.sleep(0.1)
        except ConnectionClosed as error:
            assert error.rcvd is not None
            assert (error.rcvd.code, error.rcvd.reason) == (1001, "Going away")
        assert time.monotonic() - began >= 3
    logged = {(access.method, access.path, access.status, access.function) for access in accesses}
    # Beside these, a message whose answer came too late for its socket may have failed.
    assert logged >= {
        ("WS", "$connect", 101, None),
        ("WS", "$default", 200, "socket"),
        ("WS", "raise", 500, "socket"),
    }


def test_connection_id_may_be_encoded(management: Any, stack: LocalStack, open_socket: Open) -> None:
    """The `=` of an id may be percent-encoded, as SDKs send it, or not."""
    socket = open_socket()
    connection = json.loads(ask(socket, {"do": "event"}))["requestContext"]["connectionId"]
    base = stack.ws_url.replace("ws:", "http:")
    for written in (connection, quote(connection)):
        reply = httpx.post(f"{base}/@connections/{written}", content=written.encode(), trust_env=False)
        assert reply.status_code == 200
        assert socket.recv(timeout=30) == written
