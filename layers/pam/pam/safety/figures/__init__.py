"""The number check: figures in Claude's text that nothing it was given covers.

`docs/safety.md` says what is checked and what covers a figure. Text is never held back for it.
"""

from pam.safety.figures.cover import FigureCheck
from pam.safety.figures.dates import preload_names
from pam.safety.figures.evidence import Evidence
from pam.safety.figures.figure import Conventions, Figure, FigureKind
from pam.safety.figures.results import add_result

__all__ = ["Conventions", "Evidence", "Figure", "FigureCheck", "FigureKind", "add_result", "preload_names"]
