"""Tools for the shop: its catalogue, the traveller's cart, and their orders."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from pam.answers import shop as answers
from pam.answers.answer import instant
from pam.ledger.operation import UndoResult, WriteContext, WriteResult
from pam.platform.postgres import Connection
from pam.platform.validation import optional
from pam.shop.carts import add_line, parse_quantity, read_cart, restore_line
from pam.shop.orders import check_cart, parse_address, parse_order, place_order, read_order
from pam.shop.products import (
    MAX_LISTED,
    ProductCategory,
    ProductQuery,
    find_product,
    parse_limit,
    parse_price,
    parse_product,
    parse_search_words,
    validate_price_range,
)
from pam.shop.products import search_products as products_for
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import (
    EffectKind,
    Identities,
    Identity,
    Tool,
    ToolContext,
    ToolResult,
    approval_tool,
    read_tool,
    write_tool,
)
from pam.users.formatting import format_money, pluralize
from pam.users.profile import Profile, read_profile

_Words = Annotated[str, BeforeValidator(parse_search_words), parse_search_words.schema]
_Product = Annotated[str, BeforeValidator(parse_product), parse_product.schema]
_Address = Annotated[str, BeforeValidator(parse_address), parse_address.schema]
_Order = Annotated[str, BeforeValidator(parse_order), parse_order.schema]
_Category = Annotated[ProductCategory, WithJsonSchema({"type": "string"})]
_Quantity = Annotated[int, BeforeValidator(parse_quantity), parse_quantity.schema]
_Limit = Annotated[int, BeforeValidator(parse_limit), parse_limit.schema]


def _price(field: str) -> BeforeValidator:
    return optional(lambda value: parse_price(value, field))


_MinPrice = Annotated[Decimal | None, _price("min_price"), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
_MaxPrice = Annotated[Decimal | None, _price("max_price"), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]


class SearchProducts(ToolArguments):
    """What to look for in the shop."""

    category: _Category | None = None
    limit: _Limit = MAX_LISTED
    max_price: _MaxPrice = None
    min_price: _MinPrice = None
    query: _Words

    @model_validator(mode="after")
    def _check_prices(self) -> Self:
        validate_price_range(self.min_price, self.max_price)
        return self

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Looking in the shop for {self.query}"


@contextmanager
def _session(context: ToolContext) -> Iterator[tuple[Connection, Profile, str]]:
    """Open the user's session, and yield it with their profile and the present instant."""
    now = context.dependencies.clock()
    with context.dependencies.database.session(context.user_id, context.deadline) as connection:
        profile = read_profile(connection, context.user_id).in_zone(context.zone)
        yield connection, profile, instant(now.astimezone(profile.zone))


@read_tool(summary=SearchProducts.summary, returns_others_text=True)
def search_products(context: ToolContext, arguments: SearchProducts) -> ToolResult:
    """Search the shop for RV gear by a few words."""
    query = ProductQuery(arguments.query, arguments.category, arguments.min_price, arguments.max_price, arguments.limit)
    with _session(context) as (connection, profile, now):
        found = products_for(connection, query)
    simulated = any(product.simulated for product in found.products)
    text = answers.products_text(found, query.words, profile)
    return ToolResult(text, answers.products_data(found), answers.shop_source(simulated=simulated), now, simulated)


class AddToCart(ToolArguments):
    """A product to put into the cart."""

    product: _Product
    quantity: _Quantity = 1


def _undo_addition(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    quantity = restore_line(context.connection, context.profile.id, undo)
    name = undo["name"]
    return UndoResult(f"Your cart has {quantity} × {name} again." if quantity else f"“{name}” is out of your cart.")


def _is_added(arguments: AddToCart, data: Mapping[str, Any]) -> bool:
    """Return whether a recorded write has added as many of the same product."""
    named = arguments.product.casefold()
    words = set(str(data.get("name")).casefold().split())
    is_same = named == str(data.get("product")) or words.issuperset(named.split())
    return is_same and arguments.quantity == data.get("added")


def _preview_addition(context: WriteContext, new: AddToCart) -> str:
    product = find_product(context.connection, new.product)
    price = format_money(product.price, product.currency, context.profile)
    return f"Add {new.quantity} × {product.name}, {price} each, to your cart."


@write_tool(
    summary=lambda new: f"Adding {new.product} to your cart",
    undo=_undo_addition,
    preview=_preview_addition,
    repeats=_is_added,
)
def add_to_cart(context: WriteContext, arguments: AddToCart) -> WriteResult:
    """Add a product to the cart, if they want it."""
    product = find_product(context.connection, arguments.product)
    added = add_line(context.connection, context.profile.id, product, arguments.quantity, context.now)
    simulated = product.simulated or context.profile.simulated
    return WriteResult(
        answers.added_text(added.line, arguments.quantity, context.profile),
        answers.added_data(added.line, arguments.quantity),
        answers.shop_source(simulated=product.simulated),
        added.undo,
        simulated,
    )


class GetCart(ToolArguments):
    """Nothing: a user has one cart."""


@read_tool(summary=lambda _: "Looking into your cart", returns_others_text=True)
def get_cart(context: ToolContext, _arguments: GetCart) -> ToolResult:
    """The shopping cart with tax, shipping and total."""
    with _session(context) as (connection, profile, now):
        cart = read_cart(connection, context.user_id, profile.currency)
    rates = [cart.rates.source] if cart.rates and cart.lines else []
    return ToolResult(
        answers.cart_text(cart, profile),
        answers.cart_data(cart),
        ", ".join([answers.shop_source(simulated=any(line.product.simulated for line in cart.lines)), *rates]),
        now,
        (bool(cart.lines) and cart.is_simulated) or profile.simulated,
    )


class Checkout(ToolArguments):
    """Where an order goes."""

    address: _Address


def _resolve_cart(context: WriteContext, _arguments: Checkout) -> Identities:
    """Name the cart as it is now: exactly that is ordered."""
    cart = read_cart(context.connection, context.profile.id, context.profile.currency)
    return {"cart": Identity(cart.fingerprint, pluralize(len(cart.lines), "product"))}


def _preview_order(context: WriteContext, arguments: Checkout, _identities: Identities) -> str:
    cart = read_cart(context.connection, context.profile.id, context.profile.currency)
    check_cart(cart)
    return answers.order_preview(cart, arguments.address, context.profile)


@approval_tool(
    EffectKind.COSTLY, summary=lambda _: "Ordering what is in your cart", preview=_preview_order, resolve=_resolve_cart
)
def checkout(context: WriteContext, arguments: Checkout, identities: Identities) -> WriteResult:
    """Order what is in the cart. Its payment stays open."""
    fingerprint = identities["cart"].id
    order = place_order(context.connection, context.profile, fingerprint, arguments.address, context.now)
    return WriteResult(
        answers.placed_text(order, context.profile),
        answers.order_data(order, context.profile),
        answers.shop_source(simulated=order.simulated),
        simulated=order.simulated,
    )


class TrackOrder(ToolArguments):
    """The order to look for."""

    order: _Order = Field(description="Its number, or `latest`.")


@read_tool(summary=lambda _: "Looking up your order", returns_others_text=True)
def track_order(context: ToolContext, arguments: TrackOrder) -> ToolResult:
    """Where an order is, and what happened to it."""
    with _session(context) as (connection, profile, now):
        order = read_order(connection, context.user_id, arguments.order)
    text, data = answers.status_text(order, profile), answers.order_data(order, profile)
    return ToolResult(text, data, answers.shop_source(simulated=order.simulated), now, order.simulated)


TOOLS: tuple[Tool[Any], ...] = (search_products, add_to_cart, get_cart, checkout, track_order)
