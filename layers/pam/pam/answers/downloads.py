"""Files that are made for a traveller: each behind a link that works for an hour."""

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_time

from pam.answers.answer import instant
from pam.answers.dependencies import UserDependencies
from pam.platform.object_store import LINK_TTL
from pam.users.profile import Profile


@dataclass(frozen=True)
class NewFile:
    """A file to store."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True)
class Download:
    """A stored file: the link to it, its name and size, and until when the link works."""

    href: str
    name: str
    size: int
    expires_at: datetime

    def as_json(self) -> dict[str, str]:
        """Return what clients show."""
        return {"href": self.href, "name": self.name, "expires_at": instant(self.expires_at)}


def offer_download(dependencies: UserDependencies, profile: Profile, file: NewFile) -> Download:
    """Store a file of a user and return the link to it. Raises `PamError` (`store_unavailable`)."""
    expires_at = dependencies.clock().astimezone(profile.zone) + LINK_TTL  # it is signed a moment later
    link = dependencies.files().put(profile.id, file.name, file.content, file.content_type)
    return Download(link, file.name, len(file.content), expires_at)


def download_facts(download: Download, profile: Profile) -> dict[str, str]:
    """Return what the model may know of a file: all but the link."""
    return {"file": download.name, "size": format_size(download.size), "link_works_until": _until(download, profile)}


def link_sentence(download: Download, profile: Profile) -> str:
    """Render until when a link works, and for whom."""
    return f"The link works until {_until(download, profile)}; whoever has it can open the file."


def _until(download: Download, profile: Profile) -> str:
    return format_time(download.expires_at.astimezone(profile.zone), format="short", locale=profile.locale)


def format_size(size: int) -> str:
    """Format a number of bytes, such as `12 kB`."""
    return f"{max(1, round(size / 1000)):,} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
