"""HTTP, WebSocket, Postgres, DynamoDB, settings, errors, logs and metrics. Contains nothing of the domain."""
