"""Embedders that run on this machine: MiniLM, a real sentence model, and a bag of hashed words for tests."""
