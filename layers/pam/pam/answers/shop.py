"""Products, carts and orders as sentences and JSON values."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pam.answers.answer import instant
from pam.shop.carts import Cart, CartLine
from pam.shop.orders import Order, OrderStatus
from pam.shop.products import FoundProducts, Product
from pam.users.formatting import format_instant, format_money, format_number, pluralize
from pam.users.profile import Profile

NO_PAYMENT = "PAM's shop has no payment provider yet, so nothing is charged."

_MAX_IN_TEXT = 5
_MAX_DESCRIPTION_CHARS = 120

_STATUS = {
    OrderStatus.PENDING_PAYMENT: f"waits for its payment. {NO_PAYMENT}",
    OrderStatus.PAID: "is paid and waits to be sent.",
    OrderStatus.SHIPPED: "is on its way.",
    OrderStatus.DELIVERED: "is delivered.",
    OrderStatus.CANCELLED: "is cancelled.",
}


def shop_source(*, simulated: bool) -> str:
    """Return the name of the source of products and orders."""
    return "PAM's shop (simulated)" if simulated else "PAM's shop"


def products_data(found: FoundProducts) -> dict[str, Any]:
    """Return the products that a search found as JSON values, with their descriptions shortened."""
    return {
        "products": [
            {
                "id": str(product.id),
                "name": product.name,
                "description": _shorten(product.description),
                "category": product.category.value,
                "price": str(product.price),
                "currency": product.currency,
                "in_stock": product.stock,
            }
            for product in found.products
        ],
        "found": found.total,
        "have_all_words": found.has_all_words,
    }


def products_text(found: FoundProducts, words: str, profile: Profile) -> str:
    """Render how many products a search found, and the first of them with their prices."""
    if not found.products:
        return f"The shop has nothing for “{words}”."
    listed = "; ".join(_priced(product, profile) for product in found.products[:_MAX_IN_TEXT])
    more = "; and more" if found.total > len(found.products[:_MAX_IN_TEXT]) else ""
    have = "for" if found.has_all_words else "that match some of"
    return f"The shop has {pluralize(found.total, 'product')} {have} “{words}”: {listed}{more}."


def cart_data(cart: Cart) -> dict[str, Any]:
    """Return a cart as JSON values; what isn't configured is null, and not in the total."""
    return {
        "lines": [
            {
                "name": line.product.name,
                "quantity": line.quantity,
                "unit_price": str(line.product.price),
                "amount": str(line.amount),
                "enough_in_stock": line.is_in_stock,
            }
            for line in cart.lines
        ],
        "currency": cart.currency,
        "subtotal": str(cart.subtotal),
        "tax": _amount(cart.tax),
        "tax_percent": _amount(cart.rates.tax_percent if cart.rates else None),
        "shipping": _amount(cart.shipping),
        "total": str(cart.total),
        "not_included": _not_included(cart),
    }


def cart_text(cart: Cart, profile: Profile) -> str:
    """Render the lines of a cart and what they cost, with what isn't included."""
    if not cart.lines:
        return "Your cart is empty."
    listed = "; ".join(_line_text(line, profile) for line in cart.lines[:_MAX_IN_TEXT])
    more = f"; and {len(cart.lines) - _MAX_IN_TEXT} more" if len(cart.lines) > _MAX_IN_TEXT else ""
    costs = ", ".join(f"{name} {text}" for name, text in _costs(cart, profile))
    short = [line.product.name for line in cart.lines if not line.is_in_stock]
    missing = f" The shop no longer has as many of: {'; '.join(short)}." if short else ""
    return f"In your cart: {listed}{more}. {costs[:1].upper()}{costs[1:]}.{_not_included_text(cart)}{missing}"


def order_preview(cart: Cart, address: str, profile: Profile) -> str:
    """Render what the user approves before a cart is ordered: every line, all costs, and the address."""
    lines = [f"Order this from {shop_source(simulated=cart.is_simulated)}:"]
    lines += [_line_text(line, profile) for line in cart.lines]
    lines += [f"{name[:1].upper()}{name[1:]}: {text}" for name, text in _costs(cart, profile)]
    lines += [_not_included_text(cart).strip()] if _not_included(cart) else []
    return "\n".join([*lines, "Send it to:", address, f"It can't be undone. {NO_PAYMENT}"])


def order_data(order: Order, profile: Profile) -> dict[str, Any]:
    """Return an order as JSON values, its events in the user's time zone."""
    return {
        "order": order.number,
        "status": order.status.status.value,
        "events": [
            {
                "status": event.status.value,
                "at": instant(event.happened_at.astimezone(profile.zone)),
                **({"note": event.note} if event.note else {}),
            }
            for event in order.events
        ],
        "lines": [
            {"name": line.name, "quantity": line.quantity, "unit_price": str(line.unit_price)} for line in order.lines
        ],
        "currency": order.currency,
        "subtotal": str(order.subtotal),
        "tax": _amount(order.tax),
        "shipping": _amount(order.shipping),
        "total": str(order.total),
        "address": order.address,
    }


def placed_text(order: Order, profile: Profile) -> str:
    """Render an order that has just been placed."""
    total = format_money(order.total, order.currency, profile)
    return f"Order {order.number} of {total} is placed: its products are set aside. It {_STATUS[order.status.status]}"


def status_text(order: Order, profile: Profile) -> str:
    """Render where an order is, since when, and the shop's note about it."""
    event = order.status
    since = format_instant(event.happened_at, profile)
    total = format_money(order.total, order.currency, profile)
    note = f" The shop's note: {event.note}" if event.note else ""
    return f"Order {order.number} of {total} {_STATUS[event.status]} That is so since {since}.{note}"


def added_text(line: CartLine, quantity: int, profile: Profile) -> str:
    """Render what was added to a cart, and how many are in it now."""
    in_all = "" if line.quantity == quantity else f"; {line.quantity} are in it now"
    return f"Added {quantity} × {_priced(line.product, profile)} each, to your cart{in_all}."


def added_data(line: CartLine, quantity: int) -> Mapping[str, Any]:
    """Return what was added to a cart as JSON values."""
    product = line.product
    return {
        "product": str(product.id),
        "name": product.name,
        "added": quantity,
        "in_cart": line.quantity,
        "unit_price": str(product.price),
        "currency": product.currency,
    }


def _costs(cart: Cart, profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield the name and the amount of each part of the total, and of the total."""
    yield "products", format_money(cart.subtotal, cart.currency, profile)
    if cart.tax is not None and cart.rates and cart.rates.tax_percent is not None:
        yield f"tax ({_percent(cart.rates.tax_percent, profile)}%)", format_money(cart.tax, cart.currency, profile)
    if cart.shipping is not None:
        yield "shipping", format_money(cart.shipping, cart.currency, profile)
    yield "total", format_money(cart.total, cart.currency, profile)


def _percent(value: Decimal, profile: Profile) -> str:
    exponent = value.normalize().as_tuple().exponent
    return format_number(value, profile, max(0, -exponent) if isinstance(exponent, int) else 0)


def _not_included(cart: Cart) -> list[str]:
    return [name for name, amount in (("tax", cart.tax), ("shipping", cart.shipping)) if amount is None]


def _not_included_text(cart: Cart) -> str:
    missing = _not_included(cart)
    if not missing:
        return ""
    are = "aren't" if len(missing) > 1 else "isn't"
    return f" {' and '.join(missing).capitalize()} {are} included: the shop has no rate for it."


def _line_text(line: CartLine, profile: Profile) -> str:
    amount = format_money(line.amount, line.product.currency, profile)
    return f"{line.quantity} × {line.product.name}, {amount}"


def _priced(product: Product, profile: Profile) -> str:
    return f"{product.name}, {format_money(product.price, product.currency, profile)}"


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_DESCRIPTION_CHARS else f"{text[: _MAX_DESCRIPTION_CHARS - 1].rstrip()}…"


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
