"""Which sources answer: stand-ins, or the real ones for whose keys the environment has names.

The functions can't tell: they know base URLs and secrets only.
"""

import json
from collections.abc import Mapping

from local.stand_ins.claude.server import CLAUDE_KEY, Claude
from local.stand_ins.travel.server import EIA_KEY, MAPBOX_KEY, Upstreams

MAPBOX_TOKEN = "MAPBOX_TOKEN"  # noqa: S105  the name of a variable
EIA_API_KEY = "EIA_API_KEY"
ANTHROPIC_API_KEY = "ANTHROPIC_API_KEY"


def choose(upstreams: Upstreams, claude: Claude, keys: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The template's parameters and the values of its secrets, by logical id.

    A source whose key is in `keys` is the real one. Open-Meteo takes no key: it is real where Mapbox is, for
    simulated weather in a real place would mislead.
    """
    parameters = upstreams.parameters | claude.parameters
    secrets = {
        "MapboxSecret": keys.get(MAPBOX_TOKEN, MAPBOX_KEY),
        "EiaSecret": keys.get(EIA_API_KEY, EIA_KEY),
        "ClaudeSecret": keys.get(ANTHROPIC_API_KEY, CLAUDE_KEY),
    }
    real = {
        MAPBOX_TOKEN: {"MapboxBaseUrl", "OpenMeteoBaseUrl"},
        EIA_API_KEY: {"EiaBaseUrl"},
        ANTHROPIC_API_KEY: {"ClaudeBaseUrl"},
    }
    for name in real.keys() & keys.keys():
        parameters = {each: url for each, url in parameters.items() if each not in real[name]}
    return parameters, {name: json.dumps({"key": key}) for name, key in secrets.items()}
