"""A question in words: answered at once where every word is understood, else left to the conversation."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pam.answers.budget_status import budget_status
from pam.answers.dependencies import TravelDependencies, UserDependencies
from pam.answers.distance import distance
from pam.answers.expenses import add_expense
from pam.answers.fuel_estimate import fuel_estimate
from pam.answers.gas_prices import gas_prices
from pam.answers.list_expenses import list_expenses
from pam.answers.nearby_parks import nearby_parks
from pam.answers.savings_total import savings_total
from pam.answers.spend_summary import spend_summary
from pam.answers.weather import weather
from pam.money.budget_overview import BudgetQuery
from pam.money.expense_list import ExpensesQuery
from pam.money.expenses import NewExpense
from pam.money.savings import SavingsQuery
from pam.money.spending import SpendingQuery
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.platform.errors import (
    AMBIGUOUS_PLACE,
    INVALID_DATE,
    INVALID_TEXT,
    LOCATION_NEEDED,
    NO_PRICE_SOURCE,
    NO_ROUTE,
    UNKNOWN_PERIOD,
    UNKNOWN_PLACE,
    PamError,
)
from pam.platform.metrics import Metric
from pam.platform.observability import count
from pam.routing.interpreter import Route, route
from pam.travel.queries import DistanceQuery, FuelQuery, GasPriceQuery, ParksQuery, WeatherQuery
from pam.users.periods import resolve_day
from pam.users.profile import read_profile
from pam.users.time_zones import TimeZone

MAX_QUESTION_CHARS = 4000

CHAT = {"tier": 3, "intent": "chat", "slots": {}}


def parse_question(value: Any) -> str:
    """The words of a question, 1 to 4000 characters. Raises `PamError` (`invalid_text`)."""
    if not isinstance(value, str) or not value.strip():
        raise PamError(INVALID_TEXT, "Ask PAM something: the text is empty.", field="text")
    if len(value) > MAX_QUESTION_CHARS:
        raise PamError(INVALID_TEXT, f"A question can have at most {MAX_QUESTION_CHARS} characters.", field="text")
    return value


QuestionText = Annotated[
    str,
    BeforeValidator(parse_question),
    WithJsonSchema(
        {
            "type": "string",
            "format": "question",
            "minLength": 1,
            "maxLength": MAX_QUESTION_CHARS,
            "description": "What is asked, or an expense to add; not blank.",
            "examples": ["How much did I spend on gas this month?"],
        }
    ),
]


class Location(BaseModel):
    """Where the device is, in degrees."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latitude: Decimal = Field(ge=-90, le=90, strict=True)
    longitude: Decimal = Field(ge=-180, le=180, strict=True)


class Question(BaseModel):
    """What was asked, and where and in which zone the device says it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: QuestionText = Field(min_length=1)  # with a bound, pydantic also looks for half a character
    timezone: TimeZone | None = None
    location: Location | None = None


@dataclass(frozen=True)
class AskRequest:
    """A question with all that its answer may need."""

    travel: TravelDependencies
    user_id: UUID
    question: Question
    idempotency_key: str | None
    context: LambdaContext

    @cached_property
    def deadline(self) -> Deadline:
        """When the answer is needed."""
        return Deadline.of_invocation(self.context)

    @property
    def fast_deadline(self) -> Deadline:
        """When an answer from sources is needed."""
        return self.deadline.at_most(FAST_ANSWER_TIMEOUT_S)

    @property
    def parts(self) -> UserDependencies:
        """What private answers are made with."""
        return self.travel


# A fast answer: its JSON, or None where it declines and the question goes to the conversation.
FastAnswer = Callable[[AskRequest, dict[str, Any]], dict[str, Any] | None]


def ask(asking: AskRequest) -> dict[str, Any]:
    """`{tier, intent, slots, answer, text, source, as_of}`, or tier 3 where no fast answer is sure.

    Raises `PamError` where the question is understood and can't be answered.
    """
    understood = route(asking.question.text)
    answer = _answer(asking, understood)
    if answer is None:
        count(Metric.ROUTED_CHAT)
        return CHAT
    count(Metric.ROUTED_FAST)
    return {
        "tier": understood.tier,
        "intent": understood.intent,
        "slots": understood.slots,
        "answer": answer,
        "text": answer["text"],
        "source": answer["source"],
        "as_of": answer["as_of"],
    }


def _answer(asking: AskRequest, understood: Route) -> dict[str, Any] | None:
    fast, slots = _FAST_ANSWERS.get(understood.intent, (None, frozenset()))
    said = understood.slots | understood.details
    # What was said and isn't heeded is a condition left out: a wrong answer.
    if fast is None or not said.keys() <= slots:
        return None
    try:
        return fast(asking, said)
    except PamError as refusal:
        if refusal.error in _FOR_THE_CONVERSATION:
            return None
        raise


def _spend_summary(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any] | None:
    question = SpendingQuery(**_asked(asking, slots, "category", "period"))
    answer = spend_summary(asking.parts, asking.user_id, question, asking.deadline).as_json()
    # Nothing spent on "food" by one who books groceries and dining is no answer to what they mean.
    return answer if answer["category_in_use"] else None


def _budget_status(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any] | None:
    if slots.get("period", "this_month") != "this_month":
        return None
    question = BudgetQuery(**_asked(asking, slots, "category"))
    answer = budget_status(asking.parts, asking.user_id, question, asking.deadline).as_json()
    # A budget that isn't there is a reason to talk about one.
    return answer if answer["budgets"] else None


def _savings_total(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any]:
    question = SavingsQuery(**_asked(asking, slots, "period"))
    return savings_total(asking.parts, asking.user_id, question, asking.deadline).as_json()


def _list_expenses(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any]:
    question = ExpensesQuery(**_asked(asking, slots, "category", "period", "limit"))
    return list_expenses(asking.parts, asking.user_id, question, asking.deadline).as_json()


def _asked(asking: AskRequest, slots: dict[str, Any], *names: str) -> dict[str, Any]:
    """The slots of these names that were said, and where the device is."""
    return {name: slots[name] for name in names if name in slots} | {"timezone": asking.question.timezone}


def _weather(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any]:
    return weather(
        asking.travel, asking.user_id, WeatherQuery(**_from_here(asking, slots)), asking.fast_deadline
    ).as_json()


_RENAMED = {"answer_unit": "unit"}


def _distance(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any]:
    fields = {_RENAMED.get(name, name): value for name, value in slots.items() if name != "measure"}
    return distance(
        asking.travel, asking.user_id, DistanceQuery(**_from_here(asking, fields)), asking.fast_deadline
    ).as_json()


def _fuel_estimate(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any]:
    return fuel_estimate(
        asking.travel, asking.user_id, FuelQuery(**_from_here(asking, slots)), asking.fast_deadline
    ).as_json()


def _nearby_parks(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any]:
    return nearby_parks(
        asking.travel, asking.user_id, ParksQuery(**_from_here(asking, slots)), asking.fast_deadline
    ).as_json()


def _gas_prices(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any]:
    return gas_prices(
        asking.travel, asking.user_id, GasPriceQuery(**_from_here(asking, slots)), asking.fast_deadline
    ).as_json()


def _from_here(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any]:
    """The slots, and where the device is."""
    location = asking.question.location
    here = {"latitude": location.latitude, "longitude": location.longitude} if location else {}
    return slots | here


def _add_expense(asking: AskRequest, slots: dict[str, Any]) -> dict[str, Any]:
    new = {
        "amount": Decimal(str(slots["amount"])),
        "category": slots["category"],
        "timezone": asking.question.timezone,
    }
    new |= {name: slots[name] for name in ("description", "currency") if name in slots}
    if "date" in slots:
        new["date"] = _day(asking, slots["date"])
    return add_expense(
        asking.parts,
        asking.user_id,
        NewExpense.model_validate(new),
        asking.deadline,
        idempotency_key=asking.idempotency_key,
        context=asking.context,
    ).as_json()


def _day(asking: AskRequest, said: str) -> str:
    zone = asking.question.timezone
    if zone is None:
        with asking.parts.database.session(asking.user_id, asking.deadline) as connection:
            zone = read_profile(connection, asking.user_id).zone
    day = resolve_day(said, asking.parts.clock().astimezone(zone).date())
    if day is None:
        raise PamError(INVALID_DATE, "There is no such day.", field="date")
    return day.isoformat()


# Not a fault of the question: the conversation can ask back.
_FOR_THE_CONVERSATION = {UNKNOWN_PLACE, AMBIGUOUS_PLACE, LOCATION_NEEDED, NO_ROUTE, NO_PRICE_SOURCE, UNKNOWN_PERIOD}

# What answers each intent, and the slots and details that it heeds.
_FAST_ANSWERS: dict[str, tuple[FastAnswer, frozenset[str]]] = {
    "spend_summary": (_spend_summary, frozenset({"category", "period", "group_by"})),
    "budget_status": (_budget_status, frozenset({"category", "period"})),
    "savings_total": (_savings_total, frozenset({"period"})),
    "list_expenses": (_list_expenses, frozenset({"category", "period", "limit"})),
    "weather": (_weather, frozenset({"place", "period"})),
    "distance": (_distance, frozenset({"origin", "destination", "measure", "answer_unit"})),
    "fuel_estimate": (
        _fuel_estimate,
        frozenset(FuelQuery.model_fields) - {"latitude", "longitude"},
    ),
    "nearby_parks": (_nearby_parks, frozenset({"place", "radius", "unit"})),
    "gas_prices": (_gas_prices, frozenset({"place", "fuel_type"})),
    "add_expense": (_add_expense, frozenset({"amount", "category", "date", "description", "currency"})),
}
