"""The kinds of expense that PAM knows, each written once."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from pam.platform.errors import UNKNOWN_CATEGORY, PamError


class Category(StrEnum):
    """What an expense was for."""

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
    """A category by its name, exactly. Raises `PamError` (`unknown_category`) with the names that exist."""
    try:
        return Category(value)  # type: ignore[arg-type]
    except ValueError:
        known = ", ".join(Category)
        raise PamError(
            UNKNOWN_CATEGORY, f"PAM doesn't know that category. It knows: {known}.", field="category"
        ) from None


KnownCategory = Annotated[Category, BeforeValidator(parse_category)]
