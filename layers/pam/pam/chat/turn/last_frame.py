"""The frame that ends a turn."""

import time

from pam.answers.undo_link import undo_entries
from pam.chat.frames import Done, Failed, ServerFrame
from pam.chat.turn.runner import TurnResult
from pam.platform.dimensions import Tier
from pam.platform.metrics import Metric
from pam.platform.observability import measure


def last_frame(result: TurnResult, model: str, started_at: float, first_delta_at: float | None) -> ServerFrame:
    """Return the `done` or `error` frame of a result. The times are of `time.monotonic`."""
    effects = [outcome.result.effect for outcome in result.outcomes if outcome.result]
    undo = undo_entries(effect for effect in effects if effect)
    if result.error is not None:
        return Failed.from_error(result.error, undo)
    first_delta_ms = None
    if first_delta_at is not None:
        first_delta_ms = (first_delta_at - started_at) * 1000
        measure(Metric.FIRST_DELTA, first_delta_ms)
    return Done(
        text=result.text,
        tier=Tier.CHAT,
        usage=result.usage.as_json(),
        cost_usd=f"{result.usage.cost(model):.6f}",
        latency_ms={
            "first_delta": None if first_delta_ms is None else round(first_delta_ms),
            "total": round((time.monotonic() - started_at) * 1000),
        },
        sources=result.sources,
        as_of=result.as_of,
        simulated=result.is_simulated,
        undo=undo,
        truncated=result.is_truncated,
        memory=result.memory,
        unverified=result.unverified,
    )
