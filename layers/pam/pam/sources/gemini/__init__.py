"""The adapters to Gemini's embeddings and to its judge of messages, by the SDK `google-generativeai`."""
