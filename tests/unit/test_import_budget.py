"""What a function costs before its first answer: the CPU time of its imports and clients, and what they bring along."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from local.lambda_runtime.packages import MODEL_FUNCTIONS, distributions_of, layer_distributions, packages_not_on_lambda
from local.template import Template
from local.template import load as load_template

CHECKOUT = Path(__file__).parent.parent.parent
FUNCTIONS = sorted(path.parent.name for path in CHECKOUT.glob("functions/*/app.py"))

# The bound for a function on a user's path, in milliseconds of CPU.
BUDGET_MS = 900

# What each top-level package may cost by itself (its own modules, without what they import), in milliseconds.
# Generous, and only there to name the culprit when the whole is over budget.
EXPECTED_MS = {
    "pam": 40, "pydantic": 110, "pydantic_core": 30, "starlette": 50, "anyio": 30, "mangum": 12, "psycopg": 90,
    "psycopg_binary": 25, "aws_lambda_powertools": 50, "boto3": 60, "botocore": 190, "s3transfer": 30,
    "urllib3": 60, "dateutil": 35, "jmespath": 10, "babel": 45, "typing_extensions": 45, "asyncio": 50, "ssl": 15,
}  # fmt: skip

# Loads a function as Lambda does, makes its clients as the snapshot has them, and says what it cost.
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
    """The template as the local stack reads it."""
    parameters = {"Stage": "local", "JwtIssuer": "http://127.0.0.1:9"}
    return load_template(
        CHECKOUT / "template.yaml", parameters, endpoint="http://127.0.0.1:9", api_url="http://127.0.0.1:9"
    )


def environment_of(function: str) -> dict[str, str]:
    """The function's own variables."""
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


@cache
def modules_of(function: str) -> list[str]:
    """The modules that are loaded when a function is ready."""
    return json.loads(load(function).stdout)["modules"]


def own_time_by_package(function: str) -> dict[str, float]:
    """Milliseconds that each top-level package's own modules took, from Python's import-time log."""
    spent: dict[str, float] = {}
    for line in load(function, "-X", "importtime").stderr.splitlines():
        own, _, name = line.removeprefix("import time:").split("|")
        if own.strip().isdigit():
            package = name.strip().split(".")[0]
            spent[package] = spent.get(package, 0) + int(own) / 1000
    return spent


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name not in {"migrate", *MODEL_FUNCTIONS}])
def test_a_function_on_a_user_s_path_loads_within_its_budget(function: str) -> None:
    """The best of five loads stays within 900 ms of CPU; if not, the packages that grew are named."""
    took: list[float] = []
    while not took or (min(took) > BUDGET_MS and len(took) < 5):
        took.append(json.loads(load(function).stdout)["cpu_ms"])
    best = min(took)
    if best > BUDGET_MS:
        grown = {
            package: round(own)
            for package, own in own_time_by_package(function).items()
            if own > EXPECTED_MS.get(package, 20)
        }
        pytest.fail(f"{function} takes {best:.0f} ms of {BUDGET_MS} to load. Over expectation, in ms: {grown}")


def test_the_log_of_imports_names_packages() -> None:
    """What a failure would name is measured for real: our package and boto's are in it, with a time."""
    spent = own_time_by_package("spend_summary")
    assert {"pam", "botocore", "psycopg", "pydantic"} <= spent.keys()
    assert spent["botocore"] > 1


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_loads_what_it_has_no_use_for(function: str) -> None:
    """The SDKs of models stay in their own functions, X-Ray's where tracing is on; FastAPI and PyYAML nowhere."""
    modules = modules_of(function)
    packages = {module.split(".")[0] for module in modules}
    useless = {"anthropic", "google", "fastapi", "aws_xray_sdk", "yaml", "moto", "local"}
    assert packages.isdisjoint(useless - {"anthropic"} if function in MODEL_FUNCTIONS else useless)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_imports_only_what_its_layers_carry(function: str) -> None:
    """What works here because it's installed for development would fail on Lambda: it must be in the layer's lock."""
    sources = [CHECKOUT / "functions" / function / "app.py"]
    for module in modules_of(function):
        if module.split(".")[0] == "pam":
            spec = importlib.util.find_spec(module)
            assert spec and spec.origin
            sources.append(Path(spec.origin))
    asked = {name for source in sources for name in imported_by(source)} - sys.stdlib_module_names - {"pam"}
    assert "pydantic" in asked
    assert {name for name in asked if not distributions_of(name) & layer_distributions(function)} == set()


def imported_by(source: Path) -> set[str]:
    """The top-level packages that a file's import statements name."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names
