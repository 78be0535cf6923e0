"""The audit of dependencies covers all that is pinned. It needs the network, so it isn't run here."""

import subprocess

import yaml

from local.audit import pinned_files, pip_audit_command
from tests.conftest import CHECKOUT


def test_every_file_with_pinned_packages_is_audited() -> None:
    """Also one that is added later, wherever it is."""
    listed = subprocess.run(["git", "ls-files", "*.txt"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    files = [CHECKOUT / name for name in listed.stdout.splitlines()]
    pinned = {file for file in files if "--hash=sha256:" in file.read_text(encoding="utf-8")}
    assert pinned == set(pinned_files())
    assert len(pinned) >= 7


def test_package_that_can_not_be_looked_up_fails_the_audit() -> None:
    """pip-audit skips it otherwise, and reports success."""
    assert all("--strict" in pip_audit_command(file) for file in pinned_files())


def test_audit_runs_every_day_and_for_changed_packages() -> None:
    """By the same command as on a developer's machine."""
    workflow = yaml.safe_load((CHECKOUT / ".github/workflows/audit.yml").read_text(encoding="utf-8"))
    triggers = workflow[True]  # `on`, as YAML 1.1 reads it
    assert [each["cron"].split()[2:] for each in triggers["schedule"]] == [["*", "*", "*"]]
    assert "pull_request" in triggers
    assert {"run": "make audit"} in workflow["jobs"]["audit"]["steps"]
