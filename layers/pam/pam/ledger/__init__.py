"""The write ledger: every write of a user happens once for its key, and most can be undone for ten minutes."""
