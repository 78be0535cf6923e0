"""The catalogue of the shop: its products, searched by their words, and found by name or id."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from pam.money.amounts import parse_amount
from pam.platform.errors import (
    AMBIGUOUS_PRODUCT,
    INVALID_AMOUNT,
    INVALID_LIMIT,
    PRODUCT_NOT_FOUND,
    ErrorChoice,
    PamError,
)
from pam.platform.postgres import Connection, Row
from pam.platform.uuids import parse_uuid
from pam.users.name_matches import MAX_CHOICES, NameMatch, pick_match, prefer_whole_names
from pam.users.text import TextParser
from pam.users.whole_numbers import WholeNumberParser

MAX_LISTED = 10
"""Products in a result: with names and descriptions as long as they may be they stay below 8 KB."""

parse_search_words = TextParser("query", 200, required=True)
parse_product = TextParser("product", 120, required=True)


class ProductCategory(StrEnum):
    """The category of a product."""

    ELECTRICAL = "electrical"
    PLUMBING = "plumbing"
    SAFETY = "safety"
    TOWING = "towing"
    KITCHEN = "kitchen"
    OUTDOOR = "outdoor"
    COMFORT = "comfort"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True)
class Product:
    """A product; `description` is its supplier's text. `simulated` marks one that is made up for demonstration."""

    id: UUID
    name: str
    description: str
    category: ProductCategory
    price: Decimal
    currency: str
    stock: int
    simulated: bool

    @classmethod
    def from_row(cls, row: Row) -> "Product":
        """Return the product from a row of `PRODUCT_COLUMNS`."""
        return cls(**row | {"category": ProductCategory(row["category"])})


@dataclass(frozen=True)
class ProductQuery:
    """What to search for. Prices are in the currency that a product is sold in, both bounds inclusive."""

    words: str
    category: ProductCategory | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    limit: int = MAX_LISTED


@dataclass(frozen=True)
class FoundProducts:
    """The best matches, and how many there are in all. `has_all_words` is false where none has every word."""

    products: tuple[Product, ...]
    total: int
    has_all_words: bool


PRODUCT_COLUMNS = "p.id, p.name, p.description, p.category, p.price, p.currency, p.stock, p.simulated"

# Where no product has all the words, those with any of them: `|` in place of `&` between the same lexemes.
_SEARCH = f"""
with words as materialized (
    select plainto_tsquery('english', %(words)s) as every_one,
           replace(plainto_tsquery('english', %(words)s)::text, '&', '|')::tsquery as any_one),
matches as materialized (
    select {PRODUCT_COLUMNS}, p.search @@ words.every_one as has_all, ts_rank(p.search, words.any_one) as rank
      from products p cross join words
     where p.search @@ words.any_one
       and (%(category)s::text is null or p.category = %(category)s)
       and (%(min_price)s::numeric is null or p.price >= %(min_price)s)
       and (%(max_price)s::numeric is null or p.price <= %(max_price)s))
select {PRODUCT_COLUMNS}, p.has_all, count(*) over () as total
  from matches p
 where p.has_all or not exists (select from matches where has_all)
 order by p.rank desc, p.name
 limit %(limit)s
"""

_SELECT_BY_ID = f"select {PRODUCT_COLUMNS} from products p where p.id = %(id)s"

_SELECT_BY_NAME = f"""
select {PRODUCT_COLUMNS}, lower(p.name) = lower(%(name)s) as is_whole
  from products p
 where lower(p.name) = lower(%(name)s) or to_tsvector('english', p.name) @@ plainto_tsquery('english', %(name)s)
 order by is_whole desc, p.name
 limit %(limit)s
"""


def parse_price(value: Any, field: str) -> Decimal:
    """Return a bound of prices, as `parse_amount` does. Raises `PamError` with `field`."""
    try:
        return parse_amount(value)
    except PamError as error:
        raise PamError(error.error, error.message, field=field) from None


parse_limit = WholeNumberParser("limit", 1, MAX_LISTED, INVALID_LIMIT)


def validate_price_range(min_price: Decimal | None, max_price: Decimal | None) -> None:
    """Raise `PamError` (`invalid_amount`) for bounds that no price can be between."""
    if min_price is not None and max_price is not None and min_price > max_price:
        raise PamError(INVALID_AMOUNT, "The lowest price must not be above the highest.", field="min_price")


def search_products(connection: Connection, query: ProductQuery) -> FoundProducts:
    """Return the products that match, the best first; those with all the words if there are any."""
    rows = connection.execute(_SEARCH, vars(query)).fetchall()
    return FoundProducts(
        products=tuple(_product(row) for row in rows),
        total=rows[0]["total"] if rows else 0,
        has_all_words=bool(rows) and rows[0]["has_all"],
    )


def find_product(connection: Connection, name: str) -> Product:
    """Return the product of a name or an id; words of the name suffice if no other product has them.

    Raises `PamError`: `product_not_found`, `ambiguous_product`.
    """
    try:
        row = connection.execute(_SELECT_BY_ID, {"id": parse_uuid(name)}).fetchone()
        product = None if row is None else _product(row)
    except ValueError:
        rows = connection.execute(_SELECT_BY_NAME, {"name": name, "limit": MAX_CHOICES + 1}).fetchall()
        matches = [NameMatch(_product(row), row["is_whole"], ErrorChoice(row["name"], row["name"])) for row in rows]
        question = f"Which “{name}” is it"
        product = pick_match(prefer_whole_names(matches), question, error=AMBIGUOUS_PRODUCT, field="product")
    if product is None:
        raise PamError(PRODUCT_NOT_FOUND, "The shop has no such product. Search for it first.", field="product")
    return product


def _product(row: Row) -> Product:
    return Product.from_row({name: row[name] for name in Product.__dataclass_fields__})
