"""What of an answer reaches Claude."""

from pam.tools.engine.results import to_tool_result, to_write_result

ANSWER = {"tier": 2, "text": "It's 3 mi.", "source": "Mapbox", "as_of": "2026-11-22T12:00:00-07:00", "cached": True}


def test_an_answer_that_is_as_it_should_be_says_nothing_of_its_age() -> None:
    """The sentence, the source and the time stand beside the figures."""
    told = to_tool_result(ANSWER | {"distance": 3.0, "stale": False}, hours=[])
    assert (told.text, told.source, told.as_of) == ("It's 3 mi.", "Mapbox", "2026-11-22T12:00:00-07:00")
    assert told.data == {"distance": 3.0, "hours": []}


def test_an_answer_from_before_says_how_old_it_is_and_why() -> None:
    """So that Claude can say it."""
    age = {"stale": True, "age_s": 5400, "reason": "source_unavailable"}
    assert to_tool_result(ANSWER | age).data == age


def test_a_write_tells_what_its_undoing_needs_apart() -> None:
    """Claude reads the figures only."""
    told = to_write_result(ANSWER | {"expense": {"id": "7"}}, undo={"expense": "7"})
    assert (told.data, told.undo) == ({"expense": {"id": "7"}}, {"expense": "7"})
