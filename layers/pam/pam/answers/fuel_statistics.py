"""What a vehicle used and what its fuel cost, from its fuel log."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from pam.answers.answer import Answer, Count, Date, Money, instant
from pam.answers.converted_sum import Converted, NotIncluded, conversion_sentences, converted_totals, excluded_totals
from pam.answers.dependencies import UserDependencies
from pam.answers.exchange_rates import convert_stored_amounts
from pam.answers.fuel_figures import consumption_text, per_unit_text, unit_price, volume_text
from pam.answers.json_values import json_dataclass
from pam.answers.user_context import UserContext
from pam.money.amounts import Currency
from pam.money.exchange_rates import is_simulated
from pam.platform.deadline import Deadline
from pam.users.formatting import format_dates, format_money, pluralize
from pam.users.periods import Window, resolve_period
from pam.users.profile import Profile, read_profile
from pam.users.weeks import first_weekday
from pam.vehicles.fuel_log import FuelEntry, read_fuel_log
from pam.vehicles.fuel_stats import FuelStats, consumption_of, fuel_stats, monthly_stats
from pam.vehicles.odometer import format_km, own_distance
from pam.vehicles.vehicles import Vehicle, find_vehicle

MAX_MONTHS = 18
"""The months that an answer has one by one, the newest."""

METHOD = (
    "Consumption: from full tank to full tank, what was filled after the first up to the second, over the distance "
    "between them, if no fill-up is missing in the log. Price: what was paid over what was filled, of the fill-ups "
    "whose cost is known."
)


@json_dataclass
class FuelMonth:
    """A month of the fuel log."""

    month: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
    volume: float
    cost: Money | None
    price: str | None
    consumption: float | None


@json_dataclass
class FuelStatistics(Answer):
    """Consumption, price and cost of a vehicle's fuel. Null: not computable, as `missing` explains."""

    vehicle: str
    first_day: Date | None
    last_day: Date | None
    fill_ups: Count
    volume: float
    volume_unit: str
    cost: Money | None
    currency: Currency
    converted: Converted
    not_included: NotIncluded
    price: Annotated[str | None, Field(description="Of one `volume_unit`, on average.")]
    consumption: float | None
    consumption_unit: str
    last_consumption: Annotated[float | None, Field(description="Between the last two full tanks.")]
    distance: Annotated[float, Field(description="Between full tanks, in `distance_unit`.")]
    distance_unit: str
    months: tuple[FuelMonth, ...]
    earlier_months: Annotated[Count, Field(description="How many months with entries aren't listed.")]
    missing: tuple[str, ...]
    method: str


@dataclass(frozen=True)
class FuelLogQuery:
    """The vehicle by its name, None for the only one, and a period."""

    vehicle: str | None
    period: str
    zone: ZoneInfo | None = None
    typed_at: datetime | None = None


def fuel_statistics(
    dependencies: UserDependencies, user_id: UUID, query: FuelLogQuery, deadline: Deadline
) -> FuelStatistics:
    """Return the statistics of a vehicle's fuel log. Raises what `find_vehicle` raises, and `unknown_period`."""
    convert_stored_amounts(dependencies, user_id, deadline)
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id).in_zone(query.zone)
        vehicle = find_vehicle(connection, user_id, query.vehicle)
        log = read_fuel_log(connection, user_id, vehicle.id, profile.currency)
    now = dependencies.clock()
    today = (query.typed_at or now).astimezone(profile.zone).date()
    window = resolve_period(query.period, today, first_weekday(profile.locale))
    if query.period == "all_time" and log:  # one who travels west may have filled up "tomorrow"
        window = replace(window, end=max(window.end, log[-1].day + timedelta(days=1)))
    return _answer(vehicle, log, window, profile, now)


def _answer(vehicle: Vehicle, log: list[FuelEntry], window: Window, profile: Profile, now: datetime) -> FuelStatistics:
    user = UserContext(profile, None)
    stats = fuel_stats(log, window, profile.currency)
    months = monthly_stats(log, window, profile.currency)
    missing = tuple(_missing(stats, log))
    log_source = profile.source_of("fuel log")
    sources = [log_source, *([profile.expenses_source] if stats.entries else []), *sorted(stats.costs.rate_sources)]
    return FuelStatistics(
        text=" ".join([_sentences(vehicle, stats, window, user), *missing]),
        source=", ".join(sources),
        simulated=profile.simulated or any(map(is_simulated, stats.costs.rate_sources)),
        as_of=instant(now.astimezone(profile.zone)),
        vehicle=vehicle.name,
        first_day=stats.entries[0].day.isoformat() if stats.entries else None,
        last_day=stats.entries[-1].day.isoformat() if stats.entries else None,
        fill_ups=len(stats.entries),
        volume=round(user.units.volume(float(stats.litres)), 2),
        volume_unit=user.units.volume_unit,
        cost=_cost(stats),
        currency=profile.currency,
        converted=converted_totals(stats.costs),
        not_included=excluded_totals(stats.costs),
        price=_price(stats, user),
        consumption=_own_consumption(stats.consumption, user),
        consumption_unit=user.units.consumption_unit,
        last_consumption=_own_consumption(consumption_of(stats.stretches[-1:]), user),
        distance=float(own_distance(stats.stretch_km, profile)),
        distance_unit=user.units.distance_unit,
        months=tuple(_month(first, each, user) for first, each in months[:MAX_MONTHS]),
        earlier_months=len(months[MAX_MONTHS:]),
        missing=missing,
        method=METHOD,
    )


def _month(first: date, stats: FuelStats, user: UserContext) -> FuelMonth:
    return FuelMonth(
        month=f"{first:%Y-%m}",
        volume=round(user.units.volume(float(stats.litres)), 2),
        cost=_cost(stats),
        price=_price(stats, user),
        consumption=_own_consumption(stats.consumption, user),
    )


def _cost(stats: FuelStats) -> Money | None:
    return str(stats.costs.total) if stats.price is not None else None


def _price(stats: FuelStats, user: UserContext) -> str | None:
    return None if stats.price is None else str(unit_price(stats.price, user.units.volume_unit))


def _own_consumption(litres_per_100km: Decimal | None, user: UserContext) -> float | None:
    return None if litres_per_100km is None else round(user.units.consumption(float(litres_per_100km)), 1)


def _sentences(vehicle: Vehicle, stats: FuelStats, window: Window, user: UserContext) -> str:
    profile = user.profile
    if not stats.entries:
        days = "" if window.period == "all_time" else f" for {format_dates(window.start, window.end, profile)}"
        return f"The fuel log of “{vehicle.name}” has no entries{days}."
    days = format_dates(stats.entries[0].day, stats.entries[-1].day + timedelta(days=1), profile)
    text = f"“{vehicle.name}”, {days}: {pluralize(len(stats.entries), 'fill-up')}, {volume_text(stats.litres, user)}"
    if stats.price is None:
        text += "."
    else:
        cost = format_money(stats.costs.total, profile.currency, profile)
        text += f" for {cost}, {per_unit_text(stats.price, profile.currency, user)} on average."
    text += conversion_sentences(stats.costs, profile)
    if stats.consumption is not None:
        used = consumption_text(float(stats.consumption), user)
        text += f" It used {used} over {format_km(stats.stretch_km, profile)} between full tanks."
    return text


def _missing(stats: FuelStats, log: list[FuelEntry]) -> list[str]:
    """Return a sentence for everything that can't be computed."""
    sentences = []
    if stats.consumption is None and (stats.entries or not log):
        sentences.append(
            "Consumption can't be computed: it needs two full tanks with a distance between them, the second in these "
            "days."
        )
    unpaid = sum(entry.costs is None for entry in stats.entries)
    if unpaid:
        fill_ups = pluralize(unpaid, "fill-up")
        sentences.append(f"What was paid for {fill_ups} isn't known any more: the expense is deleted or a refund.")
    return sentences
