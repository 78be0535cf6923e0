"""Orders: placed from a cart, and what has happened to them since."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import psycopg

from pam.platform.errors import CART_CHANGED, CART_EMPTY, ORDER_NOT_FOUND, OUT_OF_STOCK, PamError
from pam.platform.postgres import Connection
from pam.platform.uuids import parse_uuid
from pam.shop.carts import LOCK_CART, Cart, out_of_stock, read_cart
from pam.users.profile import Profile
from pam.users.text import TextParser

LATEST = "latest"
"""What names the user's last order in place of a number."""

MAX_EVENTS = 10

parse_address = TextParser("address", 500, required=True)
parse_order = TextParser("order", 40, required=True)

# Crockford's base 32: none of its characters is taken for another one.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES = str.maketrans("OIL", "011")
_SEPARATORS = str.maketrans("", "", " -")
_NUMBER = re.compile(r"PAM([0-9A-Z]{5})([0-9A-Z]{5})")


class OrderStatus(StrEnum):
    """The status of an order."""

    PENDING_PAYMENT = "pending_payment"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class OrderLine:
    """A product as it was ordered, and how many of it."""

    name: str
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True)
class OrderEvent:
    """The status that an order has since an instant, and the shop's note about it."""

    status: OrderStatus
    note: str
    happened_at: datetime


@dataclass(frozen=True)
class Order:
    """An order with its lines and its latest events, the newest last. `tax` and `shipping` are None without a rate."""

    id: UUID
    number: str
    address: str
    currency: str
    subtotal: Decimal
    tax: Decimal | None
    shipping: Decimal | None
    simulated: bool
    created_at: datetime
    lines: tuple[OrderLine, ...]
    events: tuple[OrderEvent, ...]

    @property
    def total(self) -> Decimal:
        """The sum of the products, and of tax and shipping as far as they were configured."""
        return self.subtotal + (self.tax or 0) + (self.shipping or 0)

    @property
    def status(self) -> OrderEvent:
        """The last event."""
        return self.events[-1]


_INSERT_ORDER = """
insert into orders (id, user_id, number, address, currency, subtotal, tax, shipping, simulated, created_at)
values (%(id)s, %(user)s, %(number)s, %(address)s, %(currency)s, %(subtotal)s, %(tax)s, %(shipping)s, %(simulated)s,
        %(now)s)
"""

# By the products' ids: orders at once lock the products in the same sequence. A trigger takes them out of the stock.
_INSERT_LINES = """
insert into order_lines (order_id, user_id, position, product_id, name, quantity, unit_price)
select %(id)s, %(user)s, l.position, l.product_id, l.name, l.quantity, l.unit_price
  from unnest(%(positions)s::smallint[], %(products)s::uuid[], %(names)s::text[], %(quantities)s::integer[],
              %(prices)s::numeric[]) as l (position, product_id, name, quantity, unit_price)
 order by l.product_id
returning position
"""

_INSERT_EVENT = """
insert into order_events (order_id, user_id, status, happened_at)
values (%(id)s, %(user)s, 'pending_payment', %(now)s)
"""

_EMPTY_CART = "delete from cart_lines where user_id = %(user)s"

_ORDER_COLUMNS = "id, number, address, currency, subtotal, tax, shipping, simulated, created_at"

_SELECT_ORDER = f"""
select {_ORDER_COLUMNS}
  from orders
 where user_id = %(user)s and (number = %(number)s or id = %(id)s)
"""

_SELECT_LATEST = f"""
select {_ORDER_COLUMNS}
  from orders
 where user_id = %(user)s
 order by created_at desc, id
 limit 1
"""

_SELECT_ORDER_LINES = """
select name, quantity, unit_price from order_lines where order_id = %(id)s and user_id = %(user)s order by position
"""

_SELECT_ORDER_EVENTS = """
select status, note, happened_at
  from order_events
 where order_id = %(id)s and user_id = %(user)s
 order by happened_at desc, id desc
 limit %(limit)s
"""


def check_cart(cart: Cart) -> None:
    """Raise `PamError` for a cart that can't be ordered: `cart_empty`, `out_of_stock`."""
    if not cart.lines:
        raise PamError(CART_EMPTY, "Your cart is empty, so there is nothing to order.")
    for line in cart.lines:
        if not line.is_in_stock:
            raise out_of_stock(line)


def place_order(connection: Connection, profile: Profile, fingerprint: UUID, address: str, now: datetime) -> Order:
    """Order what is in the user's cart, take it out of the stock, and empty the cart, in one transaction.

    The order waits for its payment. Raises `PamError`: `cart_changed` unless the cart has this fingerprint, and
    `cart_empty` and `out_of_stock`.
    """
    connection.execute(LOCK_CART, {"user": profile.id})
    cart = read_cart(connection, profile.id, profile.currency)
    check_cart(cart)
    if cart.fingerprint != fingerprint:
        raise PamError(CART_CHANGED, "Your cart or its prices have changed since PAM asked. Nothing was ordered.")
    number = new_order_number()
    order = {
        "id": uuid4(),
        "user": profile.id,
        "number": number,
        "address": address,
        "currency": cart.currency,
        "subtotal": cart.subtotal,
        "tax": cart.tax,
        "shipping": cart.shipping,
        "simulated": cart.is_simulated or profile.simulated,
        "now": now,
        "positions": list(range(1, len(cart.lines) + 1)),
        "products": [line.product.id for line in cart.lines],
        "names": [line.product.name for line in cart.lines],
        "quantities": [line.quantity for line in cart.lines],
        "prices": [line.product.price for line in cart.lines],
    }
    connection.execute(_INSERT_ORDER, order)
    try:
        connection.execute(_INSERT_LINES, order).fetchall()
    except psycopg.errors.CheckViolation as sold:
        raise PamError(OUT_OF_STOCK, "Somebody has just bought some of it. Nothing was ordered.") from sold
    except psycopg.errors.ForeignKeyViolation as removed:
        raise PamError(CART_CHANGED, "The shop has just removed a product. Nothing was ordered.") from removed
    connection.execute(_INSERT_EVENT, order)
    connection.execute(_EMPTY_CART, order)
    return read_order(connection, profile.id, number)


def read_order(connection: Connection, user_id: UUID, name: str) -> Order:
    """Return one of the user's orders by its number or id, or the latest one. Raises `PamError` (`order_not_found`)."""
    scope: dict[str, Any] = {"user": user_id, "number": _parse_number(name), "id": _parse_id(name)}
    statement = _SELECT_LATEST if name.strip().casefold() == LATEST else _SELECT_ORDER
    row = connection.execute(statement, scope).fetchone()
    if row is None:
        raise PamError(ORDER_NOT_FOUND, "You have no such order in PAM's shop.", field="order")
    scope = {"user": user_id, "id": row["id"], "limit": MAX_EVENTS}
    lines = connection.execute(_SELECT_ORDER_LINES, scope).fetchall()
    events = connection.execute(_SELECT_ORDER_EVENTS, scope).fetchall()
    return Order(
        **row,
        lines=tuple(OrderLine(**line) for line in lines),
        events=tuple(OrderEvent(**event | {"status": OrderStatus(event["status"])}) for event in reversed(events)),
    )


def new_order_number() -> str:
    """Return a number for an order, such as `PAM-7KQ2M-0XB4C`: one of 10^15 at random."""
    characters = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    return f"PAM-{characters[:5]}-{characters[5:]}"


def _parse_number(name: str) -> str | None:
    """Return the number as it is stored, also where a 0 was read as O or a 1 as I or L; None for anything else."""
    found = _NUMBER.fullmatch(name.upper().translate(_SEPARATORS))
    return None if found is None else f"PAM-{found[1].translate(_LOOK_ALIKES)}-{found[2].translate(_LOOK_ALIKES)}"


def _parse_id(name: str) -> UUID | None:
    try:
        return parse_uuid(name)
    except ValueError:
        return None
