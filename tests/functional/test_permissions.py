"""Every AWS call of every function is one that its role allows: the local stack itself doesn't enforce IAM.

The functions run in a local stack of their own, whose template gives each one credentials of its own and an endpoint
that records who calls what before it forwards the call. They connect to Postgres through a proxy, as a stage with
`DatabaseProxy` does.
"""

import copy
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import psycopg
import pytest
from websockets.sync.client import ClientConnection, connect

from local.stack import LocalStack
from tests.conftest import CHECKOUT
from tests.functional.database_proxy import DatabaseProxy
from tests.functional.expansion import expand
from tests.functional.sam import FUNCTIONS, TEMPLATE, Template, checkout_with, http_events, of_type
from tests.words import new_word

Permission = tuple[str, str]
"""An action, such as `dynamodb:GetItem`, and the logical id of its resource."""

ROUTES = [function for function in FUNCTIONS.values() if http_events(function)]
RECORDED = ("dynamodb:", "execute-api:", "lambda:", "rds:", "s3:", "secretsmanager:", "ssm:")
S3_ACTIONS = {"PUT": "s3:PutObject", "GET": "s3:ListBucket", "POST": "s3:DeleteObject"}
"""By the method of the calls that the code makes; what a link is used for is no call of a function."""
FRAME_TIMEOUT_S = 60
POSTGRES_PORT = 5432

POSTGRES_ONLY = {"EmbedMemoriesFunction", "MemoriesFunction", "FeedbackFunction"}
"""Functions without an item in DynamoDB, apart from the requests of a user who makes too many."""

# What only a fault or too many requests need, which this test doesn't cause.
RECOVERY = {
    ("dynamodb:UpdateItem", "UserCacheTable"),  # the requests of a user who makes too many
    ("dynamodb:GetItem", "IdempotencyTable"),  # Powertools reads a record that a refused write didn't return
    ("dynamodb:DeleteItem", "IdempotencyTable"),  # and releases the key of a failed write
    ("dynamodb:DeleteItem", "SharedCacheTable"),  # a circuit breaker that closes
    ("s3:GetObject", "ExportBucket"),  # by the users of links
}


def managed_policies(translated: Template, function: str) -> list[str]:
    """The managed policies of the template that a function's role has."""
    arns = translated["Resources"][f"{function}Role"]["Properties"]["ManagedPolicyArns"]
    return [arn["Ref"] for arn in arns if isinstance(arn, dict)]


def permissions_of_policy(translated: Template, policy: str) -> set[Permission]:
    return _permissions(translated["Resources"][policy]["Properties"]["PolicyDocument"])


def permissions_of_function(translated: Template, function: str) -> set[Permission]:
    """What a function's role allows on the template's own resources."""
    inline = translated["Resources"][f"{function}Role"]["Properties"].get("Policies", [])
    permissions = [_permissions(policy["PolicyDocument"]) for policy in inline]
    managed = managed_policies(translated, function)
    return set().union(*permissions, *(permissions_of_policy(translated, policy) for policy in managed))


def _permissions(document: dict[str, Any]) -> set[Permission]:
    return {
        (action, _logical_id(resource))
        for statement in _listed(document["Statement"])
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _logical_id(resource: dict[str, Any] | str) -> str:
    """Return the logical id of a resource of the template, and another one's ARN as it is."""
    if isinstance(resource, str):
        return resource
    [(function, argument)] = resource.items()
    if function == "Fn::Sub":
        references = re.findall(r"\$\{(\w+)\}", argument)
        return str(references[-1]) if references else str(argument)
    return str(argument if function == "Ref" else argument[0])


class Recorder:
    """Forwards AWS calls to the stack, and records the permissions that each function used."""

    def __init__(self) -> None:
        self.stack: LocalStack
        self.used: defaultdict[str, set[Permission]] = defaultdict(set)
        self.keys: defaultdict[str, set[tuple[str, str, str]]] = defaultdict(set)
        """By function: actions, tables and partition keys of its calls to DynamoDB."""
        self.url = ""

    def endpoint(self, service: str) -> str:
        """Return host and port of what answers the calls to a service."""
        others = {"execute-api": self.stack.ws_url, "lambda": self.stack.lambda_endpoint}
        return urlsplit(others.get(service, self.stack.aws_endpoint)).netloc

    def record(self, method: str, path: str, authorization: str, target: str, body: bytes) -> str:
        """Record a call; return its service."""
        match = re.search(r"Credential=(\w+)/\d+/[\w-]+/([\w-]+)/", authorization)
        assert match is not None
        function, service = match.groups()
        if service in ("dynamodb", "secretsmanager", "ssm"):
            self._record_json(function, service, target, body)
        else:
            self.used[function].add(_other_permission(service, method, path, body))
        return str(service)

    def _record_json(self, function: str, service: str, target: str, body: bytes) -> None:
        fields = json.loads(body)
        names = fields.get("RequestItems") or [fields.get("TableName") or fields.get("SecretId") or fields.get("Name")]
        for name in names:
            resource = name.rpartition(":")[2].removeprefix("pam-local-")
            action = f"{service}:{target.partition('.')[2]}"
            self.used[function].add((action, resource))
            self.keys[function] |= {(action, resource, key) for key in _partition_keys(fields, name)}


def _other_permission(service: str, method: str, path: str, body: bytes) -> Permission:
    """Return what a call needs, of a service without the JSON protocol. Raises KeyError for an unknown service."""
    match service:
        case "s3":
            return S3_ACTIONS[method], "ExportBucket"
        case "rds":
            form = parse_qs(body.decode())
            return f"rds:{form['Action'][0]}", form["DBClusterIdentifier"][0]
        case "execute-api":
            return "execute-api:ManageConnections", "WebSocketApi"
        case "lambda":
            name = unquote(path.split("/")[3]).rpartition(":function:")[2].removeprefix("pam-local")
            arn = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}"
            return "lambda:InvokeFunction", arn + name
    raise KeyError(service)


def _partition_keys(fields: dict[str, Any], table: str) -> Iterator[str]:
    """Yield the partition keys of a request to DynamoDB."""
    batch = fields.get("RequestItems", {}).get(table, {}).get("Keys", [])
    items = [
        *batch,
        fields.get("Key"),
        fields.get("Item"),
        {"key": fields.get("ExpressionAttributeValues", {}).get(":key")},
    ]
    for item in filter(None, items):
        value = item.get("key") or item.get("user_id") or item.get("id")
        if value is not None:
            yield value["S"]


def key_patterns(translated: Template, function: str) -> dict[Permission, list[str]]:
    """The patterns of partition keys that a function's role allows, for each permission on a table."""
    documents = [
        policy["PolicyDocument"]
        for policy in translated["Resources"][f"{function}Role"]["Properties"].get("Policies", [])
    ]
    documents += [
        translated["Resources"][policy]["Properties"]["PolicyDocument"]
        for policy in managed_policies(translated, function)
    ]
    patterns: dict[Permission, list[str]] = defaultdict(list)
    for document in documents:
        for statement in _listed(document["Statement"]):
            condition = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
            for permission in _permissions({"Statement": statement}):
                patterns[permission] += condition.get("dynamodb:LeadingKeys", ["*"])
    return patterns


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    """A listening recorder."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            about = self.headers["authorization"], self.headers.get("x-amz-target", "")
            service = recorder.record(self.command, self.path, *about, body)
            connection = HTTPConnection(recorder.endpoint(service))
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_PUT = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        # Many functions start at once; a connection beyond the default of five waits a second.
        request_queue_size = 128
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        recorder.url = f"http://127.0.0.1:{server.server_port}"
        yield recorder
        server.shutdown()


@pytest.fixture(scope="module")
def proxy() -> Iterator[DatabaseProxy]:
    """A proxy without a database."""
    with TemporaryDirectory(prefix="pam-") as directory:
        proxy = DatabaseProxy(Path(directory), POSTGRES_PORT)
        yield proxy
        proxy.stop()


@pytest.fixture(scope="module")
def recorded_stack(recorder: Recorder, proxy: DatabaseProxy) -> Iterator[LocalStack]:
    """The local stack with the functions' AWS calls recorded, and their connections to Postgres shared."""
    template = copy.deepcopy(TEMPLATE)
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    variables |= {"AWS_ENDPOINT_URL": recorder.url, "AWS_ENDPOINT_URL_LAMBDA": recorder.url}
    variables |= {"WEBSOCKET_ENDPOINT": f"{recorder.url}/live", "DATABASE_PROXY_HOST": proxy.host}
    for name in FUNCTIONS:
        template["Resources"][name]["Properties"]["Environment"]["Variables"]["AWS_ACCESS_KEY_ID"] = name
    with TemporaryDirectory(prefix="pam-") as directory:
        checkout = checkout_with(template, Path(directory))
        state = Path(directory) / "state"
        with LocalStack(state, template=checkout / "template.yaml", claude_profile="zero") as stack:
            recorder.stack = stack
            proxy.app = stack.postgres.app
            assert proxy.app["port"] == POSTGRES_PORT
            assert stack.warm() == {}
            yield stack


def use_http_api(user: httpx.Client) -> None:
    """Send the example event of each route twice: the second is answered from the caches."""
    for function in ROUTES * 2:
        event = json.loads((CHECKOUT / f"events/{Path(function['CodeUri']).name}.json").read_text())
        user.request(
            event["requestContext"]["http"]["method"],
            f"{event['rawPath']}?{event['rawQueryString']}",
            content=event.get("body"),
            headers={"content-type": "application/json", "idempotency-key": str(uuid.uuid4())},
        )
    user.post("/v1/ask", json={"text": "I spent $20 on gas"}, headers={"idempotency-key": str(uuid.uuid4())})
    for question in ("weather in Moab tomorrow", "gas prices in Utah", "how far is it from Moab to Denver"):
        user.post("/v1/ask", json={"text": question})


def use_chat(stack: LocalStack, user: httpx.Client) -> None:
    """Fast answers, a turn with Claude and its tools, confirmed writes, and the other frames.

    An archive is left, which goes with the next memories that are deleted.
    """
    word = new_word()
    tools = {
        "get_weather_forecast": {"place": "Moab, Utah"},
        "find_cheap_gas": {"place": "Denver"},
        "create_post": {"content": "Quiet site."},
        "export_budget_report": {"format": "csv"},
    }
    calls = [{"type": "tool_use", "name": name, "input": arguments} for name, arguments in tools.items()]
    replies = [{"content": calls}, {"content": [{"type": "text", "text": "Done."}]}]
    script = [{"match": {"text_contains": word}, "replies": replies}]
    httpx.put(f"{stack.claude.url}/_script", json=script).raise_for_status()
    response = user.post("/v1/ws-ticket", json={})
    assert response.status_code < 400, response.text
    ticket = response.json()
    with connect(f"{ticket['url']}?ticket={ticket['ticket']}", max_size=None) as socket:
        for text in (
            "How much did I spend on gas this month?",
            "I spent $20 on gas",
            f"Weather, gas and a post {word}",
        ):
            message_id = str(uuid.uuid4())
            send(socket, "chat", message_id=message_id, text=text)
            frames = receive_until(socket, "done")
        confirm(socket, frames)
        send(socket, "resume", message_id=message_id, after=0)
        receive_until(socket, "done")
        send(socket, "cancel", message_id=message_id)
        send(socket, "ping")
        receive_until(socket, "pong")
        for name, arguments in (("export_data", {}), ("forget_memory", {"topic": word}), ("export_data", {})):
            question = new_word()
            call = {"content": [{"type": "tool_use", "name": name, "input": arguments}]}
            script = [{"match": {"text_contains": question}, "replies": [call, replies[1]]}]
            httpx.put(f"{stack.claude.url}/_script", json=script).raise_for_status()
            send(socket, "chat", message_id=str(uuid.uuid4()), text=f"Please do it, {question}.")
            confirm(socket, receive_until(socket, "done"))


def confirm(socket: ClientConnection, frames: list[dict[str, Any]]) -> None:
    """Confirm the action that a turn has asked about."""
    [request] = [frame for frame in frames if frame["type"] == "confirm_request"]
    confirmation = {name: request[name] for name in ("confirmation_id", "digest")}
    send(socket, "confirm", decision="yes", **confirmation)
    receive_until(socket, "confirmed")


def run_schedule(stack: LocalStack, function: str) -> None:
    """Invoke a function as its schedule does. Raises AssertionError with Lambda's error object if it fails."""
    invocation = stack.functions[function].invoke({})
    assert invocation.function_error is None, invocation.payload


def use_memories(user: httpx.Client) -> None:
    """Delete everything that was said."""
    response = user.post("/v1/memories/selections", json={"everything": True})
    assert response.status_code < 400, response.text
    selection = response.json()
    user.delete(f"/v1/memories/selections/{selection['id']}").raise_for_status()


def delete_account(user: httpx.Client) -> None:
    """Delete everything, with the report that the chat made."""
    answer = user.delete("/v1/account", params={"confirm": "delete-my-account"})
    assert answer.json()["files"] == 1, answer.text


def send(socket: ClientConnection, action: str, **fields: Any) -> None:
    socket.send(json.dumps({"action": action} | fields))


def receive_until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """Receive frames up to the first of a type. Raises AssertionError for an error frame."""
    frames = [{"type": ""}]
    while frames[-1]["type"] != kind:
        frames.append(json.loads(socket.recv(timeout=FRAME_TIMEOUT_S)))
        assert frames[-1].get("type", "error") != "error", frames[-1]
    return frames


@pytest.fixture(scope="module")
def used(recorded_stack: LocalStack, recorder: Recorder) -> dict[str, set[Permission]]:
    """The permissions that each function used for requests of every route and frame, and when its schedule came."""
    headers = {"authorization": f"Bearer {recorded_stack.token(uuid.uuid4())}"}
    with httpx.Client(base_url=recorded_stack.url, headers=headers, timeout=60) as user:
        use_http_api(user)
        use_chat(recorded_stack, user)
        run_schedule(recorded_stack, "embed_memories")
        run_schedule(recorded_stack, "monitor")
        with psycopg.connect(recorded_stack.postgres.owner, autocommit=True) as owner:
            owner.execute("update exchanges set sent_at = sent_at - interval '1 day'")
            owner.execute("update summary_requests set due_at = now()")
        run_schedule(recorded_stack, "summarise_episodes")
        use_memories(user)
        delete_account(user)
    return {function: recorder.used[function] for function in FUNCTIONS if function != "MigrateFunction"}


def test_every_aws_call_is_allowed(used: dict[str, set[Permission]]) -> None:
    """No function needs a permission that its role lacks: on AWS it would fail there."""
    translated = expand()
    denied = {name: calls - permissions_of_function(translated, name) for name, calls in used.items()}
    assert {name: calls for name, calls in denied.items() if calls} == {}
    assert all(used.values())


def test_every_item_is_of_a_kind_that_the_role_allows(used: dict[str, set[Permission]], recorder: Recorder) -> None:
    """Partition keys of DynamoDB match the conditions of the role: no function reads another's kind of items."""
    translated = expand()
    denied = {
        (function, *call)
        for function in used
        for call in recorder.keys[function]
        if not any(fnmatchcase(call[2], pattern) for pattern in key_patterns(translated, function)[call[:2]])
    }
    assert denied == set()
    stored = {function for function, calls in used.items() if any(call[0].startswith("dynamodb:") for call in calls)}
    assert all(recorder.keys[function] for function in stored) and used.keys() - stored == POSTGRES_ONLY


@pytest.mark.parametrize(
    ("function", "denied"),
    [
        ("ChatFunction", ("dynamodb:GetItem", "ChatTable", "ticket#")),
        ("ChatFunction", ("dynamodb:DeleteItem", "ChatTable", "turn#")),
        ("ChatWorkerFunction", ("dynamodb:DeleteItem", "ChatTable", "confirmation#")),
        ("WebSocketTicketFunction", ("dynamodb:PutItem", "ChatTable", "spend#")),
        ("WebSocketAuthorizerFunction", ("dynamodb:UpdateItem", "ChatTable", "confirmation#")),
        ("WebSocketConnectionFunction", ("dynamodb:DeleteItem", "ChatTable", "turn#")),
        ("WeatherFunction", ("dynamodb:DeleteItem", "SharedCacheTable", "weather|")),
        ("SummariseEpisodesFunction", ("dynamodb:UpdateItem", "ChatTable", "turn#")),
    ],
)
def test_item_of_another_kind_is_denied(function: str, denied: tuple[str, str, str]) -> None:
    """A function that only handles tickets can't change costs, for instance."""
    *permission, key = denied
    patterns = key_patterns(expand(), function).get((permission[0], permission[1]), [])
    assert not any(fnmatchcase(key + "x", pattern) for pattern in patterns)


def test_keys_of_sources_are_read_only_by_functions_that_call_them() -> None:
    """Also the function of control messages, which performs what a user confirmed, has none."""
    translated = expand()
    readers = {
        secret: {
            name
            for name in FUNCTIONS
            if ("secretsmanager:GetSecretValue", secret) in permissions_of_function(translated, name)
        }
        for secret in ("MapboxSecret", "EiaSecret", "ClaudeSecret", "GeminiSecret", "TextHashSecret")
    }
    in_words = {"AskFunction", "ChatFunction", "ChatWorkerFunction"}
    by_price = {"FuelEstimateFunction", "GasPricesFunction"}
    assert readers["ClaudeSecret"] == {"ChatWorkerFunction", "SummariseEpisodesFunction"}
    assert readers["GeminiSecret"] == {"ChatWorkerFunction", "EmbedMemoriesFunction"}
    assert readers["TextHashSecret"] == {"ChatWorkerFunction"}  # without it, no function can forge a verdict
    assert readers["EiaSecret"] == in_words | by_price
    assert readers["MapboxSecret"] == in_words | by_price | {
        "WeatherFunction",
        "DistanceFunction",
        "NearbyParksFunction",
    }


def test_every_permission_of_a_managed_policy_is_used(used: dict[str, set[Permission]]) -> None:
    """What no function with a policy uses, except to recover from a fault, doesn't belong into the policy."""
    translated = expand()
    for policy in of_type(translated, "AWS::IAM::ManagedPolicy"):
        holders = [calls for name, calls in used.items() if policy in managed_policies(translated, name)]
        permissions = {p for p in permissions_of_policy(translated, policy) if p[0].startswith(RECORDED)}
        assert permissions - set().union(*holders) <= RECOVERY, policy


def test_no_session_of_a_function_is_pinned_to_a_connection(
    used: dict[str, set[Permission]], proxy: DatabaseProxy
) -> None:
    """Reads, writes, turns and scheduled runs of all functions share the proxy's connections."""
    assert used
    assert proxy.transactions > 50
    assert (proxy.pinned, proxy.reasons) == (0, {})
