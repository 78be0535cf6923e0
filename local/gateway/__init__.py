"""API Gateway on this machine: an HTTP API and a WebSocket API in front of local Lambda functions."""
