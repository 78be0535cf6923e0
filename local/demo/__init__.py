"""A demo traveller: a plausible year on the road, made anew from a seed and today's date."""

from local.demo.load import load
from local.demo.year import TRAVELLER_ID

__all__ = ["TRAVELLER_ID", "load"]
