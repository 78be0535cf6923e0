"""What a dashboard and an alarm consist of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pam.platform.metrics import NAMESPACE, Metric


@dataclass(frozen=True)
class AwsMetric:
    """A metric that AWS measures. `dimensions` are names of the template's resources, as `Fn::Sub` writes them."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True)
class Series:
    """One statistic of a metric: a line, or with `by` one for each value of these dimensions."""

    label: str
    metric: Metric | AwsMetric
    statistic: str
    """`Sum`, `Maximum`, a percentile such as `p95`, or `PR(:1000)`: the percentage of values up to 1000."""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    by: tuple[str, ...] = ()

    @property
    def source(self) -> tuple[str, str, Mapping[str, str]]:
        """The namespace, the name and the dimensions in CloudWatch."""
        if isinstance(self.metric, AwsMetric):
            return self.metric.namespace, self.metric.name, self.metric.dimensions
        return NAMESPACE, self.metric.value, self.dimensions


@dataclass(frozen=True)
class Share:
    """The percentage that some series have of others; none where those are zero."""

    label: str
    part: tuple[Series, ...]
    whole: tuple[Series, ...]

    @property
    def series(self) -> tuple[Series, ...]:
        """All series that it is computed from."""
        return self.part + self.whole


@dataclass(frozen=True)
class Widget:
    """A plot. `target` is drawn as a horizontal line."""

    title: str
    unit: str
    lines: tuple[Series | Share, ...]
    target: float | None = None
    period_s: int = 300

    @property
    def series(self) -> tuple[Series, ...]:
        """All series that it needs."""
        return tuple(each for line in self.lines for each in (line.series if isinstance(line, Share) else (line,)))


@dataclass(frozen=True)
class Row:
    """The widgets of one subsystem."""

    title: str
    widgets: tuple[Widget, ...]


@dataclass(frozen=True)
class Alarm:
    """An alarm: it fires when each of `periods` periods of `period_s` seconds is beyond the threshold.

    A period without a value isn't beyond it, nor one of a share whose whole is less than `at_least`.
    `name` is the logical id of the template's resource.
    """

    name: str
    title: str
    value: Series | Share
    threshold: float
    period_s: int
    periods: int
    is_below: bool = False
    """Whether it fires below the threshold, not above it."""
    at_least: float = 0
    keeps_state: bool = False
    """Whether a period without a value leaves it as it is: for what is measured more rarely than once in a period."""
    condition: str = ""
    """The template's condition under which it exists; empty for always."""

    @property
    def anchor(self) -> str:
        """The link to its section in docs/operations.md."""
        words = "".join(each for each in self.title.lower() if each.isalnum() or each in " -_")
        return f"docs/operations.md#{words.replace(' ', '-')}"

    @property
    def series(self) -> tuple[Series, ...]:
        """All series that it needs."""
        return self.value.series if isinstance(self.value, Share) else (self.value,)
