"""`python -m local.deploy STAGE`: deploy what `make build` built, with the stage's section of samconfig.toml.

SAM publishes a function's version when the function's properties change, and compares references to parameters
instead of their values: a stage whose parameter has a new value would stay with its old versions
(aws/serverless-application-model#3820). A digest of the values in every function's environment makes the difference
visible. docs/decisions/0020-publishing-versions.md has the alternatives.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
BUILT_TEMPLATE = CHECKOUT / ".aws-sam" / "build" / "template.yaml"
DIGEST_VARIABLE = "PARAMETERS_SHA256"


def read_stages(config: Path) -> dict[str, str]:
    """Return the parameter values of each stage, as samconfig.toml writes them."""
    tables = tomllib.loads(config.read_text(encoding="utf-8"))
    return {
        stage: table["deploy"]["parameters"]["parameter_overrides"]
        for stage, table in tables.items()
        if isinstance(table, dict) and "deploy" in table
    }


def add_parameters_digest(template: Path, parameters: str) -> None:
    """Set the digest of `parameters` in the environment of every function of a built template."""
    from samtranslator.yaml_helper import yaml_parse

    built = yaml_parse(template.read_text(encoding="utf-8"))
    digest = hashlib.sha256(parameters.encode()).hexdigest()
    built["Globals"]["Function"]["Environment"]["Variables"][DIGEST_VARIABLE] = digest
    template.write_text(json.dumps(built, indent=1), encoding="utf-8")  # JSON is YAML, with intrinsics in long form


def main() -> int:
    """Deploy a stage; return sam's exit code."""
    stages = read_stages(CHECKOUT / "samconfig.toml")
    parser = argparse.ArgumentParser(prog="python -m local.deploy", description="Deploy a stage to AWS.")
    parser.add_argument("stage", choices=sorted(stages))
    parser.add_argument("--yes", action="store_true", help="deploy the changes without asking, as a pipeline must")
    arguments = parser.parse_args()
    stage = arguments.stage
    add_parameters_digest(BUILT_TEMPLATE, stages[stage])
    sam = Path(sys.executable).parent / "sam"
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0"}
    confirmation = ["--no-confirm-changeset"] if arguments.yes else []
    command = [sam, "deploy", "--config-env", stage, *confirmation]
    return subprocess.run(command, cwd=CHECKOUT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
