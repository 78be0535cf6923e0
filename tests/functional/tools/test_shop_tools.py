"""The shop: products found by their words, a cart with exact sums, orders of exactly what was confirmed."""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from pam.safety.redaction import redact
from pam.shop.orders import new_order_number
from pam.shop.products import ProductCategory
from pam.tools.catalog.shop import add_to_cart, checkout, get_cart, search_products, track_order
from pam.tools.engine.definition import EffectKind, Tool
from pam.tools.engine.parsing import parse_arguments
from pam.tools.engine.results import result_json
from tests.functional.tools.conftest import Caller, ManualClock, error_of

ADDRESS = '{"address": "Site 12, Slickrock\\nMoab, UT 84532"}'


@pytest.fixture
def word() -> str:
    """Return a word of this test alone: the catalogue is everybody's."""
    return "w" + uuid.uuid4().hex[:12]


@pytest.fixture
def stocked(owner: psycopg.Connection, word: str) -> Iterator[Callable[..., uuid.UUID]]:
    """Put products with the test's word in their name into the catalogue."""

    def add(name: str, price: str = "10.00", stock: int = 5, **more: Any) -> uuid.UUID:
        row = {"category": "outdoor", "currency": "USD", "description": "", "simulated": False} | more
        row |= {"name": f"{name} {word}", "price": price, "stock": stock}
        made = owner.execute(
            "insert into products (name, category, price, currency, stock, description, simulated) values"
            " (%(name)s, %(category)s, %(price)s, %(currency)s, %(stock)s, %(description)s, %(simulated)s)"
            " returning id",
            row,
        ).fetchone()
        assert made is not None
        return uuid.UUID(str(made[0]))

    yield add
    owner.execute("delete from products where name like %s", (f"%{word}%",))


@pytest.fixture
def rates(owner: psycopg.Connection) -> Iterator[Callable[..., None]]:
    """Configure the rates for Norwegian kroner, which no other test sells in."""

    def configure(tax: str | None, fee: str | None, free_from: str | None = None) -> None:
        owner.execute(
            "insert into shop_rates (currency, tax_percent, shipping_fee, free_shipping_from, source)"
            " values ('NOK', %s, %s, %s, 'Rates of the test') on conflict (currency) do update set"
            " tax_percent = excluded.tax_percent, shipping_fee = excluded.shipping_fee,"
            " free_shipping_from = excluded.free_shipping_from",
            (tax, fee, free_from),
        )

    yield configure
    owner.execute("delete from shop_rates where currency = 'NOK'")


def error_code(caller: Caller, tool: Tool[Any], raw: str) -> str:
    return error_of(lambda: caller.call(tool, raw)).error.code


def add(caller: Caller, product: object, quantity: int = 1) -> Any:
    return caller.call(add_to_cart, json.dumps({"product": str(product), "quantity": quantity}))


def cart_rows(owner: psycopg.Connection, caller: Caller) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select product_id, quantity, added_at, version from cart_lines where user_id = %s order by product_id",
        (caller.id,),
    ).fetchall()


def stock_of(owner: psycopg.Connection, product: uuid.UUID) -> int:
    row = owner.execute("select stock from products where id = %s", (product,)).fetchone()
    assert row is not None
    return int(row[0])


def count_orders(owner: psycopg.Connection, caller: Caller) -> int:
    row = owner.execute("select count(*) from orders where user_id = %s", (caller.id,)).fetchone()
    assert row is not None
    return int(row[0])


def test_products_are_found_by_words_category_and_price(
    caller: Caller, stocked: Callable[..., uuid.UUID], word: str
) -> None:
    """In any form of the words, those with all of them if there are any; bounds of the price are inclusive."""
    hose = stocked("Sewer hose", "58.75", category="plumbing", description="Two hoses that drip never.")
    stocked("Hose clamp", "3.20", category="plumbing")
    stocked("Folding chair", "45.00")
    found = caller.call(search_products, json.dumps({"query": f"{word} HOSES", "min_price": 58.75}))
    assert found.data["products"] == [
        {
            "id": str(hose), "name": f"Sewer hose {word}", "description": "Two hoses that drip never.",
            "category": "plumbing", "price": "58.75", "currency": "USD", "in_stock": 5,
        }
    ]  # fmt: skip
    assert found.text == f"The shop has 1 product for “{word} HOSES”: Sewer hose {word}, $58.75."
    assert (found.source, found.simulated) == ("PAM's shop", False)

    def names(**arguments: Any) -> list[str]:
        data = caller.call(search_products, json.dumps(arguments)).data
        return sorted(each["name"].removesuffix(f" {word}") for each in data["products"])

    assert names(query=word) == ["Folding chair", "Hose clamp", "Sewer hose"]
    assert names(query=word, category="plumbing", max_price=58.74) == ["Hose clamp"]
    assert names(query=word, category="kitchen") == []
    some = caller.call(search_products, json.dumps({"query": f"xylophone {word}"}))
    assert (some.data["found"], some.data["have_all_words"]) == (3, False)
    none = caller.call(search_products, '{"query": "the"}')
    assert none.text == "The shop has nothing for “the”." and none.data["products"] == []


def test_categories_of_code_and_database_are_the_same(stocked: Callable[..., uuid.UUID]) -> None:
    """The check constraint has the names of the enumeration, and no others."""
    for category in ProductCategory:
        stocked(category.value, category=category.value)
    with pytest.raises(psycopg.errors.CheckViolation):
        stocked("Boat", category="boats")


def test_results_are_below_8_kb(caller: Caller, stocked: Callable[..., uuid.UUID], word: str) -> None:
    """A page of products, a full cart and its order, with the longest names and descriptions."""
    ids = [stocked(f"{number:02}".ljust(120 - 1 - len(word), "ø"), description="ø" * 2000) for number in range(21)]
    page = caller.call(search_products, json.dumps({"query": word}))
    assert (len(page.data["products"]), page.data["found"]) == (10, 21)
    assert len(result_json(page).encode()) <= 8192
    assert len(caller.call(search_products, json.dumps({"query": word, "limit": 3})).data["products"]) == 3
    for product in ids[:20]:
        add(caller, product)
    error = error_of(lambda: add(caller, ids[20]))
    assert error.error.code == "cart_full"
    assert len(result_json(caller.call(get_cart, "")).encode()) <= 8192
    order = caller.call(checkout, json.dumps({"address": "ø" * 500}))
    assert len(result_json(order).encode()) <= 8192


@pytest.mark.parametrize(
    ("tool", "raw", "code"),
    [
        (search_products, "{}", "invalid_request"),
        (search_products, '{"query": ""}', "invalid_text"),
        (search_products, '{"query": "' + "x" * 201 + '"}', "invalid_text"),
        (search_products, '{"query": "x", "category": "boats"}', "invalid_request"),
        (search_products, '{"query": "x", "limit": 0}', "invalid_limit"),
        (search_products, '{"query": "x", "limit": 11}', "invalid_limit"),
        (search_products, '{"query": "x", "limit": "5"}', "invalid_limit"),
        (search_products, '{"query": "x", "limit": true}', "invalid_limit"),
        (search_products, '{"query": "x", "min_price": 0}', "invalid_amount"),
        (search_products, '{"query": "x", "max_price": 1.005}', "invalid_amount"),
        (search_products, '{"query": "x", "max_price": 1000001}', "invalid_amount"),
        (search_products, '{"query": "x", "min_price": 5, "max_price": 4.99}', "invalid_amount"),
        (add_to_cart, '{"product": "x", "quantity": 0}', "invalid_quantity"),
        (add_to_cart, '{"product": "x", "quantity": 100}', "invalid_quantity"),
        (add_to_cart, '{"product": "x", "quantity": 1.5}', "invalid_quantity"),
        (add_to_cart, '{"product": "x", "quantity": "2"}', "invalid_quantity"),
        (add_to_cart, '{"product": "x", "quantity": true}', "invalid_quantity"),
        (add_to_cart, '{"product": ""}', "invalid_text"),
        (add_to_cart, '{"product": "zzyzx flux"}', "product_not_found"),
        (add_to_cart, '{"product": "5b1c7f1e-0c3a-4b36-8f0e-7d9b2f4a6c11"}', "product_not_found"),
        (get_cart, '{"user": 1}', "invalid_request"),
        (checkout, '{"address": ""}', "invalid_text"),
        (checkout, '{"address": "' + "x" * 501 + '"}', "invalid_text"),
        (checkout, '{"address": "Moab"}', "cart_empty"),
        (track_order, '{"order": ""}', "invalid_text"),
        (track_order, '{"order": "latest"}', "order_not_found"),
        (track_order, '{"order": "PAM-00000-00000"}', "order_not_found"),
    ],
)
def test_invalid_call_is_rejected(caller: Caller, tool: Tool[Any], raw: str, code: str) -> None:
    """With an error code of its own; nothing is in the cart."""
    assert error_code(caller, tool, raw) == code
    assert caller.call(get_cart, "").text == "Your cart is empty."


def test_empty_cart_has_no_shipping(caller: Caller, rates: Callable[..., None], owner: psycopg.Connection) -> None:
    rates("12.345", "79", "500")
    owner.execute("insert into users (id, currency) values (%s, 'NOK')", (caller.id,))
    cart = caller.call(get_cart, "")
    assert cart.data["currency"] == "NOK"
    assert {float(cart.data[name] or 0) for name in ("subtotal", "tax", "shipping", "total")} == {0}


def test_cart_has_exact_sums_from_configured_rates(
    caller: Caller, stocked: Callable[..., uuid.UUID], rates: Callable[..., None], word: str
) -> None:
    """Tax is rounded to the cent; shipping is free from its sum; the rates' source is named."""
    rates("12.345", "79", "500")
    stocked("Hose", "33.33", currency="NOK")
    chair = stocked("Chair", "150.00", currency="NOK", stock=99)
    add(caller, f"hose {word}", 3)
    cart = caller.call(get_cart, "")
    assert cart.data["lines"] == [
        {
            "name": f"Hose {word}", "quantity": 3, "unit_price": "33.33", "amount": "99.99",
            "enough_in_stock": True,
        }
    ]  # fmt: skip
    sums = ("subtotal", "tax", "shipping", "total", "currency", "not_included")
    assert [cart.data[name] for name in sums] == ["99.99", "12.34", "79.00", "191.33", "NOK", []]
    assert cart.source == "PAM's shop, Rates of the test"
    assert "Products NOK" in cart.text and "tax (12.345%) NOK" in cart.text
    add(caller, chair, 3)
    cart = caller.call(get_cart, "")
    assert [cart.data[name] for name in sums[:4]] == ["549.99", "67.90", "0.00", "617.89"]


@pytest.mark.parametrize(
    ("configured", "missing", "text"),
    [
        (None, ["tax", "shipping"], "Tax and shipping aren't included: the shop has no rate for it."),
        ((None, "79"), ["tax"], "Tax isn't included: the shop has no rate for it."),
        (("0", None), ["shipping"], "Shipping isn't included: the shop has no rate for it."),
    ],
)
def test_rate_that_is_not_configured_is_not_included(
    caller: Caller,
    stocked: Callable[..., uuid.UUID],
    rates: Callable[..., None],
    configured: Any,
    missing: list[str],
    text: str,
) -> None:
    """It isn't invented, and the cart, the confirmation and the order name it."""
    if configured:
        rates(*configured)
    add(caller, stocked("Hose", "20.00", currency="NOK"))
    cart = caller.call(get_cart, "")
    assert cart.data["not_included"] == missing and text in cart.text
    assert all(cart.data[name] is None for name in missing)
    assert text in caller.preview(checkout, ADDRESS)
    order = caller.call(checkout, ADDRESS)
    assert [order.data[name] for name in ("tax", "shipping")] == [cart.data[name] for name in ("tax", "shipping")]


def test_preview_of_an_addition_names_the_product_and_its_price(
    caller: Caller, stocked: Callable[..., uuid.UUID], owner: psycopg.Connection, word: str
) -> None:
    """As a turn with texts of others shows it: the whole name of what words of it find; nothing is added."""
    stocked("Sewer hose", price="1249.50")
    raw = json.dumps({"product": f"hoses {word}", "quantity": 2})
    assert caller.preview(add_to_cart, raw) == f"Add 2 × Sewer hose {word}, $1,249.50 each, to your cart."
    assert cart_rows(owner, caller) == []
    assert (
        error_of(lambda: caller.preview(add_to_cart, f'{{"product": "no {word}x"}}')).error.code == "product_not_found"
    )


def test_addition_is_recognised_when_its_question_is_asked_again(
    caller: Caller, stocked: Callable[..., uuid.UUID], word: str
) -> None:
    """By the product, as it was named or by its id, and the quantity; a default may be written out."""
    product = str(stocked("Sewer hose"))
    data = add(caller, f"Sewer hose {word}").data
    repeats = add_to_cart.repeats
    assert repeats is not None
    for arguments, is_same in (
        ({"product": f"sewer HOSE {word}"}, True),
        ({"product": f"hose {word}", "quantity": 1}, True),
        ({"product": product}, True),
        ({"product": f"Sewer hose {word}", "quantity": 2}, False),
        ({"product": f"Water hose {word}"}, False),
        ({"product": str(uuid.uuid4())}, False),
    ):
        assert repeats(parse_arguments(add_to_cart, json.dumps(arguments)), data) is is_same, arguments


def test_name_of_a_product_must_be_unambiguous(
    caller: Caller, stocked: Callable[..., uuid.UUID], owner: psycopg.Connection, word: str
) -> None:
    """Words of it suffice if one product has them; a whole name is one also where it is part of another."""
    stocked("Hose")
    stocked("Hose kit")
    error = error_of(lambda: add(caller, f"{word} hoses"))
    assert error.error.code == "ambiguous_product"
    assert {choice.value for choice in error.choices} == {f"Hose {word}", f"Hose kit {word}"}
    assert cart_rows(owner, caller) == []
    assert add(caller, f"HOSE {word}").data["name"] == f"Hose {word}"
    assert add(caller, f"kit {word}").data["name"] == f"Hose kit {word}"


def test_stock_is_checked_with_what_is_in_the_cart(
    caller: Caller, stocked: Callable[..., uuid.UUID], owner: psycopg.Connection, word: str
) -> None:
    """Also 99 as the most of one product, and what is sold since."""
    hose, clamp = stocked("Hose", stock=3), stocked("Clamp", stock=500)
    assert add(caller, hose, 2).text == f"Added 2 × Hose {word}, $10.00 each, to your cart."
    error = error_of(lambda: add(caller, hose, 2))
    assert error.error.code == "out_of_stock"
    assert error.message == f"The shop has only 3 of “Hose {word}” left: 4 would be in your cart."
    assert add(caller, hose).text.endswith("to your cart; 3 are in it now.")
    add(caller, clamp, 99)
    assert error_of(lambda: add(caller, clamp)).error.code == "cart_full"
    owner.execute("update products set stock = 0 where id = %s", (hose,))
    cart = caller.call(get_cart, "")
    assert [line["enough_in_stock"] for line in cart.data["lines"]] == [False, True]
    assert f"no longer has as many of: Hose {word}." in cart.text
    assert error_code(caller, checkout, ADDRESS) == "out_of_stock"
    assert error_of(lambda: add(caller, hose)).message.startswith(f"“Hose {word}” is sold out")
    assert (stock_of(owner, clamp), count_orders(owner, caller)) == (500, 0)


def test_cart_is_in_one_currency(caller: Caller, stocked: Callable[..., uuid.UUID], owner: psycopg.Connection) -> None:
    """That of its first product; an empty cart takes any. The currency of a product in a cart stays."""
    dollars, kroner = stocked("Hose"), stocked("Chair", currency="NOK")
    first = add(caller, dollars)
    assert error_of(lambda: add(caller, kroner)).error.code == "cart_currency"
    caller.undo(first, add_to_cart)
    second = add(caller, kroner)
    assert caller.call(get_cart, "").data["currency"] == "NOK"
    caller.call(checkout, ADDRESS)
    caller.undo(add(caller, dollars), add_to_cart)
    assert owner.execute("select currency from carts where user_id = %s", (caller.id,)).fetchall() == [("NOK",)]
    assert error_of(lambda: caller.undo(second, add_to_cart)).error.code == "modified_since"
    add(caller, kroner)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner.execute("update products set currency = 'EUR' where id = %s", (kroner,))


def test_undo_restores_the_exact_line(
    new_caller: Callable[..., Caller], stocked: Callable[..., uuid.UUID], owner: psycopg.Connection, word: str
) -> None:
    """Once, also if repeated; not after later changes or the order, nor for another user."""
    caller, other = new_caller(), new_caller()
    hose = stocked("Hose", stock=50)
    first = add(caller, hose, 2)
    after_first = cart_rows(owner, caller)
    second = add(caller, hose, 3)
    assert error_of(lambda: other.undo(second, add_to_cart)).error.code == "effect_not_found"
    assert error_of(lambda: caller.undo(first, add_to_cart)).error.code == "modified_since"
    assert (
        caller.undo(second, add_to_cart) == caller.undo(second, add_to_cart) == f"Your cart has 2 × Hose {word} again."
    )
    assert cart_rows(owner, caller) == after_first
    assert caller.undo(first, add_to_cart) == caller.undo(first, add_to_cart) == f"“Hose {word}” is out of your cart."
    assert cart_rows(owner, caller) == []
    assert owner.execute("select from carts where user_id = %s", (caller.id,)).fetchall() == []
    add(caller, hose)
    more = add(caller, hose)
    caller.call(checkout, ADDRESS)
    assert error_of(lambda: caller.undo(more, add_to_cart)).error.code == "modified_since"
    assert error_of(lambda: caller.undo(first, add_to_cart)).message.endswith("so it can't be taken out of the cart.")
    assert cart_rows(owner, caller) == []


def test_order_is_placed_as_it_was_confirmed(
    new_caller: Callable[..., Caller],
    noon: ManualClock,
    stocked: Callable[..., uuid.UUID],
    rates: Callable[..., None],
    owner: psycopg.Connection,
    word: str,
) -> None:
    """The confirmation has every line, the sums, the address, and that nothing is charged. The cart is empty then."""
    rates("10", "50")
    caller = new_caller(noon)
    hose, chair = stocked("Hose", "100.00", currency="NOK"), stocked("Chair", "25.50", currency="NOK")
    add(caller, hose, 2)
    noon.now += timedelta(minutes=1)
    add(caller, chair)
    shown = caller.preview(checkout, ADDRESS).replace("\N{NO-BREAK SPACE}", " ").replace("NOK ", "NOK")
    assert shown == (
        f"Order this from PAM's shop:\n2 × Hose {word}, NOK200.00\n1 × Chair {word}, NOK25.50\n"
        "Products: NOK225.50\nTax (10%): NOK22.55\nShipping: NOK50.00\nTotal: NOK298.05\n"
        "Send it to:\nSite 12, Slickrock\nMoab, UT 84532\n"
        "It can't be undone. PAM's shop has no payment provider yet, so nothing is charged."
    )
    assert (count_orders(owner, caller), stock_of(owner, hose)) == (0, 5)
    approved = caller.approve(checkout, ADDRESS)
    placed = caller.call_approved(checkout, ADDRESS, approved, key="order")
    assert placed.effect is not None and placed.effect.undo_until is None
    assert placed.data["status"] == "pending_payment" and "nothing is charged" in placed.text
    assert (stock_of(owner, hose), stock_of(owner, chair), cart_rows(owner, caller)) == (3, 4, [])
    assert caller.call_approved(checkout, ADDRESS, approved, key="order").data == placed.data
    assert (count_orders(owner, caller), stock_of(owner, hose)) == (1, 3)
    tracked = caller.call(track_order, json.dumps({"order": placed.data["order"]}))
    assert tracked.data == placed.data
    assert [tracked.data[name] for name in ("subtotal", "tax", "shipping", "total", "currency")] == [
        "225.50", "22.55", "50.00", "298.05", "NOK",
    ]  # fmt: skip
    assert tracked.data["events"] == [{"status": "pending_payment", "at": "2026-11-22T12:01:00-07:00"}]


CHANGES = {
    "another quantity": "update cart_lines set quantity = 2 where user_id = %(user)s",
    "another price": "update products set price = 10.01 where id = %(product)s",
    "another name": "update products set name = name || ' II' where id = %(product)s",
    "another tax": "update shop_rates set tax_percent = 11 where currency = 'NOK'",
    "no rates": "delete from shop_rates where currency = 'NOK'",
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_cart_is_not_ordered(
    caller: Caller,
    stocked: Callable[..., uuid.UUID],
    rates: Callable[..., None],
    owner: psycopg.Connection,
    change: str,
) -> None:
    """After the confirmation was shown: neither with other products nor at other prices. Changed back, it is."""
    rates("10", "50")
    hose = stocked("Hose", currency="NOK")
    add(caller, hose)
    approved = caller.approve(checkout, ADDRESS)
    owner.execute(CHANGES[change], {"user": caller.id, "product": hose})
    error = error_of(lambda: caller.call_approved(checkout, ADDRESS, approved))
    assert error.error.code == "confirmation_mismatch"
    assert (count_orders(owner, caller), stock_of(owner, hose), len(cart_rows(owner, caller))) == (0, 5, 1)
    caller.call(checkout, ADDRESS)
    assert count_orders(owner, caller) == 1


def test_order_of_another_user_does_not_exist(
    new_caller: Callable[..., Caller], stocked: Callable[..., uuid.UUID]
) -> None:
    """The answer is that to an unknown one; one's own is also found as it may be misread."""
    caller, other = new_caller(), new_caller()
    add(caller, stocked("Hose"))
    number = caller.call(checkout, ADDRESS).data["order"]
    for named in (number, number.lower().replace("-", " "), number[4:].replace("0", "o").replace("1", "l")):
        named = named if named.upper().startswith("PAM") else f"pam-{named}"
        assert caller.call(track_order, json.dumps({"order": named})).data["order"] == number
    errors = {
        error_of(lambda named=named: other.call(track_order, json.dumps({"order": named}))).message
        for named in (number, new_order_number(), str(uuid.uuid4()), "latest", "my order")
    }
    assert errors == {"You have no such order in PAM's shop."}


def test_status_comes_from_the_events_of_the_order(
    new_caller: Callable[..., Caller], noon: ManualClock, stocked: Callable[..., uuid.UUID], owner: psycopg.Connection
) -> None:
    """With their times in the user's zone; a cancelled order returns its products to the stock, once."""
    caller = new_caller(noon)
    hose = stocked("Hose")
    add(caller, hose, 2)
    number = caller.call(checkout, ADDRESS).data["order"]
    order = owner.execute("select id from orders where number = %s", (number,)).fetchone()
    assert order is not None

    def happened(status: str, hours: int, note: str = "") -> None:
        owner.execute(
            "insert into order_events (order_id, user_id, status, note, happened_at) values (%s, %s, %s, %s, %s)",
            (order[0], caller.id, status, note, noon.now + timedelta(hours=hours)),
        )

    happened("paid", 1)
    happened("shipped", 2, "Parcel 4711")
    tracked = caller.in_zone("Europe/Oslo").call(track_order, '{"order": "Latest"}')
    assert [event["status"] for event in tracked.data["events"]] == ["pending_payment", "paid", "shipped"]
    assert tracked.data["events"][-1] == {"status": "shipped", "at": "2026-11-22T22:00:00+01:00", "note": "Parcel 4711"}
    assert "is on its way." in tracked.text and tracked.text.endswith("The shop's note: Parcel 4711")
    assert stock_of(owner, hose) == 3
    happened("cancelled", 3)
    assert stock_of(owner, hose) == 5
    with pytest.raises(psycopg.errors.UniqueViolation):
        happened("cancelled", 4)
    assert caller.call(track_order, '{"order": "latest"}').data["status"] == "cancelled"


def test_simulated_products_are_named_as_such(caller: Caller, stocked: Callable[..., uuid.UUID], word: str) -> None:
    """In each result that has one."""
    stocked("Hose", simulated=True)
    results = [
        caller.call(search_products, json.dumps({"query": word})),
        add(caller, word),
        caller.call(get_cart, ""),
        caller.call(checkout, ADDRESS),
        caller.call(track_order, '{"order": "latest"}'),
    ]
    assert all(result.simulated and result.source.startswith("PAM's shop (simulated)") for result in results)


def test_texts_of_suppliers_are_those_of_third_parties() -> None:
    """Names and descriptions: what a model writes after reading them waits for the traveller's confirmation."""
    assert all(tool.returns_others_text for tool in (search_products, get_cart, track_order))
    assert checkout.effect is EffectKind.COSTLY and checkout.operation is not None and checkout.operation.undo is None


def test_order_number_is_not_redacted() -> None:
    """They pass the redaction, and two differ."""
    numbers = {new_order_number() for _ in range(2000)}
    assert len(numbers) == 2000 and all(redact(f"Order {number}.") == f"Order {number}." for number in numbers)


def test_as_of_is_in_the_zone_of_the_device(new_caller: Callable[..., Caller]) -> None:
    """To the second."""
    caller = new_caller(lambda: datetime(2026, 7, 1, 12, 30, tzinfo=UTC)).in_zone("America/Chicago")
    assert caller.call(get_cart, "").as_of == "2026-07-01T07:30:00-05:00"
