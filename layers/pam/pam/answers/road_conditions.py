"""Traffic, incidents and closures on the fastest road between two places now."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Count, Seconds
from pam.answers.dependencies import TravelDependencies
from pam.answers.distance import ResolvedRoad, RoadAnswer, existing_road
from pam.answers.json_values import json_dataclass
from pam.answers.resolved_place import resolve_ends
from pam.answers.rig_check import rig_check_text
from pam.answers.user_context import UserContext, read_user_context
from pam.platform.deadline import Deadline
from pam.travel.queries import DistanceQuery
from pam.travel.roads import Road
from pam.travel.traffic import Congestion, Incident, Stretch, Traffic
from pam.users.formatting import format_duration, format_number, pluralize

MAX_INCIDENTS = 15
"""The most incidents in an answer, those with the greatest impact."""

_MAX_NAMED = 3
_IMPACTS = ("critical", "major", "minor", "low")
_NOT_COVERED = (
    "ice and snow beside incidents",
    "chain rules",
    "low bridges",
    "weight limits",
    "grades",
    "later conditions",
)
_SLOW = (Congestion.MODERATE, Congestion.HEAVY, Congestion.SEVERE)


@json_dataclass
class RoadIncident:
    """An incident in the words of the source, and how far it is from the origin."""

    kind: str
    description: str
    impact: str
    closed: bool
    after: Annotated[float, Field(ge=0)]
    roads: tuple[str, ...]
    until: str | None


@json_dataclass
class ClosedStretch:
    """A closed part of the road, by the distances from the origin."""

    from_: Annotated[float, Field(ge=0)]
    to: Annotated[float, Field(ge=0)]


@json_dataclass
class CongestedDistance:
    """The length of the road at each level of congestion."""

    low: float
    moderate: float
    heavy: float
    severe: float
    unknown: float


@json_dataclass
class RoadConditions(RoadAnswer):
    """The conditions on a road now; all lengths are in `unit`."""

    driving_s: Seconds
    usual_s: Seconds | None
    congestion: CongestedDistance
    incidents: tuple[RoadIncident, ...]
    incident_count: Count
    closures: tuple[ClosedStretch, ...]
    not_covered: tuple[str, ...]


def road_conditions(
    dependencies: TravelDependencies, user_id: UUID, query: DistanceQuery, deadline: Deadline
) -> RoadConditions:
    """Return the conditions between two places.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `place_too_large`, `no_route`,
    `source_unavailable`, `source_not_configured`.
    """
    user = read_user_context(dependencies, user_id, deadline)
    origin, destination = resolve_ends(dependencies.sources, user, (query.origin, query.destination), query, deadline)
    found = dependencies.sources.traffic(origin.point, destination.point, deadline)
    roads = found.map(lambda traffic: None if traffic is None else Road(traffic.distance_m, traffic.duration_s))
    road = existing_road(roads, origin, destination)
    traffic = found.value
    assert traffic is not None, "the road exists"
    resolved = ResolvedRoad(user, origin, destination, road, query.unit or user.units.distance_unit)
    return RoadConditions(
        **resolved.fields(dependencies.clock()),
        text=_sentences(resolved, traffic, found.source),
        driving_s=round(traffic.duration_s),
        usual_s=None if traffic.usual_s is None else round(traffic.usual_s),
        congestion=CongestedDistance(
            **{level: _length(traffic.congestion_m.get(level, 0.0), user) for level in Congestion}
        ),
        incidents=tuple(_incident(incident, user) for incident in gravest_incidents(traffic, MAX_INCIDENTS)),
        incident_count=len(traffic.incidents),
        closures=tuple(_closure(closure, user) for closure in traffic.closures[:MAX_INCIDENTS]),
        not_covered=_NOT_COVERED,
    )


def gravest_incidents(traffic: Traffic, limit: int) -> list[Incident]:
    """Return the closures and the incidents with the greatest impact, `limit` at most, in the order of the way."""

    def gravity(incident: Incident) -> tuple[bool, int]:
        return not incident.is_closure, _IMPACTS.index(incident.impact) if incident.impact in _IMPACTS else len(
            _IMPACTS
        )

    gravest = sorted(traffic.incidents, key=gravity)[:limit]
    return sorted(gravest, key=lambda incident: incident.where.start_m)


def _incident(incident: Incident, user: UserContext) -> RoadIncident:
    return RoadIncident(
        kind=incident.kind,
        description=incident.description,
        impact=incident.impact,
        closed=incident.is_closure,
        after=_length(incident.where.start_m, user),
        roads=incident.roads,
        until=incident.until,
    )


def _closure(closure: Stretch, user: UserContext) -> ClosedStretch:
    return ClosedStretch(from_=_length(closure.start_m, user), to=_length(closure.end_m, user))


def _sentences(resolved: ResolvedRoad, traffic: Traffic, source: str) -> str:
    user = resolved.user
    text = f"{resolved.length_text}: about {format_duration(traffic.duration_s)} of driving by car now"
    if traffic.usual_s is not None:
        text += f", {_delay(traffic.duration_s - traffic.usual_s)}"
    sentences = [f"{text}.", _congestion(traffic, user), _incidents(traffic, user)]
    unknown_m = traffic.congestion_m.get(Congestion.UNKNOWN, 0.0)
    if unknown_m:
        sentences.append(f"{source} has no traffic data for {_distance(unknown_m, user)} of the way.")
    sentences.append(
        f"{source} doesn't report {', '.join(_NOT_COVERED[:-1])}, or how the road will be later. {rig_check_text(user)}"
    )
    return " ".join(filter(None, sentences))


def _delay(seconds: float) -> str:
    if abs(seconds) < 60:
        return "as usual"
    return f"{format_duration(abs(seconds))} {'more' if seconds > 0 else 'less'} than usual"


def _congestion(traffic: Traffic, user: UserContext) -> str:
    slow = [(level, traffic.congestion_m[level]) for level in _SLOW if traffic.congestion_m.get(level)]
    if not slow:
        return "" if set(traffic.congestion_m) <= {Congestion.UNKNOWN} else "No dense traffic is reported."
    return f"Dense traffic: {', '.join(f'{level} on {_distance(metres, user)}' for level, metres in slow)}."


def _incidents(traffic: Traffic, user: UserContext) -> str:
    closed = "A part of the road is closed. " if traffic.has_closure else ""
    gravest = gravest_incidents(traffic, _MAX_NAMED)
    if not gravest:
        return closed.strip() or "No incidents are reported."
    named = "; ".join(
        f"“{incident.description or incident.kind.replace('_', ' ')}” after {_distance(incident.where.start_m, user)}"
        for incident in gravest
    )
    more = len(traffic.incidents) - len(gravest)
    return f"{closed}{pluralize(len(traffic.incidents), 'incident')}: {named}{f'; and {more} more' if more else ''}."


def _length(metres: float, user: UserContext) -> float:
    return round(user.units.distance(metres), 1)


def _distance(metres: float, user: UserContext) -> str:
    length = user.units.distance(metres)
    return f"{format_number(length, user.profile, 0 if length >= 10 else 1)} {user.units.distance_unit}"
