"""The security headers of the page, defined once, for the local stack and for whatever serves a deployed page."""

from collections.abc import Iterable


def security_headers(connect: Iterable[str]) -> dict[str, str]:
    """Return the headers of every response of the site, by their lower-case names.

    `connect` are the origins beside the site's own that the page sends requests to: of its WebSocket API, and of its
    issuer if that is another one.
    """
    policy = {
        "default-src": ["'self'"],
        "connect-src": ["'self'", *connect],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return {
        "content-security-policy": "; ".join(" ".join([name, *sources]) for name, sources in policy.items()),
        "x-frame-options": "DENY",  # for browsers that don't know frame-ancestors
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
    }
