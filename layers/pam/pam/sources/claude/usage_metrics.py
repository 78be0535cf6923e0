"""The tokens and the cost of a call of Claude, as metrics."""

from pam.platform.dimensions import PromptCacheUse
from pam.platform.metrics import Metric
from pam.platform.observability import measure
from pam.sources.claude.pricing import TokenUsage


def record_usage(model: str, usage: TokenUsage) -> None:
    """Record what a call used. One that was refused before it began used nothing."""
    if not usage.prompt:
        return
    dimensions = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": model,
    }
    measure(Metric.TOKEN_USAGE, usage.prompt, dimensions | {"gen_ai.token.type": "input"})
    measure(Metric.TOKEN_USAGE, usage.output, dimensions | {"gen_ai.token.type": "output"})
    measure(Metric.PROMPT_TOKENS, usage.read, {"cache": PromptCacheUse.READ})
    measure(Metric.PROMPT_TOKENS, usage.write_5m + usage.write_1h, {"cache": PromptCacheUse.WRITTEN})
    measure(Metric.PROMPT_TOKENS, usage.input, {"cache": PromptCacheUse.UNCACHED})
    measure(Metric.MODEL_COST, float(usage.cost(model)), {"model": model})
