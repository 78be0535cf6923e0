"""What Claude reads of the tools, and what becomes of what it writes."""

import json
import math
import os
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pam.money.amounts import CURRENCIES
from pam.money.categories import Category
from pam.platform.errors import PamError
from pam.tools.catalog import TOOLS, money, travel
from pam.tools.engine.arguments import MORE_TO_DO
from pam.tools.engine.definition import EffectKind
from pam.tools.engine.parsing import parse_arguments
from tests.conftest import CHECKOUT

NAMES = (
    "create_expense", "get_spending_summary", "compare_vs_budget", "update_budget",
    "find_cheap_gas", "get_weather_forecast", "estimate_travel_time", "find_rv_parks",
)  # fmt: skip
DEFINITIONS = {definition["name"]: definition for definition in TOOLS.definitions()}

# As Claude's own tokens are counted here: characters by 3.6. With so many tools in every prompt, each word is paid for.
MOST_TOKENS = 1600

# What depends on more than one argument, on the day, or on a form that the schema leaves to its description.
BEYOND_FORM = {
    "unknown_currency", "unknown_period", "invalid_window", "invalid_date", "invalid_text", "invalid_amount",
    "invalid_request",
}  # fmt: skip


def compact(definition: Any) -> str:
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))


def nodes(schema: Any) -> list[dict[str, Any]]:
    """The schema and every object in it."""
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    return ([schema] if isinstance(schema, dict) else []) + [node for part in inner for node in nodes(part)]


def test_the_eight_stay_short() -> None:
    """Together under 1,600 tokens."""
    assert sum(len(compact(DEFINITIONS[name])) for name in NAMES) / 3.6 < MOST_TOKENS


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_says_all_that_claude_needs(name: str) -> None:
    """A valid schema, closed, without nulls and references; every argument with a type and a description."""
    definition = DEFINITIONS[name]
    schema = definition["input_schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object" and schema["additionalProperties"] is False
    assert not any(node.keys() & {"$ref", "$defs", "anyOf", "title", "examples"} for node in nodes(schema))
    assert all(argument["description"] and argument["type"] for argument in schema["properties"].values())
    assert "null" not in compact(schema)
    assert 60 < len(definition["description"]) < 300


def test_categories_and_fuels_are_there_to_choose_from() -> None:
    """So that Claude needn't guess a name; an amount is a number."""
    for name in NAMES[:4]:
        assert DEFINITIONS[name]["input_schema"]["properties"]["category"]["enum"] == list(Category)
    assert DEFINITIONS["find_cheap_gas"]["input_schema"]["properties"]["fuel"]["enum"] == [
        "regular", "mid", "premium", "diesel",
    ]  # fmt: skip
    amounts = [
        DEFINITIONS[name]["input_schema"]["properties"]["amount"] for name in ("create_expense", "update_budget")
    ]
    assert [(amount["type"], amount["maximum"]) for amount in amounts] == [("number", 1_000_000), ("number", 100_000)]


def test_who_asks_and_where_they_are_is_not_claudes_to_say() -> None:
    """No tool has an argument for it."""
    asked = {name for definition in DEFINITIONS.values() for name in definition["input_schema"]["properties"]}
    assert not asked & {"user", "user_id", "timezone", "latitude", "longitude"}


def test_the_bytes_are_the_same_in_every_run() -> None:
    """One byte more or less, and nothing of the cached prefix is left."""
    show = "import json; from pam.tools.catalog import TOOLS; print(json.dumps(TOOLS.definitions()))"
    path = os.pathsep.join([str(CHECKOUT / "layers/pam"), str(CHECKOUT)])
    seen = {
        subprocess.run(
            [sys.executable, "-c", show],
            env={"PYTHONPATH": path, "PYTHONHASHSEED": seed, "AWS_DEFAULT_REGION": "us-east-1"},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert seen == {json.dumps(TOOLS.definitions()).encode() + b"\n"}


def test_what_there_is_more_to_do_is_no_argument() -> None:
    """Offered with every tool that writes, and taken off before the arguments are looked at."""
    for name in NAMES:
        writes = TOOLS[name].effect is not EffectKind.READ
        assert (MORE_TO_DO in DEFINITIONS[name]["input_schema"]["properties"]) == writes
    raw = f'{{"amount": 5, "category": "fuel", "{MORE_TO_DO}": true}}'
    assert not hasattr(parse_arguments(money.create_expense, raw), MORE_TO_DO)
    assert parse_arguments(money.compare_vs_budget, f'{{"{MORE_TO_DO}": false}}').period == "this_month"


@pytest.mark.parametrize("raw", ["", " \n", "{}"])
def test_nothing_at_all_is_no_arguments(raw: str) -> None:
    """Claude writes nothing where it has nothing to say."""
    assert parse_arguments(money.get_spending_summary, raw).category is None


def test_what_may_be_left_out_may_be_null() -> None:
    """Some write it so."""
    raw = '{"amount": 5, "category": "fuel", "currency": null, "date": null, "description": null}'
    assert parse_arguments(money.create_expense, raw) == parse_arguments(
        money.create_expense, '{"amount": 5, "category": "fuel"}'
    )
    assert parse_arguments(travel.get_weather_forecast, '{"days": null, "period": null}').place == "here"


def fitting(argument: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that an argument's schema describes."""
    if "enum" in argument:
        return st.sampled_from(argument["enum"])
    match argument["type"]:
        case "integer":
            return st.integers(argument["minimum"], argument["maximum"])
        case "number":
            least = argument.get("minimum", 0.01)
            return st.floats(least, argument["maximum"]) | st.integers(math.ceil(least), argument["maximum"])
        case "boolean":
            return st.booleans()
        case "string" if argument.get("format") == "date":
            return st.dates().map(str)
    return st.text(max_size=argument.get("maxLength", 30))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(data=st.data())
def test_what_fits_the_schema_is_taken(name: str, data: st.DataObject) -> None:
    """But for what no schema says; and it has the form that it has whatever the spaces between."""
    schema = DEFINITIONS[name]["input_schema"]
    values = {argument: fitting(described) for argument, described in schema["properties"].items()}
    needed = {argument: values.pop(argument) for argument in schema.get("required", ())}
    arguments = data.draw(st.fixed_dictionaries(needed, optional=values))
    jsonschema.validate(arguments, schema)
    try:
        taken = parse_arguments(TOOLS[name], json.dumps(arguments))
    except PamError as refused:
        assert refused.error.code in BEYOND_FORM, refused.message
        return
    assert parse_arguments(TOOLS[name], json.dumps(arguments, indent=2)) == taken


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=8), scalars, max_size=3)
near = st.text('0123456789-+.eE_ ,:{}[]"abcdefghijklmnopqrstuvwxyz٣\u0000\ud800', max_size=24)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_whatever_is_written_fits_or_is_refused(name: str, data: st.DataObject) -> None:
    """Never another error, and always a sentence."""
    names = st.sampled_from(sorted(DEFINITIONS[name]["input_schema"]["properties"]))
    raw = data.draw(near | (st.dictionaries(names, anything | near, max_size=4) | anything).map(json.dumps))
    try:
        assert isinstance(parse_arguments(TOOLS[name], raw), TOOLS[name].arguments)
    except PamError as refused:
        assert refused.error.status in (400, 422) and refused.message[-1] == "."


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_every_currency_that_accounts_are_kept_in_is_taken(code: str) -> None:
    """Though the schema doesn't list them."""
    raw = json.dumps({"amount": 5, "category": "fuel", "currency": code})
    assert parse_arguments(money.create_expense, raw).currency == code
