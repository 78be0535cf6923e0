"""SnapStart: a function is imported once, and its environments are forks of that."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.handles import FunctionHandle
from local.stack import LocalStack
from tests.functional.chat.waiting import wait_until

FAILING = {
    "threads": """
import threading, time
threading.Thread(target=time.sleep, args=[60], name="a worker", daemon=True).start()
""",
    "missing": "import no_such_module",
    "raises": "raise LookupError('not yet')",
    "exits": "import os; os._exit(3)",
    "before": """
from snapshot_restore_py import register_before_snapshot
register_before_snapshot(lambda: None)
@register_before_snapshot
def fail():
    raise LookupError("before the snapshot")
""",
    "after": """
from snapshot_restore_py import register_after_restore
@register_after_restore
def fail():
    raise LookupError("after the restore")
""",
    "logs": """
import logging
logging.basicConfig(format="own %(message)s", level="INFO")
""",
}
"""Code of handlers by the function's name: all but the last fail before the first event."""


@pytest.fixture
def forked(stack: LocalStack) -> FunctionHandle:
    return stack.functions["hooks"]


def test_handler_is_imported_once(forked: FunctionHandle) -> None:
    """Environments are forks of one process that has imported the handler; each handles its own events."""
    forked.warm(4)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: forked.invoke({"seconds": 0.3}).json(), range(4)))
    assert len({answer["pid"] for answer in answers}) == 4
    assert sorted(forked.pids) == sorted(answer["pid"] for answer in answers)
    assert {answer["parent"] for answer in answers} == {answer["imported_by"] for answer in answers}
    assert answers[0]["imported_by"] not in forked.pids
    log = forked.log.read_text(encoding="utf-8")
    assert log.count("imported\n") == 1
    assert log.count("INIT_REPORT Init Duration: ") == 1


def test_hooks_run_once(forked: FunctionHandle) -> None:
    """The hooks before the snapshot run once, those after the restore once in each environment."""
    forked.warm(2)
    for _ in range(3):
        assert forked.invoke({}).json()["ran"] == ["before snapshot", "after restore"]
    assert "Restore Duration: " in forked.log.read_text(encoding="utf-8")


def test_random_numbers_differ_between_forks(forked: FunctionHandle) -> None:
    """Two environments don't draw the same random numbers."""
    forked.warm(4)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: forked.invoke({"seconds": 0.3}).json(), range(4)))
    assert len({answer["random"] for answer in answers}) == 4


def test_fork_has_the_function_s_variables(stack: LocalStack, forked: FunctionHandle) -> None:
    """A fork has the function's variables, and its own Runtime API."""
    seen = forked.invoke({}).json()["environment"]
    assert seen.pop("AWS_LAMBDA_RUNTIME_API").startswith("127.0.0.1:")
    seen.pop("_X_AMZN_TRACE_ID")
    seen.pop("LC_CTYPE", None)  # Python's own, where the machine lacks the locale
    assert seen == stack.environment_of("hooks")


def test_fork_is_replaced_after_a_timeout(forked: FunctionHandle) -> None:
    """A fork that exceeds the timeout is killed, and the next event gets a new one."""
    before = forked.invoke({}).json()
    error = forked.invoke({"seconds": 60})
    assert error.json()["errorType"] == "Sandbox.Timedout"
    after = forked.invoke({}).json()
    assert after["imported_by"] == before["imported_by"]


@pytest.mark.parametrize(("status", "reason"), [(1, "exit status 1"), (0, "without providing a reason")])
def test_fork_is_replaced_after_an_exit(forked: FunctionHandle, status: int, reason: str) -> None:
    """The exit status of a fork is reported, and the next event gets a new one."""
    error = forked.invoke({"exit": status}).json()
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(reason)
    assert forked.invoke({}).function_error is None


def test_killed_snapshot_is_replaced(forked: FunctionHandle) -> None:
    """If the snapshot's process is killed, its forks end, and the handler is imported again."""
    before = forked.invoke({}).json()
    error = forked.invoke({"kill": before["imported_by"], "seconds": 1})
    assert error.json()["errorMessage"].endswith("signal: killed")
    after = forked.invoke({}).json()
    assert after["imported_by"] != before["imported_by"]
    assert before["pid"] not in forked.pids


def parent_of(pid: int) -> int:
    """The process id of its parent, by the system."""
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])


def variables_of(pid: int) -> set[str]:
    """The names of the variables that a process started with, by the system."""
    listed = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return {each.partition("=")[0] for each in listed if each}


def test_snapshots_are_forks_of_one_process(stack: LocalStack, forked: FunctionHandle) -> None:
    """What functions import alike is in memory once; that process has no variable of a single function."""
    snapshot = forked.invoke({}).json()["imported_by"]
    stack.functions["ask"].warm()
    (other,) = {parent_of(pid) for pid in stack.functions["ask"].pids}
    assert other != snapshot
    assert parent_of(other) == parent_of(snapshot)
    expected = {"PATH", "PYTHONPATH", "LANG", "TZ", "AWS_EXECUTION_ENV", "AWS_LAMBDA_INITIALIZATION_TYPE"}
    assert variables_of(parent_of(snapshot)) == expected


def test_functions_survive_the_end_of_that_process(stack: LocalStack, forked: FunctionHandle) -> None:
    """All snapshots end with it, and the next event of each function gets a new one."""
    before = forked.invoke({}).json()
    zygote = parent_of(before["imported_by"])
    os.kill(zygote, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{before['pid']}").exists())
    after = forked.invoke({}).json()
    assert parent_of(after["imported_by"]) != zygote
    assert stack.functions["ask"].invoke({"body": '{"text": "talk"}'}).function_error is None


@pytest.fixture(scope="module")
def failing(used_state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack whose functions fail at their snapshots."""
    folder = tmp_path_factory.mktemp("failing")
    resources = ""
    for name, code in FAILING.items():
        (folder / "functions" / name).mkdir(parents=True)
        module = f"{code}\ndef handler(event, context):\n    logging.info('from the handler')\n"
        (folder / "functions" / name / "app.py").write_text(module, encoding="utf-8")
        resources += f"""
  {name.title()}:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: functions/{name}}}
"""
    (folder / "template.yaml").write_text(
        f"""
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Handler: app.handler
    Runtime: python3.13
    AutoPublishAlias: live
    SnapStart: {{ApplyOn: PublishedVersions}}
Resources:
{resources}
""",
        encoding="utf-8",
    )
    with LocalStack(used_state_dir, template=folder / "template.yaml") as stack:
        yield stack


@pytest.mark.parametrize(
    ("function", "kind", "message"),
    [
        ("threads", "SnapStartException", "(a worker)"),
        ("missing", "Runtime.ImportModuleError", "Unable to import module 'app': No module named 'no_such_module'"),
        ("raises", "LookupError", "not yet"),
        ("exits", "Runtime.ExitError", "exit status 3"),
        ("before", "LookupError", "before the snapshot"),
        ("after", "LookupError", "after the restore"),
    ],
)
def test_failure_before_the_first_event_is_the_result(
    failing: LocalStack, function: str, kind: str, message: str
) -> None:
    """A failure before the first event is the result, in the runtime client's words if it has any."""
    result = failing.functions[function].invoke({})
    error: dict[str, Any] = result.json()
    assert result.function_error == "Unhandled"
    assert error["errorType"] == kind
    assert message in error["errorMessage"]
    assert failing.functions[function].pids == []


def test_basic_config_of_a_handler_has_no_effect(failing: LocalStack) -> None:
    """A handler's own `basicConfig` has no effect, as with the runtime client alone."""
    function = failing.functions["logs"]
    assert function.invoke({}).function_error is None
    text = function.log.read_text(encoding="utf-8")
    assert "own from the handler" not in text
