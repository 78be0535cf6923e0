"""Claude's stand-in: the Messages API on this machine, with prompt caching, faults on demand, and a simple brain."""
