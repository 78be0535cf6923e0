"""The cold start of each function: CPU time of its imports and clients, and the packages that it imports."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local.lambda_runtime.packages import SDK_LAYERS, distributions_of, layer_distributions, packages_not_on_lambda
from local.template import Template
from local.template import load as load_template

CHECKOUT = Path(__file__).parent.parent.parent
FUNCTIONS = sorted(path.parent.name for path in CHECKOUT.glob("functions/*/app.py"))

# For a function on a user's path, in milliseconds of CPU on the machine of docs/performance.md. A slower one, or one
# with other work, takes as much longer for the reference, whose figure is `boto3_ms` there.
MAX_LOAD_MS = 900
REFERENCE_MS = 250

SDKS = {"claude": "anthropic", "gemini": "google"}
"""The packages of models' SDKs by their layers."""

# CPU of each top-level package (its own modules, without their imports), in milliseconds. Generous: only used to
# name the packages at fault when a function is over its budget.
EXPECTED_MS = {
    "pam": 40, "pydantic": 110, "pydantic_core": 30, "starlette": 50, "anyio": 30, "mangum": 12, "psycopg": 90,
    "psycopg_binary": 25, "aws_lambda_powertools": 50, "boto3": 60, "botocore": 190, "s3transfer": 30,
    "urllib3": 60, "dateutil": 35, "jmespath": 10, "babel": 45, "typing_extensions": 45, "asyncio": 50, "ssl": 15,
}  # fmt: skip

# Loads a function as Lambda does, builds its clients as for a snapshot, and prints the CPU time and the modules.
_LOAD = """
import json, sys
sys.modules.update(dict.fromkeys(json.loads(sys.argv[2])))
import time; began = time.process_time()
import importlib
sys.path.insert(0, sys.argv[1])
importlib.import_module("app")
from snapshot_restore_py import get_before_snapshot
for build, arguments, keywords in get_before_snapshot():
    build(*arguments, **keywords)
modules = sorted(name for name, module in sys.modules.items() if module is not None)
print(json.dumps({"cpu_ms": (time.process_time() - began) * 1000, "modules": modules}))
"""


@cache
def template() -> Template:
    """Return the template as the local stack reads it."""
    parameters = {"Stage": "local", "JwtIssuer": "http://127.0.0.1:9", "WebOrigin": "https://pam.example"}
    return load_template(
        CHECKOUT / "template.yaml", parameters, endpoint="http://127.0.0.1:9", api_url="http://127.0.0.1:9"
    )


def environment_of(function: str) -> dict[str, str]:
    """Return the function's environment variables."""
    functions = template().functions.values()
    return next((dict(each.environment) for each in functions if each.code.name == function), {})


def load(function: str, *python_options: str) -> subprocess.CompletedProcess[str]:
    environment = environment_of(function) | {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    folder = str(CHECKOUT / "functions" / function)
    command = [
        sys.executable,
        *python_options,
        "-c",
        _LOAD,
        folder,
        json.dumps(sorted(packages_not_on_lambda(function))),
    ]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def reference_ms() -> float:
    """Return the CPU time of boto3 with a client, by itself, as the machine is now."""
    code = (
        "import time; began = time.process_time(); import boto3; boto3.client('dynamodb', region_name='us-east-1');"
        "print((time.process_time() - began) * 1000)"
    )
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


@cache
def first_load(function: str) -> dict[str, Any]:
    """Return the CPU time (`cpu_ms`) of one load, and the modules that the function has imported when it is ready."""
    return json.loads(load(function).stdout)


def modules_of(function: str) -> list[str]:
    return first_load(function)["modules"]


def own_time_by_package(function: str) -> dict[str, float]:
    """Return the milliseconds of each top-level package's own modules, from Python's import-time log."""
    times: dict[str, float] = {}
    for line in load(function, "-X", "importtime").stderr.splitlines():
        own, _, name = line.removeprefix("import time:").split("|")
        if own.strip().isdigit():
            package = name.strip().split(".")[0]
            times[package] = times.get(package, 0) + int(own) / 1000
    return times


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name not in {"migrate", *SDK_LAYERS}])
def test_function_on_a_user_s_path_loads_within_its_budget(function: str) -> None:
    """At most 900 ms of CPU, at the best of five loads; the failure names the packages that grew."""
    best = first_load(function)["cpu_ms"]
    for _ in range(5):
        if best <= MAX_LOAD_MS:
            return
        slowness = max(1.0, reference_ms() / REFERENCE_MS)
        best = min(best, json.loads(load(function).stdout)["cpu_ms"] / slowness)
    if best > MAX_LOAD_MS:
        grown = {
            package: round(own)
            for package, own in own_time_by_package(function).items()
            if own > EXPECTED_MS.get(package, 20)
        }
        pytest.fail(f"{function} takes {best:.0f} ms of {MAX_LOAD_MS} ms to load. Over expectation, in ms: {grown}")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_imports_no_unused_package(function: str) -> None:
    """Only a function that has the layer of an SDK imports it; X-Ray's, FastAPI and PyYAML are imported nowhere."""
    modules = modules_of(function)
    packages = {module.split(".")[0] for module in modules}
    unused = {*SDKS.values(), "fastapi", "aws_xray_sdk", "yaml", "moto", "numpy", "local"}
    assert packages.isdisjoint(unused - {SDKS[layer] for layer in SDK_LAYERS.get(function, ())})


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_imports_only_packages_of_its_layers(function: str) -> None:
    """A package that is only installed for development would be missing on Lambda: it must be in the layer's lock."""
    sources = [CHECKOUT / "functions" / function / "app.py"]
    for module in modules_of(function):
        if module.split(".")[0] == "pam":
            spec = importlib.util.find_spec(module)
            assert spec and spec.origin
            sources.append(Path(spec.origin))
    imported = {name for source in sources for name in imported_by(source)} - sys.stdlib_module_names - {"pam"}
    assert "pydantic" in imported
    assert {name for name in imported if not distributions_of(name) & layer_distributions(function)} == set()


def imported_by(source: Path) -> set[str]:
    """Return the top-level packages in a file's import statements."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names
