"""Lambda's Invoke API, and the queue in front of a function."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.handles import FunctionHandle
from local.lambda_runtime.event_queue import MAX_EVENT
from local.lambda_runtime.runtime_api import MAX_PAYLOAD
from local.stack import LocalStack

Queues = Callable[[str], Any]


@pytest.fixture(scope="module")
def functions(stack: LocalStack, session: boto3.Session) -> Any:
    """boto3's client of Lambda, as a function has it."""
    endpoint = stack.environment_of("probe")["AWS_ENDPOINT_URL_LAMBDA"]
    return session.client("lambda", endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}))


@pytest.fixture
def worker(stack: LocalStack) -> Iterator[FunctionHandle]:
    """The function with a queue, which is empty when the test ends."""
    worker = stack.functions["worker"]
    yield worker
    end = time.monotonic() + 30
    while worker.queued and time.monotonic() < end:
        time.sleep(0.02)
    assert worker.queued == 0


def has(work: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a note of the worker is about this piece of work."""
    return lambda note: note.get("event", {}).get("work") == work


@pytest.mark.parametrize(
    "name",
    [
        "pam-local-ProbeFunction",
        "pam-local-ProbeFunction:live",
        "pam-local-ProbeFunction:1",
        "123456789012:function:pam-local-ProbeFunction",
        "arn:aws:lambda:us-east-1:123456789012:function:pam-local-ProbeFunction",
        "arn:aws:lambda:us-east-1:123456789012:function:pam-local-ProbeFunction:live",
    ],
)
def test_function_is_invoked_by_name_or_arn(functions: Any, name: str) -> None:
    """A function is invoked by name or ARN, with or without a qualifier, and its result is returned."""
    answer = functions.invoke(FunctionName=name, Payload=json.dumps({"do": "size", "text": "héllo"}))
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "1")
    assert "FunctionError" not in answer
    assert json.load(answer["Payload"]) == 5


def test_function_error_is_marked(functions: Any) -> None:
    """An error of the function is the payload, and marked as an error."""
    answer = functions.invoke(FunctionName="pam-local-ProbeFunction", Qualifier="live", Payload='{"do": "raise"}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"])["errorType"] == "KeyError"


def test_dry_run_invokes_nothing(functions: Any) -> None:
    """A dry run invokes nothing."""
    answer = functions.invoke(FunctionName="pam-local-ProbeFunction", InvocationType="DryRun", Payload='{"do": "exit"}')
    assert answer["StatusCode"] == 204


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ({"FunctionName": "unknown"}, "ResourceNotFoundException"),
        ({"FunctionName": "pam-local-ProbeFunction", "Qualifier": "2"}, "ResourceNotFoundException"),
        ({"FunctionName": "pam-local-ProbeFunction:dead"}, "ResourceNotFoundException"),
        ({"FunctionName": "pam-local-EchoFunction:1"}, "ResourceNotFoundException"),
        ({"FunctionName": "pam-local-ProbeFunction", "Payload": "{"}, "InvalidRequestContentException"),
        (
            {"FunctionName": "pam-local-ProbeFunction", "Payload": json.dumps("x" * (MAX_PAYLOAD - 1))},
            "RequestTooLargeException",
        ),
        (
            {
                "FunctionName": "pam-local-ProbeFunction",
                "InvocationType": "Event",
                "Payload": json.dumps("x" * (MAX_EVENT - 1)),
            },
            "RequestTooLargeException",
        ),
    ],
)
def test_invalid_invocation_raises_the_sdk_s_exceptions(functions: Any, request_: dict[str, Any], kind: str) -> None:
    """An invalid invocation raises one of the SDK's exceptions."""
    with pytest.raises(getattr(functions.exceptions, kind)) as caught:
        functions.invoke(**request_)
    assert caught.value.response["Error"]["Code"] == kind
    assert caught.value.response["Error"]["Message"]


def test_asynchronous_event_is_accepted_at_once(functions: Any, worker: FunctionHandle, queue: Queues) -> None:
    """An event is accepted at once, and handled afterwards with the request id of the response."""
    work = str(uuid.uuid4())
    event = json.dumps({"work": work, "seconds": 1})
    answer = functions.invoke(FunctionName="pam-local-WorkerFunction", InvocationType="Event", Payload=event)
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    assert worker.queued >= 1
    note = queue("Notes").find(has(work))["Body"]
    assert note["request_id"] == answer["ResponseMetadata"]["RequestId"]


def test_event_may_have_one_megabyte(functions: Any) -> None:
    """An event may have 1 MB, and no more."""
    frame = len(json.dumps({"do": "size", "text": ""}))
    event = json.dumps({"do": "size", "text": "x" * (MAX_EVENT - frame)})
    assert len(event) == MAX_EVENT
    answer = functions.invoke(FunctionName="pam-local-ProbeFunction", InvocationType="Event", Payload=event)
    assert answer["StatusCode"] == 202


def test_events_start_in_order(worker: FunctionHandle, queue: Queues) -> None:
    """Events start in their order, at most as many at once as there may be environments."""
    worker.warm(2)
    ids = [str(uuid.uuid4()) for _ in range(6)]
    for number, work in enumerate(ids):
        worker.invoke_async({"work": work, "seconds": 0.4 if number % 2 else 0.1})
    assert worker.queued > 0
    for work in ids:
        queue("Notes").find(has(work))
    assert len(worker.pids) == 2
    starts = worker.log.read_text(encoding="utf-8")
    notes = [queue("Notes").find(has(work))["Body"]["request_id"] for work in ids]
    places = [starts.index(f"START RequestId: {request_id}") for request_id in notes]
    assert places == sorted(places)


def test_synchronous_invocation_overtakes_the_queue(worker: FunctionHandle) -> None:
    """A synchronous invocation waits for running events only, not for queued ones."""
    for _ in range(8):
        worker.invoke_async({"work": "filler", "seconds": 0.3})
    assert worker.invoke({"work": "now"}).json() == {"done": "now"}
    assert worker.queued > 0


@pytest.fixture(scope="module")
def retrying_stack(used_state_dir: Path, app: Path) -> Iterator[LocalStack]:
    """A stack that tries again at once."""
    with LocalStack(used_state_dir, template=app / "template.yaml", retry_delays_s=(0, 0)) as stack:
        yield stack


def test_failed_event_is_retried_then_sent_to_queues(retrying_stack: LocalStack, session: boto3.Session) -> None:
    """An event that fails is retried, then sent to the dead-letter queue and the destination."""
    sqs = session.client("sqs", endpoint_url=retrying_stack.aws_endpoint)

    def receive(queue: str) -> list[dict[str, Any]]:
        url = f"{retrying_stack.aws_endpoint}/123456789012/pam-local-{queue}"
        messages: list[dict[str, Any]] = []
        end = time.monotonic() + 30
        while not messages and time.monotonic() < end:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            messages = answer.get("Messages", [])
        return messages

    event = {"work": "nothing to be done", "fail": True}
    request_id = retrying_stack.functions["worker"].invoke_async(event)

    [letter] = receive("DeadEvents")
    assert json.loads(letter["Body"]) == event
    attributes = {name: attribute["StringValue"] for name, attribute in letter["MessageAttributes"].items()}
    assert attributes == {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": "The work can't be done."}

    [record] = [json.loads(message["Body"]) for message in receive("FailedEvents")]
    assert record["version"] == "1.0"
    assert record["timestamp"].endswith("Z")
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:pam-local-WorkerFunction:live",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 2,
    }
    assert record["requestPayload"] == event
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "1", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorType"] == "RuntimeError"

    notes = [json.loads(message["Body"]) for message in receive("Notes")]
    assert [note["request_id"] for note in notes] == [request_id, request_id]


def test_failed_event_without_configuration_is_dropped(retrying_stack: LocalStack) -> None:
    """Without an EventInvokeConfig, an event is tried three times and then dropped."""
    probe = retrying_stack.functions["probe"]
    request_id = probe.invoke_async({"do": "raise"})
    end = time.monotonic() + 30
    while probe.queued and time.monotonic() < end:
        time.sleep(0.02)
    assert probe.log.read_text(encoding="utf-8").count(f"START RequestId: {request_id}") == 3


def test_stack_stops_with_unfinished_events(state_dir: Path, app: Path) -> None:
    """A stack stops while events run, wait, and wait for another attempt."""
    with LocalStack(state_dir, template=app / "template.yaml") as stack:
        for _ in range(3):
            stack.functions["worker"].invoke_async({"work": "x", "seconds": 60})
        stack.functions["probe"].invoke_async({"do": "raise"})
        log = stack.functions["probe"].log
        end = time.monotonic() + 30
        while "END RequestId" not in log.read_text(encoding="utf-8") and time.monotonic() < end:
            time.sleep(0.02)
        assert (stack.functions["worker"].queued, stack.functions["probe"].queued) == (3, 1)
