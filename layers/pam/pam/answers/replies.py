"""What the API answers, as models: for its description and for tests. No function imports them.

Every field is named, and no other may be there: an answer that drifts from its description fails a test. Money is
a decimal string, never a float. Fields with a default are left out where there is nothing to say.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from pam.answers.budget_item import BudgetItem
from pam.answers.budget_status import BudgetStatus
from pam.answers.expense_item import ExpenseItem
from pam.answers.list_expenses import ExpenseList
from pam.answers.savings_total import SavingsTotal
from pam.answers.spend_summary import SpendSummary
from pam.money.amounts import Currency
from pam.travel.queries import DistanceUnit, FuelType, VolumeUnit

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


class SourcedAnswer(Answer):
    """An answer from sources that are the same for everybody."""

    source: str = Field(description="Who says so; a stand-in is named as simulated.", examples=["Mapbox, Open-Meteo"])
    tier: Literal[2]
    as_of: Instant = Field(description="When the oldest fact was fetched; now, where no source was needed.")
    cached: bool = Field(description="Whether no source had to be asked.")
    stale: bool = Field(description="Whether a fact is older than it should be, because its source gives no newer one.")
    age_s: Age | SkipJsonSchema[None] = Field(default=None, description="Of a stale answer: its age in seconds.")
    reason: Literal["source_unavailable"] | SkipJsonSchema[None] = Field(
        default=None, description="Of a stale answer: why."
    )


class Written(Answer):
    """What was written, and how the budget of its category stands."""

    tier: Literal[2]
    as_of: Instant = Field(description="When it was written.")
    expense: ExpenseItem
    budget: BudgetItem | None = Field(description="Null without a budget for the category.")


class Undo(Reply):
    """How to take the expense back."""

    method: Literal["DELETE"]
    href: str = Field(pattern="^/v1/expenses/", examples=["/v1/expenses/0b6c7f0e-3d1f-4a53-9a6e-1f6f3c8d2a10"])
    expires_at: Instant = Field(description="Ten minutes after it was added.")


class ExpenseCreated(Written):
    """An expense that was added."""

    undo: Undo


class ExpenseUndone(Written):
    """An expense that no longer counts."""

    undone: Literal[True]


class Ticket(Reply):
    """What opens a WebSocket, once."""

    ticket: str = Field(min_length=43, max_length=43)
    url: str = Field(description="The socket opens at this address with `?ticket=` and the ticket.")
    expires_at: Instant
    expires_in: Literal[60] = Field(description="Seconds.")


class EffectUndone(Answer):
    """What a tool wrote, taken back."""

    undone: Literal[True]
    as_of: Instant


class Whereabouts(Reply):
    """A place on the map."""

    name: str = Field(examples=["Moab, Utah, United States"])
    latitude: Latitude
    longitude: Longitude


class Distance(SourcedAnswer):
    """How far it is by road."""

    origin: Whereabouts
    destination: Whereabouts
    distance: float = Field(ge=0, description="By road, in `unit`.", examples=[355.2])
    unit: DistanceUnit
    duration_s: int = Field(ge=0, description="Driving time without stops, in seconds.", examples=[20640])


class Consumption(Reply):
    """What the rig uses."""

    value: float = Field(gt=0, examples=[9.5])
    unit: Literal["mpg", "l_per_100km"]
    source: str = Field(description="`You`, or the rig's name.")


class FuelUnitPrice(Reply):
    """What a gallon or a litre costs."""

    value: UnitPrice
    unit: VolumeUnit
    source: str = Field(description="`You`, or EIA.")
    area: str | None = Field(description="The region of an average.", examples=["Rocky Mountain (PADD 4)"])
    week: Day | None = Field(description="The Monday of an average's week.")


class FuelEstimate(SourcedAnswer):
    """What fuel a way takes, and what it costs, as far as that is known."""

    origin: Whereabouts | None
    destination: Whereabouts | None
    distance: float = Field(ge=0, description="In `unit`.", examples=[355.2])
    unit: DistanceUnit
    volume: float | None = Field(ge=0, description="In `volume_unit`; null without a consumption.", examples=[37.4])
    volume_unit: VolumeUnit
    cost: Money | None = Field(description="Null without a consumption or a price.")
    currency: Currency | None = Field(description="Of the cost and the price.")
    consumption: Consumption | None
    price: FuelUnitPrice | None
    missing: list[Literal["consumption", "price"]] = Field(
        description="What PAM must be told before it knows the cost."
    )


class Park(Reply):
    """A place to camp."""

    name: str
    address: str | None
    latitude: Latitude
    longitude: Longitude
    distance: float = Field(ge=0, description="As the crow flies, in `unit`.", examples=[4.2])
    phone: str | None
    website: str | None


class Parks(SourcedAnswer):
    """Places to camp near a place; none where the source knows none."""

    place: Whereabouts
    radius: float = Field(gt=0, le=500, description="In `radius_unit`.", examples=[25])
    radius_unit: DistanceUnit
    unit: DistanceUnit
    parks: list[Park] = Field(max_length=25, description="The nearest first.")


class GasPrice(SourcedAnswer):
    """The average price of a fuel in a region: no single station's."""

    fuel_type: FuelType
    area: str = Field(examples=["Rocky Mountain (PADD 4)"])
    week: Day = Field(description="The Monday of the week it is the average of.")
    price: UnitPrice
    unit: VolumeUnit
    currency: Literal["USD"]


class Hours(Reply):
    """A span of time where the place is."""

    from_: Minute = Field(alias="from")
    to: Minute
    time_zone: Zone


class WeatherUnits(Reply):
    """What the figures are in."""

    temperature: Literal["°F", "°C"]
    speed: Literal["mph", "km/h"]
    rain: Literal["mm"]


class Moment(Reply):
    """The weather at a time. Null: not forecast."""

    time: Minute
    temperature: float | None = Field(examples=[54.3])
    wind: float | None = Field(ge=0, examples=[8.1])
    gusts: float | None = Field(ge=0, examples=[19.6])
    condition: str | None = Field(examples=["partly cloudy"])


class Hour(Moment):
    """One hour's weather."""

    rain_chance: float | None = Field(ge=0, le=1, examples=[0.15])
    rain: float | None = Field(ge=0, description="In mm.")


class WeatherDay(Reply):
    """One day's weather."""

    date: Day
    high: float | None = Field(examples=[57.9])
    low: float | None = Field(examples=[31.1])
    gusts: float | None = Field(ge=0, examples=[24.3])
    condition: str | None = Field(examples=["partly cloudy"])
    rain_chance: float | None = Field(ge=0, le=1, examples=[0.15])
    rain: float | None = Field(ge=0, description="In mm.")


class WindWarning(Reply):
    """What gusts mean for a high-sided rig."""

    level: Literal["caution", "warning", "danger"]
    gusts: float = Field(description="The strongest.")
    at: Minute
    text: str


class Weather(SourcedAnswer):
    """The weather at a place in a period."""

    place: Whereabouts
    period: str = Field(examples=["tomorrow"])
    window: Hours
    units: WeatherUnits
    now: Moment | None = Field(description="Only for a period that holds this moment.")
    hours: list[Hour]
    days: list[WeatherDay] = Field(description="Whole days only.")
    wind_warning: WindWarning | None


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


class ToldExpenseCreated(Told):
    """An expense that was added from a sentence."""

    tier: Literal[2]
    intent: Literal["add_expense"]
    answer: ExpenseCreated


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
    answer: FuelEstimate


class ToldParks(Told):
    """An answer about places to camp."""

    tier: Literal[2]
    intent: Literal["nearby_parks"]
    answer: Parks


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
            | ToldExpenseCreated
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
