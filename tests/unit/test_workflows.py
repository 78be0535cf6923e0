"""The workflows: valid by GitHub's schema, with commands that exist, and without a key of AWS."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.conftest import CHECKOUT

FILES = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS: dict[str, dict[str, Any]] = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in FILES}
DEPLOY = WORKFLOWS["deploy"]["jobs"]
TARGETS = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE))


def commands(job: dict[str, Any]) -> str:
    """Everything that a job runs."""
    return "\n".join(step["run"] for step in job["steps"] if "run" in step)


def test_workflows_are_valid_by_the_schema_of_github() -> None:
    """As `make lint` checks them."""
    checker = CHECKOUT / ".venv" / "bin" / "check-jsonschema"
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.github-workflows", *FILES], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", WORKFLOWS)
def test_commands_of_workflows_exist(name: str) -> None:
    """Targets of the Makefile, and modules of the checkout."""
    for job in WORKFLOWS[name]["jobs"].values():
        text = commands(job)
        assert set(re.findall(r"\bmake ([a-z]+)", text)) <= TARGETS
        for module in re.findall(r"python -m ((?:local|load|bench)[\w.]*)", text):
            path = CHECKOUT / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_workflow_has_a_long_lived_key_of_aws(name: str) -> None:
    """Roles are taken by GitHub's token, in jobs that may ask for one, each for its own environment."""
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}
    for job in WORKFLOWS[name]["jobs"].values():
        uses = [step for step in job["steps"] if step.get("uses", "").startswith("aws-actions/")]
        assert all("role-to-assume" in step["with"] for step in uses)
        assert not [key for step in uses for key in step["with"] if "access-key" in key]
        assert bool(uses) == (job.get("permissions", {}).get("id-token") == "write")
        assert not uses or job["environment"] in ("staging", "prod")


def test_prod_gets_what_was_verified_on_staging() -> None:
    """Build and test, staging, its contract and load, then the approval of the environment `prod`."""
    assert DEPLOY["staging"]["needs"] == ["build", "test"]
    assert (DEPLOY["verify"]["needs"], DEPLOY["prod"]["needs"]) == ("staging", "verify")
    assert DEPLOY["prod"]["environment"] == "prod"
    assert commands(DEPLOY["build"]) == "make build"
    assert "pytest tests/contract" in commands(DEPLOY["verify"]) and "make load" in commands(DEPLOY["verify"])
    for stage in ("staging", "prod"):
        assert "make build" not in commands(DEPLOY[stage])
        (deploy,) = (step for step in DEPLOY[stage]["steps"] if "local.deploy" in step.get("run", ""))
        assert deploy["env"] == {"STAGE": stage}
