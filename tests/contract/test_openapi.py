"""The description of the API is the API: complete, valid, and true of thousands of generated requests."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jsonschema
import psycopg
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis import Case, CheckContext, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local import openapi
from local.stack import LocalStack
from pam.platform import errors
from pam.users.periods import PERIOD_SCHEMA, resolve_period
from tests.conftest import CHECKOUT

DOCUMENT: dict[str, Any] = json.loads((CHECKOUT / openapi.FILE).read_text(encoding="utf-8"))
OPERATIONS = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]

# Generated requests for each operation in each mode. PAM_CASES=2000 looks longer.
CASES = int(os.environ.get("PAM_CASES", "72"))

# Nothing but these may be said of a request that has the described form: they depend on more than one field, on
# the day, on where things are, or on what exists.
BEYOND_FORM = {
    error.code
    for error in (
        errors.EFFECT_NOT_FOUND,
        errors.DATE_IN_FUTURE,
        errors.DATE_TOO_OLD,
        errors.INVALID_WINDOW,
        errors.INVALID_CURSOR,
        errors.LOCATION_NEEDED,
        errors.UNKNOWN_PLACE,
        errors.AMBIGUOUS_PLACE,
        errors.NO_ROUTE,
        errors.NO_PRICE_SOURCE,
        errors.IDEMPOTENCY_KEY_REUSED,
    )
}

SENTENCES = {
    "How much did I spend on gas this month?": "spend_summary",
    "How are my budgets doing?": "budget_status",
    "How much have I saved?": "savings_total",
    "show my last 5 expenses": "list_expenses",
    "add $12.50 for tolls": "add_expense",
    "what's the weather in Moab, Utah tomorrow": "weather",
    "how far is it from Denver to Moab, Utah": "distance",
    "how much fuel from Denver to Moab, Utah": "fuel_estimate",
    "how much fuel for 300 miles at 10 mpg at $3.50 a gallon": "fuel_estimate",
    "campgrounds near Moab, Utah": "nearby_parks",
    "gas prices in Utah": "gas_prices",
    "plan my week to Yellowstone": "chat",
}
TODAY = datetime.now(UTC).date()
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=200)
OWN_EFFECTS: list[str] = []

# What no JSON schema can say of a text.
for name, strategy in {
    "time-zone": st.sampled_from(["America/Denver", "Australia/Sydney", "UTC", "Pacific/Kiritimati", "Asia/Kolkata"]),
    "date": st.integers(0, 300).map(lambda ago: str(TODAY - timedelta(ago)))
    | st.dates(date(1970, 1, 1), date(9000, 12, 31)).map(str),
    "place": st.sampled_from(["here", "Moab, Utah", "Denver", "Alice Springs", "Zion National Park", "Springfield"])
    | PRINTABLE.filter(str.strip),
    "printable": PRINTABLE,
    "question": st.sampled_from(list(SENTENCES)) | PRINTABLE.filter(str.strip),
    "uuid": st.integers(0, 30).map(lambda place: OWN_EFFECTS[place]) | st.uuids().map(str),
}.items():
    schemathesis.openapi.format(name, strategy)

# Tokens aren't generated: what happens without a good one is tested by itself.
SCHEMA = schemathesis.openapi.from_dict(
    {name: part for name, part in DOCUMENT.items() if name != "security"}, config=schemathesis.Config(seed=1)
)


@pytest.fixture(scope="module")
def session(stack: LocalStack) -> Iterator[requests.Session]:
    """Signed in as somebody with a rig, budgets, savings and some expenses, also in other currencies."""
    user_id = uuid.uuid4()
    with requests.Session() as session:
        session.headers["authorization"] = f"Bearer {stack.token(user_id)}"
        for day in range(31):
            new = {"amount": f"{day + 1}.50", "category": ("fuel", "dining", "tolls")[day % 3]}
            new |= {"date": str(TODAY - timedelta(2 * day + 1))} | ({"currency": "CAD"} if day % 5 == 0 else {})
            told = session.post(f"{stack.url}/v1/expenses", json=new, timeout=30).json()
            OWN_EFFECTS.append(told["undo"]["href"].rpartition("/")[2])
        with psycopg.connect(stack.postgres.owner, autocommit=True) as owner:
            owner.execute(
                "insert into vehicles (user_id, name, kind, fuel_type, consumption_l_per_100km)"
                " values (%s, 'Bertha', 'motorhome', 'diesel', 25)",
                (user_id,),
            )
            for category, limit, currency in (("fuel", 100, "USD"), ("medical", 50, "USD"), ("tolls", 90, "CAD")):
                owner.execute("insert into budgets values (%s, %s, %s, %s)", (user_id, category, limit, currency))
            for kind, currency in (("gas", "USD"), ("campground", "USD"), ("route", "AUD")):
                owner.execute(
                    "insert into savings (user_id, amount, currency, kind, saved_at) values (%s, 12.5, %s, %s, now())",
                    (user_id, currency, kind),
                )
        yield session


def carried_out(_: CheckContext, response: Response, case: Case) -> None:
    """What has the described form is carried out, or refused for a reason beyond its form."""
    if not case.meta.generation.mode.is_positive or response.status_code < 400:
        return
    told = response.json()
    # A distance, or places: no schema of single parameters can say that.
    needs_a_way = case.path == "/v1/fuel-estimate" and (told["code"], told.get("field")) == (
        "invalid_request",
        "distance",
    )
    assert told["code"] in BEYOND_FORM or needs_a_way, f"has the described form, and yet: {told}"


def refused(context: CheckContext, response: Response, case: Case) -> None:
    """What hasn't the described form is refused; an empty parameter counts as absent."""
    sent = parse_qsl(urlsplit(response.request.url).query, keep_blank_values=True)
    if all(value for _, value in sent) and response.status_code != 413:
        negative_data_rejection(context, response, case)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    carried_out,
    refused,
]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_generated_requests_are_answered_as_described(
    stack: LocalStack, session: requests.Session, method: str, path: str, mode: GenerationMode
) -> None:
    """No 5xx, no status, header, type or field that isn't described; what fits is taken and what doesn't is refused."""
    statuses: list[int] = []

    @settings(
        max_examples=CASES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=SCHEMA[path][method].as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        response = case.call(stack.url, session=session, timeout=30)
        statuses.append(response.status_code)
        case.validate_response(response, checks=CHECKS)

    ask()
    # Only one body fits where nothing is asked for, `{}`: there is nothing to generate.
    nothing_to_vary = mode is GenerationMode.POSITIVE and path == "/v1/ws-ticket"
    assert len(statuses) >= (1 if nothing_to_vary else CASES)
    if mode is GenerationMode.POSITIVE:
        # How many are carried out is chance: a way for fuel must be one of several optional fields. Each refusal is
        # checked by `carried_out`; here it only matters that the description leads to an answer at all.
        assert any(status < 400 for status in statuses)


@pytest.mark.parametrize(("sentence", "intent"), SENTENCES.items())
def test_each_kind_of_answer_to_a_sentence_is_as_described(
    stack: LocalStack, session: requests.Session, sentence: str, intent: str
) -> None:
    """No field more, none less."""
    reply = session.post(f"{stack.url}/v1/ask", json={"text": sentence}, timeout=30)
    assert reply.status_code == 200
    assert reply.json()["intent"] == intent
    schema = {"$ref": "#/components/schemas/Asked", "components": DOCUMENT["components"]}
    jsonschema.validate(reply.json(), schema, jsonschema.Draft202012Validator)


def test_every_described_intent_has_a_sentence() -> None:
    """So that the test above leaves none out."""
    assert set(SENTENCES.values()) == DOCUMENT["components"]["schemas"]["Asked"]["discriminator"]["mapping"].keys()


def test_there_are_two_thousand_generated_requests() -> None:
    """As many as the whole is worth, at least."""
    assert 2 * CASES * len(OPERATIONS) >= 2_000


def test_the_committed_description_is_of_this_code() -> None:
    """After a change of a route, a model or an answer: `make openapi`."""
    assert (CHECKOUT / openapi.FILE).read_text(encoding="utf-8") == openapi.render(openapi.describe())


def test_committed_types_of_the_page_are_of_this_description() -> None:
    """After a change of a route, a model or an answer: `make openapi`."""
    assert (CHECKOUT / openapi.TYPES_FILE).read_text(encoding="utf-8") == openapi.render_types(DOCUMENT)


def test_the_description_is_valid() -> None:
    """OpenAPI 3.1, by its own schema."""
    validate(DOCUMENT)


# Told over the WebSocket, or to Claude as what came of a tool.
OF_THE_CONVERSATION = {
    error.code
    for error in (
        errors.AMBIGUOUS_RECIPIENT,
        errors.CHAT_DISABLED,
        errors.CONFIRMATION_EXPIRED,
        errors.CONFIRMATION_MISMATCH,
        errors.CONFIRMATION_NOT_FOUND,
        errors.CONFIRMATION_USED,
        errors.DAILY_LIMIT_REACHED,
        errors.DATE_IN_PAST,
        errors.MESSAGE_NOT_FOUND,
        errors.MODEL_BUSY,
        errors.MODEL_INTERRUPTED,
        errors.MODEL_REFUSED,
        errors.MODEL_UNAVAILABLE,
        errors.NAME_TAKEN,
        errors.RATE_LIMITED,
        errors.RECIPIENT_NOT_ALLOWED,
        errors.TOOL_RESULT_TOO_LARGE,
        errors.TOOL_TIMED_OUT,
        errors.MESSAGE_LIMIT_REACHED,
        errors.QUEUE_FULL,
        errors.TURN_LOST,
        errors.COST_EXCEEDED,
        errors.TURN_TIMED_OUT,
        errors.UNKNOWN_RECIPIENT,
        errors.UNKNOWN_TOOL,
    )
}


def test_every_error_code_belongs_to_a_route() -> None:
    """All but those of the conversation, and the one that API Gateway never lets through: it answers 404 for a method
    that isn't there."""
    described = json.dumps(DOCUMENT["paths"]) + json.dumps(DOCUMENT["components"]["responses"])
    unreachable = {error.code for error in errors.ALL if f'"{error.code}"' not in described}
    assert unreachable == {"method_not_allowed"} | OF_THE_CONVERSATION


def with_examples(part: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each example of the description with its schema."""
    if isinstance(part, dict):
        if "example" in part:
            yield part["example"], part["schema"]
        for example in part.get("examples", ()):
            yield example, part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from with_examples(inner)


def test_examples_fit_their_schemas() -> None:
    """So that a reader can send them."""
    examples = list(with_examples(DOCUMENT))
    assert len(examples) > 30
    for example, schema in examples:
        jsonschema.validate(example, schema | {"components": DOCUMENT["components"]}, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("period", [*PERIOD_SCHEMA["anyOf"][0]["enum"], "last_1_days", "last_3660_days"])
def test_every_described_period_is_one(period: str) -> None:
    """The names in the description are those of the calendar, up to the last bound."""
    assert resolve_period(period, TODAY, first_weekday=0).days >= 1


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("Path: /v1/savings}", "Path: /v1/saved}", "GET /v1/saved"),
        ("Method: GET, Path: /v1/savings}", "Method: ANY, Path: /v1/savings}", "ANY /v1/savings"),
        ("DefaultAuthorizer: Traveller", "", "Without an authorizer"),
    ],
)
def test_a_route_that_template_and_handlers_do_not_share_is_an_error(
    tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    """So is one that asks for no token."""
    for name in ("functions", "layers", "migrations", "pyproject.toml"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    template = (CHECKOUT / "template.yaml").read_text(encoding="utf-8")
    assert before in template
    (tmp_path / "template.yaml").write_text(template.replace(before, after), encoding="utf-8")
    with pytest.raises(openapi.RouteMismatchError, match=complaint):
        openapi.describe(tmp_path)


def test_a_route_that_is_not_described_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new route must say what it answers."""
    monkeypatch.delitem(openapi.ROUTES, "GET /v1/savings")
    with pytest.raises(openapi.RouteMismatchError, match="GET /v1/savings"):
        openapi.describe()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_description_says_who_may_ask(stack: LocalStack, method: str, path: str) -> None:
    """Without a token, every operation gives the described 401."""
    response = httpx.request(method, stack.url + path)
    described = DOCUMENT["components"]["responses"]["401"]
    assert response.status_code == 401
    assert {name.lower() for name in described["headers"]} <= set(response.headers)
    assert response.json().keys() == {"message"}
    assert DOCUMENT["security"] == [{"traveller": []}]


@pytest.mark.parametrize("path", sorted(path for path, methods in DOCUMENT["paths"].items() if "get" in methods))
def test_what_is_said_to_be_conditional_is(stack: LocalStack, session: requests.Session, path: str) -> None:
    """An `ETag` comes exactly where it is described, and sent back gives a 304 without a body."""
    asked = {"distance": {"origin": "Denver", "destination": "Moab, Utah"}, "fuel-estimate": {"distance": "100"}}
    parameters = asked.get(path.removeprefix("/v1/"), {})
    if path in ("/v1/weather", "/v1/parks"):
        parameters = {"place": "Moab, Utah"}
    reply = session.get(stack.url + path, params=parameters, timeout=30)
    assert reply.status_code == 200
    conditional = "304" in DOCUMENT["paths"][path]["get"]["responses"]
    assert ("etag" in reply.headers) == conditional
    if conditional:
        headers = {"if-none-match": f'"other", {reply.headers["etag"]}'}
        again = session.get(stack.url + path, params=parameters, headers=headers, timeout=30)
        assert (again.status_code, again.content) == (304, b"")


def test_no_function_pays_for_the_description() -> None:
    """The models of answers take time to define, and only tests have a use for them: no handler imports them."""
    load = """
import importlib.util, pathlib, sys
for file in sorted(pathlib.Path("functions").glob("*/app.py")):
    spec = importlib.util.spec_from_file_location(file.parent.name, file)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
print("pam.answers.spend_summary" in sys.modules, "pam.answers.replies" in sys.modules)
"""
    environment = os.environ | {"POWERTOOLS_METRICS_NAMESPACE": "PAM"}
    loaded = subprocess.run(
        [sys.executable, "-c", load], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == ["True", "False"]


def test_the_local_stack_serves_the_description_and_a_page_to_read_it(stack: LocalStack) -> None:
    """The committed file as JSON, and a page that loads nothing from elsewhere."""
    served = httpx.get(f"{stack.url}/openapi.json")
    assert served.headers["content-type"] == "application/json"
    assert served.headers["cache-control"] == "no-cache"
    assert served.json() == DOCUMENT
    page = httpx.get(f"{stack.url}/api.html")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.text
    assert "http:" not in page.text.replace("http-equiv", "")
