"""CPU time of each function's imports and clients, before its first event, in a process of its own."""

import json
import os
import subprocess
import sys

from bench.figures import Figure
from local.lambda_runtime.packages import packages_not_on_lambda
from local.stack import CHECKOUT
from local.template import load

ROUNDS = 5

_LOAD = """
import json, sys
sys.modules.update(dict.fromkeys(json.loads(sys.argv[2])))  # packages that Lambda doesn't have
import time; began = time.process_time()
import importlib
sys.path.insert(0, sys.argv[1])
importlib.import_module("app")
from snapshot_restore_py import get_before_snapshot
for build, arguments, keywords in get_before_snapshot():
    build(*arguments, **keywords)
print((time.process_time() - began) * 1000)
"""

_STATEMENTS = {
    "starlette_ms": "from starlette.applications import Starlette",
    "boto3_ms": "import boto3; boto3.client('dynamodb', region_name='us-east-1')",
    "psycopg_ms": "import psycopg",
    "tracer_ms": "from aws_lambda_powertools import Tracer; Tracer(disabled=True)",
    "sources_ms": "import pam.sources.mapbox, pam.sources.open_meteo, pam.sources.eia, pam.cache.circuit_breaker",
    "httpx_ms": "import httpx",
}


def run() -> dict[str, Figure]:
    """Measure each several times and take the minimum, which other processes affect least."""
    parameters = {"Stage": "local", "JwtIssuer": "http://127.0.0.1:9", "WebOrigin": "https://pam.example"}
    template = load(CHECKOUT / "template.yaml", parameters, endpoint="http://127.0.0.1:9", api_url="http://127.0.0.1:9")
    functions = {each.code: dict(each.environment) for each in template.functions.values()}
    everywhere = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
    }

    def least(environment: dict[str, str], *command: str) -> float:
        def once() -> float:
            done = subprocess.run(
                [sys.executable, *command], env=everywhere | environment, capture_output=True, text=True, check=True
            )
            return float(done.stdout.split()[-1])

        return round(min(once() for _ in range(ROUNDS)), 1)

    figures = {
        f"{folder.name}_ms": Figure(
            least(environment, "-c", _LOAD, str(folder), json.dumps(sorted(packages_not_on_lambda(folder.name)))),
            "ms",
            "CPU to load the function with its clients",
        )
        for folder, environment in sorted(functions.items())
    }
    for name, statement in _STATEMENTS.items():
        timed = f"import time; t = time.process_time(); {statement}; print((time.process_time() - t) * 1000)"
        figures[name] = Figure(least({}, "-c", timed), "ms", f"CPU of `{statement.split(';')[0]}`, by itself")
    return figures
