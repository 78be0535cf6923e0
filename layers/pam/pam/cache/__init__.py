"""Caches in DynamoDB: a user's answers, facts shared by all users, and a circuit breaker for each source."""
