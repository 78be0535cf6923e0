"""What the API answers, as models: for its description and for tests. No function imports them.

Every field is named, and no other may be there: an answer that drifts from its description fails a test. Money is
a decimal string, never a float. Fields with a default are left out where there is nothing to say.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, WithJsonSchema

from pam.answers.budget_status import BudgetStatus
from pam.answers.distance import Distance
from pam.answers.expenses import ExpenseAdded
from pam.answers.fuel_estimate import FuelNeeded
from pam.answers.gas_prices import GasPrice
from pam.answers.list_expenses import ExpenseList
from pam.answers.nearby_parks import NearbyParks
from pam.answers.savings_total import SavingsTotal
from pam.answers.spend_summary import SpendSummary
from pam.answers.weather import Weather

Money = Annotated[str, Field(pattern=r"^-?[0-9]+\.[0-9]{2}$", examples=["412.36"])]
UnitPrice = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{3}$", examples=["3.459"])]
Count = Annotated[int, Field(ge=0, examples=[9])]
Age = Annotated[int, Field(ge=0, examples=[5400])]
Wait = Annotated[int, Field(ge=1, examples=[5])]
Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-22"]})]
Instant = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T10:15:30-07:00"]})
]
Minute = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}$",
        description="ISO 8601, to the minute.",
        examples=["2026-11-22T10:15-07:00"],
    ),
]
Zone = Annotated[str, Field(description="An IANA time zone.", examples=["America/Denver"])]
Latitude = Annotated[float, Field(ge=-90, le=90, examples=[38.57])]
Longitude = Annotated[float, Field(ge=-180, le=180, examples=[-109.55])]


class Reply(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(Reply):
    """What every fast answer says of itself."""

    text: str = Field(description="The answer in a sentence, in the traveller's units, currency and language.")
    source: str = Field(description="Who says so; simulated data is named as such.", examples=["Your expenses in PAM"])


class Ticket(Reply):
    """What opens a WebSocket, once."""

    ticket: str = Field(min_length=43, max_length=43)
    url: str = Field(description="The socket opens at this address with `?ticket=` and the ticket.")
    expires_at: Instant
    expires_in: Literal[60] = Field(description="Seconds.")


class Told(Reply):
    """A question that was understood, and its answer: `text`, `source` and `as_of` are the answer's own."""

    slots: dict[str, str | float] = Field(description="What the sentence said.", examples=[{"period": "this_month"}])
    text: str
    source: str
    as_of: Instant


class ToldSpendSummary(Told):
    """An answer about spending."""

    tier: Literal[1]
    intent: Literal["spend_summary"]
    answer: SpendSummary


class ToldBudgetStatus(Told):
    """An answer about budgets."""

    tier: Literal[1]
    intent: Literal["budget_status"]
    answer: BudgetStatus


class ToldSavings(Told):
    """An answer about savings."""

    tier: Literal[1]
    intent: Literal["savings_total"]
    answer: SavingsTotal


class ToldExpenses(Told):
    """A list of expenses."""

    tier: Literal[1]
    intent: Literal["list_expenses"]
    answer: ExpenseList


class ToldExpenseAdded(Told):
    """An expense that was added from a sentence."""

    tier: Literal[2]
    intent: Literal["add_expense"]
    answer: ExpenseAdded


class ToldWeather(Told):
    """An answer about the weather."""

    tier: Literal[2]
    intent: Literal["weather"]
    answer: Weather


class ToldDistance(Told):
    """An answer about a distance."""

    tier: Literal[2]
    intent: Literal["distance"]
    answer: Distance


class ToldFuelEstimate(Told):
    """An answer about fuel."""

    tier: Literal[2]
    intent: Literal["fuel_estimate"]
    answer: FuelNeeded


class ToldParks(Told):
    """An answer about places to camp."""

    tier: Literal[2]
    intent: Literal["nearby_parks"]
    answer: NearbyParks


class ToldGasPrice(Told):
    """An answer about a fuel's price."""

    tier: Literal[2]
    intent: Literal["gas_prices"]
    answer: GasPrice


class LeftToConversation(Reply):
    """A question that no fast answer is sure of."""

    tier: Literal[3]
    intent: Literal["chat"]
    slots: dict[str, str] = Field(max_length=0)


class Asked(
    RootModel[
        Annotated[
            ToldSpendSummary
            | ToldBudgetStatus
            | ToldSavings
            | ToldExpenses
            | ToldExpenseAdded
            | ToldWeather
            | ToldDistance
            | ToldFuelEstimate
            | ToldParks
            | ToldGasPrice
            | LeftToConversation,
            Field(discriminator="intent"),
        ]
    ]
):
    """What a question in words is answered with: a fast answer, or tier 3 alone."""
