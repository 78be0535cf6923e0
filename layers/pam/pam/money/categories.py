"""The categories of expenses."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from pam.platform.errors import UNKNOWN_CATEGORY, PamError


class Category(StrEnum):
    """The category of an expense."""

    FUEL = "fuel"
    GROCERIES = "groceries"
    FOOD = "food"
    DINING = "dining"
    CAMPING = "camping"
    MAINTENANCE = "maintenance"
    TOLLS = "tolls"
    PROPANE = "propane"
    ENTERTAINMENT = "entertainment"
    INSURANCE = "insurance"
    LAUNDRY = "laundry"
    SHOPPING = "shopping"
    MEDICAL = "medical"
    INTERNET = "internet"
    UTILITIES = "utilities"


def parse_category(value: object) -> Category:
    """Return the category of exactly this name. Raises `PamError` (`unknown_category`) that lists the valid names."""
    try:
        return Category(value)  # type: ignore[arg-type]
    except ValueError:
        known = ", ".join(Category)
        raise PamError(
            UNKNOWN_CATEGORY, f"PAM doesn't know that category. It knows: {known}.", field="category"
        ) from None


KnownCategory = Annotated[Category, BeforeValidator(parse_category)]
