"""A demo traveller with friends and a plausible year on the road, generated from a seed and today's date."""

from local.demo.load import load
from local.demo.year import USER_ID

__all__ = ["USER_ID", "load"]
