"""Selects for each source the real one, if the environment has its key, or else the stand-in.

Functions have base URLs and secrets only, and no branch for a stand-in.
"""

import json
from collections.abc import Mapping

from local.stand_ins.claude.server import CLAUDE_KEY, ClaudeStandIn
from local.stand_ins.gemini.server import GEMINI_KEY, GeminiStandIn
from local.stand_ins.travel.server import EIA_KEY, MAPBOX_KEY, TravelStandIns

MAPBOX_TOKEN = "MAPBOX_TOKEN"  # noqa: S105  the name of a variable
EIA_API_KEY = "EIA_API_KEY"
ANTHROPIC_API_KEY = "ANTHROPIC_API_KEY"
GEMINI_API_KEY = "GEMINI_API_KEY"


def choose_sources(
    travel: TravelStandIns, claude: ClaudeStandIn, gemini: GeminiStandIn, keys: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return parameters of the template, and the values of its secrets by logical id.

    A source whose key is in `keys` is the real one. Open-Meteo and the ECB need no key: the real ones are chosen
    together with Mapbox, because simulated weather in a real place would mislead.
    """
    parameters = travel.parameters | claude.parameters | gemini.parameters
    secrets = {
        "MapboxSecret": keys.get(MAPBOX_TOKEN, MAPBOX_KEY),
        "EiaSecret": keys.get(EIA_API_KEY, EIA_KEY),
        "ClaudeSecret": keys.get(ANTHROPIC_API_KEY, CLAUDE_KEY),
        "GeminiSecret": keys.get(GEMINI_API_KEY, GEMINI_KEY),
    }
    real = {
        MAPBOX_TOKEN: {"MapboxBaseUrl", "OpenMeteoBaseUrl", "EcbBaseUrl"},
        EIA_API_KEY: {"EiaBaseUrl"},
        ANTHROPIC_API_KEY: {"ClaudeBaseUrl"},
        GEMINI_API_KEY: {"GeminiBaseUrl", "GeminiEmbeddingModel"},
    }
    for name in real.keys() & keys.keys():
        parameters = {each: url for each, url in parameters.items() if each not in real[name]}
    return parameters, {name: json.dumps({"key": key}) for name, key in secrets.items()}
