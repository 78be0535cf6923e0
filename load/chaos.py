"""Faults during load: one run for each, after which the invariants must hold and messages must be answered again."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from load.errors import LoadError
from load.faults import ChaosContext, ChaosFault
from load.records import Records
from load.scenarios import Criteria, Scenario

SCENARIO = Scenario("chaos", 60, 5, 180, 30, Criteria(share_without_model=0.0, is_faulty=True))
BEGIN_S = 45.0
"""When the fault begins: every traveller has asked by then."""

RECOVERY_S = 30.0
"""Messages that are due later than this after the fault's end must be answered."""


@contextmanager
def injected(fault: ChaosFault, context: ChaosContext) -> Iterator[threading.Event]:
    """Inject a fault once the yielded event is set and `BEGIN_S` have passed, and end it in time."""
    started, abandoned = threading.Event(), threading.Event()

    def inject() -> None:
        started.wait()
        if abandoned.wait(BEGIN_S):
            raise LoadError("The run ended before its fault began.")
        with fault.begin(context):
            if abandoned.wait(fault.seconds):
                raise LoadError("The run ended before its fault did.")

    with ThreadPoolExecutor(1) as pool:
        injection = pool.submit(inject)
        try:
            yield started
        finally:
            abandoned.set()
            started.set()
        injection.result()


def unrecovered(fault: ChaosFault, records: Records) -> list[str]:
    """Return a sentence for each message after the recovery that was not answered."""
    recovered_s = BEGIN_S + fault.seconds + RECOVERY_S
    late = [message for message in records.messages if message.due_s >= recovered_s]
    failed = [message for message in late if message.end != "done"]
    found = [f"{message.message_id} ended with {message.code or message.end}." for message in failed]
    return found if late else ["No message was due after the recovery."]
