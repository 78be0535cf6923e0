"""How long the steps of a turn may take."""

from datetime import timedelta

TURN_TTL = timedelta(days=1)
"""How long frames can be resumed and a message id is recognised."""

LEASE_DURATION = timedelta(seconds=15)
"""A worker that hasn't sent a heartbeat for so long is lost."""

START_TIMEOUT = timedelta(seconds=90)
"""How long a worker may take to start: Lambda drops an event that has waited for a minute."""

RESTART_INTERVAL = timedelta(seconds=8)
"""How long a start may take before it is made again, where the client asks: the event may be lost."""

QUEUE_TIMEOUT = timedelta(minutes=10)
"""How long a question may wait for the ones before it."""

POSTING_TIMEOUT = timedelta(seconds=3)
"""How long a worker waits for a gateway that is posting frames of its turn."""
