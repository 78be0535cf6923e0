"""Counts and totals of a user's expenses, savings, trips, spots and community."""

from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from pam.answers.answer import Answer, Count, Date, Money, instant
from pam.answers.converted_sum import (
    Converted,
    NotIncluded,
    conversion_sentences,
    converted_totals,
    excluded_totals,
)
from pam.answers.dependencies import UserDependencies
from pam.answers.exchange_rates import convert_stored_amounts
from pam.answers.json_values import json_dataclass
from pam.community.community_counts import CommunityCounts, read_community_counts
from pam.money.amounts import Currency, to_cents
from pam.money.counted_sums import CountedSum
from pam.money.exchange_rates import is_simulated
from pam.money.savings import SavingsQuery, read_savings
from pam.money.spending import SpendingQuery, read_spending
from pam.platform.deadline import Deadline
from pam.travel.travel_counts import TravelCounts, read_travel_counts
from pam.travel.units import Units
from pam.users.formatting import format_day, format_money, format_number, pluralize
from pam.users.periods import months_between
from pam.users.profile import Profile, read_created_at, read_profile

SOURCE = "Your records in PAM"


@json_dataclass
class RecordedTotal:
    """Amounts of all time in the traveller's currency, and what they include and leave out of other currencies."""

    total: Money
    count: Count
    converted: Converted
    not_included: NotIncluded


@json_dataclass
class UserStats(Answer):
    """Counts and totals of a traveller's own rows."""

    currency: Currency
    expenses: RecordedTotal
    savings: RecordedTotal
    trips: Annotated[Count, Field(description="Planned trips that are saved.")]
    trips_distance: float
    distance_unit: str
    favorite_spots: Count
    posts: Count
    friends: Count
    followers: Count
    following: Count
    messages_sent: Count
    messages_received: Count
    since: Annotated[Date, Field(description="The first day in PAM.")]
    months: Annotated[Count, Field(description="Whole months since then.")]


def user_stats(
    dependencies: UserDependencies, user_id: UUID, deadline: Deadline, timezone: ZoneInfo | None = None
) -> UserStats:
    """Return the counts and totals, never from a cache: others write what some of them count. Raises `PamError`.

    `timezone` is the device's; None is the one of the user's settings.
    """
    convert_stored_amounts(dependencies, user_id, deadline)
    now = dependencies.clock()
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id).in_zone(timezone)
        spent = read_spending(connection, profile, SpendingQuery(period="all_time"), now).overall
        saved = read_savings(connection, profile, SavingsQuery(period="all_time"), now).overall
        travel, community = read_travel_counts(connection, user_id), read_community_counts(connection, user_id)
        created_at = read_created_at(connection, user_id) or now
    today = now.astimezone(profile.zone).date()
    first = min(created_at.astimezone(profile.zone).date(), today)
    units, sources = Units(profile.units), sorted(spent.rate_sources | saved.rate_sources)
    return UserStats(
        text=_sentence(profile, first, spent, saved, travel, community),
        source=", ".join([SOURCE, *sources]),
        simulated=profile.simulated or any(map(is_simulated, sources)),
        as_of=instant(now.astimezone(profile.zone)),
        currency=profile.currency,
        expenses=_total(spent),
        savings=_total(saved),
        trips=travel.trips,
        trips_distance=round(units.distance(travel.trips_m), 1),
        distance_unit=units.distance_unit,
        favorite_spots=travel.favorite_spots,
        **vars(community),
        since=first.isoformat(),
        months=months_between(first, today),
    )


def _total(amounts: CountedSum) -> RecordedTotal:
    return RecordedTotal(
        total=str(to_cents(amounts.total)),
        count=amounts.count,
        converted=converted_totals(amounts),
        not_included=excluded_totals(amounts),
    )


def _sentence(
    profile: Profile,
    first: date,
    spent: CountedSum,
    saved: CountedSum,
    travel: TravelCounts,
    community: CommunityCounts,
) -> str:
    units, currency = Units(profile.units), profile.currency
    planned = f"{format_number(units.distance(travel.trips_m), profile)} {units.distance_unit}"
    parts = [
        f"{pluralize(spent.count, 'expense')}, {format_money(spent.total, currency, profile)} in total",
        f"{pluralize(saved.count, 'saving')}, {format_money(saved.total, currency, profile)}",
        f"{pluralize(travel.trips, 'planned trip')}, {planned}",
        pluralize(travel.favorite_spots, "favorite spot"),
        f"{pluralize(community.posts, 'post')}, {pluralize(community.friends, 'friend')}, "
        f"{pluralize(community.followers, 'follower')}",
        f"{pluralize(community.messages_sent, 'message')} sent, {community.messages_received} received",
    ]
    since = format_day(first, profile)
    more = conversion_sentences(spent, profile) + conversion_sentences(saved, profile)
    return f"In PAM since {since}: {'; '.join(parts)}.{more}"
