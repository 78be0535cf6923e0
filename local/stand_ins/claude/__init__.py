"""Claude's stand-in: the Messages API on this machine, with prompt caching, injected faults and rule-based replies."""
