"""The edge: HTTP, Postgres, DynamoDB, logs and metrics. Knows nothing of money or travel."""
