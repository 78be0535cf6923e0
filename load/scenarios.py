"""The scenarios: how many travellers, how many messages, in what time, and what has to hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType


@dataclass(frozen=True)
class Criteria:
    """What a run has to keep: milliseconds from the due time of a message.

    Percentiles are of the first text of a streamed answer and of the whole of any other; `share_under_1s` is of whole
    answers. Claude's stand-in takes longer than a second for a whole answer, and one message in seven is for Claude.
    """

    p50_ms: float | None = None
    p95_ms: float | None = None
    tier1_p95_ms: float | None = None
    share_under_1s: float | None = None
    share_without_model: float = 0.6
    is_faulty: bool = False
    """Whether faults are injected, so that errors and dropped connections are expected."""
    max_drift: float | None = None
    """How much slower the last sixth may be than the first, as a share of the median."""
    max_memory_growth: float | None = None
    """How much the memory of a function's environments may grow over the last two thirds, as a share."""


@dataclass(frozen=True)
class Scenario:
    """`users` travellers who write `messages` each, evenly spread over `seconds`; all have come after `arrival_s`."""

    name: str
    users: int
    messages: int
    seconds: float
    arrival_s: float
    criteria: Criteria

    @property
    def total(self) -> int:
        """The number of messages."""
        return self.users * self.messages


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "steady": Scenario("steady", 100, 10, 300, 30, Criteria(300, 1200, 80, 0.8)),
        "burst": Scenario("burst", 500, 1, 10, 10, Criteria(p95_ms=3000)),
        "sustained": Scenario(
            "sustained",
            200,
            30,
            1800,
            60,
            Criteria(300, 1200, share_under_1s=0.8, max_drift=0.1, max_memory_growth=0.03),
        ),
        # For every day: the same rate and number of travellers in a sixth of the time, too short for a bound on memory.
        "sustained_short": Scenario(
            "sustained_short", 200, 5, 300, 60, Criteria(300, 1200, share_under_1s=0.8, max_drift=0.1)
        ),
    }
)
"""The seed's three; `ramp` is made of steps, see `ramp_step`."""

RAMP = "ramp"
RAMP_STEP_S = 60.0
RAMP_MAX_STEPS = 12
RAMP_MAX_P95_MS = 2000.0
RAMP_MAX_ERROR_SHARE = 0.01


def ramp_step(number: int) -> Scenario:
    """Return step `number`, from 1: each has 120 travellers more, who write once in the minute it takes."""
    users = 120 * number
    return replace(
        SCENARIOS["burst"], name=f"ramp_{number}", users=users, messages=1, seconds=RAMP_STEP_S, arrival_s=RAMP_STEP_S
    )
