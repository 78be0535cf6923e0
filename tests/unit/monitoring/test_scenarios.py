"""Every alarm has a scenario in which a fault of the local stack fires it."""

import re

from monitoring.alarms import ALARMS
from tests.conftest import CHECKOUT

FILES = ("functional/monitoring/test_alarm_scenarios.py", "migrations/test_function.py")


def test_every_alarm_has_a_scenario() -> None:
    """Those tests name the alarms that they see firing and returning to OK, and no others."""
    texts = [(CHECKOUT / "tests" / each).read_text("utf-8") for each in FILES]
    named = {
        title for text in texts for title in re.findall(r'(?:\bcheck\(|\bstate\(|\["title"\] ==)\s*"([^"]+)"', text)
    }
    assert named == {alarm.title for alarm in ALARMS}
