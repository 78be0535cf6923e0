"""Fast answers, without a model: one module per intent. HTTP routes, the chat and tools share them."""
