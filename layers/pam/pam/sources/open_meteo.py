"""Open-Meteo: weather forecasts for 16 days. Needs no API key."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from pam.platform.deadline import Deadline
from pam.sources.http_client import HttpClient, ResponseModel
from pam.sources.source import Fetched, Source, SourceError, SourceErrorKind
from pam.travel.forecast import MAX_FORECAST_DAYS, CurrentWeather, DailyForecast, Forecast, HourlyForecast

# The codes of WMO table 4677 that Open-Meteo uses.
CONDITIONS = {
    0: "clear sky",
    1: "mainly clear",
    2: "partly cloudy",
    3: "overcast",
    45: "fog",
    48: "freezing fog",
    51: "light drizzle",
    53: "drizzle",
    55: "heavy drizzle",
    56: "light freezing drizzle",
    57: "freezing drizzle",
    61: "light rain",
    63: "rain",
    65: "heavy rain",
    66: "light freezing rain",
    67: "freezing rain",
    71: "light snow",
    73: "snow",
    75: "heavy snow",
    77: "snow grains",
    80: "light showers",
    81: "showers",
    82: "violent showers",
    85: "light snow showers",
    86: "snow showers",
    95: "thunderstorm",
    96: "thunderstorm with hail",
    99: "thunderstorm with heavy hail",
}


# Up to the year 2100, so that Python can represent each.
_Unix = Annotated[int, Field(ge=0, le=4_102_444_800)]
_Percent = Annotated[float, Field(ge=0, le=100)]
_Amount = Annotated[float, Field(ge=0)]


class _Units(ResponseModel):
    """The units that we request: values in any other would be wrong without notice."""

    time: Literal["unixtime"]
    temperature_2m: Literal["°C"]
    precipitation: Literal["mm"]
    wind_speed_10m: Literal["m/s"]
    snowfall: Literal["cm"]
    relative_humidity_2m: Literal["%"]
    sunshine_duration: Literal["s"]


class _Current(ResponseModel):
    time: _Unix
    temperature_2m: float
    weather_code: int
    wind_speed_10m: _Amount
    wind_gusts_10m: _Amount
    apparent_temperature: float | None
    relative_humidity_2m: _Percent | None


class _Hourly(ResponseModel):
    time: list[_Unix]
    temperature_2m: list[float | None]
    precipitation_probability: list[_Percent | None]
    precipitation: list[_Amount | None]
    weather_code: list[int | None]
    wind_speed_10m: list[_Amount | None]
    wind_gusts_10m: list[_Amount | None]
    apparent_temperature: list[float | None]
    relative_humidity_2m: list[_Percent | None]
    snowfall: list[_Amount | None]
    cloud_cover: list[_Percent | None]
    uv_index: list[_Amount | None]
    sunshine_duration: list[_Amount | None]


class _Daily(ResponseModel):
    time: list[_Unix]
    weather_code: list[int | None]
    temperature_2m_max: list[float | None]
    temperature_2m_min: list[float | None]
    precipitation_probability_max: list[_Percent | None]
    precipitation_sum: list[_Amount | None]
    wind_speed_10m_max: list[_Amount | None]
    wind_gusts_10m_max: list[_Amount | None]
    snowfall_sum: list[_Amount | None]
    uv_index_max: list[_Amount | None]
    sunshine_duration: list[_Amount | None]
    sunrise: list[_Unix | None]
    sunset: list[_Unix | None]


class ForecastResponse(ResponseModel):
    """Open-Meteo's response: columns of equal length."""

    timezone: str
    utc_offset_seconds: Annotated[int, Field(gt=-86_400, lt=86_400)]
    hourly_units: _Units
    current: _Current
    hourly: _Hourly
    daily: _Daily


class OpenMeteo:
    """The adapter to Open-Meteo."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def forecast(self, latitude: float, longitude: float, deadline: Deadline) -> Fetched[Forecast]:
        """Return the forecast of a point in degrees. Raises `SourceError`."""
        query = [
            ("latitude", f"{latitude:.4f}"),
            ("longitude", f"{longitude:.4f}"),
            ("current", ",".join(name for name in _Current.model_fields if name != "time")),
            ("hourly", ",".join(name for name in _Hourly.model_fields if name != "time")),
            ("daily", ",".join(name for name in _Daily.model_fields if name != "time")),
            # Local times repeat an hour in autumn; instants don't.
            ("timeformat", "unixtime"),
            ("timezone", "auto"),
            ("forecast_days", str(MAX_FORECAST_DAYS)),
            ("wind_speed_unit", "ms"),
        ]
        return self._http.get("/v1/forecast", query, ForecastResponse, deadline).map(_forecast)


def _forecast(response: ForecastResponse) -> Forecast:
    try:
        ZoneInfo(response.timezone)
    except (KeyError, ValueError, OSError):  # unknown, not a zone's name, a folder of the zone database
        raise SourceError(Source.OPEN_METEO, SourceErrorKind.MALFORMED, "unknown time zone") from None
    current = response.current
    now = CurrentWeather(
        time=_instant(current.time),
        temperature_c=current.temperature_2m,
        wind_mps=current.wind_speed_10m,
        gusts_mps=current.wind_gusts_10m,
        condition=CONDITIONS.get(current.weather_code),
        feels_like_c=current.apparent_temperature,
        humidity=_fraction(current.relative_humidity_2m),
    )
    try:
        hours, days = _hours(response.hourly), _days(response.daily, response.utc_offset_seconds)
    except ValueError:  # strict zip
        raise SourceError(Source.OPEN_METEO, SourceErrorKind.MALFORMED, "columns of unequal length") from None
    return Forecast(response.timezone, now, hours, days)


def _hours(hourly: _Hourly) -> tuple[HourlyForecast, ...]:
    columns = zip(
        hourly.time,
        hourly.temperature_2m,
        hourly.precipitation_probability,
        hourly.precipitation,
        hourly.wind_speed_10m,
        hourly.wind_gusts_10m,
        hourly.weather_code,
        hourly.apparent_temperature,
        hourly.relative_humidity_2m,
        hourly.snowfall,
        hourly.cloud_cover,
        hourly.uv_index,
        hourly.sunshine_duration,
        strict=True,
    )
    return tuple(
        HourlyForecast(
            _instant(time),
            temperature,
            _fraction(probability),
            rain,
            wind,
            gusts,
            _condition(code),
            feels_like,
            _fraction(humidity),
            snow,
            _fraction(clouds),
            uv,
            sunshine,
        )
        for (
            time,
            temperature,
            probability,
            rain,
            wind,
            gusts,
            code,
            feels_like,
            humidity,
            snow,
            clouds,
            uv,
            sunshine,
        ) in columns
    )


def _days(daily: _Daily, offset_s: int) -> tuple[DailyForecast, ...]:
    columns = zip(
        daily.time,
        daily.temperature_2m_max,
        daily.temperature_2m_min,
        daily.precipitation_probability_max,
        daily.precipitation_sum,
        daily.wind_speed_10m_max,
        daily.wind_gusts_10m_max,
        daily.weather_code,
        daily.snowfall_sum,
        daily.uv_index_max,
        daily.sunshine_duration,
        daily.sunrise,
        daily.sunset,
        strict=True,
    )
    # A day's time is its midnight by the one offset that Open-Meteo sends for the whole response.
    return tuple(
        DailyForecast(
            (_instant(time) + timedelta(seconds=offset_s)).date(),
            high,
            low,
            _fraction(probability),
            rain,
            wind,
            gusts,
            _condition(code),
            snow,
            uv,
            sunshine,
            None if sunrise is None else _instant(sunrise),
            None if sunset is None else _instant(sunset),
        )
        for time, high, low, probability, rain, wind, gusts, code, snow, uv, sunshine, sunrise, sunset in columns
    )


def _instant(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def _fraction(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _condition(code: int | None) -> str | None:
    return None if code is None else CONDITIONS.get(code)
