"""A stand-in for the Gemini API: embeddings in the real wire format, by MiniLM."""
