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


def test_result_is_json(probe: FunctionHandle) -> None:
    """The result of a handler is the payload, as JSON."""
    result = probe.invoke({"do": "size", "text": "héllo"})
    assert (result.json(), result.function_error) == (5, None)


def test_context_has_lambda_s_values(probe: FunctionHandle) -> None:
    """The handler's context has the values that it has on Lambda."""
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


def test_environment_has_no_other_variables(
    stack: LocalStack, probe: FunctionHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment has the function's variables and Lambda's own, and none of the developer's shell."""
    monkeypatch.setenv("A_VARIABLE_OF_THE_SHELL", "leaked")
    seen = probe.invoke({"do": "environment"}).json()
    assert seen.pop("AWS_LAMBDA_RUNTIME_API").startswith("127.0.0.1:")
    assert seen.pop("_X_AMZN_TRACE_ID").endswith(";Sampled=0")
    seen.pop("LC_CTYPE", None)  # Python's own, where the machine lacks the locale
    assert seen == stack.environment_of("probe")
    assert seen["STAGE"] == "local"
    assert seen["AWS_ENDPOINT_URL"] == stack.aws_endpoint


def test_exception_is_lambda_s_error_object(probe: FunctionHandle) -> None:
    """An exception is returned as Lambda's error object, and the environment is used again."""
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
def test_crash_is_an_exit_error(probe: FunctionHandle, event: dict[str, Any], reason: str) -> None:
    """A process that ends is Runtime.ExitError, and the next event gets a new environment."""
    error = error_of(probe, event)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(reason)
    assert probe.invoke({"do": "size", "text": ""}).json() == 0


def test_timeout_kills_the_environment(probe: FunctionHandle) -> None:
    """A handler that exceeds the function's timeout is killed, and the error states the timeout."""
    began = time.monotonic()
    error = error_of(probe, {"do": "pid", "seconds": 60})
    assert time.monotonic() - began < 30
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 2.00 seconds")
    assert probe.invoke({"do": "size", "text": ""}).json() == 0


def test_import_error_is_the_runtime_client_s(stack: LocalStack) -> None:
    """A handler that can't be imported gives the runtime client's own error."""
    error = error_of(stack.functions["broken"], {})
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"] == "Unable to import module 'app': No module named 'no_such_module'"


def test_reserved_concurrency_limits_environments(probe: FunctionHandle) -> None:
    """At most as many events run at once as the reserved concurrency; the others wait."""
    probe.warm(3)
    with ThreadPoolExecutor(12) as pool:
        pids = list(pool.map(lambda _: probe.invoke({"do": "pid", "seconds": 0.2}).json(), range(12)))
    assert len(set(pids)) == 3
    assert sorted(probe.pids) == sorted(set(pids))


def test_environment_is_reused(probe: FunctionHandle) -> None:
    """Consecutive events are handled by the same environment."""
    assert len({probe.invoke({"do": "pid"}).json() for _ in range(20)}) == 1


def test_warm_starts_missing_environments(stack: LocalStack) -> None:
    """`warm` starts environments up to the limit, and only those that are missing."""
    hooks = stack.functions["hooks"]
    hooks.warm(2)
    two = hooks.pids
    hooks.warm(2)
    assert hooks.pids == two
    assert len(two) == 2
    stack.functions["probe"].warm(100)
    assert len(stack.functions["probe"].pids) == 3


def test_dead_idle_environment_is_replaced(probe: FunctionHandle) -> None:
    """An event that a dead environment has never fetched is handled by another one."""
    pid = probe.invoke({"do": "pid"}).json()
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    result = probe.invoke({"do": "pid"})
    assert result.function_error is None
    assert result.json() != pid


def test_event_may_have_six_megabytes(probe: FunctionHandle) -> None:
    """An event may have 6 MB; a larger one is rejected before it is sent."""
    frame = len(json.dumps({"do": "size", "text": ""}))
    largest = "x" * (MAX_PAYLOAD - frame)
    assert probe.invoke({"do": "size", "text": largest}).json() == len(largest)
    with pytest.raises(PayloadTooLargeError):
        probe.invoke({"do": "size", "text": largest + "x"})


def test_too_large_response_is_an_error(probe: FunctionHandle) -> None:
    """A response may have 6 MB and 100 bytes; a larger one is an error, and the environment is used again."""
    limit = MAX_PAYLOAD + 100
    assert len(probe.invoke({"do": "text", "bytes": limit - 2}).payload) == limit
    error = error_of(probe, {"do": "text", "bytes": limit - 1})
    assert error["errorType"] == "Function.ResponseSizeTooLarge"
    assert f"({limit + 1} bytes) exceeded maximum allowed payload size ({limit} bytes)" in error["errorMessage"]
    assert probe.invoke({"do": "size", "text": ""}).json() == 0


def test_log_has_output_and_report(probe: FunctionHandle) -> None:
    """The function's log has its output between START and END, and a REPORT line with the figures."""
    request = probe.invoke({"do": "print", "text": "a line of the handler"}).request_id
    text = probe.log.read_text(encoding="utf-8")
    start, end = text.index(f"START RequestId: {request} Version: 1"), text.index(f"END RequestId: {request}")
    assert "a line of the handler\n" in text[start:end]
    report = text[text.index(f"REPORT RequestId: {request}") :].splitlines()[0]
    assert "\tDuration: " in report
    assert "\tMemory Size: 256 MB" in report
    assert "Init Duration: " in text


def test_stores_exist_under_the_names_in_variables(probe: FunctionHandle) -> None:
    """Tables, secrets, queues and parameters exist under the names in the function's variables."""
    assert probe.invoke({"do": "table"}).json() == {"ttl": "ttl", "found": 1}
    secret = json.loads(probe.invoke({"do": "secret"}).json())
    assert secret["username"] == "someone"
    assert len(secret["password"]) == 20
    assert secret["password"].isalnum()
    assert probe.invoke({"do": "setting"}).json() == "a-local"
    queue = probe.invoke({"do": "queue"}).json()
    assert queue["VisibilityTimeout"] == "12"
    assert json.loads(queue["RedrivePolicy"])["maxReceiveCount"] == 3
