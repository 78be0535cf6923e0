"""The definitions of the tools, and the parsing of the arguments that a model writes for them."""

import json
import math
import os
import subprocess
import sys
from typing import Annotated, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pam.money.amounts import CURRENCIES
from pam.money.categories import Category
from pam.platform.errors import PamError
from pam.tools.catalog import TOOLS, money, travel
from pam.tools.engine.arguments import MORE_TO_DO
from pam.tools.engine.definition import EffectKind
from pam.tools.engine.parsing import parse_arguments
from tests.conftest import CHECKOUT

NAMES = tuple(TOOLS)
DEFINITIONS = {definition["name"]: definition for definition in TOOLS.definitions()}

# Tokens are counted as characters by 2.5. The definitions are in every prompt, so each word has its price.
MAX_TOKENS = 7000


def compact(definition: Any) -> str:
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))


def nodes(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schema and every schema in it."""
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return [schema, *(node for part in inner for node in nodes(part))]


def test_definitions_are_short() -> None:
    """All of them have at most 7,000 tokens together."""
    assert len(compact(TOOLS.definitions())) / 2.5 <= MAX_TOKENS


@pytest.mark.parametrize("name", NAMES)
def test_definition_is_a_valid_schema(name: str) -> None:
    """Without nulls and references; every argument has a type, and the tool a description."""
    definition = DEFINITIONS[name]
    schema = definition["input_schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert not any(node.keys() & {"$ref", "$defs", "anyOf", "title", "examples"} for node in nodes(schema))
    assert all(argument["type"] for argument in schema["properties"].values())
    assert "null" not in compact(schema)
    assert 30 < len(definition["description"]) < 300
    assert definition["description"].endswith(".")


def test_categories_and_fuels_are_enumerated() -> None:
    """Once, so that the model need not guess a name; an amount is a number."""
    assert DEFINITIONS["create_expense"]["input_schema"]["properties"]["category"]["enum"] == list(Category)
    assert DEFINITIONS["find_cheap_gas"]["input_schema"]["properties"]["fuel"]["enum"] == [
        "regular", "mid", "premium", "diesel",
    ]  # fmt: skip
    amounts = [
        DEFINITIONS[name]["input_schema"]["properties"]["amount"] for name in ("create_expense", "update_budget")
    ]
    assert [amount["type"] for amount in amounts] == ["number", "number"]


def test_no_tool_has_an_argument_for_user_zone_or_location() -> None:
    """They come from the session and the device; the user to follow is named by their public name."""
    names = {
        argument
        for name, definition in DEFINITIONS.items()
        for argument in definition["input_schema"]["properties"]
        if (name, argument) != ("follow_user", "user")
    }
    assert not names & {"user", "user_id", "timezone", "latitude", "longitude"}


def test_definitions_are_the_same_bytes_in_every_process() -> None:
    """Another byte would invalidate the cached prefix."""
    script = "import json; from pam.tools.catalog import TOOLS; print(json.dumps(TOOLS.definitions()))"
    path = os.pathsep.join([str(CHECKOUT / "layers/pam"), str(CHECKOUT)])
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONPATH": path, "PYTHONHASHSEED": seed, "AWS_DEFAULT_REGION": "us-east-1"},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert seen == {json.dumps(TOOLS.definitions()).encode() + b"\n"}


def test_more_to_do_is_removed_before_parsing() -> None:
    """Every tool that writes has it beside its own arguments."""
    for name in NAMES:
        writes = TOOLS[name].effect is not EffectKind.READ
        assert (MORE_TO_DO in DEFINITIONS[name]["input_schema"]["properties"]) == writes
    raw = f'{{"amount": 5, "category": "fuel", "{MORE_TO_DO}": true}}'
    assert not hasattr(parse_arguments(money.create_expense, raw), MORE_TO_DO)
    assert parse_arguments(money.compare_vs_budget, f'{{"{MORE_TO_DO}": false}}').period == "this_month"


@pytest.mark.parametrize("raw", ["", " \n", "{}"])
def test_empty_text_has_no_arguments(raw: str) -> None:
    """A model may write nothing for a tool without required arguments."""
    assert parse_arguments(money.get_spending_summary, raw).category is None


def test_optional_arguments_may_be_null() -> None:
    """Null is the default."""
    raw = '{"amount": 5, "category": "fuel", "currency": null, "date": null, "description": null}'
    assert parse_arguments(money.create_expense, raw) == parse_arguments(
        money.create_expense, '{"amount": 5, "category": "fuel"}'
    )
    assert parse_arguments(travel.get_weather_forecast, '{"days": null, "period": null}').place == "here"


def values_of(argument: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that are valid for the schema of an argument."""
    if "enum" in argument:
        return st.sampled_from(argument["enum"])
    match argument["type"]:
        case "integer":
            return st.integers(argument.get("minimum", 1), argument.get("maximum", 100))
        case "number":
            least, most = argument.get("minimum", 0.01), argument.get("maximum", 1000)
            return st.floats(least, most) | st.integers(math.ceil(least), math.floor(most))
        case "object":
            return st.just({})
        case "array":
            return st.lists(values_of(argument["items"]), max_size=3)
        case "boolean":
            return st.booleans()
    return st.text(max_size=30) | st.dates().map(str)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(data=st.data())
def test_arguments_valid_for_the_schema_are_parsed(name: str, data: st.DataObject) -> None:
    """Or rejected, for what the schema leaves out; the spacing of the JSON makes no difference."""
    schema = DEFINITIONS[name]["input_schema"]
    values = {argument: values_of(described) for argument, described in schema["properties"].items()}
    required = {argument: values.pop(argument) for argument in schema.get("required", ())}
    arguments = data.draw(st.fixed_dictionaries(required, optional=values))
    jsonschema.validate(arguments, schema)
    try:
        parsed = parse_arguments(TOOLS[name], json.dumps(arguments))
    except PamError as error:
        assert error.error.status in (400, 422), error.message
        return
    assert parse_arguments(TOOLS[name], json.dumps(arguments, indent=2)) == parsed


OF_OTHER_TYPE = {"integer": ("5", True, 2.5), "boolean": ("true", "yes", 1)}

TYPED = [
    (name, argument)
    for name in NAMES
    for argument, described in DEFINITIONS[name]["input_schema"]["properties"].items()
    if described.get("type") in OF_OTHER_TYPE and argument != MORE_TO_DO
]


@pytest.mark.parametrize(("name", "argument"), TYPED)
def test_values_of_another_type_are_rejected(name: str, argument: str) -> None:
    """A number in quotes, or a boolean as a number, isn't converted."""
    field = TOOLS[name].arguments.model_fields[argument]
    adapter = TypeAdapter(Annotated[field.annotation, field])
    for value in OF_OTHER_TYPE[DEFINITIONS[name]["input_schema"]["properties"][argument]["type"]]:
        with pytest.raises((PamError, ValidationError)):
            adapter.validate_python(value)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=8), scalars, max_size=3)
near = st.text('0123456789-+.eE_ ,:{}[]"abcdefghijklmnopqrstuvwxyz٣\u0000\ud800', max_size=24)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_any_text_is_parsed_or_rejected(name: str, data: st.DataObject) -> None:
    """With an error of the API and a message that is a sentence."""
    names = st.sampled_from([*DEFINITIONS[name]["input_schema"]["properties"], "unknown"])
    raw = data.draw(near | (st.dictionaries(names, anything | near, max_size=4) | anything).map(json.dumps))
    try:
        assert isinstance(parse_arguments(TOOLS[name], raw), TOOLS[name].arguments)
    except PamError as error:
        assert error.error.status in (400, 422) and error.message[-1] == "."


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_every_currency_of_iso_4217_is_parsed(code: str) -> None:
    """Though the schema does not list them."""
    raw = json.dumps({"amount": 5, "category": "fuel", "currency": code})
    assert parse_arguments(money.create_expense, raw).currency == code
