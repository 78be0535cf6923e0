"""Schema migrations: pairs of SQL files, a ledger in the database, and the runner that applies what is missing."""
