"""A stand-in for the Gemini API in the real wire format: embeddings by MiniLM, and a judge of a stated accuracy."""
