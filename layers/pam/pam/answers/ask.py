"""A question in words: answered at once where every word is understood, else left to the chat."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from pam.answers.add_expense import add_expense_from_slots, correct_expense_from_slots
from pam.answers.answer import Answer, Instant
from pam.answers.ask_request import AskRequest, Slots
from pam.answers.budget_status import budget_status_from_slots
from pam.answers.distance import distance_from_slots
from pam.answers.fuel_estimate import fuel_estimate_from_slots
from pam.answers.gas_prices import gas_prices_from_slots
from pam.answers.json_values import json_dataclass, to_json
from pam.answers.list_expenses import list_expenses_from_slots
from pam.answers.nearby_parks import nearby_parks_from_slots
from pam.answers.place_question import place_question
from pam.answers.savings_total import savings_total_from_slots
from pam.answers.spend_summary import spend_summary_from_slots
from pam.answers.weather import weather_from_slots
from pam.platform.errors import (
    AMBIGUOUS_AMOUNT,
    AMBIGUOUS_DATE,
    DATE_IN_FUTURE,
    EXPENSE_NOT_FOUND,
    LOCATION_NEEDED,
    NO_PRICE_SOURCE,
    NO_ROUTE,
    UNKNOWN_PERIOD,
    PamError,
)
from pam.platform.metrics import Metric
from pam.platform.observability import count
from pam.routing.interpreter import Route, route
from pam.travel.places import PlaceError
from pam.travel.queries import FuelQuery
from pam.users.typed_at import resolve_typed_at


@json_dataclass
class AskAnswer:
    """A question that was understood, and its answer: `text`, `source` and the like are the answer's own."""

    tier: int
    intent: str
    slots: Annotated[
        dict[str, str | float],
        Field(description="The values in the question.", examples=[{"period": "this_month"}]),
    ]
    answer: Answer
    text: str
    source: str
    simulated: bool
    as_of: Instant
    message_id: Annotated[
        str | None,
        Field(description="Of the question in its conversation, for feedback; left out where it is in none."),
    ] = None

    def as_json(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        converted: dict[str, Any] = to_json(self)
        return converted


@json_dataclass
class LeftToChat:
    """A question that no fast answer is sure of."""

    tier: Literal[3] = 3
    intent: Literal["chat"] = "chat"
    slots: Annotated[dict[str, str], Field(max_length=0)] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the marker as JSON values."""
        converted: dict[str, Any] = to_json(self)
        return converted


LEFT_TO_CHAT = LeftToChat()


def ask(request: AskRequest) -> AskAnswer | LeftToChat:
    """Return the answer to a question, or `LEFT_TO_CHAT` where no fast answer is sure.

    Raises `PamError` where the question is understood and can't be answered: a `PlaceQuestion` asks for its place.
    """
    resolve_typed_at(request.question.typed_at, request.dependencies.clock())
    understood = route(request.question.text)
    answer = _fast_answer(request, understood)
    if answer is None:
        count(Metric.ROUTED_CHAT)
        return LEFT_TO_CHAT
    count(Metric.ROUTED_FAST)
    return AskAnswer(
        tier=understood.tier,
        intent=understood.intent,
        slots=understood.slots,
        answer=answer,
        text=answer.text,
        source=answer.source,
        simulated=answer.simulated,
        as_of=answer.as_of,
    )


def _fast_answer(request: AskRequest, understood: Route) -> Answer | None:
    fast_answer = FAST_ANSWERS.get(understood.intent)
    slots = understood.slots | understood.details
    # A value that is ignored would be a condition left out: a wrong answer.
    if fast_answer is None or not slots.keys() <= fast_answer.slots:
        return None
    try:
        if fast_answer.counts_from_now and not request.was_typed_today:
            return None
        if fast_answer.tool is not None:
            request.check_enabled(fast_answer.tool)
        return fast_answer.answer(request, slots)
    except PlaceError as error:
        if (question := place_question(request.question.text, understood, error)) is None:
            return None
        raise question from error
    except PamError as error:
        if error.error in _LEFT_TO_CHAT_CODES:
            return None
        raise


# No fault of the question: the conversation can ask back.
_LEFT_TO_CHAT_CODES = {
    AMBIGUOUS_AMOUNT,
    LOCATION_NEEDED,
    NO_ROUTE,
    NO_PRICE_SOURCE,
    UNKNOWN_PERIOD,
    AMBIGUOUS_DATE,
    DATE_IN_FUTURE,
    EXPENSE_NOT_FOUND,
}


@dataclass(frozen=True)
class FastAnswer:
    """What answers an intent, or returns None to leave it to the chat; and the slots and details that it takes.

    `counts_from_now` marks answers about days such as today that count from the present: a question that was typed on
    another day is left to the chat, which knows both. `tool` is the tool that does the same, whose kill switch holds
    for the fast answer, too.
    """

    answer: Callable[[AskRequest, Slots], Answer | None]
    slots: frozenset[str]
    tool: str | None
    counts_from_now: bool = False


FAST_ANSWERS = {
    "spend_summary": FastAnswer(
        spend_summary_from_slots,
        frozenset({"category", "period", "group_by"}),
        "get_spending_summary",
        counts_from_now=True,
    ),
    "budget_status": FastAnswer(
        budget_status_from_slots, frozenset({"category", "period"}), "compare_vs_budget", counts_from_now=True
    ),
    "savings_total": FastAnswer(savings_total_from_slots, frozenset({"period"}), None, counts_from_now=True),
    "list_expenses": FastAnswer(
        list_expenses_from_slots, frozenset({"category", "period", "limit"}), "list_expenses", counts_from_now=True
    ),
    "add_expense": FastAnswer(
        add_expense_from_slots,
        frozenset({"amount", "amount_text", "category", "date", "description", "currency", "kind"}),
        "create_expense",
    ),
    "correct_expense": FastAnswer(
        correct_expense_from_slots,
        frozenset({"amount", "amount_text", "category", "date", "currency"}),
        "update_expense",
    ),
    "weather": FastAnswer(
        weather_from_slots,
        frozenset({"place", "period", "part_of_day", "weather_measure"}),
        "get_weather_forecast",
        counts_from_now=True,
    ),
    "distance": FastAnswer(
        distance_from_slots, frozenset({"origin", "destination", "measure", "answer_unit"}), "estimate_travel_time"
    ),
    "fuel_estimate": FastAnswer(
        fuel_estimate_from_slots,
        frozenset({*FuelQuery.model_fields, "currency", "answer_unit"}) - {"latitude", "longitude", "volume_unit"},
        "calculate_gas_cost",
    ),
    "nearby_parks": FastAnswer(nearby_parks_from_slots, frozenset({"place", "radius", "unit"}), "find_rv_parks"),
    "gas_prices": FastAnswer(gas_prices_from_slots, frozenset({"place", "fuel_type", "answer_unit"}), "find_cheap_gas"),
}
"""The fast answers by their intent."""
