"""The conversation with Claude over a WebSocket: dispatch, the turn, its prompt, its frames."""
