"""Row security of the shop's tables and the calendar, tested with the app role and arbitrary queries."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import pytest

from pam.calendar.events import create_event
from pam.calendar.times import resolve_span
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.shop.carts import add_line, read_cart
from pam.shop.orders import place_order
from pam.shop.products import find_product
from pam.users.profile import ensure_user, read_profile
from tests.security.user_sessions import UserSessions

Denied = psycopg.errors.InsufficientPrivilege
NOW = datetime(2026, 11, 22, 19, tzinfo=UTC)


@dataclass(frozen=True)
class Customers(UserSessions):
    """Two users, each with an order, something in the cart, and an event, of the same product."""

    product: uuid.UUID
    ann: uuid.UUID
    eve: uuid.UUID

    def order_of(self, user_id: uuid.UUID) -> uuid.UUID:
        """Return the id of the user's order."""
        [row] = self.select(user_id, "select id from orders")
        return uuid.UUID(str(row["id"]))


@pytest.fixture
def customers(database: Database, owner: psycopg.Connection) -> Iterator[Customers]:
    """Two new users with the rows of `Customers`."""
    name = f"Lantern {uuid.uuid4()}"
    made = owner.execute(
        "insert into products (name, category, price, currency, stock) values (%s, 'outdoor', 20, 'USD', 50)"
        " returning id",
        (name,),
    ).fetchone()
    assert made is not None
    customers = Customers(database, uuid.UUID(str(made[0])), uuid.uuid4(), uuid.uuid4())
    for user in (customers.ann, customers.eve):
        with database.session(user, Deadline(5)) as connection:
            ensure_user(connection, user)
            profile = read_profile(connection, user)
            add_line(connection, user, find_product(connection, name), 1, NOW)
            place_order(connection, profile, read_cart(connection, user, "USD").fingerprint, "Moab", NOW)
            add_line(connection, user, find_product(connection, name), 2, NOW)
            create_event(connection, user, "Dentist", "", "", resolve_span(NOW.date(), None, profile), NOW)
    yield customers
    owner.execute("delete from users where id = any (%s)", ([customers.ann, customers.eve],))
    owner.execute("delete from products where id = %s", (customers.product,))


OWN_TABLES = ("carts", "cart_lines", "orders", "order_lines", "order_events", "calendar_events")


@pytest.mark.parametrize("table", OWN_TABLES)
def test_rows_are_visible_to_their_user_only(customers: Customers, table: str) -> None:
    """Also to a query that names the other user."""
    for user, other in ((customers.ann, customers.eve), (customers.eve, customers.ann)):
        assert len(customers.select(user, f"select from {table} where user_id = %s", user)) == 1
        assert customers.select(user, f"select from {table} where user_id = %s", other) == []


@pytest.mark.parametrize(
    ("table", "change"),
    [("carts", "currency = 'EUR'"), ("cart_lines", "quantity = 9"), ("calendar_events", "title = 'x'")],
)
def test_rows_of_another_user_are_not_changed(customers: Customers, table: str, change: str) -> None:
    """Nor deleted."""
    for statement in (
        f"update {table} set {change} where user_id = %s returning 1",
        f"delete from {table} where user_id = %s returning 1",
    ):
        assert customers.select(customers.eve, statement, customers.ann) == []
    assert len(customers.select(customers.ann, f"select from {table}")) == 1


def test_row_in_another_user_s_name_is_rejected(customers: Customers) -> None:
    """Of a cart, an order and a calendar."""
    stranger = uuid.uuid4()
    for statement in (
        "insert into carts (user_id, currency) values (%s, 'USD')",
        "insert into orders (id, user_id, number, address, currency, subtotal, simulated, created_at)"
        " values (gen_random_uuid(), %s, 'PAM-AAAAA-AAAAA', 'x', 'USD', 1, false, now())",
        "insert into calendar_events (id, user_id, title, first_day, last_day, created_at, version)"
        " values (gen_random_uuid(), %s, 'x', '2026-01-01', '2026-01-01', now(), gen_random_uuid())",
    ):
        for user in (customers.ann, stranger):
            with pytest.raises(Denied):
                customers.execute(customers.eve, statement, user)


@pytest.mark.parametrize(
    "statement",
    [
        "update orders set subtotal = 1",
        "delete from orders",
        "delete from order_lines",
        "update order_lines set quantity = 1",
        "delete from order_events",
        "update order_events set status = 'paid'",
        "update products set stock = 99",
        "update products set price = 0.01",
        "delete from products",
        "insert into products (name, category, price, currency, stock) values ('x', 'outdoor', 1, 'USD', 1)",
        "update shop_rates set tax_percent = 0",
        "delete from shop_rates",
    ],
)
def test_what_operators_keep_is_not_changed_by_users(customers: Customers, statement: str) -> None:
    """Nor is one's own order, once it is placed."""
    with pytest.raises(Denied):
        customers.execute(customers.ann, statement)


@pytest.mark.parametrize("status", ["paid", "shipped", "delivered", "cancelled"])
def test_user_can_not_say_what_happened_to_an_order(customers: Customers, status: str) -> None:
    """Not even to their own: it begins as unpaid, once."""
    insert = "insert into order_events (order_id, user_id, status, happened_at) values (%s, %s, %s, now())"
    with pytest.raises(Denied):
        customers.execute(customers.ann, insert, customers.order_of(customers.ann), customers.ann, status)
    with pytest.raises(psycopg.errors.UniqueViolation):
        customers.execute(customers.ann, insert, customers.order_of(customers.ann), customers.ann, "pending_payment")


def test_nothing_is_added_to_another_user_s_order(customers: Customers, owner: psycopg.Connection) -> None:
    """Neither a line, which would take from the stock, nor an event."""
    order = customers.order_of(customers.ann)
    line = (
        "insert into order_lines (order_id, user_id, position, product_id, name, quantity, unit_price)"
        " values (%s, %s, 2, %s, 'x', 1, 1)"
    )
    event = (
        "insert into order_events (order_id, user_id, status, happened_at) values (%s, %s, 'pending_payment', now())"
    )
    for error, user in ((Denied, customers.ann), (psycopg.errors.ForeignKeyViolation, customers.eve)):
        with pytest.raises(error):
            customers.execute(customers.eve, line, order, user, customers.product)
        with pytest.raises(error):
            customers.execute(customers.eve, event, order, user)
    assert owner.execute("select stock from products where id = %s", (customers.product,)).fetchone() == (48,)


def test_account_deletion_removes_all_rows(customers: Customers, owner: psycopg.Connection) -> None:
    """The product stays, with the stock of the unpaid order; the other user's rows stay, too."""
    owner.execute("delete from users where id = %s", (customers.ann,))
    for table in OWN_TABLES:
        counts = owner.execute(
            f"select count(*) filter (where user_id = %s), count(*) filter (where user_id = %s) from {table}",
            (customers.ann, customers.eve),
        ).fetchone()
        assert counts == (0, 1)
    assert owner.execute("select stock from products where id = %s", (customers.product,)).fetchone() == (49,)
