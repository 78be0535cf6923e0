"""What differs between the models, as far as the stand-in minds. Names and figures are Anthropic's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """`minimum` is the shortest prefix that is cached, in tokens.

    `thinking` are the types that it takes, the default first; `effort` is the default too.
    """

    minimum: int
    thinking: tuple[str, ...]
    effort: str = "high"
    forced_tools: bool = True
    tool_changes: bool = True


_ANY = ("adaptive", "disabled", "enabled", "between_tools")
"""Where the documentation says nothing, everything is taken."""

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
    "claude-sonnet-4-5": Model(1024, _CLASSIC, tool_changes=False),
    "claude-opus-4-7": Model(2048, _ANY, tool_changes=False),
    "claude-haiku-4-5": Model(4096, _CLASSIC, tool_changes=False),
    "claude-opus-4-6": Model(4096, ("disabled", "adaptive", "enabled"), tool_changes=False),
    "claude-opus-4-5": Model(4096, _CLASSIC, tool_changes=False),
}
