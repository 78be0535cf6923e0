"""A demo traveller with friends and a plausible year on the road, generated from a seed and today's date.

Two others can be signed in as, too, to try what travellers show each other.
"""

from local.demo.load import load
from local.demo.travellers import FIRST, OTHERS
from local.demo.year import USER_ID

__all__ = ["FIRST", "OTHERS", "USER_ID", "load"]
