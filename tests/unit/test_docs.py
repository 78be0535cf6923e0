"""The documents agree with the code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from bench.page import render, render_load
from pam.platform import errors
from tests.functional.sam import FUNCTIONS, RESOURCES, http_events

CHECKOUT = Path(__file__).parent.parent.parent
DOCS = CHECKOUT / "docs"

GLOSSARY = DOCS / "glossary.md"


def listed_in(page: str) -> set[str]:
    """Return the names in the first column of a page's tables."""
    return set(re.findall(r"^\| `([A-Za-z_]+)` \|", (DOCS / page).read_text(), re.MULTILINE))


def glossary_terms() -> list[str]:
    """Return the terms of the glossary in its order."""
    return re.findall(r"^- \*\*(.+?)\*\*: .+$", GLOSSARY.read_text(), re.MULTILINE)


def sources() -> Iterator[str]:
    """Yield the text of the package, the functions, the local stack and the other documents."""
    for pattern in ("layers/pam/pam/**/*.py", "functions/*/*.py", "local/**/*.py", "docs/**/*.md"):
        yield from (path.read_text() for path in sorted(CHECKOUT.glob(pattern)) if path != GLOSSARY)


def test_error_codes_of_docs_and_code_are_the_same() -> None:
    """docs/errors.md lists every error code, and no other."""
    assert listed_in("errors.md") == {error.code for error in errors.ALL}


def test_statuses_of_docs_and_code_are_the_same() -> None:
    """docs/errors.md gives each error code the status that is sent."""
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", (DOCS / "errors.md").read_text(), re.MULTILINE))
    assert rows == {error.code: str(error.status) for error in errors.ALL}


def test_error_codes_are_unique() -> None:
    """No two errors have the same code."""
    assert len({error.code for error in errors.ALL}) == len(errors.ALL)


def test_performance_page_is_rendered_from_the_figures() -> None:
    """docs/performance.md is what docs/figures.json, the benchmarks' docstrings and docs/load.json give."""
    assert "\nThese are an ASSUMPTION" in (DOCS / "performance.md").read_text()  # of chat_two_tools, not measured
    figures, runs = (json.loads((DOCS / name).read_text()) for name in ("figures.json", "load.json"))
    assert (DOCS / "performance.md").read_text() == render(figures) + render_load(runs)


def test_glossary_is_sorted_and_has_one_line_per_term() -> None:
    """The terms of docs/glossary.md are in alphabetical order, each once, and every list item is a term."""
    terms = glossary_terms()
    assert terms == sorted(set(terms), key=str.casefold)
    assert len(terms) == len(re.findall("^- ", GLOSSARY.read_text(), re.MULTILINE))


def test_glossary_terms_are_used_in_code_or_docs() -> None:
    """Each term occurs outside of the glossary, in words or as a name."""
    text = "\n".join(sources()).casefold()
    # A name in code joins the words of a term by an underscore, a class not at all.
    unused = [term for term in glossary_terms() if not re.search(re.sub(r"[ _-]", r"[\\s_-]?", term.casefold()), text)]
    assert unused == []


def test_links_between_documents_lead_to_files() -> None:
    """Every relative link in the README and in docs names a file of the repository."""
    missing = [
        f"{page.relative_to(CHECKOUT)}: {target}"
        for page in (CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted(DOCS.glob("**/*.md")))
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert missing == []


def test_routes_of_docs_and_template_are_the_same() -> None:
    """docs/openapi.json has every route of the HTTP API, docs/websocket.md every route key of the WebSocket API."""
    routes = {
        (event["Properties"]["Method"].lower(), event["Properties"]["Path"])
        for function in FUNCTIONS.values()
        for event in http_events(function)
    }
    paths = json.loads((DOCS / "openapi.json").read_text())["paths"]
    assert {(method, path) for path, methods in paths.items() for method in methods} == routes
    keys = set(RESOURCES["WebSocketApi"]["Properties"]["Routes"]) - {"$connect", "$disconnect", "$default"}
    sent_by_clients = (DOCS / "websocket.md").read_text().partition("\n| action |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", sent_by_clients, re.MULTILINE)) == keys


def test_removal_names_everything_that_the_stack_leaves_behind() -> None:
    """docs/deployment.md has each resource that CloudFormation keeps, and each bucket that has to be emptied first."""
    removal = (DOCS / "deployment.md").read_text().partition("\n## Remove a stage\n")[2]
    kept = {name for name, resource in RESOURCES.items() if resource.get("DeletionPolicy", "Delete") != "Delete"}
    assert [name for name in kept if f"`{name}`" not in removal] == []
    buckets = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::S3::Bucket"}
    assert [name for name in buckets if f"s3://<{name}>" not in removal] == []
