"""Open-Meteo's stand-in: weather as a smooth function of place, season and hour, with seeded noise."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from math import acos, cos, exp, pi, radians, sin, sqrt
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.stand_ins.travel.gazetteer import Gazetteer
from local.stand_ins.travel.seeded import smooth_noise

_WIND_UNITS = {"kmh": ("km/h", 3.6), "ms": ("m/s", 1.0), "mph": ("mp/h", 2.236936), "kn": ("kn", 1.943844)}
_REASONS = {
    401: "The supplied API key is invalid.",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "Minutely API request limit exceeded. Please try again in one minute.",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def error_body(status: int) -> dict[str, Any]:
    """Return the body that Open-Meteo sends with a status."""
    return {"error": True, "reason": _REASONS[status]}


class _RequestError(Exception):
    """An invalid parameter, to which Open-Meteo responds with 400."""


class _Sky:
    """The weather at one point, by time: °C, mm in an hour, m/s."""

    def __init__(self, latitude: float, longitude: float) -> None:
        self._latitude = latitude
        self._longitude = longitude

    def noise(self, seed: str, at: datetime, hours: float) -> float:
        return smooth_noise(seed, self._latitude / 3, self._longitude / 3, at.timestamp() / 3600 / hours)

    def temperature(self, at: datetime) -> float:
        day = at.timetuple().tm_yday + at.hour / 24
        season = cos(2 * pi * (day - 202) / 365.25) * (1 if self._latitude >= 0 else -1)
        sun = cos(2 * pi * ((at.hour + at.minute / 60 + self._longitude / 15) - 15) / 24)
        mean = 28 - 0.45 * abs(self._latitude) - 4 * sin(radians(abs(self._latitude)))
        return mean + 0.28 * abs(self._latitude) * season + 5 * sun + 5 * self.noise("temperature", at, 72)

    def wetness(self, at: datetime) -> float:
        """Return 0 for dry up to 1 for heavy rain."""
        return max(0.0, self.noise("wetness", at, 30) - 0.15) / 0.85

    def wind(self, at: datetime) -> float:
        return max(0.3, 4.5 + 4.5 * self.noise("wind", at, 24) + 5 * self.wetness(at))

    def gusts(self, at: datetime) -> float:
        return self.wind(at) * (1.5 + 0.3 * self.noise("gusts", at, 5))

    def rain(self, at: datetime) -> float:
        return 6 * self.wetness(at) ** 2

    def probability(self, at: datetime) -> float:
        return min(100.0, 115 * sqrt(self.wetness(at)))

    def snow(self, at: datetime) -> float:
        """Return cm in an hour; like the real one, 7 cm of snow are 10 mm of water."""
        return 0.7 * self.rain(at) if self.code(at) in _SNOW_CODES else 0.0

    def humidity(self, at: datetime) -> float:
        return min(100.0, max(5.0, 45 + 25 * self.noise("humidity", at, 20) + 40 * self.wetness(at)))

    def feels_like(self, at: datetime) -> float:
        """Return the apparent temperature without radiation, by Steadman's formula for shade."""
        temperature = self.temperature(at)
        vapour = self.humidity(at) / 100 * 6.105 * exp(17.27 * temperature / (237.7 + temperature))
        return temperature + 0.33 * vapour - 0.7 * self.wind(at) - 4

    def clouds(self, at: datetime) -> float:
        """Return percent, in accordance with the weather code."""
        return (5.0, 20.0, 50.0, 95.0)[min(3, max(0, self.code(at)))]

    def sun_height(self, at: datetime) -> float:
        """Return the sine of the sun's elevation."""
        latitude, declination = radians(self._latitude), _declination(at)
        angle = 2 * pi * (at.hour / 24 + at.minute / 1440 + self._longitude / 360 - 0.5)
        return sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(angle)

    def uv(self, at: datetime) -> float:
        return max(0.0, 12 * self.sun_height(at)) * (1 - 0.6 * self.clouds(at) / 100)

    def sunshine(self, at: datetime) -> float:
        """Return seconds in an hour."""
        return 3600 * (1 - self.clouds(at) / 100) if self.sun_height(at) > 0 else 0.0

    def sun_times(self, midnight: datetime) -> tuple[datetime, datetime]:
        """Return sunrise and sunset of the day after a midnight; equal, or a day apart, in the polar night and day."""
        clock = midnight.hour + midnight.minute / 60
        noon = midnight + timedelta(hours=(12 - self._longitude / 15 - clock) % 24)
        latitude, declination = radians(self._latitude), _declination(noon)
        reach = (_SUN_AT_HORIZON - sin(latitude) * sin(declination)) / (cos(latitude) * cos(declination))
        if abs(reach) >= 1:
            return midnight, midnight + timedelta(days=reach < 0)
        half_day = timedelta(hours=acos(reach) / pi * 12)
        return noon - half_day, noon + half_day

    def code(self, at: datetime) -> int:
        wet, cold = self.wetness(at), self.temperature(at) < 0.5
        if wet > 0.75:
            return 86 if cold else 95
        if wet > 0.35:
            return 73 if cold else 63
        if wet > 0.05:
            return 71 if cold else 61
        return min(3, int(2 + 2 * self.noise("clouds", at, 18)))


def _declination(at: datetime) -> float:
    return radians(-23.44 * cos(2 * pi * (at.timetuple().tm_yday + 10) / 365.25))


# Refraction and the sun's radius: its upper edge is visible while its centre is 0.833° below the horizon.
_SUN_AT_HORIZON = sin(radians(-0.833))
_SNOW_CODES = {71, 73, 86}

# Variables by name: the unit, the value at a time, and for daily ones how 24 hourly values are aggregated.
_HOURLY: dict[str, tuple[str, Callable[[_Sky, datetime], float]]] = {
    "temperature_2m": ("°C", _Sky.temperature),
    "precipitation_probability": ("%", _Sky.probability),
    "precipitation": ("mm", _Sky.rain),
    "weather_code": ("wmo code", _Sky.code),
    "wind_speed_10m": ("wind", _Sky.wind),
    "wind_gusts_10m": ("wind", _Sky.gusts),
    "apparent_temperature": ("°C", _Sky.feels_like),
    "relative_humidity_2m": ("%", _Sky.humidity),
    "snowfall": ("cm", _Sky.snow),
    "cloud_cover": ("%", _Sky.clouds),
    "uv_index": ("", _Sky.uv),
    "sunshine_duration": ("s", _Sky.sunshine),
}
_DAILY: dict[str, tuple[str, Callable[[_Sky, datetime], float], Callable[[list[float]], float]]] = {
    "weather_code": ("wmo code", _Sky.code, max),
    "temperature_2m_max": ("°C", _Sky.temperature, max),
    "temperature_2m_min": ("°C", _Sky.temperature, min),
    "precipitation_sum": ("mm", _Sky.rain, sum),
    "precipitation_probability_max": ("%", _Sky.probability, max),
    "wind_speed_10m_max": ("wind", _Sky.wind, max),
    "wind_gusts_10m_max": ("wind", _Sky.gusts, max),
    "snowfall_sum": ("cm", _Sky.snow, sum),
    "uv_index_max": ("", _Sky.uv, max),
    "sunshine_duration": ("s", _Sky.sunshine, sum),
}
_SUN_TIMES = ("sunrise", "sunset")


def make_app(gazetteer: Gazetteer, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ASGIApp:
    """Return the stand-in as an ASGI app. Like the real one, it needs no key."""

    async def forecast(request: Request) -> Response:
        # Blocks the event loop: a forecast takes about 20 ms, and a stand-in has few callers.
        return JSONResponse(_forecast(request, gazetteer, clock()))

    async def handle_error(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": True, "reason": str(error)}, 400)

    async def not_found(_: Request, __: Exception) -> Response:
        return JSONResponse(error_body(404), 404)

    return Starlette(
        routes=[Route("/v1/forecast", forecast)], exception_handlers={_RequestError: handle_error, 404: not_found}
    )


def _forecast(request: Request, gazetteer: Gazetteer, now: datetime) -> dict[str, Any]:
    query = request.query_params
    latitude, longitude = (
        _degrees(query.get("latitude"), "Latitude", 90),
        _degrees(query.get("longitude"), "Longitude", 180),
    )
    days = query.get("forecast_days", "7")
    if not days.isdecimal() or int(days) > 16:
        raise _RequestError(f"Forecast days is invalid. Allowed range 0 to 16. Given {days}.")
    if query.get("wind_speed_unit", "kmh") not in _WIND_UNITS:
        raise _RequestError(f"Cannot initialize WindspeedUnit from invalid String value {query['wind_speed_unit']}.")
    if query.get("timeformat", "iso8601") not in {"iso8601", "unixtime"}:
        raise _RequestError(f"Cannot initialize Timeformat from invalid String value {query['timeformat']}.")
    zone = _zone(query.get("timezone"), gazetteer, latitude, longitude)
    if "daily" in query and "timezone" not in query:
        raise _RequestError("Timezone is required")
    # Like the real one: a single offset for the whole response, although a clock change may occur within it.
    offset = now.astimezone(zone).utcoffset() or timedelta()
    today = (now + offset).date()
    writer = _Writer(_Sky(latitude, longitude), offset, query.get("wind_speed_unit", "kmh"), query.get("timeformat"))
    response: dict[str, Any] = {
        "latitude": round(latitude, 2),
        "longitude": round(longitude, 2),
        "generationtime_ms": 0.1,
        "utc_offset_seconds": int(offset.total_seconds()),
        "timezone": zone.key,
        "timezone_abbreviation": now.astimezone(zone).tzname() or "",
        "elevation": 0.0,
        "source": "SIMULATED. No data of Open-Meteo.",
    }
    dates = [today + timedelta(days=number) for number in range(int(days))]
    if "current" in query:
        response |= writer.current(_names(query["current"], set(_HOURLY)), now)
    if "hourly" in query:
        response |= writer.hourly(_names(query["hourly"], set(_HOURLY)), dates)
    if "daily" in query:
        response |= writer.daily(_names(query["daily"], {*_DAILY, *_SUN_TIMES}), dates)
    return response


class _Writer:
    """Formats blocks of the response in the requested units and time format."""

    def __init__(self, sky: _Sky, offset: timedelta, wind_unit: str, timeformat: str | None) -> None:
        self._sky = sky
        self._offset = offset
        self._wind = _WIND_UNITS[wind_unit]
        self._unix = timeformat == "unixtime"

    def current(self, names: list[str], now: datetime) -> dict[str, Any]:
        at = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
        values = {name: self._value(_HOURLY[name][0], _HOURLY[name][1](self._sky, at)) for name in names}
        units = {"time": self._time_unit, "interval": "seconds"} | {
            name: self._unit(_HOURLY[name][0]) for name in names
        }
        return {"current_units": units, "current": {"time": self._time(at), "interval": 900} | values}

    def hourly(self, names: list[str], dates: list[date]) -> dict[str, Any]:
        hours = [hour for day in dates for hour in self._hours(day)]
        units = {"time": self._time_unit} | {name: self._unit(_HOURLY[name][0]) for name in names}
        columns: dict[str, list[Any]] = {"time": [self._time(hour) for hour in hours]}
        for name in names:
            unit, read = _HOURLY[name]
            columns[name] = [self._value(unit, read(self._sky, hour)) for hour in hours]
        return {"hourly_units": units, "hourly": columns}

    def daily(self, names: list[str], dates: list[date]) -> dict[str, Any]:
        units = {"time": self._time_unit} | {
            name: self._time_unit if name in _SUN_TIMES else self._unit(_DAILY[name][0]) for name in names
        }
        columns: dict[str, list[Any]] = {"time": [self._day(day) for day in dates]}
        for name in names:
            if name in _SUN_TIMES:
                which = _SUN_TIMES.index(name)
                columns[name] = [self._time(self._sky.sun_times(self._hours(day)[0])[which]) for day in dates]
                continue
            unit, read, aggregate = _DAILY[name]
            columns[name] = [
                self._value(unit, aggregate([read(self._sky, hour) for hour in self._hours(day)])) for day in dates
            ]
        return {"daily_units": units, "daily": columns}

    def _hours(self, day: date) -> list[datetime]:
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - self._offset
        return [midnight + timedelta(hours=hour) for hour in range(24)]

    def _value(self, unit: str, value: float) -> float:
        if unit == "wind":
            return round(value * self._wind[1], 2)
        return int(value) if unit in {"%", "wmo code"} else round(value, 1)

    def _unit(self, unit: str) -> str:
        return self._wind[0] if unit == "wind" else unit

    @property
    def _time_unit(self) -> str:
        return "unixtime" if self._unix else "iso8601"

    def _time(self, at: datetime) -> int | str:
        return int(at.timestamp()) if self._unix else (at + self._offset).strftime("%Y-%m-%dT%H:%M")

    def _day(self, day: date) -> int | str:
        return int(self._hours(day)[0].timestamp()) if self._unix else day.isoformat()


def _degrees(text: str | None, name: str, limit: int) -> float:
    if text is None:
        raise _RequestError("Parameter 'latitude' and 'longitude' must have the same number of elements")
    try:
        value = float(text)
    except ValueError:
        raise _RequestError(
            f"Data corrupted at path ''. Cannot initialize Float from invalid String value {text}."
        ) from None
    if not abs(value) <= limit:
        raise _RequestError(f"{name} must be in range of -{limit} to {limit}°. Given: {value}.")
    return value


def _names(text: str, known: set[str]) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in known:
            raise _RequestError(
                f"Data corrupted at path ''. Cannot initialize a weather variable from invalid String value {name}."
            )
    return names


def _zone(name: str | None, gazetteer: Gazetteer, latitude: float, longitude: float) -> ZoneInfo:
    if name == "auto":
        towns = gazetteer.near(latitude, longitude, 300_000.0)
        hours = round(longitude / 15)
        # At sea, derived from the longitude; the signs in these names are reversed.
        name = towns[0].zone if towns else "GMT" if hours == 0 else f"Etc/GMT{-hours:+d}"
    try:
        return ZoneInfo(name or "GMT")
    except (KeyError, ValueError, OSError):
        raise _RequestError("Invalid timezone") from None
