"""Decides, for a sentence, between a fast answer and Claude: only a sentence explained whole is fast."""

from pam.routing.interpreter import Route, Router, route

__all__ = ["Route", "Router", "route"]
