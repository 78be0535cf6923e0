"""The delay between reconnects."""

from tests.web.node import run


def test_delay_doubles_up_to_maximum_with_jitter():
    """The delay is between half and the whole of a ceiling that doubles from 1 to 30 seconds."""
    delays = run(
        'const { backoffDelay: delay } = await load("backoff.js");'
        "return given.map((failures) => [delay(failures, 0), delay(failures, 1), delay(failures)]);",
        [*range(12)],
    )
    assert [(low, high) for low, high, _ in delays[:6]] == [
        (500, 1000), (1000, 2000), (2000, 4000), (4000, 8000), (8000, 16000), (15000, 30000),
    ]  # fmt: skip
    assert delays[-1][1] == 30_000
    assert all(low <= random <= high for low, high, random in delays)
