"""The adapter to Claude by the official SDK: streamed replies, complete blocks, errors by kind, prices."""
