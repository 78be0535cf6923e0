"""The structure of the package: names that mean one thing, and files that hold one idea."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent.parent
PACKAGE = CHECKOUT / "layers" / "pam" / "pam"


def test_no_two_public_classes_share_a_name() -> None:
    """A class is known by its name alone, whichever module it is in."""
    modules = defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: paths for name, paths in modules.items() if len(paths) > 1} == {}


@pytest.mark.parametrize(("folder", "limit"), [(PACKAGE, 300), (CHECKOUT / "tests", 500)])
def test_no_file_is_longer_than_its_limit(folder: Path, limit: int) -> None:
    """A longer file holds two ideas."""
    lengths = {str(path.relative_to(CHECKOUT)): len(path.read_text().splitlines()) for path in folder.rglob("*.py")}
    assert {path: length for path, length in lengths.items() if length > limit} == {}
