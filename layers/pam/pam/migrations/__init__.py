"""Schema changes: pairs of SQL files, a ledger in the database, and the runner that keeps the two in step."""
