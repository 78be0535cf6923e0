"""The European Central Bank: its euro reference rates, through the API of the ECB Data Portal. Needs no API key.

A reference rate is the number of units of a currency for one euro, set at 14:15 and published at about 16:00 CET on
every TARGET working day; there is none on weekends and on TARGET closing days.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, TypeAlias

from pydantic import Field

from pam.money.amounts import CURRENCIES
from pam.money.exchange_rates import MAX_RATE_AGE
from pam.platform.deadline import Deadline
from pam.sources.http_client import HttpClient, ResponseModel
from pam.sources.source import Fetched, Source, SourceError, SourceErrorKind

DailyRates: TypeAlias = dict[str, dict[str, str]]
"""The rates of a day (ISO 8601) as decimal strings by currency, as JSON has them."""

# The series of daily (D) reference rates (SP00) against the euro.
_PATH = f"/service/data/EXR/D.{'+'.join(sorted(CURRENCIES - {'EUR'}))}.EUR.SP00.A"


class _Value(ResponseModel):
    id: str


class _Dimension(ResponseModel):
    id: str
    values: list[_Value]


class _Dimensions(ResponseModel):
    series: list[_Dimension]
    observation: Annotated[list[_Dimension], Field(min_length=1, max_length=1)]


class _Structure(ResponseModel):
    dimensions: _Dimensions


class _Series(ResponseModel):
    # By the index of its day; null for a day without a rate.
    observations: dict[str, Annotated[list[float | None], Field(min_length=1)]]


class _DataSet(ResponseModel):
    # By the indices of its dimensions' values, such as "0:7:0:0:0".
    series: dict[str, _Series]


class RatesResponse(ResponseModel):
    """The ECB's response: SDMX-JSON, in which indices refer to the lists of values in `structure`."""

    dataSets: Annotated[list[_DataSet], Field(min_length=1, max_length=1)]
    structure: _Structure


class Ecb:
    """The adapter to the ECB."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def rates(self, year: int, deadline: Deadline) -> Fetched[DailyRates]:
        """Return the rates of a year so far and of the `MAX_RATE_AGE` before it. Raises `SourceError`."""
        query = [
            ("startPeriod", (date(year, 1, 1) - MAX_RATE_AGE - timedelta(days=1)).isoformat()),
            ("endPeriod", date(year, 12, 31).isoformat()),
            ("detail", "dataonly"),
            ("format", "jsondata"),
        ]
        return self._http.get(_PATH, query, RatesResponse, deadline).map(_rates)


def _rates(response: RatesResponse) -> DailyRates:
    dimensions = response.structure.dimensions
    days = [_day(value.id) for value in dimensions.observation[0].values]
    rates: DailyRates = {}
    try:
        position = [dimension.id for dimension in dimensions.series].index("CURRENCY")
        codes = [value.id for value in dimensions.series[position].values]
        for key, series in response.dataSets[0].series.items():
            code = codes[_index(key.split(":")[position])]
            for index, observation in series.observations.items():
                if observation[0] is not None:
                    rates.setdefault(days[_index(index)], {})[code] = _rate(observation[0])
    except (IndexError, ValueError):
        raise SourceError(Source.ECB, SourceErrorKind.MALFORMED, "an index without a value") from None
    return rates


def _index(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):  # a negative index would count from the end
        raise ValueError(text)
    return int(text)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SourceError(Source.ECB, SourceErrorKind.MALFORMED, "a period that is no day") from None


def _rate(value: float) -> str:
    # One euro has never been worth less than 0.1 or more than 100,000 of any currency that PAM keeps accounts in.
    if not 0.1 < value < 100_000:
        raise SourceError(Source.ECB, SourceErrorKind.MALFORMED, "a rate out of range")
    return str(Decimal(str(value)))
