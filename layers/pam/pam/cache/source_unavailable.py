"""The error for users when a source fails and there is no earlier answer."""

import math

from pam.platform.errors import SOURCE_NOT_CONFIGURED, SOURCE_UNAVAILABLE, PamError
from pam.sources.source import SourceError, SourceErrorKind

_MESSAGES = {
    SourceErrorKind.MISSING_KEY: "PAM has no key for {} here, so it can't ask. Whoever runs it can set one.",
    SourceErrorKind.UNAUTHORISED: "{} refuses PAM's key, so PAM can't ask. Whoever runs it can replace it.",
    SourceErrorKind.NOT_FOUND: "{} doesn't have what PAM asked for.",
    SourceErrorKind.REFUSED: "{} refused the question as PAM put it.",
    SourceErrorKind.LIMITED: "PAM has asked {} too often. Please try again in a moment.",
    SourceErrorKind.DOWN: "PAM can't reach {} right now. Please try again in a moment.",
    SourceErrorKind.SLOW: "{} took too long to answer. Please try again in a moment.",
    SourceErrorKind.MALFORMED: "{} answered with something that PAM can't read. Please try again in a moment.",
}
_NOT_CONFIGURED = {SourceErrorKind.MISSING_KEY, SourceErrorKind.UNAUTHORISED}
_PERMANENT = {*_NOT_CONFIGURED, SourceErrorKind.NOT_FOUND, SourceErrorKind.REFUSED}
_RETRY_AFTER_S = 5


class SourceUnavailable(PamError):
    """A source failed, and no earlier answer is cached."""

    def __init__(self, error: SourceError) -> None:
        super().__init__(
            SOURCE_NOT_CONFIGURED if error.kind in _NOT_CONFIGURED else SOURCE_UNAVAILABLE,
            _MESSAGES[error.kind].format(error.source),
            retry_after=None if error.kind in _PERMANENT else max(1, math.ceil(error.retry_after or _RETRY_AFTER_S)),
        )
