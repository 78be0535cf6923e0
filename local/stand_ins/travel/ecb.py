"""The ECB's stand-in: euro reference rates of TARGET working days, noise around a base rate of each currency."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.easter import easter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.stand_ins.travel.seeded import smooth_noise

BASE_RATES = {
    "USD": 1.16, "JPY": 172.0, "CZK": 24.4, "DKK": 7.46, "GBP": 0.866, "HUF": 391.0, "PLN": 4.25, "RON": 5.07,
    "SEK": 11.0, "CHF": 0.937, "ISK": 143.0, "NOK": 11.7, "TRY": 48.2, "AUD": 1.78, "BRL": 6.28, "CAD": 1.61,
    "CNY": 8.28, "HKD": 9.07, "IDR": 19280.0, "ILS": 3.91, "INR": 102.6, "KRW": 1640.0, "MXN": 21.6, "MYR": 4.9,
    "NZD": 1.98, "PHP": 66.8, "SGD": 1.5, "THB": 37.6, "ZAR": 20.3,
}  # fmt: skip
"""Units of a currency for one euro. Rates differ from these by at most 6 % over time."""

_FIRST_DAY = date(1999, 1, 4)
_FRANKFURT = ZoneInfo("Europe/Berlin")
_PUBLISHED_AT = time(16)
_DIMENSIONS = ("FREQ", "CURRENCY", "CURRENCY_DENOM", "EXR_TYPE", "EXR_SUFFIX")
_MESSAGES = {
    400: "Syntax error",
    401: "Unauthorized",
    404: "No results found",
    422: "Semantic error",
    429: "Too many requests",
    500: "Internal server error",
    503: "Service unavailable",
}


def error_body(status: int) -> dict[str, Any]:
    """Return the body that the ECB sends with a status."""
    return {"errors": [{"code": status, "message": _MESSAGES[status]}]}


def is_working_day(day: date) -> bool:
    """Whether TARGET is open, so that the ECB publishes rates."""
    if day.weekday() >= 5 or (day.month, day.day) in {(1, 1), (5, 1), (12, 25), (12, 26)}:
        return False
    return day - easter(day.year) not in {timedelta(days=-2), timedelta(days=1)}


def reference_rate(currency: str, day: date) -> str:
    """Return the rate of a currency on a working day, with the ECB's number of digits."""
    number = (day - _FIRST_DAY).days
    slow, fast = smooth_noise(f"rate|{currency}", number / 60), smooth_noise(f"day|{currency}", number)
    rate = BASE_RATES[currency] * (1 + 0.05 * slow + 0.005 * fast)
    return f"{rate:.{4 if rate < 100 else 2}f}"


class _RequestError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(_MESSAGES[status])
        self.response = JSONResponse(error_body(status), status)


def make_app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ASGIApp:
    """Return the stand-in as an ASGI app. It serves the daily series of the dataflow EXR against the euro."""

    async def data(request: Request) -> Response:
        return JSONResponse(_data(request, clock().astimezone(_FRANKFURT)))

    async def handle_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, _RequestError)
        return error.response

    async def not_found(_: Request, __: Exception) -> Response:
        return JSONResponse(error_body(404), 404)

    return Starlette(
        routes=[Route("/service/data/EXR/{key}", data)],
        exception_handlers={_RequestError: handle_error, 404: not_found},
    )


def _data(request: Request, now: datetime) -> dict[str, Any]:
    key = re.fullmatch(r"D\.([A-Z+]*)\.EUR\.SP00\.A", request.path_params["key"])
    if key is None:
        raise _RequestError(404)
    if request.query_params.get("format") != "jsondata":
        raise _RequestError(400)
    # A code that the ECB doesn't list is left out of the result; without any code, all are meant.
    wanted = key[1].split("+") if key[1] else sorted(BASE_RATES)
    currencies = [code for code in sorted(BASE_RATES) if code in wanted]
    days = list(_published_days(request, now))
    if not currencies or not days:
        raise _RequestError(404)
    return {
        "header": {
            "id": "simulated",
            "test": True,
            "prepared": now.isoformat(timespec="milliseconds"),
            "sender": {"id": "SIMULATED: no data of the ECB"},
        },
        "dataSets": [
            {
                "action": "Replace",
                "validFrom": now.isoformat(timespec="milliseconds"),
                "series": {
                    f"0:{number}:0:0:0": {
                        "observations": {
                            str(index): [float(reference_rate(code, day))] for index, day in enumerate(days)
                        }
                    }
                    for number, code in enumerate(currencies)
                },
            }
        ],
        "structure": {
            "name": "Exchange Rates",
            "dimensions": {
                "series": [
                    {"id": name, "name": name, "values": [{"id": value, "name": value} for value in values]}
                    for name, values in zip(_DIMENSIONS, (["D"], currencies, ["EUR"], ["SP00"], ["A"]), strict=True)
                ],
                "observation": [
                    {
                        "id": "TIME_PERIOD",
                        "name": "Time period or range",
                        "role": "time",
                        "values": [{"id": day.isoformat(), "name": day.isoformat()} for day in days],
                    }
                ],
            },
        },
    }


def _published_days(request: Request, now: datetime) -> Iterator[date]:
    newest = now.date() if now.time() >= _PUBLISHED_AT else now.date() - timedelta(days=1)
    day = max(_FIRST_DAY, _parse_day(request, "startPeriod", _FIRST_DAY))
    last = min(newest, _parse_day(request, "endPeriod", newest))
    while day <= last:
        if is_working_day(day):
            yield day
        day += timedelta(days=1)


def _parse_day(request: Request, name: str, default: date) -> date:
    text = request.query_params.get(name)
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        raise _RequestError(400) from None
