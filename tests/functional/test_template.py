"""The template: valid, buildable for Lambda, and with what every function must have."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from local.build import RUNTIME, find_runtime
from tests.conftest import CHECKOUT

TEMPLATE: dict[str, Any] = yaml_parse((CHECKOUT / "template.yaml").read_text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
FUNCTIONS = {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::Function"}
LAMBDA_LIMIT_BYTES = 250 * 1024 * 1024

ENVIRONMENT = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}


def sam(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(CHECKOUT / ".venv/bin/sam"), *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def test_sam_and_cfn_lint_find_nothing() -> None:
    """`sam validate --lint` passes."""
    done = sam("validate", "--lint")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(find_runtime() is None, reason=f"no {RUNTIME} on this machine to build for Lambda with")
def test_every_function_and_layer_builds_for_lambda(tmp_path: Path) -> None:
    """`make build` makes arm64 packages of the runtime's Python that are within Lambda's size."""
    command = [sys.executable, "-m", "local.build", "--build-dir", str(tmp_path), "--no-cached"]
    done = subprocess.run(command, cwd=CHECKOUT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "PamLayer/python/pam/routing/automaton.json").is_file()
    compiled = [path.name for path in (tmp_path / "HttpLayer").rglob("*.cpython-*.so")]
    assert compiled and all(name.endswith("cpython-313-aarch64-linux-gnu.so") for name in compiled)
    for name in FUNCTIONS:
        assert (tmp_path / name / "app.py").is_file()
    layers = (path for layer in ("PamLayer", "HttpLayer", "ClaudeLayer") for path in (tmp_path / layer).rglob("*"))
    assert sum(path.stat().st_size for path in layers if path.is_file()) < LAMBDA_LIMIT_BYTES


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_what_each_must_have(name: str) -> None:
    """A log group of its own that forgets, a service name, a description, and a folder."""
    properties = FUNCTIONS[name]
    group = RESOURCES[properties["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["Type"] == "AWS::Logs::LogGroup" and "RetentionInDays" in group["Properties"]
    folder = Path(properties["CodeUri"]).name
    assert properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == folder
    assert properties["Description"]
    assert (CHECKOUT / properties["CodeUri"] / "app.py").is_file()


def test_every_function_folder_is_in_the_template_and_the_other_way_round() -> None:
    """No function without code, no code without function."""
    folders = {f"functions/{path.parent.name}" for path in CHECKOUT.glob("functions/*/app.py")}
    assert folders == {properties["CodeUri"] for properties in FUNCTIONS.values()}


def test_what_a_user_waits_for_starts_from_a_snapshot() -> None:
    """SnapStart and its alias are set for all functions at once, and none switches them off."""
    shared = TEMPLATE["Globals"]["Function"]
    assert shared["SnapStart"] == {"ApplyOn": "PublishedVersions"} and shared["AutoPublishAlias"]
    assert shared["Runtime"] == RUNTIME and shared["Architectures"] == ["arm64"]
    assert not any(
        {"SnapStart", "AutoPublishAlias", "Runtime"} & properties.keys() for properties in FUNCTIONS.values()
    )


def test_no_function_is_open_to_everyone() -> None:
    """Every route has the default authorizer; no policy names all resources or all actions."""
    assert RESOURCES["HttpApi"]["Properties"]["Auth"]["DefaultAuthorizer"] == "Traveller"
    for properties in FUNCTIONS.values():
        for event in properties.get("Events", {}).values():
            assert event["Type"] == "HttpApi" and "Auth" not in event["Properties"]
        for policy in properties["Policies"]:
            statement = policy.get("Statement", {})
            assert statement.get("Resource") != "*" and "*" not in str(statement.get("Action", ""))
