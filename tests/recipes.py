"""The recipes of CONTRIBUTING.md: their fenced blocks, as files, changes of files and commands."""

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

_FENCE = re.compile(r"^( *)```(\S*)(?: (\S+))?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"^\d+\. ", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that its fence names, and its text."""

    language: str
    path: str
    text: str


def fenced_blocks(markdown: str) -> list[Block]:
    """Return the fenced blocks of a page, in order, without the indentation of the list that they are in."""
    return [Block(language, path, dedent(text)) for _, language, path, text in _FENCE.findall(markdown)]


@dataclass(frozen=True)
class Recipe:
    """A section with numbered steps."""

    title: str
    steps: int
    blocks: tuple[Block, ...]


def read_recipes(markdown: str) -> dict[str, Recipe]:
    """Return the sections that have steps, by their titles."""
    sections = re.split(r"^## (.+)\n", markdown, flags=re.MULTILINE)[1:]
    return {
        title: Recipe(title, len(_STEP.findall(text)), tuple(fenced_blocks(text)))
        for title, text in zip(sections[::2], sections[1::2], strict=True)
        if _STEP.search(text)
    }


class RecipeError(Exception):
    """A block can't be followed as it is written."""


def follow(
    recipe: Recipe,
    checkout: Path,
    environment: Mapping[str, str],
    is_followed: Callable[[str], bool] = lambda _command: True,
) -> None:
    """Write, change and run what the recipe says, in a copy of the checkout. Raises RecipeError.

    Of the commands, those run for which `is_followed` returns True.
    """
    for block in recipe.blocks:
        if block.language == "sh":
            for line in filter(is_followed, block.text.splitlines()):
                _run(line, checkout, environment)
        elif not block.path:
            raise RecipeError(f"{recipe.title}: a block of {block.language} names no file")
        elif block.language == "diff":
            _change(_resolve(checkout, block.path), block.text)
        else:
            path = _resolve(checkout, block.path)
            if path.exists() and "NNNN" not in block.path:
                raise RecipeError(f"{block.path} exists already")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def _resolve(checkout: Path, path: str) -> Path:
    """Return the file; `NNNN` is the number that a command has given it."""
    if "NNNN" not in path:
        return checkout / path
    (found,) = checkout.glob(path.replace("NNNN", "[0-9]" * 4))
    return found


def _change(path: Path, diff: str) -> None:
    """Replace the lines with ` ` and `-`, which the file must have exactly once, by those with ` ` and `+`."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    text = path.read_text("utf-8")
    if text.count(before) != 1:
        raise RecipeError(f"{path.name} has {text.count(before)} times:\n{before}")
    path.write_text(text.replace(before, after), encoding="utf-8")


def _run(command: str, checkout: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, shell=True, cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RecipeError(f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}")
