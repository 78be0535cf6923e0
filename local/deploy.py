"""`python -m local.deploy STAGE`: deploy what `make build` built, with the stage's section of samconfig.toml, and then
publish the page.

SAM publishes a function's version when the function's properties change, and compares references to parameters
instead of their values: a stage whose parameter has a new value would stay with its old versions
(aws/serverless-application-model#3820). A digest of the values in every function's environment makes the difference
visible. docs/decisions/0020-publishing-versions.md has the alternatives.
"""

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.publish import Stage, publish
from local.template import read_source

CHECKOUT = Path(__file__).resolve().parent.parent
BUILT_TEMPLATE = CHECKOUT / ".aws-sam" / "build" / "template.yaml"
SITE = CHECKOUT / ".aws-sam" / "site"
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
    built = read_source(template)
    digest = hashlib.sha256(parameters.encode()).hexdigest()
    built["Globals"]["Function"]["Environment"]["Variables"][DIGEST_VARIABLE] = digest
    template.write_text(json.dumps(built, indent=1), encoding="utf-8")  # JSON is YAML, with intrinsics in long form


def read_stack_name(config: Path, stage: str) -> str:
    """Return the name of a stage's stack, as samconfig.toml writes it."""
    name: str = tomllib.loads(config.read_text(encoding="utf-8"))[stage]["deploy"]["parameters"]["stack_name"]
    return name


def read_outputs(stack: str, session: Any) -> dict[str, str]:
    """Return the outputs of a stack by name; none if there is no such stack yet. Raises boto3's ClientError."""
    try:
        [found] = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return {}
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def add_web_origin(parameters: str, outputs: Mapping[str, str]) -> str:
    """Return `parameters` with the WebOrigin that the client of a Cognito pool needs, where a stack's outputs have it.

    The distribution, whose domain is the origin, depends on the HTTP API, that on the pool's client, and that on the
    origin: the template alone can't give it. The origin of a stage with a domain is named, too: CloudFormation would
    keep the value of before the stage had one.
    """
    given = dict(each.split("=", 1) for each in shlex.split(parameters))
    if given.get("WebOrigin"):
        return parameters
    if given.get("PageDomain"):
        return f"{parameters} WebOrigin=https://{given['PageDomain']}"
    if given.get("CognitoPool") == "true" and "PageDistributionUrl" in outputs:
        return f"{parameters} WebOrigin={outputs['PageDistributionUrl']}"
    return parameters


def deploy_stack(parameters: str, stack: str, session: Any, run_sam: Callable[[str], int]) -> int:
    """Deploy a stack, a second time if its origin was not known before; return sam's exit code.

    `run_sam` is called with the values of the parameters.
    """
    first = add_web_origin(parameters, read_outputs(stack, session))
    status = run_sam(first)
    if status != 0:
        return status
    second = add_web_origin(parameters, read_outputs(stack, session))
    return status if second == first else run_sam(second)


def run_sam(stage: str, parameters: str, *, asks: bool) -> int:
    """Deploy the built template with these values; return sam's exit code.

    Without `asks` it doesn't ask for a confirmation, also where samconfig.toml has it so.
    """
    add_parameters_digest(BUILT_TEMPLATE, parameters)
    sam = Path(sys.executable).parent / "sam"
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0"}
    confirmation = [] if asks else ["--no-confirm-changeset"]
    command = [str(sam), "deploy", "--config-env", stage, "--parameter-overrides", parameters, *confirmation]
    return subprocess.run(command, cwd=CHECKOUT, env=environment).returncode


def main() -> int:
    """Deploy a stage and its page; return sam's exit code, or 1 where AWS refuses a step of the page's."""
    config = CHECKOUT / "samconfig.toml"
    stages = read_stages(config)
    parser = argparse.ArgumentParser(prog="python -m local.deploy", description="Deploy a stage to AWS.")
    parser.add_argument("stage", choices=sorted(stages))
    parser.add_argument("--yes", action="store_true", help="deploy the changes without asking, as a pipeline must")
    arguments = parser.parse_args()
    stage = arguments.stage
    stack, session = read_stack_name(config, stage), boto3.Session()
    deploy = partial(run_sam, stage, asks=not arguments.yes)
    try:
        status = deploy_stack(stages[stage], stack, session, deploy)
        if status != 0:
            return status
        outputs = read_outputs(stack, session)
        done = publish(CHECKOUT, SITE, Stage.of_outputs(stage, outputs), session)
    except (BotoCoreError, ClientError) as error:
        print(f"The deployment isn't complete. {error}", file=sys.stderr)
        return 1
    print(f"The page is at {outputs['PageUrl']}: {len(done.uploaded)} files uploaded, {len(done.deleted)} deleted.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
