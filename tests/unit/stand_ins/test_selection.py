"""Which sources are real: those whose API key is in the environment."""

import json
from pathlib import Path

import pytest

from local.stand_ins.claude.server import CLAUDE_KEY, ClaudeStandIn
from local.stand_ins.gemini.server import GEMINI_KEY, LOCAL_MODEL, GeminiStandIn
from local.stand_ins.selection import choose_sources
from local.stand_ins.travel.server import EIA_KEY, MAPBOX_KEY, TravelStandIns

KEYS = {
    "MAPBOX_TOKEN": ("MapboxSecret", MAPBOX_KEY, {"MapboxBaseUrl", "OpenMeteoBaseUrl", "EcbBaseUrl"}),
    "EIA_API_KEY": ("EiaSecret", EIA_KEY, {"EiaBaseUrl"}),
    "ANTHROPIC_API_KEY": ("ClaudeSecret", CLAUDE_KEY, {"ClaudeBaseUrl"}),
    "GEMINI_API_KEY": ("GeminiSecret", GEMINI_KEY, {"GeminiBaseUrl", "GeminiEmbeddingModel"}),
}


@pytest.fixture
def stand_ins(tmp_path: Path) -> tuple[TravelStandIns, ClaudeStandIn, GeminiStandIn]:
    """The stand-ins, not started."""
    return TravelStandIns(tmp_path / "travel"), ClaudeStandIn(tmp_path / "claude"), GeminiStandIn(tmp_path / "gemini")


@pytest.mark.parametrize("given", [set(), *({name} for name in KEYS), set(KEYS)])
def test_source_with_a_key_is_real(
    stand_ins: tuple[TravelStandIns, ClaudeStandIn, GeminiStandIn], given: set[str]
) -> None:
    """Its parameters keep the template's defaults and its secret has the key; the others have stand-ins."""
    parameters, secrets = choose_sources(*stand_ins, {name: f"key of {name}" for name in given} | {"PATH": "/bin"})
    simulated = set().union(*(names for name, (_, _, names) in KEYS.items() if name not in given))
    assert parameters.keys() == simulated
    for name, (secret, simulated_key, _) in KEYS.items():
        assert json.loads(secrets[secret]) == {"key": f"key of {name}" if name in given else simulated_key}
    assert parameters.get("GeminiEmbeddingModel", LOCAL_MODEL) == LOCAL_MODEL
