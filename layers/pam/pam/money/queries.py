"""The common fields of queries about money: a window of days and the time zone of the device."""

from datetime import date
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from pam.money.expenses import parse_date
from pam.platform.errors import INVALID_WINDOW, PamError
from pam.users.periods import PERIOD_SCHEMA, Window, resolve_period, window_between
from pam.users.time_zones import TimeZone
from pam.users.weeks import first_weekday

Day = Annotated[
    date,
    BeforeValidator(parse_date),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-03-14"]}),
]
Period = Annotated[str, WithJsonSchema(PERIOD_SCHEMA)]


class WindowQuery(BaseModel):
    """A window given by a period or by two dates (`to` is exclusive), or `default_period` if neither is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default_period: ClassVar[str]

    period: Period | None = Field(default=None, description="A window of days by its name; not beside two dates.")
    from_: Day | None = Field(default=None, alias="from", description="The first day of the window; goes with `to`.")
    to: Day | None = Field(default=None, description="The day after its last; at most ten years after `from`.")
    timezone: TimeZone | None = None

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        if (self.from_ is None) != (self.to is None):
            raise PamError(INVALID_WINDOW, "“from” and “to” go together.", field="from")
        if self.from_ is not None and self.period is not None:
            raise PamError(INVALID_WINDOW, "Give a period, or “from” and “to”, not both.", field="period")
        return self

    def window(self, today: date, locale: str) -> Window:
        """Return the window as of the date `today`. Raises `PamError` (`unknown_period`, `invalid_window`)."""
        if self.from_ is not None and self.to is not None:
            return window_between(self.from_, self.to)
        return resolve_period(self.period or self.default_period, today, first_weekday(locale))

    def dated(self, today: date, locale: str) -> Self:
        """Return the query with the dates of its window as of the date `today`. Raises `PamError` as `window` does."""
        window = self.window(today, locale)
        return self.model_copy(update={"period": None, "from_": window.start, "to": window.end})

    @property
    def key(self) -> str:
        """The cache key: equal for equal queries."""
        fields = self.model_dump(exclude={"timezone"}) | {"timezone": self.timezone and self.timezone.key}
        return "|".join(f"{name}={value}" for name, value in fields.items() if value is not None)
