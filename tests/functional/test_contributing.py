"""The recipes of CONTRIBUTING.md, followed to the letter on a copy of the checkout, add what they say."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import CHECKOUT
from tests.recipes import Recipe, RecipeError, fenced_blocks, follow, read_recipes

ALL = "PAM_CASES" in os.environ
"""Whether the recipes' commands that run tests of the checkout are followed, too, as in `make soak`."""

RECIPES = read_recipes((CHECKOUT / "CONTRIBUTING.md").read_text("utf-8"))
MAX_STEPS = 9

Ask = Callable[[str], str]
"""Run a line of Python in the copy, and return what it prints."""


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    """The files of the checkout as they are now; the environments are links to its own.

    Not in pytest's folder, which each other run of pytest makes unreadable for the user that Postgres runs as.
    """
    with TemporaryDirectory(prefix="pam-") as folder:
        Path(folder).chmod(0o755)
        yield _copy_checkout(Path(folder) / "pam")


def _copy_checkout(target: Path) -> Path:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=CHECKOUT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (source := CHECKOUT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    for folder in (".venv", "node_modules"):
        (target / folder).symlink_to(CHECKOUT / folder)
    # `make schema` records the SQL of the last commit.
    author = ["-c", "user.name=test", "-c", "user.email=test@pam.example", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "Copy"]):
        subprocess.run(["git", *command], cwd=target, check=True)
    return target


@pytest.fixture(scope="module")
def environment(copy: Path) -> dict[str, str]:
    """Python takes the package and the tests from the copy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))}
    return kept | {"PYTHONPATH": f"{copy}/layers/pam{os.pathsep}{copy}"}


@pytest.fixture(scope="module")
def ask(copy: Path, environment: dict[str, str]) -> Ask:
    """Ask the copy."""

    def run(code: str) -> str:
        command = [".venv/bin/python", "-c", code]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return run


def test_each_recipe_has_fewer_than_ten_steps() -> None:
    """The four things that are added most often."""
    assert RECIPES.keys() == {"Add a fast answer", "Add a tool", "Add a migration", "Add a metric"}
    assert all(0 < recipe.steps <= MAX_STEPS for recipe in RECIPES.values())


def is_followed(command: str) -> bool:
    """Whether a command runs here: those that run tests of the checkout take minutes, and are for `make soak`."""
    tested = [each for each in command.split() if each.startswith("tests/")]
    return ALL or not any((CHECKOUT / each).exists() for each in tested)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_recipes_add_what_they_say(copy: Path, environment: dict[str, str], ask: Ask) -> None:
    """In their order, since the second and the fourth build on the first; each runs its own tests, too."""

    def follow_recipe(title: str) -> None:
        follow(RECIPES[title], copy, environment, is_followed)

    route = "from pam.routing import route; print(route('when did I last fill up').intent)"
    assert ask(route) == "chat"
    follow_recipe("Add a fast answer")
    assert ask(route) == "last_fill_up"
    assert "AskedLastFillUp" in json.loads((copy / "docs/openapi.json").read_text("utf-8"))["components"]["schemas"]

    follow_recipe("Add a tool")
    definitions = json.loads((copy / "docs/tool_definitions.json").read_text("utf-8"))
    assert "get_last_fill_up" in {each["name"] for each in definitions}

    follow_recipe("Add a migration")
    (up,) = (copy / "migrations").glob("[0-9]*_fuel_purchases.up.sql")
    assert int(up.name[:4]) == max(int(path.name[:4]) for path in (CHECKOUT / "migrations").glob("[0-9]*.up.sql")) + 1
    assert "expenses_fuel" in (copy / "migrations/schema.sql").read_text("utf-8")

    follow_recipe("Add a metric")
    assert "`FillUpMissing`" in (copy / "docs/metrics.md").read_text("utf-8")
    assert '"FillUpMissing"' in (copy / "template.yaml").read_text("utf-8")


def test_block_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    """A line that the file lacks or has twice, a file that exists, a command that fails: none is passed over."""
    (tmp_path / "there.txt").write_text("one\ntwo\ntwo\n")
    for block in (
        "```diff there.txt\n three\n+four\n```",
        "```diff there.txt\n two\n+three\n```",
        "```text there.txt\nnew\n```",
        "```python\nprint()\n```",
        "```sh\nfalse\n```",
    ):
        with pytest.raises(RecipeError):
            follow(Recipe("", 1, tuple(fenced_blocks(block))), tmp_path, {})
    follow(Recipe("", 1, tuple(fenced_blocks("```diff there.txt\n one\n+half\n```"))), tmp_path, {})
    assert (tmp_path / "there.txt").read_text() == "one\nhalf\ntwo\ntwo\n"
