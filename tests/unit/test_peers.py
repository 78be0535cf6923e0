"""The contestants of the benchmark `peers` run in an environment of their own, which has no more than its packages."""

import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
SHARED_MODULES = ("bench.peers.delivery", "bench.peers.environment", "bench.peers.traveller", "bench.peers.turns")
OWN_PACKAGES = {"bench", "local", "pam"}

# A module that is None in `sys.modules` can't be imported, as one that isn't installed.
_LOAD = """
import importlib, json, sys
sys.modules.update(dict.fromkeys(json.loads(sys.argv[1])))
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


def test_contestants_import_only_what_their_environment_has():
    pinned = set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", (CHECKOUT / "requirements/peers.txt").read_text(), re.M))
    absent = [
        package
        for package, distributions in packages_distributions().items()
        if package not in OWN_PACKAGES and not pinned & {re.sub(r"[-_.]+", "-", name.lower()) for name in distributions}
    ]
    assert "moto" in absent
    command = [sys.executable, "-c", _LOAD, json.dumps(absent), *SHARED_MODULES]
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
