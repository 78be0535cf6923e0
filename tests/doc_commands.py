"""The commands that the pages name: in fenced blocks, in indented ones, and between backticks."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import CHECKOUT
from tests.recipes import fenced_blocks

PAGES = (CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").glob("**/*.md")))
_START = re.compile(r"^(?:[A-Z_]+=\S+ )*(make|python -m|pam|\.venv/bin/[\w-]+)(?= |$)")
_INLINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class DocCommand:
    """A command as a page has it, without the prompt, a comment, redirections and what it is piped into."""

    page: str
    text: str

    @property
    def words(self) -> list[str]:
        """Its words, with `.venv/bin/` left out, and without variables before it."""
        words = shlex.split(self.text)
        while re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        return [words[0].removeprefix(".venv/bin/"), *words[1:]]

    @property
    def name(self) -> str:
        """`make TARGET`, `python -m MODULE`, `pam COMMAND` or the name of a script."""
        match self.words:
            case ["python", "-m", module, *_]:
                return f"python -m {module}"
            case ["make" | "pam" as program, word, *_] if not word.startswith("-"):
                return f"{program} {word}"
        return self.words[0]

    @property
    def options(self) -> list[str]:
        """The long options."""
        return [word.partition("=")[0] for word in self.words if re.match("--[a-z]", word)]


def find_commands() -> list[DocCommand]:
    """Return all commands of all pages."""
    return [
        DocCommand(str(page.relative_to(CHECKOUT)), text)
        for page in PAGES
        for line in _lines(page)
        for text in _commands(line)
    ]


def _lines(page: Path) -> Iterator[str]:
    markdown = page.read_text("utf-8")
    for block in fenced_blocks(markdown):
        if block.language in ("sh", "console"):
            yield from block.text.replace("\\\n", " ").splitlines()
    without_blocks = re.sub(r"^ *```.*?^ *```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    yield from (line.strip() for line in without_blocks.replace("\\\n", " ").splitlines() if line.startswith("    "))
    yield from _INLINE.findall(without_blocks)


def _commands(line: str) -> Iterator[str]:
    text = re.split(r"\s+#|\s+<(?=\s|$)|\s+[|>]\s|\s+&&", line.strip().removeprefix("$ "))[0].strip()
    if _START.match(text):
        yield text.replace("[", "").replace("]", "") if text.startswith(("python", "make")) else text
