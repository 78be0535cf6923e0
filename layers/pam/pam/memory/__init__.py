"""Long-term memory: messages of all conversations, and their recall."""
