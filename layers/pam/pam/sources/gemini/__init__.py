"""The adapter to Gemini's embeddings by the SDK `google-generativeai`."""
