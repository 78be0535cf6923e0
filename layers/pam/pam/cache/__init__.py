"""Caches in DynamoDB: one user's answers, facts shared by all users, and a circuit breaker for each source."""
