"""The types of the WebSocket's frames in TypeScript, from the models of `pam.chat.frames`."""

from pathlib import Path

from local.openapi.schemas import Json, input_schemas
from local.openapi.typescript import render_schemas
from pam.chat.frames import CancelFrame, ChatFrame, ConfirmFrame, Failed, PingFrame, ResumeFrame, ServerFrame

FRAME_TYPES_FILE = Path("web/frame_types.d.ts")
"""The committed types, in the checkout."""

_HEADER = "// Generated from the models of pam.chat.frames by `make openapi`.\n"
_IDS: Json = {"message_id": {"type": "string"}, "conversation_id": {"type": "string"}, "seq": {"type": "integer"}}


def render_frame_types() -> str:
    """Return a declaration for each frame of the client and of the server, and `Frame`, any of the server's."""
    kinds = ServerFrame.__subclasses__()
    sent = input_schemas(kinds)
    frames = {kind.__name__: _frame(kind, sent[kind.__name__]) for kind in kinds}
    pong: Json = {"properties": {"type": {"const": "pong"}}, "required": ["type"]}
    union: Json = {
        "description": "A frame of PAM.",
        "anyOf": [{"$ref": f"#/{name}"} for name in [*frames, "Pong"]],
    }
    asked = input_schemas([ChatFrame, ResumeFrame, ConfirmFrame, CancelFrame, PingFrame])
    return render_schemas(_HEADER, asked | frames | {"Pong": pong, "Frame": union})


def _frame(kind: type[ServerFrame], schema: Json) -> Json:
    """Return the schema of a frame as it is sent, with its type, number and ids; a refusal may have none of these."""
    properties = {"type": {"const": kind.type}} | schema.get("properties", {}) | _IDS
    optional = {*kind.omits_empty, *(_IDS if kind is Failed else ())}
    return schema | {"properties": properties, "required": [name for name in properties if name not in optional]}
