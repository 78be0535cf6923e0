"""Responses of `generateContent`: a candidate with its text, or why there is none."""

import json
import uuid
from typing import Any

FINISH_REASONS = {
    1: "STOP",
    2: "MAX_TOKENS",
    3: "SAFETY",
    4: "RECITATION",
    5: "OTHER",
    6: "LANGUAGE",
    7: "BLOCKLIST",
    8: "PROHIBITED_CONTENT",
    9: "SPII",
    12: "UNEXPECTED_TOOL_CALL",  # later than the SDK
}
BLOCK_REASONS = {1: "SAFETY", 2: "OTHER", 3: "BLOCKLIST", 4: "PROHIBITED_CONTENT"}

_CHARACTERS_PER_TOKEN = 4


def tokens(text: str) -> int:
    """Return the estimated tokens of a text."""
    return len(text) // _CHARACTERS_PER_TOKEN + 1


def as_reply(fields: dict[str, str], mode: str) -> str:
    """Return the text of a reply with these fields, as a fault's mode changes it."""
    match mode:
        case "other_enum":
            fields = fields | {"verdict": "malicious"}
        case "contradiction":
            fields = {"category": "tool_misuse", "verdict": "safe"}
        case "other_fields":
            fields = {"verdict": fields["verdict"]}
    text = json.dumps(fields)
    match mode:
        case "fenced":
            return f"```json\n{text}\n```"
        case "prose":
            return f"The verdict is {fields['verdict']}."
        case "empty":
            return ""
    return text


def make_response(
    model: str, prompt: str, reply: str, max_output_tokens: int, mode: str, reason: str, *, enums_as_numbers: bool
) -> dict[str, Any]:
    """Return the response with a reply, or without one where the fault's mode says so.

    `reason` replaces the usual reason of a blocked prompt or reply. The SDK asks for enums as numbers.
    """

    def enum(name: str, names: dict[int, str]) -> int | str:
        return next(number for number, each in names.items() if each == name) if enums_as_numbers else name

    usage: dict[str, Any] = {"promptTokenCount": tokens(prompt), "totalTokenCount": tokens(prompt)}
    response: dict[str, Any] = {"usageMetadata": usage, "modelVersion": model, "responseId": uuid.uuid4().hex}
    if mode == "blocked_prompt":
        feedback = {"blockReason": enum(reason or "PROHIBITED_CONTENT", BLOCK_REASONS)}
        return {"promptFeedback": feedback} | response
    if mode == "no_candidates":
        return response
    if mode == "blocked_reply":
        return {"candidates": [{"finishReason": enum(reason or "SAFETY", FINISH_REASONS), "index": 0}]} | response
    limit = min(max_output_tokens, tokens(reply) // 2 if mode == "max_tokens" else max_output_tokens)
    is_cut = tokens(reply) > limit
    text = reply[: limit * _CHARACTERS_PER_TOKEN] if is_cut else reply
    usage["candidatesTokenCount"] = tokens(text)
    usage["totalTokenCount"] += tokens(text)
    candidate = {
        "content": {"parts": [{"text": text}], "role": "model"},
        "finishReason": enum("MAX_TOKENS" if is_cut else "STOP", FINISH_REASONS),
        "index": 0,
    }
    return {"candidates": [candidate]} | response
