"""The frames of tool events."""

from pam.chat.frames import ConfirmRequest, ServerFrame, ToolLine
from pam.tools.engine.events import ToolEvent, ToolFinished, ToolStarted
from pam.users.profile import Profile


def tool_frame(event: ToolEvent, profile: Profile) -> list[ServerFrame]:
    """Return the frames that report an event."""
    match event:
        case ToolStarted(id, name, summary):
            return [ToolLine(id, name, "running", summary)]
        case ToolFinished(id, name, state, summary, source, download):
            return [ToolLine(id, name, state, summary, source, download)]
    request = ConfirmRequest(
        confirmation_id=str(event.approval.id),
        name=event.name,
        summary=event.preview.text,
        arguments=event.arguments,
        identities=event.preview.identities_body(),
        digest=event.approval.digest,
        expires_at=event.approval.expires_at.astimezone(profile.zone).isoformat(timespec="seconds"),
    )
    return [ToolLine(event.id, event.name, "waiting", event.summary), request]
