"""Properties of the models that the stand-in takes into account. Names and figures are Anthropic's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """A model. `thinking` are the supported types, the default first; `effort` is the default."""

    min_cached_tokens: int
    """The shortest prefix that is cached."""
    thinking: tuple[str, ...]
    effort: str = "high"
    forced_tools: bool = True
    tool_changes: bool = True
    max_input_tokens: int = 1_000_000


_ANY = ("adaptive", "disabled", "enabled", "between_tools")
"""For models whose documentation doesn't list the supported types."""

_FABLE = Model(512, ("adaptive",), forced_tools=False)
_CLASSIC = ("disabled", "enabled")

MODELS = {
    "claude-haiku-5-5": Model(512, ("adaptive", "disabled"), "medium"),
    "claude-sonnet-5-5": Model(512, ("adaptive", "between_tools"), forced_tools=False),
    "claude-opus-5-5": Model(512, ("adaptive",), "medium", forced_tools=False),
    "claude-opus-5": Model(512, _ANY),
    **dict.fromkeys(("claude-fable-5", "claude-fable-5-1", "claude-fable-5-2"), _FABLE),
    **dict.fromkeys(("claude-mythos-5", "claude-mythos-5-1", "claude-mythos-5-2"), _FABLE),
    "claude-opus-4-8": Model(1024, _ANY),
    "claude-sonnet-5": Model(1024, _ANY, tool_changes=False),
    "claude-sonnet-4-6": Model(1024, ("disabled", "adaptive", "enabled"), tool_changes=False),
    "claude-sonnet-4-5": Model(1024, _CLASSIC, tool_changes=False, max_input_tokens=200_000),
    "claude-opus-4-7": Model(2048, _ANY, tool_changes=False),
    "claude-haiku-4-5": Model(4096, _CLASSIC, tool_changes=False, max_input_tokens=200_000),
    "claude-opus-4-6": Model(4096, ("disabled", "adaptive", "enabled"), tool_changes=False),
    "claude-opus-4-5": Model(4096, _CLASSIC, tool_changes=False, max_input_tokens=200_000),
}
