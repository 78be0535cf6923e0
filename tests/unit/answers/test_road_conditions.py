"""Which incidents of a road are named."""

from pam.answers.road_conditions import gravest_incidents
from pam.travel.traffic import Congestion, Incident, Stretch, Traffic


def incident(start_m: float, impact: str, *, is_closure: bool = False) -> Incident:
    return Incident("road_closure" if is_closure else "construction", f"At {start_m:g}", impact, is_closure,
                    Stretch(start_m, start_m + 10))  # fmt: skip


def test_closure_behind_minor_incidents_is_among_the_gravest() -> None:
    """In the order of the way, closures before anything else, then by impact."""
    minor = [incident(at, "minor") for at in (10, 20, 30, 40)]
    major, closure = incident(50, "major"), incident(60, "low", is_closure=True)
    traffic = Traffic(100, 10, None, {Congestion.LOW: 100.0}, (*minor, major, closure), ())
    assert gravest_incidents(traffic, 2) == [major, closure]
    assert gravest_incidents(traffic, 3) == [minor[0], major, closure]
