"""The WebSocket functions: tickets and connections, questions, and control messages about running turns."""
