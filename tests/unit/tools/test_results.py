"""The results of tools, made from answers."""

import json

from pam.answers.json_values import json_dataclass
from pam.answers.travel_answer import TravelAnswer
from pam.tools.engine.definition import ToolResult
from pam.tools.engine.results import result_json, to_tool_result, to_write_result


@json_dataclass
class Measured(TravelAnswer):
    """An answer with one figure."""

    distance: float
    hours: tuple[str, ...] = ()


def measured(**more: object) -> Measured:
    fields = {
        "text": "It's 3 mi.",
        "source": "Mapbox",
        "simulated": False,
        "as_of": "2026-11-22T12:00:00-07:00",
        "cached": True,
        "stale": False,
        "distance": 3.0,
    }
    return Measured(**fields | more)  # type: ignore[arg-type]


def test_fresh_answer_becomes_a_result_without_its_age() -> None:
    """The sentence, the source and the time are beside the data."""
    result = to_tool_result(measured(hours=("1", "2")), omitted=frozenset({"hours"}), count=2)
    assert (result.text, result.source, result.as_of) == ("It's 3 mi.", "Mapbox", "2026-11-22T12:00:00-07:00")
    assert result.data == {"distance": 3.0, "count": 2}
    assert not result.simulated


def test_stale_answer_becomes_a_result_with_its_age() -> None:
    """And with the reason, so that the model can mention it."""
    result = to_tool_result(measured(stale=True, age_s=5400, reason="source_unavailable", simulated=True))
    assert result.data == {
        "distance": 3.0,
        "hours": [],
        "stale": True,
        "age_s": 5400,
        "reason": "source_unavailable",
    }
    assert result.simulated


def test_undo_data_of_a_write_is_not_part_of_its_data() -> None:
    """The model reads the data only."""
    result = to_write_result(measured(), undo={"trip": "7"})
    assert (result.data, result.undo) == ({"distance": 3.0, "hours": []}, {"trip": "7"})


def test_model_is_sent_data_with_its_source_and_time() -> None:
    """As JSON with readable characters."""
    result = ToolResult("Añadido.", {"distance": 3.0}, "Mapbox", "2026-11-22T12:00:00-07:00")
    assert "Añadido" in result_json(result)
    assert json.loads(result_json(result)) == {
        "source": "Mapbox",
        "as_of": "2026-11-22T12:00:00-07:00",
        "data": {"distance": 3.0, "text": "Añadido."},
    }
