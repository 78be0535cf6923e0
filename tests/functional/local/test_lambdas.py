import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.handles import FunctionHandle
from local.lambda_runtime.function import PayloadTooLargeError
from local.lambda_runtime.runtime_api import MAX_PAYLOAD
from local.stack import LocalStack


@pytest.fixture
def probe(stack: LocalStack) -> FunctionHandle:
    return stack.functions["probe"]


def error_of(function: FunctionHandle, event: dict[str, Any]) -> dict[str, Any]:
    result = function.invoke(event)
    assert result.function_error == "Unhandled"
    error: dict[str, Any] = result.json()
    return error


def test_result(probe: FunctionHandle) -> None:
    """What the handler returns is the payload, as JSON."""
    result = probe.invoke({"do": "size", "text": "héllo"})
    assert (result.json(), result.function_error) == (5, None)


def test_context(probe: FunctionHandle) -> None:
    """The handler's context says what Lambda's would."""
    result = probe.invoke({"do": "context"})
    context = result.json()
    assert 0 < context.pop("remaining_ms") <= 2000
    assert context.pop("folder").endswith("/functions/probe")
    assert context == {
        "name": "pam-local-ProbeFunction",
        "version": "1",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:pam-local-ProbeFunction:live",
        "memory": "256",
        "request_id": result.request_id,
    }


def test_environment_is_exact(stack: LocalStack, probe: FunctionHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment has the function's variables and Lambda's own, and nothing of the developer's shell."""
    monkeypatch.setenv("A_VARIABLE_OF_THE_SHELL", "leaked")
    seen = probe.invoke({"do": "environment"}).json()
    assert seen.pop("AWS_LAMBDA_RUNTIME_API").startswith("127.0.0.1:")
    assert seen.pop("_X_AMZN_TRACE_ID").endswith(";Sampled=0")
    seen.pop("LC_CTYPE", None)  # Python's own, where the machine lacks the locale
    assert seen == stack.environment_of("probe")
    assert seen["STAGE"] == "local"
    assert seen["AWS_ENDPOINT_URL"] == stack.aws_endpoint


def test_exception(probe: FunctionHandle) -> None:
    """An exception gives Lambda's error object, and the environment goes on."""
    before = probe.invoke({"do": "pid"}).json()
    error = error_of(probe, {"do": "raise"})
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'no such thing'")
    assert "in handler" in error["stackTrace"][0]
    assert probe.invoke({"do": "pid"}).json() == before


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"do": "exit", "status": 1}, "Runtime exited with error: exit status 1"),
        ({"do": "exit", "status": 0}, "Runtime exited without providing a reason"),
        ({"do": "kill"}, "Runtime exited with error: signal: killed"),
    ],
)
def test_crash(probe: FunctionHandle, event: dict[str, Any], reason: str) -> None:
    """A process that ends gives Runtime.ExitError, and the next event gets a new one."""
    error = error_of(probe, event)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(reason)
    assert probe.invoke({"do": "size", "text": ""}).json() == 0


def test_timeout(probe: FunctionHandle) -> None:
    """A handler that takes longer than the function's timeout is killed, and the answer says so."""
    began = time.monotonic()
    error = error_of(probe, {"do": "pid", "seconds": 60})
    assert time.monotonic() - began < 30
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 2.00 seconds")
    assert probe.invoke({"do": "size", "text": ""}).json() == 0


def test_import_error(stack: LocalStack) -> None:
    """A handler that can't be imported gives the runtime client's own words."""
    error = error_of(stack.functions["broken"], {})
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"] == "Unable to import module 'app': No module named 'no_such_module'"


def test_reserved_concurrency(probe: FunctionHandle) -> None:
    """No more events run at once than the reserved concurrency says; the others wait their turn."""
    probe.warm(3)
    with ThreadPoolExecutor(12) as pool:
        pids = list(pool.map(lambda _: probe.invoke({"do": "pid", "seconds": 0.2}).json(), range(12)))
    assert len(set(pids)) == 3
    assert sorted(probe.pids) == sorted(set(pids))


def test_reuse(probe: FunctionHandle) -> None:
    """Events that come one after the other are all handled by the same environment."""
    assert len({probe.invoke({"do": "pid"}).json() for _ in range(20)}) == 1


def test_warm(stack: LocalStack) -> None:
    """Warming starts environments ahead of the first event, up to the limit, and never twice."""
    hooks = stack.functions["hooks"]
    hooks.warm(2)
    two = hooks.pids
    hooks.warm(2)
    assert hooks.pids == two
    assert len(two) == 2
    stack.functions["probe"].warm(100)
    assert len(stack.functions["probe"].pids) == 3


def test_environment_that_died_while_idle(probe: FunctionHandle) -> None:
    """An event that a dead environment never fetched goes to another one."""
    pid = probe.invoke({"do": "pid"}).json()
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    result = probe.invoke({"do": "pid"})
    assert result.function_error is None
    assert result.json() != pid


def test_largest_event(probe: FunctionHandle) -> None:
    """An event of 6 MB arrives whole; a larger one is refused before it is sent."""
    frame = len(json.dumps({"do": "size", "text": ""}))
    largest = "x" * (MAX_PAYLOAD - frame)
    assert probe.invoke({"do": "size", "text": largest}).json() == len(largest)
    with pytest.raises(PayloadTooLargeError):
        probe.invoke({"do": "size", "text": largest + "x"})


def test_largest_response(probe: FunctionHandle) -> None:
    """A response of 6 MB and 100 bytes arrives; a larger one is an error, and the next event isn't harmed."""
    limit = MAX_PAYLOAD + 100
    assert len(probe.invoke({"do": "text", "bytes": limit - 2}).payload) == limit
    error = error_of(probe, {"do": "text", "bytes": limit - 1})
    assert error["errorType"] == "Function.ResponseSizeTooLarge"
    assert f"({limit + 1} bytes) exceeded maximum allowed payload size ({limit} bytes)" in error["errorMessage"]
    assert probe.invoke({"do": "size", "text": ""}).json() == 0


def test_log(probe: FunctionHandle) -> None:
    """The function's log has its output between START and END, and a REPORT line with the figures."""
    request = probe.invoke({"do": "print", "text": "a line of the handler"}).request_id
    text = probe.log.read_text(encoding="utf-8")
    start, end = text.index(f"START RequestId: {request} Version: 1"), text.index(f"END RequestId: {request}")
    assert "a line of the handler\n" in text[start:end]
    report = text[text.index(f"REPORT RequestId: {request}") :].splitlines()[0]
    assert "\tDuration: " in report
    assert "\tMemory Size: 256 MB" in report
    assert "Init Duration: " in text


def test_stores(probe: FunctionHandle) -> None:
    """Tables with indexes and expiry, secrets, queues and parameters are there under the names in the variables."""
    assert probe.invoke({"do": "table"}).json() == {"ttl": "ttl", "found": 1}
    secret = json.loads(probe.invoke({"do": "secret"}).json())
    assert secret["username"] == "someone"
    assert len(secret["password"]) == 20
    assert secret["password"].isalnum()
    assert probe.invoke({"do": "setting"}).json() == "a-local"
    queue = probe.invoke({"do": "queue"}).json()
    assert queue["VisibilityTimeout"] == "12"
    assert json.loads(queue["RedrivePolicy"])["maxReceiveCount"] == 3
