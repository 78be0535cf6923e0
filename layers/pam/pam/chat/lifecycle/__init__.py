"""The life of a turn: its state, its place in the conversation's queue, recovery, confirmations, limits."""
