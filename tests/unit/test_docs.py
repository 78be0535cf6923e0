"""What the docs list is what the code has, both ways."""

import json
import re
from pathlib import Path

from bench.page import render
from pam.platform import errors
from pam.platform.metrics import Metric

DOCS = Path(__file__).parent.parent.parent / "docs"


def listed_in(page: str) -> set[str]:
    """The names in the first column of a page's tables."""
    return set(re.findall(r"^\| `([A-Za-z_]+)` \|", (DOCS / page).read_text(), re.MULTILINE))


def test_every_error_code_is_documented_and_every_documented_code_exists() -> None:
    """docs/errors.md and the module of codes say the same."""
    assert listed_in("errors.md") == {error.code for error in errors.ALL}


def test_every_metric_is_documented_and_every_documented_metric_exists() -> None:
    """docs/operations.md and the module of metric names say the same."""
    assert listed_in("operations.md") == set(Metric)


def test_the_status_in_the_docs_is_the_status_that_is_sent() -> None:
    """Each row's status is the code's own."""
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", (DOCS / "errors.md").read_text(), re.MULTILINE))
    assert rows == {error.code: str(error.status) for error in errors.ALL}


def test_error_codes_are_unique() -> None:
    """One name, one meaning."""
    assert len({error.code for error in errors.ALL}) == len(errors.ALL)


def test_the_page_of_figures_says_what_was_measured() -> None:
    """docs/performance.md is made from docs/figures.json, and from nothing else."""
    assert "\nThese are an ASSUMPTION" in (DOCS / "performance.md").read_text()  # what chat_two_tools rests on
    assert (DOCS / "performance.md").read_text() == render(json.loads((DOCS / "figures.json").read_text()))
