"""docs/openapi.json is complete, valid, and right about thousands of generated requests."""

import json
import os
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
from schemathesis.core.parameters import ParameterLocation
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

CASES = {
    mode: int(os.environ.get("PAM_CASES", usual))
    for mode, usual in {GenerationMode.POSITIVE: 77, GenerationMode.NEGATIVE: 34}.items()
}
"""Generated requests for each operation; `make soak` has more. Few valid ones name a place that exists."""

# The only errors of a request that fits the schema: they depend on more than one field, on the date, on places, or on
# what exists.
BEYOND_SCHEMA = {
    error.code
    for error in (
        errors.ACCOUNT_NOT_CONFIRMED,
        errors.EFFECT_NOT_FOUND,
        errors.EXPENSE_NOT_FOUND,
        errors.MEMORY_NOT_FOUND,
        errors.USER_NOT_FOUND,
        errors.FRIENDSHIP_NOT_FOUND,
        errors.NAME_TAKEN,
        errors.AMBIGUOUS_AMOUNT,
        errors.DATE_IN_FUTURE,
        errors.DATE_TOO_OLD,
        errors.ENTRY_TOO_OLD,
        errors.INVALID_WINDOW,
        errors.INVALID_CURSOR,
        errors.LOCATION_NEEDED,
        errors.MESSAGE_NOT_FOUND,
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
    "make that $13.50": "correct_expense",
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
OWN_NUMBERS: list[str] = []
"""Of facts and of episodes."""
OWN_UUIDS: list[str] = []
"""Of messages and of selections."""
OWN_TURNS: list[str] = []
OWN_FRIENDS: list[str] = []
"""Of those who have asked for the friendship of the user."""
FRIEND_NAMES: list[str] = []

# Strategies for what no JSON schema can say of a text.
for name, strategy in {
    "time-zone": st.sampled_from(["America/Denver", "Australia/Sydney", "UTC", "Pacific/Kiritimati", "Asia/Kolkata"]),
    "typed-at": st.integers(0, 30 * 86_400).map(lambda ago: (datetime.now(UTC) - timedelta(seconds=ago)).isoformat()),
    "date": st.integers(0, 300).map(lambda ago: str(TODAY - timedelta(ago)))
    | st.dates(date(1970, 1, 1), date(9000, 12, 31)).map(str),
    "amount": st.sampled_from(["$45", "€12.50", "45 dollars", "1,200.50", "1.200", "kr 45,-"]),
    "place": st.sampled_from(["here", "Moab, Utah", "Denver", "Alice Springs", "Zion National Park", "Springfield"])
    | PRINTABLE.filter(str.strip),
    "printable": PRINTABLE,
    "question": st.sampled_from(list(SENTENCES)) | PRINTABLE.filter(str.strip),
    "search": st.sampled_from(["water pump", "dogs", "camping in Moab", "Shurflo 4008"]),
    "fact": PRINTABLE.filter(str.strip),
    "memory-number": st.integers(0, 199).map(lambda place: OWN_NUMBERS[place]) | st.integers(0, 10**6).map(str),
    "memory-uuid": st.integers(0, 199).map(lambda place: OWN_UUIDS[place]) | st.uuids().map(str),
    "message-uuid": st.integers(0, 99).map(lambda place: OWN_TURNS[place]) | st.uuids().map(str),
    "traveller-id": st.integers(0, 99).map(lambda place: OWN_FRIENDS[place]) | st.uuids().map(str),
    "traveller-name": st.integers(0, 99).map(lambda place: FRIEND_NAMES[place])
    | st.text("abcdefghij", min_size=12, max_size=100),
    "uuid": st.integers(0, 30).map(lambda place: OWN_EFFECTS[place]) | st.uuids().map(str),
}.items():
    schemathesis.openapi.format(name, strategy)

# Tokens aren't generated: a request without a valid one has a test of its own.
SCHEMA = schemathesis.openapi.from_dict(
    {name: part for name, part in DOCUMENT.items() if name != "security"}, config=schemathesis.Config(seed=1)
)


@pytest.fixture(scope="module")
def session(stack: LocalStack) -> Iterator[requests.Session]:
    """An HTTP session of a user with a rig, budgets, savings and expenses, also in other currencies."""
    user_id = uuid.uuid4()
    with requests.Session() as session:
        session.headers["authorization"] = f"Bearer {stack.token(user_id)}"
        for day in range(31):
            new = {"amount": f"{day + 1}.50", "category": ("fuel", "dining", "tolls")[day % 3]}
            new |= {"date": str(TODAY - timedelta(2 * day + 1))} | ({"currency": "CAD"} if day % 5 == 0 else {})
            created = session.post(f"{stack.url}/v1/expenses", json=new, timeout=30).json()
            OWN_EFFECTS.append(created["undo"]["href"].rpartition("/")[2])
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
            remember(owner, user_id)
            befriend(owner, user_id)
        for _ in range(100):
            reply = session.post(f"{stack.url}/v1/memories/selections", json={"topic": "zeppelin"}, timeout=30)
            OWN_UUIDS.append(reply.json()["id"])
        yield session


def remember(owner: psycopg.Connection, user_id: uuid.UUID) -> None:
    """Store a hundred messages, each with a fact and an episode."""
    conversation_id = uuid.uuid4()
    owner.execute("insert into conversations (id, user_id, profile) values (%s, %s, '')", (conversation_id, user_id))
    for number in range(100):
        turn = uuid.uuid4()
        scope = {"user": user_id, "conversation": conversation_id, "turn": turn, "number": number}
        ids = owner.execute(
            "with passage as ("
            " insert into exchanges (user_id, conversation_id, turn_id, role, passage, content, sent_at, words, length)"
            " values (%(user)s, %(conversation)s, %(turn)s, 'user', 0, 'camping', now(), 'camp:1', 1) returning id"
            "), episode as ("
            " insert into conversation_episodes (user_id, conversation_id, first_exchange_id, last_exchange_id,"
            "        episode_start_time, episode_end_time, message_count, topic, summary, sentiment)"
            " select %(user)s, %(conversation)s, id, id, now(), now(), 1, 'Camping', 'In Moab.', 'neutral' from passage"
            " returning id"
            "), fact as ("
            " insert into facts (user_id, subject, value, standing, valid_from, last_stated_at, confidence,"
            "        recorded_by)"
            " values (%(user)s, 'fact ' || %(number)s, 'x', %(number)s %% 2 = 0, now(), now(), 1, 'summary')"
            " returning id"
            "), source as ("
            " insert into fact_sources (user_id, fact_id, turn_id, stated_at)"
            " select %(user)s, id, %(turn)s, now() from fact"
            ") select fact.id, episode.id from fact, episode",
            scope,
        ).fetchone()
        assert ids is not None
        OWN_NUMBERS.extend(map(str, ids))
        OWN_UUIDS.append(str(turn))
        owner.execute(
            "insert into turns (id, user_id, conversation_id, tier, ended) values (%s, %s, %s, 3, 'done')",
            (turn, user_id, conversation_id),
        )
        OWN_TURNS.append(str(turn))


def befriend(owner: psycopg.Connection, user_id: uuid.UUID) -> None:
    """Store a name of the user, and a hundred users who ask for their friendship."""
    insert_name = "insert into public_profiles (user_id, display_name) values (%s, %s)"
    owner.execute(insert_name, (user_id, f"Contract {user_id}"))
    for _ in range(100):
        friend = uuid.uuid4()
        owner.execute("insert into users (id) values (%s)", (friend,))
        owner.execute(insert_name, (friend, f"Friend {friend}"))
        owner.execute("insert into friendships (requester, addressee) values (%s, %s)", (friend, user_id))
        OWN_FRIENDS.append(str(friend))
        FRIEND_NAMES.append(f"Friend {friend}")


def add_expense(stack: LocalStack, session: requests.Session) -> str:
    """Return the id of a new expense: those of the fixture may be undone or deleted by other requests."""
    new = {"amount": "12.50", "category": "tolls", "currency": "CAD"}
    created = session.post(f"{stack.url}/v1/expenses", json=new, timeout=30)
    return str(created.json()["expense"]["id"])


def valid_request_is_accepted(_: CheckContext, response: Response, case: Case) -> None:
    """A request that fits the schema is accepted, or rejected for a reason beyond the schema."""
    if not case.meta.generation.mode.is_positive or response.status_code < 400:
        return
    error = response.json()
    # A distance or places: no schema of single parameters can express that.
    lacks_distance = case.path == "/v1/fuel-estimate" and (error["code"], error.get("field")) == (
        "invalid_request",
        "distance",
    )
    # A correction of nothing, of which no schema of single fields knows.
    lacks_change = case.method == "PATCH" and error["message"].startswith("Say what to change")
    # A part of a day that is over, or of several days.
    lacks_day = "part_of_day" in (case.query or {}) and (error["code"], error.get("field")) == (
        "unknown_period",
        "period",
    )
    # Neither a topic nor everything, or both.
    lacks_choice = case.path == "/v1/memories/selections" and error["message"].startswith("Give a topic")
    assert error["code"] in BEYOND_SCHEMA or lacks_choice or lacks_distance or lacks_change or lacks_day, (
        f"fits the schema, and is rejected: {error}"
    )


def invalid_request_is_rejected(context: CheckContext, response: Response, case: Case) -> None:
    """A request that doesn't fit the schema is rejected; an empty parameter counts as absent."""
    sent = parse_qsl(urlsplit(response.request.url).query, keep_blank_values=True)
    if all(value for _, value in sent) and response.status_code != 413 and not body_fits_schema(case):
        negative_data_rejection(context, response, case)


def body_fits_schema(case: Case) -> bool:
    """Return whether the body fits the schema although only a body that doesn't was to be generated.

    To break a format, the generator leaves it out and draws any text, or null. No validator knows PAM's own formats:
    such a text may be right.
    """
    body = case.operation.definition.raw.get("requestBody")
    changed = {each.parameter_location for each in case.meta.phase.data.mutations}
    if not body or changed != {ParameterLocation.BODY}:
        return False
    schema = body["content"]["application/json"]["schema"] | {"components": DOCUMENT["components"]}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).is_valid(case.body)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    valid_request_is_accepted,
    invalid_request_is_rejected,
]


@pytest.mark.soak
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_generated_requests_are_answered_as_described(
    stack: LocalStack, session: requests.Session, method: str, path: str, mode: GenerationMode
) -> None:
    """No 5xx, no status, header, type or field that isn't described; valid requests are accepted, others rejected."""
    statuses: list[int] = []
    # An account is deleted of a user whom no other test needs.
    stranger = {"authorization": f"Bearer {stack.token(uuid.uuid4())}"}
    headers = {"headers": stranger} if path == "/v1/account" else {}

    @settings(
        max_examples=CASES[mode],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=SCHEMA[path][method].as_strategy(generation_mode=mode))
    def send(case: Case) -> None:
        if path == "/v1/expenses/{id}" and case.path_parameters.get("id") in OWN_EFFECTS:
            case.path_parameters["id"] = add_expense(stack, session)
        response = case.call(stack.url, session=session, timeout=30, **headers)
        statuses.append(response.status_code)
        case.validate_response(response, checks=CHECKS)

    send()
    # Where there are no fields, or one with one value, there is nothing to generate.
    few = {"/v1/ws-ticket": 1, "/v1/account": 2} if mode is GenerationMode.POSITIVE else {}
    assert len(statuses) >= few.get(path, CASES[mode])
    if mode is GenerationMode.POSITIVE:
        # How many are accepted is chance: fuel needs a distance or places, which are optional fields. Each rejection
        # is checked by `valid_request_is_accepted`; here it matters that there is an answer at all.
        assert any(status < 400 for status in statuses)


@pytest.mark.parametrize(("sentence", "intent"), SENTENCES.items())
def test_answer_of_each_intent_fits_its_schema(
    stack: LocalStack, session: requests.Session, sentence: str, intent: str
) -> None:
    """The response to a sentence of each intent has the described fields and no others."""
    if intent == "correct_expense":
        session.post(f"{stack.url}/v1/ask", json={"text": "add $12.50 for tolls"}, timeout=30)
    reply = session.post(f"{stack.url}/v1/ask", json={"text": sentence}, timeout=30)
    assert reply.status_code == 200
    assert reply.json()["intent"] == intent
    schema = {"$ref": "#/components/schemas/AskResponse", "components": DOCUMENT["components"]}
    jsonschema.validate(reply.json(), schema, jsonschema.Draft202012Validator)


def test_each_described_intent_has_a_sentence() -> None:
    """The test above covers all variants of the response."""
    assert (
        set(SENTENCES.values()) == DOCUMENT["components"]["schemas"]["AskResponse"]["discriminator"]["mapping"].keys()
    )


def test_at_least_two_thousand_requests_are_generated() -> None:
    """The number of cases and of operations is not reduced unnoticed."""
    assert sum(CASES.values()) * len(OPERATIONS) >= 2_000


def test_committed_document_is_generated_from_this_code() -> None:
    """After a change of a route, a model or an answer: `make openapi`."""
    assert (CHECKOUT / openapi.FILE).read_text(encoding="utf-8") == openapi.render(openapi.describe())


def test_committed_types_of_the_page_are_generated_from_this_document() -> None:
    """After a change of a route, a model or an answer: `make openapi`."""
    assert (CHECKOUT / openapi.TYPES_FILE).read_text(encoding="utf-8") == openapi.render_types(DOCUMENT)
    assert (CHECKOUT / openapi.FRAME_TYPES_FILE).read_text(encoding="utf-8") == openapi.render_frame_types()


def test_document_is_valid() -> None:
    """It is OpenAPI 3.1 by its own schema."""
    validate(DOCUMENT)


# Errors over the WebSocket, or of a tool.
CHAT_CODES = {
    error.code
    for error in (
        errors.AMBIGUOUS_DATE, errors.AMBIGUOUS_EVENT, errors.AMBIGUOUS_PRODUCT, errors.AMBIGUOUS_RECIPIENT,
        errors.AMBIGUOUS_TIME, errors.AMBIGUOUS_UNIT, errors.AMBIGUOUS_VEHICLE, errors.ANSWER_WITHHELD,
        errors.ARRIVES_TOO_LATE, errors.CART_CHANGED, errors.CART_CURRENCY, errors.CART_EMPTY, errors.CART_FULL,
        errors.CHAT_DISABLED, errors.CHAT_SUSPENDED, errors.CONFIRMATION_EXPIRED, errors.CONFIRMATION_MISMATCH,
        errors.CONFIRMATION_NOT_FOUND, errors.CONFIRMATION_USED, errors.CONVERSATION_TOO_LONG, errors.COST_EXCEEDED,
        errors.DAILY_LIMIT_REACHED, errors.DATE_IN_PAST, errors.EVENT_FULL, errors.EVENT_NOT_FOUND,
        errors.EXPORT_LIMIT_REACHED, errors.EXPORT_TOO_LARGE, errors.FUEL_MISMATCH, errors.INVALID_END,
        errors.INVALID_ODOMETER, errors.INVALID_TIME, errors.MESSAGE_LIMIT_REACHED, errors.MESSAGE_REFUSED,
        errors.MODEL_BUSY, errors.MODEL_INTERRUPTED, errors.MODEL_REFUSED,
        errors.MODEL_UNAVAILABLE, errors.NONEXISTENT_TIME, errors.NO_ANSWER, errors.ORDER_NOT_FOUND,
        errors.OUT_OF_STOCK, errors.PLACE_IS_PRIVATE, errors.POST_NOT_FOUND, errors.PRODUCT_NOT_FOUND,
        errors.QUEUE_FULL, errors.RECIPIENT_NOT_ALLOWED, errors.TOOL_RESULT_TOO_LARGE,
        errors.TOOL_TIMED_OUT, errors.TURN_LOST, errors.TURN_TIMED_OUT, errors.UNKNOWN_FORMAT, errors.UNKNOWN_LOCALE,
        errors.UNKNOWN_RECIPIENT, errors.UNKNOWN_SAVING_KIND, errors.UNKNOWN_TOOL, errors.UNTRUSTED_LINK,
        errors.UNTRUSTED_RECIPIENT, errors.VEHICLE_NOT_FOUND,
    )
}  # fmt: skip


def test_every_error_code_belongs_to_a_route() -> None:
    """All but those of the chat and `method_not_allowed`: API Gateway responds with 404 to an unknown method."""
    described = json.dumps(DOCUMENT["paths"]) + json.dumps(DOCUMENT["components"]["responses"])
    unreachable = {error.code for error in errors.ALL if f'"{error.code}"' not in described}
    assert unreachable == {"method_not_allowed"} | CHAT_CODES


def with_examples(part: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield each example of the document with its schema."""
    if isinstance(part, dict):
        if "example" in part:
            yield part["example"], part["schema"]
        for example in part.get("examples", ()):
            yield example, part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from with_examples(inner)


def test_examples_fit_their_schemas() -> None:
    """A reader can send each example of the document."""
    examples = list(with_examples(DOCUMENT))
    assert len(examples) > 30
    for example, schema in examples:
        jsonschema.validate(example, schema | {"components": DOCUMENT["components"]}, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("period", [*PERIOD_SCHEMA["anyOf"][0]["enum"], "last_1_days", "last_3660_days"])
def test_every_described_period_is_resolved(period: str) -> None:
    """The periods in the document are those of `resolve_period`, up to the last bound."""
    assert resolve_period(period, TODAY, first_weekday=0).days >= 1


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("Path: /v1/savings}", "Path: /v1/saved}", "GET /v1/saved"),
        ("Method: GET, Path: /v1/savings}", "Method: ANY, Path: /v1/savings}", "ANY /v1/savings"),
        ("DefaultAuthorizer: Traveller", "", "Without an authorizer"),
    ],
)
def test_route_of_template_or_handlers_alone_is_an_error(
    tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    """A route without a handler, a handler without a route and a route without a token are rejected."""
    for name in ("functions", "layers", "migrations", "pyproject.toml"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    template = (CHECKOUT / "template.yaml").read_text(encoding="utf-8")
    assert before in template
    (tmp_path / "template.yaml").write_text(template.replace(before, after), encoding="utf-8")
    with pytest.raises(openapi.RouteMismatchError, match=complaint):
        openapi.describe(tmp_path)


def test_route_without_description_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new route must declare its answer."""
    monkeypatch.delitem(openapi.ROUTES, "GET /v1/savings")
    with pytest.raises(openapi.RouteMismatchError, match="GET /v1/savings"):
        openapi.describe()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_request_without_token_is_rejected_as_described(stack: LocalStack, method: str, path: str) -> None:
    """Without a token, every operation responds with the described 401."""
    response = httpx.request(method, stack.url + path)
    described = DOCUMENT["components"]["responses"]["401"]
    assert response.status_code == 401
    assert {name.lower() for name in described["headers"]} <= set(response.headers)
    assert response.json().keys() == {"message"}
    assert DOCUMENT["security"] == [{"traveller": []}]


@pytest.mark.parametrize("path", sorted(path for path, methods in DOCUMENT["paths"].items() if "get" in methods))
def test_conditional_request_is_answered_as_described(stack: LocalStack, session: requests.Session, path: str) -> None:
    """An `ETag` is sent exactly where it is described, and sent back it leads to a 304 without a body."""
    required = {"distance": {"origin": "Denver", "destination": "Moab, Utah"}, "fuel-estimate": {"distance": "100"}}
    parameters = required.get(path.removeprefix("/v1/"), {})
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


def test_local_stack_serves_the_document_and_a_page_to_read_it(stack: LocalStack) -> None:
    """The committed file is served as JSON, with a page that loads nothing from other hosts."""
    served = httpx.get(f"{stack.url}/openapi.json")
    assert served.headers["content-type"] == "application/json"
    assert served.headers["cache-control"] == "no-cache"
    assert served.json() == DOCUMENT
    page = httpx.get(f"{stack.url}/api.html")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "http:" not in page.text
