"""What every tool has in common, for all of the registry: a new tool is tested here once it has an example."""

import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import boto3
import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from local.stack import LocalStack
from pam.migrations.runner import Runner
from pam.platform.errors import INTERNAL_ERROR, PamError
from pam.platform.postgres import Database
from pam.safety.figures import Conventions, Evidence, FigureCheck, add_result
from pam.tools.catalog import TOOLS
from pam.tools.engine.definition import EffectKind, ToolResult
from pam.tools.engine.parsing import parse_arguments
from pam.tools.engine.results import result_json
from tests.conftest import CHECKOUT, INSERT_PRODUCT
from tests.functional.tools.conftest import Caller
from tests.functional.tools.examples import EXAMPLES, Household, missing_row, new_household

MAX_RESULT_CHARS = 8_192

NAMES = sorted(TOOLS)
OWN = [name for name in NAMES if TOOLS[name].effect is EffectKind.OWN]
WRITES = [name for name in NAMES if TOOLS[name].effect is not EffectKind.READ]
NAMING_ROWS = [
    (name, argument)
    for name in NAMES
    for argument, value in EXAMPLES.get(name, {}).items()
    if isinstance(value, str) and value.startswith("$")
]

BOOKKEEPING = frozenset({"effects", "write_audit", "embedding_requests", "schema_versions"})
"""Tables that every write writes beside its own."""

Rows = Counter[tuple[str, str]]


@pytest.fixture(scope="module", autouse=True)
def own_database(stack: LocalStack, lambda_environment: None) -> Iterator[str]:
    """The name of a database of this module's own: all of it is compared, so that it must be small."""
    name = f"conformance_{uuid.uuid4().hex}"
    conninfo = make_conninfo(stack.postgres.owner, dbname=name)
    secret = json.dumps(stack.postgres.app | {"dbname": name})
    secrets = boto3.client("secretsmanager")
    with psycopg.connect(stack.postgres.owner, autocommit=True) as connection, pytest.MonkeyPatch.context() as patch:
        connection.execute(f"create database {name}")
        Runner(conninfo, CHECKOUT / "migrations").up()
        with psycopg.connect(conninfo) as owner:
            owner.execute(INSERT_PRODUCT)
        secrets.create_secret(Name=name, SecretString=secret)
        patch.setenv("DATABASE_SECRET", name)
        yield name
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def owner(stack: LocalStack, own_database: str) -> Iterator[psycopg.Connection]:
    """A connection that sees every row; the users of a test are deleted after it."""
    conninfo = make_conninfo(stack.postgres.owner, dbname=own_database)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection
        connection.execute("delete from users")


@pytest.fixture
def database(stack: LocalStack, own_database: str) -> Iterator[Database]:
    """The module's database as the functions see it."""
    database = Database(lambda: json.dumps(stack.postgres.app | {"dbname": own_database}))
    yield database
    database.close()


@pytest.fixture
def household(new_caller: Callable[..., Caller], database: Database, owner: psycopg.Connection) -> Household:
    """A user with rows of every kind."""
    return new_household(new_caller, database)


@pytest.fixture
def rows(owner: psycopg.Connection) -> Callable[[], Rows]:
    """Return a function that reads all rows of all tables, without those of bookkeeping."""
    tables = [
        name
        for (name,) in owner.execute(
            "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
        )
        if name not in BOOKKEEPING
    ]

    def read() -> Rows:
        found: Rows = Counter()
        for table in tables:
            for (row,) in owner.execute(f"select row_to_json(t)::text from {table} t"):
                # A row that was undone stays, so that a repeated request finds it, and is nobody's any more.
                found[table, row] += '"undone_at":null' in row or '"undone_at"' not in row
        return +found

    return read


class Sources:
    """The stand-ins of the travel sources."""

    def __init__(self, stack: LocalStack, shared_table: Any) -> None:
        sources = stack.travel_sources
        self._urls = [sources.mapbox_url, sources.open_meteo_url, sources.eia_url, sources.ecb_url]
        self._cache = shared_table

    def set_mode(self, mode: str) -> None:
        """Let all sources answer in a mode, and forget what they have answered before."""
        self.reset()
        for url in self._urls:
            httpx.put(f"{url}/_control", json={"mode": mode}).raise_for_status()

    def reset(self) -> None:
        for url in self._urls:
            httpx.delete(f"{url}/_journal").raise_for_status()
        for item in self._cache.scan(ProjectionExpression="#key", ExpressionAttributeNames={"#key": "key"})["Items"]:
            self._cache.delete_item(Key={"key": item["key"]})

    def asked(self) -> list[str]:
        """Return the sources that were asked since the last reset."""
        return [url for url in self._urls if httpx.get(f"{url}/_journal").json()["last"]]


@dataclass(frozen=True)
class ExampleCall:
    """The call of a tool's example: its arguments, its result, and the sources that it asked."""

    arguments: str
    result: ToolResult
    sources: list[str]


@pytest.fixture(scope="module")
def all_sources(stack: LocalStack, shared_table: Any) -> Sources:
    """The sources."""
    return Sources(stack, shared_table)


@pytest.fixture(scope="module")
def example_calls() -> dict[str, ExampleCall]:
    """The calls of examples that were made already."""
    return {}


@pytest.fixture
def example(
    new_caller: Callable[..., Caller],
    database: Database,
    owner: psycopg.Connection,
    sources: Sources,
    example_calls: dict[str, ExampleCall],
    name: str,
) -> ExampleCall:
    """The call of a tool's example, made once for all tests that look at nothing but its result."""
    if name not in example_calls:
        household = new_household(new_caller, database)
        sources.reset()
        result = call(household, name)
        example_calls[name] = ExampleCall(household.arguments(name), result, sources.asked())
    return example_calls[name]


@pytest.fixture
def sources(all_sources: Sources) -> Iterator[Sources]:
    """The sources, reset afterwards."""
    yield all_sources
    all_sources.reset()


def call(household: Household, name: str) -> ToolResult:
    return household.caller.call(TOOLS[name], household.arguments(name))


def assert_error_is_a_sentence(error: PamError) -> None:
    """The error has a code that isn't PAM's own fault, and a sentence."""
    assert error.error != INTERNAL_ERROR
    assert error.message[0].isupper() or not error.message[0].isalpha()
    assert error.message[-1] in ".?", error.message


def test_every_tool_has_an_example() -> None:
    """Whoever adds a tool adds its example, and all of this module tests it."""
    assert EXAMPLES.keys() == TOOLS.keys()


@pytest.mark.parametrize("name", NAMES)
def test_result_is_complete(example: ExampleCall, name: str) -> None:
    """JSON of at most 8 KB, with a sentence, its source and its instant."""
    result = example.result
    assert len(result_json(result).encode()) <= MAX_RESULT_CHARS
    assert json.loads(result_json(result))
    assert result.text and result.source
    assert datetime.fromisoformat(result.as_of).tzinfo is not None


@pytest.mark.parametrize("name", NAMES)
def test_sentence_has_no_figure_of_its_own(example: ExampleCall, name: str) -> None:
    """Each is in the data, the arguments or the tool's description (its limits), or follows from two of these."""
    result = example.result
    profile = Conventions("en_US", "USD", datetime.fromisoformat(result.as_of).date())
    evidence = Evidence(profile)
    evidence.add_text(example.arguments, is_question=True)
    evidence.add_text(TOOLS[name].description)
    add_result(evidence, result_json(replace(result, text="")))
    uncovered = FigureCheck(evidence).check(result.text).uncovered
    assert [result.text[figure.start : figure.end] for figure in uncovered] == [], result.text


@pytest.mark.parametrize("name", NAMES)
def test_tool_that_returns_names_of_campgrounds_says_so(example: ExampleCall, name: str) -> None:
    """They are what their owners wrote: the policy of the turn has to know of them."""
    if "Simulated Campground" in result_json(example.result):
        assert TOOLS[name].returns_others_text
    else:
        assert name not in ("plan_trip", "find_rv_parks")


@pytest.mark.parametrize("name", NAMES)
def test_database_without_rows(
    example: ExampleCall, new_caller: Callable[..., Caller], rows: Callable[[], Rows], name: str
) -> None:
    """A user who has nothing yet gets a result, or an error in a sentence that changes nothing."""
    before, caller = rows(), new_caller()
    try:
        result = caller.call(TOOLS[name], example.arguments)
    except PamError as error:
        assert_error_is_a_sentence(error)
        assert rows() == before
    else:
        assert result.text and result.source


@pytest.mark.parametrize("name", NAMES)
def test_effect_is_the_declared_one(household: Household, rows: Callable[[], Rows], name: str) -> None:
    """A reader changes no row; a write changes some, and of nobody else than its user; a second read does the same."""
    before = rows()
    call(household, name)
    changed = (rows() - before) + (before - rows())
    if TOOLS[name].effect is EffectKind.READ:
        assert changed == Counter()
    else:
        assert changed
        assert all(str(household.caller.id) in row or not _names_user(row) for _, row in changed), changed


@pytest.mark.parametrize("name", OWN)
def test_undo_restores_the_rows(household: Household, rows: Callable[[], Rows], name: str) -> None:
    """Exactly, whatever the write has changed; doing it again later is another write."""
    before = rows()
    result = call(household, name)
    assert rows() != before
    assert household.caller.undo(result, TOOLS[name])
    assert rows() == before


@pytest.mark.parametrize("name", WRITES)
def test_repeated_call_writes_once(household: Household, rows: Callable[[], Rows], name: str) -> None:
    """With the same key, it returns the result of the first."""
    caller, arguments = household.caller, household.arguments(name)
    approved = caller.approve(TOOLS[name], arguments) if TOOLS[name].effect.requires_approval else None
    first = caller.call_approved(TOOLS[name], arguments, approved, key="once")
    written = rows()
    again = caller.call_approved(TOOLS[name], arguments, approved, key="once")
    assert (again.text, again.data) == (first.text, first.data)
    assert rows() == written


@pytest.mark.parametrize(("name", "argument"), NAMING_ROWS)
def test_rows_of_others_are_not_found(
    household: Household, new_caller: Callable[..., Caller], rows: Callable[[], Rows], name: str, argument: str
) -> None:
    """Another user's row is answered like one that nobody has, and stays as it is."""
    stranger = new_caller()
    theirs = json.loads(household.arguments(name))
    nobodys = {**theirs, argument: missing_row(theirs[argument])}
    before = rows()
    outcomes = []
    for arguments in (theirs, nobodys):
        try:
            outcomes.append(stranger.call(TOOLS[name], json.dumps(arguments)).text)
        except PamError as error:
            outcomes.append((error.error, error.message.replace(str(arguments[argument]), "…")))
    assert outcomes[0] == outcomes[1]
    assert rows() == before


@pytest.mark.parametrize("name", NAMES)
def test_source_without_an_answer(
    example: ExampleCall,
    new_caller: Callable[..., Caller],
    database: Database,
    rows: Callable[[], Rows],
    sources: Sources,
    name: str,
) -> None:
    """A result that says what is missing, or an error in a sentence after which nothing is written."""
    if not example.sources:
        pytest.skip("asks no source")
    household = None
    for mode in ("401", "429", "503", "wrong_json", "wrong_shape", "cut"):
        household = household or new_household(new_caller, database)
        sources.set_mode(mode)
        before = rows()
        try:
            result = call(household, name)
        except PamError as error:
            assert_error_is_a_sentence(error)
            assert rows() == before, mode
        else:
            assert result.text and result.source, mode
            household = None  # what was written or cached would be there in the next mode, too
        sources.reset()


@pytest.mark.parametrize("name", NAMES)
def test_single_source_that_fails_is_named(
    example: ExampleCall, new_caller: Callable[..., Caller], database: Database, sources: Sources, name: str
) -> None:
    """A result without one of several sources says what it lacks."""
    lacking = 0
    for url in example.sources:
        sources.reset()  # of the last source's fault, too
        household = new_household(new_caller, database)
        sources.reset()
        httpx.put(f"{url}/_control", json={"mode": "503"}).raise_for_status()
        try:
            result = call(household, name)
        except PamError as error:
            assert error.error.code == "source_unavailable", error.message
            continue
        assert re.search(r"\b(?:can't|couldn't|doesn't know|isn't known|no exchange rate)\b", result.text), result.text
        lacking += 1
    assert lacking or name != "plan_trip"


def _limits(name: str) -> Iterator[tuple[str, Any]]:
    """Yield values beyond the limits of a tool's arguments: of the generated schema, each argument of each kind."""
    schema = TOOLS[name].arguments.model_json_schema()
    for argument, described in schema["properties"].items():
        for node in [described, *described.get("anyOf", [])]:
            node = {**schema.get("$defs", {}).get(node.get("$ref", "").rpartition("/")[2], {}), **node}
            if "maxLength" in node:
                yield argument, "x" * (node["maxLength"] + 1)
            if "maxItems" in node:
                yield argument, ["x"] * (node["maxItems"] + 1)
            if "maximum" in node:
                yield argument, node["maximum"] + 1
            if "minimum" in node:
                yield argument, node["minimum"] - 1
            if "exclusiveMinimum" in node:
                yield argument, node["exclusiveMinimum"]
            if "enum" in node:
                yield argument, "no such choice"
            if node.get("format") in ("date", "date-time"):
                yield argument, "2026-02-30"
            if node.get("format") == "uuid":
                yield argument, "17"
        yield argument, {"an": "object"}


@pytest.mark.parametrize(("name", "argument", "value"), [(name, *limit) for name in NAMES for limit in _limits(name)])
def test_value_beyond_a_limit_is_rejected(name: str, argument: str, value: Any) -> None:
    """With an error of the API that names the argument in a sentence; nothing is coerced."""
    example = {key: "x" if str(each).startswith("$") else each for key, each in EXAMPLES[name].items()}
    with pytest.raises(PamError) as raised:
        parse_arguments(TOOLS[name], json.dumps({**example, argument: value}))
    assert raised.value.error.status in (400, 422)
    assert_error_is_a_sentence(raised.value)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_argument_is_rejected(name: str) -> None:
    """So that nothing that was asked for is left out silently, a user's id above all."""
    for argument in ("user_id", "no_such_argument"):
        with pytest.raises(PamError):
            parse_arguments(TOOLS[name], json.dumps({**EXAMPLES[name], argument: "x"}))


def _names_user(row: str) -> bool:
    return any(column in row for column in ('"user_id"', '"author_id"', '"sender_id"', '"requester"', '"follower"'))
