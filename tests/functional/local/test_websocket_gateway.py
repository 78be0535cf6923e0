"""The WebSocket side of API Gateway, over real sockets."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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
    """Opens sockets, with a good ticket unless another is named."""
    with ExitStack() as sockets:

        def open_one(query: str = "ticket=good", **more: Any) -> ClientConnection:
            return sockets.enter_context(connect(f"{stack.ws_url}?{query}", compression=None, proxy=None, **more))

        yield open_one


@pytest.fixture
def management(stack: LocalStack, session: boto3.Session) -> Any:
    """boto3's client of `@connections`."""
    url = stack.ws_url.replace("ws:", "http:")
    return session.client("apigatewaymanagementapi", endpoint_url=url)


def ask(socket: ClientConnection, order: dict[str, Any]) -> str:
    socket.send(json.dumps({"action": "do"} | order))
    return str(socket.recv(timeout=30))


def closed(socket: ClientConnection) -> Close:
    """The close frame of the server, waited for."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            socket.recv(timeout=30)
    assert caught.value.rcvd is not None
    return caught.value.rcvd


def refusal(open_socket: Open, query: str, **more: Any) -> int:
    with pytest.raises(InvalidStatus) as caught:
        open_socket(query, **more)
    return caught.value.response.status_code


def test_message_event(open_socket: Open) -> None:
    """A message reaches the function as a proxy event with all that is known of its connection."""
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
    assert authorizer == {"principalId": "somebody", "ticket": "good", "number": "7", "flag": "true"}
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


def test_authorizer_event(open_socket: Open) -> None:
    """The authorizer gets the request that wants to connect."""
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
def test_refused(stack: LocalStack, open_socket: Open, query: str, status: int) -> None:
    """Authorizer and `$connect` refuse before the upgrade; a function can't post to a socket that isn't open yet."""
    assert refusal(open_socket, query) == status


def test_other_stage(stack: LocalStack) -> None:
    """There is a socket at the stage's path only, and only for a request that asks for one."""
    for url in (f"{stack.ws_url}x?ticket=good", f"{stack.ws_url}/more?ticket=good"):
        with pytest.raises(InvalidStatus) as caught, connect(url, proxy=None):
            pass
        assert caught.value.response.status_code == 403
    http = stack.ws_url.replace("ws:", "http:")
    assert httpx.get(f"{http}?ticket=good", trust_env=False).status_code == 403
    headers = {"connection": "upgrade", "upgrade": "h2c"}
    assert httpx.get(f"{http}?ticket=good", headers=headers, trust_env=False).status_code == 426


def test_subprotocol(open_socket: Open) -> None:
    """The subprotocol is the one that `$connect` names."""
    socket = open_socket("ticket=good&connect=protocol", subprotocols=["first", "second"])
    assert socket.subprotocol == "second"
    assert open_socket().subprotocol is None


@pytest.mark.parametrize(
    "message",
    ['{"action": "unknown"}', '{"do": "event"}', '{"action": 1}', "[1]", "no JSON", "", '{"action": "$connect"}'],
)
def test_no_route(open_socket: Open, message: str) -> None:
    """What selects no route is answered by the gateway, and the socket stays open."""
    socket = open_socket()
    socket.send(message)
    answer = json.loads(socket.recv(timeout=30))
    assert answer.keys() == {"message", "connectionId", "requestId"}
    assert answer["message"] == "Forbidden"
    assert json.loads(ask(socket, {"do": "event"}))["requestContext"]["connectionId"] == answer["connectionId"]


@pytest.mark.parametrize("order", ["raise", "nothing", "more"])
def test_function_error(open_socket: Open, order: str) -> None:
    """An error of the function, or a result that is no proxy response, is told by the gateway."""
    socket = open_socket()
    answer = json.loads(ask(socket, {"do": order}))
    assert answer.pop("message") == "Internal server error"
    assert answer.keys() == {"connectionId", "requestId"}


def test_result_is_not_sent(open_socket: Open) -> None:
    """Without route responses, nothing that the function returns reaches the client, a status of 500 included."""
    socket = open_socket()
    socket.send(json.dumps({"action": "do", "do": "fail"}))
    assert ask(socket, {"do": "post", "texts": ["the first"]}) == "the first"


def test_integration_timeout(open_socket: Open) -> None:
    """A function that takes longer than its integration is reported, and runs on."""
    socket = open_socket()
    socket.send(json.dumps({"action": "impatient", "do": "sleep", "seconds": 2}))
    answer = json.loads(socket.recv(timeout=30))
    assert answer.pop("message") == "Endpoint request timed out"
    assert answer.keys() == {"connectionId", "requestId"}
    assert socket.recv(timeout=30) == "slept 2"


def test_concurrent_messages(open_socket: Open) -> None:
    """Messages of one socket are handled at once, not one after the other."""
    socket = open_socket()
    socket.send(json.dumps({"action": "do", "do": "sleep", "seconds": 3}))
    socket.send(json.dumps({"action": "do", "do": "sleep", "seconds": 0}))
    assert [socket.recv(timeout=30), socket.recv(timeout=30)] == ["slept 0", "slept 3"]


def test_order_of_posts(open_socket: Open) -> None:
    """What a function posts arrives in its order."""
    texts = [f"{number} " + "x" * (number * 701 % 1000) for number in range(50)]
    socket = open_socket()
    socket.send(json.dumps({"action": "do", "do": "post", "texts": texts}))
    assert [socket.recv(timeout=30) for _ in texts] == texts


def test_largest_message(open_socket: Open) -> None:
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
def test_too_large(open_socket: Open, message: list[str]) -> None:
    """A larger frame, or a larger message, closes the socket with 1009."""
    socket = open_socket()
    socket.send(message)
    assert closed(socket).code == 1009


def test_binary(open_socket: Open) -> None:
    """A binary frame closes the socket with 1003."""
    socket = open_socket()
    socket.send(b'{"action": "do", "do": "event"}')
    assert closed(socket).code == 1003


def test_disconnect_event(queue: Queues, open_socket: Open) -> None:
    """`$disconnect` is told of the end, with the connection already gone."""
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
        assert context["authorizer"]["principalId"] == "somebody"


def test_message_before_close(queue: Queues, open_socket: Open) -> None:
    """A message that was sent right before the close is handled."""
    marker = str(uuid.uuid4())
    socket = open_socket()
    socket.send(json.dumps({"action": "do", "do": "work", "event": {"work": marker}}))
    socket.close()
    assert queue("Notes").find(lambda note: note.get("event", {}).get("work") == marker)


def test_management(open_socket: Open, management: Any) -> None:
    """boto3 posts to a socket, describes it and closes it; then it is gone."""
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


def test_management_sizes(open_socket: Open, management: Any) -> None:
    """A post of up to 128 KB arrives as one message in frames of at most 32 KB; a larger one is an error."""
    socket = open_socket(max_size=(MAX_MESSAGE, MAX_FRAME))
    connection = json.loads(ask(socket, {"do": "event"}))["requestContext"]["connectionId"]
    for size in (0, 1, MAX_FRAME, MAX_FRAME + 1, MAX_MESSAGE):
        management.post_to_connection(ConnectionId=connection, Data=b"x" * size)
        assert socket.recv(timeout=30) == "x" * size
    with pytest.raises(management.exceptions.PayloadTooLargeException):
        management.post_to_connection(ConnectionId=connection, Data=b"x" * (MAX_MESSAGE + 1))


def test_management_of_unknown_things(stack: LocalStack, management: Any) -> None:
    """An id that was never given is gone; another stage or another method is forbidden."""
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId="AAAAAAAAAAAAAAA=", Data=b"x")
    base = stack.ws_url.replace("ws:", "http:")
    for method, url in (("POST", f"{base}x/@connections/A"), ("PUT", f"{base}/@connections"), ("POST", base)):
        assert httpx.request(method, url, content=b"x", trust_env=False).status_code == 403


def test_slow_client(open_socket: Open, management: Any) -> None:
    """A client that doesn't read holds up nobody, and has a buffer with an end."""
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


def test_many_sockets(stack: LocalStack, open_socket: Open) -> None:
    """A hundred sockets at once, each with an answer of its own."""
    with ThreadPoolExecutor(16) as pool:
        sockets = list(pool.map(lambda _: open_socket(), range(100)))
        answers = list(pool.map(lambda one: ask(one[1], {"do": "post", "texts": [str(one[0])]}), enumerate(sockets)))
    assert answers == [str(number) for number in range(100)]


def test_access_log_limits_and_default_route(state_dir: Path, app: Path) -> None:
    """Without an authorizer everybody connects; `$default` takes what no route does; sockets end when they are due.

    An idle one does after ten minutes on AWS, any one after two hours: here after one second and after three.
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
        except ConnectionClosed as gone:
            assert gone.rcvd is not None
            assert (gone.rcvd.code, gone.rcvd.reason) == (1001, "Going away")
        assert time.monotonic() - began >= 3
    logged = {(access.method, access.path, access.status, access.function) for access in accesses}
    # Beside these, a message whose answer came too late for its socket may have failed.
    assert logged >= {
        ("WS", "$connect", 101, None),
        ("WS", "$default", 200, "socket"),
        ("WS", "raise", 500, "socket"),
    }


def test_connection_ids_are_encoded(management: Any, stack: LocalStack, open_socket: Open) -> None:
    """The `=` of an id may come encoded, as SDKs send it, or as it is."""
    socket = open_socket()
    connection = json.loads(ask(socket, {"do": "event"}))["requestContext"]["connectionId"]
    base = stack.ws_url.replace("ws:", "http:")
    for written in (connection, quote(connection)):
        reply = httpx.post(f"{base}/@connections/{written}", content=written.encode(), trust_env=False)
        assert reply.status_code == 200
        assert socket.recv(timeout=30) == written
