"""Long-term memory: what was said, and finding it again."""
