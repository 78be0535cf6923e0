"""What a route answers and the errors it may have, as far as its handler doesn't declare them."""

from collections.abc import Iterable
from dataclasses import dataclass

from local.openapi.ask_response import ask_response
from pam.answers.account_deletion import AccountDeleted
from pam.answers.budget_status import BudgetStatus
from pam.answers.distance import Distance
from pam.answers.expense_changes import ExpenseCorrected, ExpenseDeleted
from pam.answers.expenses import ExpenseAdded
from pam.answers.feedback import FeedbackRecorded
from pam.answers.friends import FriendList, FriendshipChanged, FriendshipEnded
from pam.answers.fuel_estimate import FuelNeeded
from pam.answers.gas_prices import GasPrice
from pam.answers.list_expenses import ExpenseList
from pam.answers.memories import FactCorrected, MemoryList
from pam.answers.memory_deletion import MemoriesDeleted, MemorySelection
from pam.answers.nearby_parks import NearbyParks
from pam.answers.own_profile import ProfileChanged, TravellerProfile
from pam.answers.savings_total import SavingsTotal
from pam.answers.spend_summary import SpendSummary
from pam.answers.undo import EffectUndone
from pam.answers.weather import Weather
from pam.chat.gateway.connect import IssuedTicket
from pam.platform import errors
from pam.platform.errors import ErrorCode
from pam.platform.http import HttpOperation


@dataclass(frozen=True)
class RouteDescription:
    """The part of a route's description that neither its handler's signature nor its model has.

    `conditional`: it answers `If-None-Match`. `idempotent`: it takes an `Idempotency-Key`. `codes`: the errors beside
    those that follow from its fields.
    """

    tag: str
    answer: type
    conditional: bool = False
    idempotent: bool = False
    codes: tuple[ErrorCode, ...] = ()


_WRITES = (errors.DATABASE_UNAVAILABLE, errors.STORE_UNAVAILABLE)
_SOURCES = (errors.SOURCE_UNAVAILABLE, errors.SOURCE_NOT_CONFIGURED)
# An answer about a point on the map.
_POINT = (errors.PLACE_TOO_LARGE, *_SOURCES)
_READS = (errors.DATABASE_UNAVAILABLE,)
_FRIENDSHIP = (errors.NOT_FOUND, errors.FRIENDSHIP_NOT_FOUND, *_WRITES)
_MEMORY = (errors.NOT_FOUND, errors.MEMORY_NOT_FOUND, *_WRITES)

ROUTES = {
    "POST /v1/ask": RouteDescription(
        "Ask",
        ask_response(),
        idempotent=True,
        codes=(
            *_WRITES,
            *_SOURCES,
            errors.TOOL_DISABLED,
            # Of values in the sentence.
            errors.INVALID_AMOUNT,
            errors.INVALID_DATE,
            errors.DATE_IN_FUTURE,
            errors.DATE_TOO_OLD,
            errors.INVALID_LIMIT,
            errors.INVALID_QUANTITY,
        ),
    ),
    "GET /v1/spend-summary": RouteDescription("Money", SpendSummary, conditional=True, codes=_READS),
    "GET /v1/budget-status": RouteDescription("Money", BudgetStatus, conditional=True, codes=_READS),
    "GET /v1/savings": RouteDescription("Money", SavingsTotal, conditional=True, codes=_READS),
    "GET /v1/expenses": RouteDescription("Expenses", ExpenseList, conditional=True, codes=_READS),
    "POST /v1/expenses": RouteDescription("Expenses", ExpenseAdded, idempotent=True, codes=_WRITES),
    "PATCH /v1/expenses/{id}": RouteDescription(
        "Expenses", ExpenseCorrected, idempotent=True, codes=(errors.NOT_FOUND, errors.EXPENSE_NOT_FOUND, *_WRITES)
    ),
    "DELETE /v1/expenses/{id}": RouteDescription(
        "Expenses", ExpenseDeleted, idempotent=True, codes=(errors.NOT_FOUND, errors.EXPENSE_NOT_FOUND, *_WRITES)
    ),
    "GET /v1/memories": RouteDescription("Memory", MemoryList, codes=_READS),
    "PATCH /v1/memories/facts/{number}": RouteDescription("Memory", FactCorrected, idempotent=True, codes=_MEMORY),
    "DELETE /v1/memories/facts/{number}": RouteDescription("Memory", MemoriesDeleted, idempotent=True, codes=_MEMORY),
    "DELETE /v1/memories/episodes/{number}": RouteDescription(
        "Memory", MemoriesDeleted, idempotent=True, codes=_MEMORY
    ),
    "DELETE /v1/memories/messages/{uuid}": RouteDescription("Memory", MemoriesDeleted, idempotent=True, codes=_MEMORY),
    "POST /v1/memories/selections": RouteDescription("Memory", MemorySelection, codes=_WRITES),
    "DELETE /v1/memories/selections/{uuid}": RouteDescription(
        "Memory", MemoriesDeleted, idempotent=True, codes=(errors.SELECTION_EXPIRED, *_MEMORY)
    ),
    "GET /v1/profile": RouteDescription("Travellers", TravellerProfile, codes=_READS),
    "PATCH /v1/profile": RouteDescription(
        "Travellers", ProfileChanged, idempotent=True, codes=(errors.NAME_TAKEN, errors.PROFILE_NEEDED, *_WRITES)
    ),
    "GET /v1/friends": RouteDescription("Travellers", FriendList, codes=_READS),
    "POST /v1/friends": RouteDescription(
        "Travellers",
        FriendshipChanged,
        idempotent=True,
        codes=(errors.PROFILE_NEEDED, errors.USER_NOT_FOUND, errors.FRIENDSHIP_NOT_FOUND, *_WRITES),
    ),
    "PATCH /v1/friends/{user_id}": RouteDescription(
        "Travellers", FriendshipChanged, idempotent=True, codes=_FRIENDSHIP
    ),
    "DELETE /v1/friends/{user_id}": RouteDescription("Travellers", FriendshipEnded, idempotent=True, codes=_FRIENDSHIP),
    "POST /v1/feedback": RouteDescription(
        "Conversation", FeedbackRecorded, codes=(errors.MESSAGE_NOT_FOUND, errors.DATABASE_UNAVAILABLE)
    ),
    "DELETE /v1/account": RouteDescription("Account", AccountDeleted, codes=(errors.TURN_RUNNING, *_WRITES)),
    "POST /v1/ws-ticket": RouteDescription("Conversation", IssuedTicket, codes=(errors.STORE_UNAVAILABLE,)),
    "DELETE /v1/effects/{id}": RouteDescription(
        "Expenses",
        EffectUndone,
        codes=(errors.NOT_FOUND, errors.EFFECT_NOT_FOUND, errors.UNDO_EXPIRED, errors.MODIFIED_SINCE, *_WRITES),
    ),
    "GET /v1/weather": RouteDescription("Road", Weather, codes=_POINT),
    "GET /v1/distance": RouteDescription("Road", Distance, codes=(errors.NO_ROUTE, *_POINT)),
    "GET /v1/fuel-estimate": RouteDescription("Road", FuelNeeded, codes=(errors.NO_ROUTE, *_POINT)),
    "GET /v1/parks": RouteDescription("Road", NearbyParks, codes=_POINT),
    "GET /v1/gas-prices": RouteDescription("Road", GasPrice, codes=(errors.NO_PRICE_SOURCE, *_SOURCES)),
}

COMMON_CODES = (errors.INVALID_SUBJECT, errors.BODY_TOO_LARGE, errors.RATE_LIMITED, errors.INTERNAL_ERROR)
"""The errors of every route."""

_PLACE = (errors.INVALID_TEXT, errors.LOCATION_NEEDED, errors.UNKNOWN_PLACE, errors.AMBIGUOUS_PLACE)
_QUANTITY = (errors.INVALID_QUANTITY,)
_DAY = (errors.INVALID_DATE, errors.INVALID_WINDOW)

# The errors of a field with an invalid value; all may also be `invalid_request`.
_FIELD_CODES: dict[str, tuple[ErrorCode, ...]] = {
    "amount": (errors.INVALID_AMOUNT, errors.AMBIGUOUS_AMOUNT, errors.UNKNOWN_CURRENCY),
    "bio": (errors.INVALID_TEXT,),
    "category": (errors.UNKNOWN_CATEGORY,),
    "confirm": (errors.ACCOUNT_NOT_CONFIRMED,),
    "consumption": _QUANTITY,
    "currency": (errors.UNKNOWN_CURRENCY,),
    "cursor": (errors.INVALID_CURSOR,),
    "date": (errors.INVALID_DATE, errors.DATE_IN_FUTURE, errors.DATE_TOO_OLD),
    "description": (errors.INVALID_TEXT,),
    "destination": _PLACE,
    "distance": _QUANTITY,
    "from": _DAY,
    "home_base": (errors.INVALID_TEXT,),
    "latitude": _QUANTITY,
    "limit": (errors.INVALID_LIMIT,),
    "longitude": _QUANTITY,
    "name": (errors.INVALID_TEXT,),
    "origin": _PLACE,
    "period": (errors.UNKNOWN_PERIOD,),
    "place": _PLACE,
    "price": _QUANTITY,
    "radius": _QUANTITY,
    "rig_type": (errors.INVALID_TEXT,),
    "rig_year": (errors.DATE_IN_FUTURE,),
    "search": (errors.INVALID_TEXT,),
    "text": (errors.INVALID_TEXT,),
    "timezone": (errors.UNKNOWN_TIME_ZONE,),
    "to": _DAY,
    "topic": (errors.INVALID_TEXT,),
    "typed_at": (errors.INVALID_TYPED_AT, errors.ENTRY_TOO_OLD),
    "value": (errors.INVALID_TEXT,),
}


def error_codes(operation: HttpOperation, route: RouteDescription) -> Iterable[ErrorCode]:
    """Return the errors that a route may answer with, in the order of `errors.ALL`."""
    codes = {*COMMON_CODES, *route.codes}
    if operation.takes:
        codes.add(errors.INVALID_REQUEST)
        for name, field in operation.takes.model_fields.items():
            codes.update(_FIELD_CODES.get(field.alias or name, ()))
    if operation.method in ("POST", "PATCH"):
        codes.add(errors.MALFORMED_JSON)
    if route.idempotent:
        codes |= {errors.INVALID_IDEMPOTENCY_KEY, errors.IDEMPOTENCY_KEY_REUSED, errors.REQUEST_IN_PROGRESS}
    return [code for code in errors.ALL if code in codes]
