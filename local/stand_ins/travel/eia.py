"""EIA's stand-in: weekly retail fuel prices, seeded noise around a base price for each fuel and area."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.stand_ins.travel.seeded import hash_fraction, smooth_noise

BASE_PRICES = {"EPMR": 3.20, "EPMM": 3.65, "EPMP": 4.00, "EPD2D": 3.75}
"""Dollars a gallon. Prices differ from these by at most 12 % over time, and 15 % between areas."""

_NAMES = {
    "EPMR": "Regular Gasoline",
    "EPMM": "Midgrade Gasoline",
    "EPMP": "Premium Gasoline",
    "EPD2D": "No 2 Diesel",
}
# All areas of the survey but its ten cities, with EIA's names.
_AREAS = {
    "NUS": "U.S.",
    "R10": "PADD 1",
    "R1X": "PADD 1A",
    "R1Y": "PADD 1B",
    "R1Z": "PADD 1C",
    "R20": "PADD 2",
    "R30": "PADD 3",
    "R40": "PADD 4",
    "R50": "PADD 5",
    "R5XCA": "PADD 5 EXCEPT CALIFORNIA",
    "SCA": "CALIFORNIA",
    "SCO": "COLORADO",
    "SFL": "FLORIDA",
    "SMA": "MASSACHUSETTS",
    "SMN": "MINNESOTA",
    "SNY": "NEW YORK",
    "SOH": "OHIO",
    "STX": "TEXAS",
    "SWA": "WASHINGTON",
}
_FIRST_WEEK = date(1993, 4, 5)
_MESSAGES = {
    401: "Unauthorized",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "You have exceeded your rate limit. Try again later.",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def error_body(status: int) -> dict[str, Any]:
    """Return the body that EIA sends with a status."""
    if status == 429:
        return {"error": {"code": "OVER_RATE_LIMIT", "message": _MESSAGES[status]}}
    return {"error": _MESSAGES[status], "code": status}


class _RequestError(Exception):
    def __init__(self, status: int, error: str | dict[str, str]) -> None:
        super().__init__(str(error))
        body = {"error": error} if isinstance(error, dict) else {"error": error, "code": status}
        self.response = JSONResponse(body, status)


def make_app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ASGIApp:
    """Return the stand-in as an ASGI app. It accepts any key of 16 characters or more."""

    async def data(request: Request) -> Response:
        return JSONResponse(_data(request, clock().date()))

    async def handle_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, _RequestError)
        return error.response

    async def not_found(_: Request, __: Exception) -> Response:
        return JSONResponse(error_body(404), 404)

    return Starlette(
        routes=[Route("/v2/petroleum/pri/gnd/data", data), Route("/v2/petroleum/pri/gnd/data/", data)],
        exception_handlers={_RequestError: handle_error, 404: not_found},
    )


def _data(request: Request, today: date) -> dict[str, Any]:
    query = request.query_params.multi_items()
    first = dict(query)
    key = first.pop("api_key", "")
    if not key:
        raise _RequestError(403, {"code": "API_KEY_MISSING", "message": "An API key was not supplied."})
    if not re.fullmatch(r"[\w-]{16,}", key):
        raise _RequestError(403, {"code": "API_KEY_INVALID", "message": "An invalid API key was supplied."})
    if first.get("frequency", "weekly") != "weekly":
        valid = "The only valid frequencies are 'annual', 'monthly', and 'weekly', and only 'weekly' is simulated."
        raise _RequestError(400, f"Invalid frequency '{first['frequency']}' provided. {valid}")
    facets: dict[str, list[str]] = {}
    for name, value in query:
        facet = re.fullmatch(r"facets\[(\w+)\]\[\d*\]", name)
        if facet is None:
            continue
        if facet[1] not in {"duoarea", "product", "process", "series"}:
            raise _RequestError(
                400, f"Invalid facet '{facet[1]}' provided. Valid facets: duoarea, product, process, series."
            )
        facets.setdefault(facet[1], []).append(value)
    columns = [value for name, value in query if re.fullmatch(r"data(\[\d*\])?", name)]
    if any(column != "value" for column in columns):
        raise _RequestError(400, "Invalid data column provided. The only valid column is 'value'.")
    length, offset = _count(first.get("length", "5000")), _count(first.get("offset", "0"))
    newest_first = first.get("sort[0][direction]", "desc") == "desc"
    # Monday's survey is published on the same evening, so it is available from Tuesday on.
    newest = today - timedelta(days=(today - timedelta(days=1)).weekday() + 1)
    weeks = [_FIRST_WEEK + timedelta(weeks=week) for week in range((newest - _FIRST_WEEK).days // 7 + 1)]
    series = [(product, area) for product in _NAMES for area in _AREAS if _is_selected(facets, product, area)]
    ordered = reversed(weeks) if newest_first else iter(weeks)
    slots = [(week, product, area) for week in ordered for product, area in series][: offset + length]
    rows = [_row(week, product, area, "value" in columns) for week, product, area in slots[offset:]]
    return {
        "response": {
            "total": str(len(weeks) * len(series)),
            "dateFormat": "YYYY-MM-DD",
            "frequency": "weekly",
            "data": rows,
            "description": "SIMULATED weekly retail gasoline and diesel prices. No data of EIA.",
        },
        "request": {"command": "/v2/petroleum/pri/gnd/data/", "params": first},
        "apiVersion": "2.1.8",
        "ExcelAddInVersion": "2.1.0",
    }


def _is_selected(facets: dict[str, list[str]], product: str, area: str) -> bool:
    # California is the only state with a price of diesel.
    if product == "EPD2D" and area.startswith("S") and area != "SCA":
        return False
    values = {"product": product, "duoarea": area, "process": "PTE", "series": _series(product, area)}
    return all(values[facet] in wanted for facet, wanted in facets.items())


def _series(product: str, area: str) -> str:
    return f"{'EMD' if product == 'EPD2D' else 'EMM'}_{product}_PTE_{area}_DPG"


def _row(week: date, product: str, area: str, with_value: bool) -> dict[str, Any]:
    number = (week - _FIRST_WEEK).days / 7
    name = _AREAS[area]
    level = 1 + 0.15 * (2 * hash_fraction("area", area) - 1)
    walk = 1 + 0.12 * (0.8 * smooth_noise(f"price|{product}|{area}", number / 13) + 0.2 * smooth_noise("week", number))
    row: dict[str, Any] = {
        "period": week.isoformat(),
        "duoarea": area,
        "area-name": name,
        "product": product,
        "product-name": _NAMES[product],
        "process": "PTE",
        "process-name": "Retail Sales",
        "series": _series(product, area),
        "series-description": f"SIMULATED: {name} {_NAMES[product]} Retail Prices (Dollars per Gallon)",
    }
    if with_value:
        row |= {"value": f"{BASE_PRICES[product] * level * walk:.3f}", "units": "$/GAL"}
    return row


def _count(text: str) -> int:
    if not text.isdecimal():
        raise _RequestError(400, "Invalid length or offset provided.")
    return min(int(text), 5000)
