"""The conversation over a WebSocket: gateway, lifecycle of a turn, and the worker."""
