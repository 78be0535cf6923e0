"""From a question to an answer without a model; the HTTP routes and the conversation share these."""
