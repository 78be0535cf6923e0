"""The tools that Claude can call, one module per category."""
