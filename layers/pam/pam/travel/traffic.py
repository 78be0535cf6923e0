"""Traffic on a road now: congestion, incidents and closures."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Congestion(StrEnum):
    """How dense the traffic is; `UNKNOWN` where nobody has measured it."""

    UNKNOWN = "unknown"
    LOW = "low"
    MODERATE = "moderate"
    HEAVY = "heavy"
    SEVERE = "severe"


@dataclass(frozen=True)
class Stretch:
    """A part of a road, in metres from where the road begins."""

    start_m: float
    end_m: float


@dataclass(frozen=True)
class Incident:
    """An incident as the source names it. `until` is when it is expected to end, as the source writes it."""

    kind: str
    description: str
    impact: str
    is_closure: bool
    where: Stretch
    roads: tuple[str, ...] = ()
    until: str | None = None


@dataclass(frozen=True)
class Traffic:
    """The traffic on a road: metres, seconds of driving now and at such a time usually, and what is on the way.

    `congestion_m` has the metres of each level that occurs; `usual_s` is None where the source doesn't know it.
    """

    distance_m: float
    duration_s: float
    usual_s: float | None
    congestion_m: Mapping[Congestion, float]
    incidents: tuple[Incident, ...]
    closures: tuple[Stretch, ...]

    @property
    def has_closure(self) -> bool:
        """Whether a part of the road is closed."""
        return bool(self.closures) or any(incident.is_closure for incident in self.incidents)
