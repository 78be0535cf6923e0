"""Buyers at once: exactly what was in stock is sold, and no order takes part of what it should."""

import os
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import pytest

from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.postgres import Database
from pam.shop.carts import add_line, read_cart, restore_line
from pam.shop.orders import place_order
from pam.shop.products import find_product
from pam.users.profile import ensure_user, read_profile

ROUNDS = int(os.environ.get("PAM_CASES", "20"))
"""`make soak` has a thousand."""

BUYERS = 6
STOCK = 4
NOW = datetime(2026, 11, 22, 19, tzinfo=UTC)


@dataclass(frozen=True)
class Shop:
    """Two products, and what buyers do with them."""

    database: Database
    owner: psycopg.Connection
    products: tuple[uuid.UUID, uuid.UUID]

    def stocks(self) -> list[int]:
        rows = self.owner.execute("select stock from products where id = any (%s)", (list(self.products),))
        return [stock for (stock,) in rows.fetchall()]

    def restock(self, number: int) -> None:
        self.owner.execute("update products set stock = %s where id = any (%s)", (number, list(self.products)))

    def fill_cart(self, *products: uuid.UUID) -> uuid.UUID:
        """Return a new user with one of each product in the cart."""
        user = uuid.uuid4()
        with self.database.session(user, Deadline(30)) as connection:
            ensure_user(connection, user)
            for product in products:
                add_line(connection, user, find_product(connection, str(product)), 1, NOW)
        return user

    def order(self, user: uuid.UUID) -> str:
        """Order the user's cart as it is; return the code of the error, or nothing."""
        try:
            with self.database.session(user, Deadline(30)) as connection:
                profile = read_profile(connection, user)
                fingerprint = read_cart(connection, user, "USD").fingerprint
                place_order(connection, profile, fingerprint, "Moab", NOW)
        except PamError as error:
            return error.error.code
        return ""


@pytest.fixture
def shop(database: Database, owner: psycopg.Connection) -> Iterator[Shop]:
    """Two products of the test's own; all that is bought of them is removed with them."""
    insert = (
        "insert into products (name, category, price, currency, stock) values (%s, 'outdoor', 9.99, 'USD', %s)"
        " returning id"
    )
    made = [owner.execute(insert, (f"Race {uuid.uuid4()}", STOCK)).fetchone() for _ in range(2)]
    first, second = (uuid.UUID(str(row[0])) for row in made if row)
    yield Shop(database, owner, (first, second))
    owner.execute("delete from products where id = any (%s)", ([first, second],))


def at_once(*calls: object) -> list[str]:
    """Call all at the same instant; return what each returned."""
    barrier = threading.Barrier(len(calls))

    def run(call: object) -> str:
        assert callable(call)
        barrier.wait(30)
        return str(call())

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.soak
def test_orders_at_once_sell_what_is_in_stock(shop: Shop) -> None:
    """Of two products, in carts of either sequence: none waits for another in a circle."""
    first, second = shop.products
    for _ in range(ROUNDS):
        shop.restock(STOCK)
        users = [shop.fill_cart(*((first, second) if number % 2 else (second, first))) for number in range(BUYERS)]
        outcomes = at_once(*(lambda user=user: shop.order(user) for user in users))
        assert sorted(outcomes) == [""] * STOCK + ["out_of_stock"] * (BUYERS - STOCK)
        assert shop.stocks() == [0, 0]
        kept = shop.owner.execute(
            "select count(distinct user_id), count(*) from cart_lines where user_id = any (%s)", (users,)
        ).fetchone()
        ordered = shop.owner.execute(
            "select count(distinct order_id), count(*) from order_lines where user_id = any (%s)", (users,)
        ).fetchone()
        assert (kept, ordered) == ((BUYERS - STOCK, 2 * (BUYERS - STOCK)), (STOCK, 2 * STOCK))


@pytest.mark.soak
def test_one_cart_is_ordered_once(shop: Shop) -> None:
    """By confirmations at once; the others find it empty."""
    for _ in range(ROUNDS):
        shop.restock(STOCK)
        user = shop.fill_cart(*shop.products)
        outcomes = at_once(*[lambda user=user: shop.order(user)] * 3)
        assert sorted(outcomes)[0] == "" and set(outcomes[1:] + outcomes[:1]) <= {"", "cart_empty", "cart_changed"}
        assert outcomes.count("") == 1 and shop.stocks() == [STOCK - 1, STOCK - 1]


@pytest.mark.soak
def test_product_that_is_added_during_an_order_stays_in_the_cart(shop: Shop) -> None:
    """It is either in the order as it was confirmed, or in the cart: it is neither lost nor ordered unseen."""
    first, second = shop.products
    for _ in range(ROUNDS):
        shop.restock(STOCK)
        user = shop.fill_cart(first)
        with shop.database.session(user, Deadline(30)) as connection:
            confirmed = read_cart(connection, user, "USD").fingerprint

        def add(user: uuid.UUID = user) -> str:
            with shop.database.session(user, Deadline(30)) as connection:
                add_line(connection, user, find_product(connection, str(second)), 1, NOW)
            return ""

        def order(user: uuid.UUID = user, confirmed: uuid.UUID = confirmed) -> str:
            try:
                with shop.database.session(user, Deadline(30)) as connection:
                    place_order(connection, read_profile(connection, user), confirmed, "Moab", NOW)
            except PamError as error:
                return error.error.code
            return ""

        _, outcome = at_once(add, order)
        lines = shop.owner.execute("select product_id from cart_lines where user_id = %s", (user,)).fetchall()
        assert outcome in ("", "cart_changed")
        assert {row[0] for row in lines} == ({second} if outcome == "" else {first, second})


@pytest.mark.soak
def test_additions_at_once_are_all_counted(shop: Shop) -> None:
    """Up to the stock; undone at once, the last of them is taken back once."""
    product = shop.products[0]
    for _ in range(ROUNDS):
        shop.restock(STOCK)
        user = shop.fill_cart(product)
        undos: list[object] = []

        def add(user: uuid.UUID = user, undos: list[object] = undos) -> str:
            try:
                with shop.database.session(user, Deadline(30)) as connection:
                    added = add_line(connection, user, find_product(connection, str(product)), 1, NOW)
            except PamError as error:
                return error.error.code
            undos.append(added)
            return ""

        outcomes = at_once(*[add] * BUYERS)
        assert sorted(outcomes) == [""] * (STOCK - 1) + ["out_of_stock"] * (BUYERS - STOCK + 1)
        last = max(undos, key=lambda added: added.line.quantity)  # type: ignore[attr-defined]

        def undo(user: uuid.UUID = user, last: object = last) -> str:
            with shop.database.session(user, Deadline(30)) as connection:
                return str(restore_line(connection, user, last.undo))  # type: ignore[attr-defined]

        assert at_once(undo, undo, undo) == [str(STOCK - 1)] * 3
