"""The worker: one turn from the stored conversation through Claude and its tools to the last frame."""
