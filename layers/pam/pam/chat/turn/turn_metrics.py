"""What is measured of a turn as a whole."""

import time
from datetime import datetime

from pam.chat.frames import CHAT_ROUTE, Done, Failed, ServerFrame
from pam.chat.lifecycle.turn import Turn
from pam.platform.dimensions import TURN_ANSWERED, Tier
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger, measure
from pam.platform.request_metrics import record_answer, record_question_error


def record_start(turn: Turn, now: datetime) -> None:
    """Record how long a question has waited for its worker."""
    if turn.opened_at is not None:
        measure(Metric.QUEUE_AGE, max(0.0, (now - turn.opened_at).total_seconds() * 1000))


def record_end(last: ServerFrame, turn: Turn, started_at: float, now: datetime) -> None:
    """Record the end of a turn that started at `started_at`, by `time.monotonic`, and the time since its question."""
    took_ms = (time.monotonic() - started_at) * 1000
    waited_ms = took_ms if turn.opened_at is None else max(took_ms, (now - turn.opened_at).total_seconds() * 1000)
    count(Metric.CHAT_DONE if isinstance(last, Done) else Metric.CHAT_FAILED)
    measure(Metric.TURN_TIME, took_ms)
    logger.info(
        "turn ended", ended=last.code if isinstance(last, Failed) else TURN_ANSWERED, milliseconds=round(took_ms)
    )
    if isinstance(last, Failed):
        record_question_error(last.code, Tier.CHAT)
    else:
        record_answer(CHAT_ROUTE, Tier.CHAT, waited_ms, is_question=True)
