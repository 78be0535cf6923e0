"""Long-term memory: what was said, episodes, facts, and finding them again."""
