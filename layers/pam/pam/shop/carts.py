"""A user's cart: its lines, what they cost, and the undo of adding to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4, uuid5

from pam.platform.errors import (
    CART_CURRENCY,
    CART_FULL,
    MODIFIED_SINCE,
    OUT_OF_STOCK,
    PamError,
)
from pam.platform.postgres import Connection
from pam.shop.products import PRODUCT_COLUMNS, Product
from pam.shop.rates import ShopRates, read_rates
from pam.users.whole_numbers import WholeNumberParser

MAX_LINES = 20
MAX_QUANTITY = 99

_FINGERPRINTS = UUID("6f4f3f8c-1d0e-4c55-9d4e-6a2a8d2c7b10")
"""The namespace of the fingerprints of carts."""


@dataclass(frozen=True)
class CartLine:
    """A product in a cart, and how many of it."""

    product: Product
    quantity: int

    @property
    def amount(self) -> Decimal:
        """What the line costs, in the product's currency."""
        return self.product.price * self.quantity

    @property
    def is_in_stock(self) -> bool:
        return self.quantity <= self.product.stock


@dataclass(frozen=True)
class Cart:
    """What is in a cart, in one currency, and the rates for it; None without any. Amounts have two places."""

    lines: tuple[CartLine, ...]
    currency: str
    rates: ShopRates | None

    @cached_property
    def subtotal(self) -> Decimal:
        """What the products cost."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def tax(self) -> Decimal | None:
        """The tax on the products; None where no rate is configured."""
        return self.rates.tax(self.subtotal) if self.rates else None

    @property
    def shipping(self) -> Decimal | None:
        """The fee for shipping, which an empty cart has not; None where none is configured."""
        if self.rates is None:
            return None
        return self.rates.shipping(self.subtotal) if self.lines else Decimal(0)

    @property
    def total(self) -> Decimal:
        """The sum of the products, and of tax and shipping as far as they are configured."""
        return self.subtotal + (self.tax or 0) + (self.shipping or 0)

    @property
    def is_simulated(self) -> bool:
        return any(line.product.simulated for line in self.lines) or (self.rates is not None and self.rates.simulated)

    @property
    def fingerprint(self) -> UUID:
        """The same for the same products, quantities, prices, tax and shipping only."""
        lines = [[str(line.product.id), line.product.name, line.quantity, str(line.amount)] for line in self.lines]
        content = [lines, self.currency, str(self.tax), str(self.shipping)]
        return uuid5(_FINGERPRINTS, json.dumps(content))


@dataclass(frozen=True)
class AddedLine:
    """The line that a product was added to, and what `restore_line` needs to undo that."""

    line: CartLine
    undo: Mapping[str, Any]


# A cart that exists is locked by an update that changes nothing. A row that is inserted has no older version.
_LOCK_OR_CREATE_CART = """
insert into carts (user_id, currency)
values (%(user)s, %(currency)s)
on conflict (user_id) do update set currency = carts.currency
returning currency, xmax = 0 as is_new
"""

LOCK_CART = "select currency from carts where user_id = %(user)s for update"

_SET_CURRENCY = "update carts set currency = %(currency)s where user_id = %(user)s"

_SELECT_ORDERED = """
select 1
  from order_lines l
  join orders o on o.id = l.order_id
 where o.user_id = %(user)s and l.product_id = %(product)s and o.created_at >= %(since)s
 limit 1
"""

_DELETE_CART = "delete from carts where user_id = %(user)s"

_SELECT_LINES = f"""
select {PRODUCT_COLUMNS}, l.quantity
  from cart_lines l
  join products p on p.id = l.product_id
 where l.user_id = %(user)s
 order by l.added_at, p.name
"""

_SELECT_LINE = "select quantity, version from cart_lines where user_id = %(user)s and product_id = %(product)s"

_COUNT_LINES = "select count(*) as number from cart_lines where user_id = %(user)s"

_STORE_LINE = """
insert into cart_lines (user_id, product_id, currency, quantity, added_at, version)
values (%(user)s, %(product)s, %(currency)s, %(quantity)s, %(now)s, %(version)s)
on conflict (user_id, product_id) do update set quantity = excluded.quantity, version = excluded.version
"""

_RESTORE_LINE = """
update cart_lines set quantity = %(quantity)s, version = %(version)s
 where user_id = %(user)s and product_id = %(product)s
"""

_DELETE_LINE = "delete from cart_lines where user_id = %(user)s and product_id = %(product)s"


parse_quantity = WholeNumberParser("quantity", 1, MAX_QUANTITY)


def read_cart(connection: Connection, user_id: UUID, currency: str) -> Cart:
    """Return the user's cart; an empty one is in `currency`."""
    rows = connection.execute(_SELECT_LINES, {"user": user_id}).fetchall()
    lines = tuple(
        CartLine(Product.from_row({name: value for name, value in row.items() if name != "quantity"}), row["quantity"])
        for row in rows
    )
    currency = lines[0].product.currency if lines else currency
    return Cart(lines, currency, read_rates(connection, currency))


def add_line(connection: Connection, user_id: UUID, product: Product, quantity: int, now: datetime) -> AddedLine:
    """Add a number of a product to the user's cart, to those that are in it.

    Raises `PamError`: `out_of_stock`, `cart_full`, `cart_currency`.
    """
    scope = {"user": user_id, "product": product.id, "currency": product.currency, "now": now}
    cart = _one(connection, _LOCK_OR_CREATE_CART, scope)
    before = connection.execute(_SELECT_LINE, scope).fetchone()
    number = _one(connection, _COUNT_LINES, scope)["number"]
    if cart["currency"] != product.currency:
        if number:
            raise PamError(
                CART_CURRENCY,
                f"“{product.name}” is sold in {product.currency}, and your cart is in {cart['currency']}.",
            )
        connection.execute(_SET_CURRENCY, scope)
    line = CartLine(product, quantity + (before["quantity"] if before else 0))
    if line.quantity > MAX_QUANTITY or (before is None and number >= MAX_LINES):
        raise PamError(CART_FULL, f"A cart holds at most {MAX_LINES} products, and {MAX_QUANTITY} of each.")
    if not line.is_in_stock:
        raise out_of_stock(line)
    version = uuid4()
    connection.execute(_STORE_LINE, scope | {"quantity": line.quantity, "version": version})
    undo = {
        "product": str(product.id),
        "name": product.name,
        "version": str(version),
        "added_at": now.isoformat(),
        "currency": None if cart["is_new"] else cart["currency"],
        "before": before and {"quantity": before["quantity"], "version": str(before["version"])},
    }
    return AddedLine(line, undo)


def restore_line(connection: Connection, user_id: UUID, undo: Mapping[str, Any]) -> int:
    """Undo the addition with this undo, and return how many are in the cart; does nothing if it is undone already.

    Raises `PamError` (`modified_since`) if the line was changed or ordered since.
    """
    scope = {"user": user_id, "product": UUID(undo["product"])}
    connection.execute(LOCK_CART, scope)
    row = connection.execute(_SELECT_LINE, scope).fetchone()
    before = undo["before"]
    version, version_before = row and str(row["version"]), before and before["version"]
    if row is None and _is_ordered(connection, scope | {"since": datetime.fromisoformat(undo["added_at"])}):
        raise PamError(MODIFIED_SINCE, f"“{undo['name']}” is ordered already, so it can't be taken out of the cart.")
    if version == version_before:
        return before["quantity"] if before else 0
    if version != undo["version"]:
        raise PamError(MODIFIED_SINCE, f"Your cart has changed since, so “{undo['name']}” stays as it is.")
    if before is None:
        connection.execute(_DELETE_LINE, scope)
        _restore_empty_cart(connection, scope | {"currency": undo["currency"]})
        return 0
    connection.execute(_RESTORE_LINE, scope | {"quantity": before["quantity"], "version": UUID(before["version"])})
    return int(before["quantity"])


def _is_ordered(connection: Connection, scope: Mapping[str, Any]) -> bool:
    return connection.execute(_SELECT_ORDERED, scope).fetchone() is not None


def _restore_empty_cart(connection: Connection, scope: Mapping[str, Any]) -> None:
    """Restore the currency that a cart without lines had, or that there was none."""
    if not _one(connection, _COUNT_LINES, scope)["number"]:
        connection.execute(_SET_CURRENCY if scope["currency"] else _DELETE_CART, scope)


def out_of_stock(line: CartLine) -> PamError:
    """Return the error for a line with more than there are."""
    left = line.product.stock
    have = f"The shop has only {left} of “{line.product.name}” left" if left else f"“{line.product.name}” is sold out"
    return PamError(OUT_OF_STOCK, f"{have}: {line.quantity} would be in your cart.", field="quantity")


def _one(connection: Connection, statement: str, scope: Mapping[str, Any]) -> Mapping[str, Any]:
    row = connection.execute(statement, scope).fetchone()
    assert row is not None
    return row
