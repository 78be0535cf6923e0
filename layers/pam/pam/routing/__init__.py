"""Routes a sentence to a fast answer if a template explains all of its words, otherwise to Claude."""

from pam.routing.interpreter import Route, Router, route

__all__ = ["Route", "Router", "route"]
