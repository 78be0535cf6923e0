"""Stage 1 of injection detection: a screen of every message, by the standard library alone."""

from pam.safety.screen.screening import Screening, screen

__all__ = ["Screening", "screen"]
