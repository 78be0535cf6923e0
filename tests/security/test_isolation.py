"""Another traveller's rows can't be read or written by any path."""

import json
import time
import uuid
from collections.abc import Callable

import httpx
import psycopg
import pytest

from local.stack import LocalStack
from local.stand_ins.issuer import Issuer, load_key
from pam.money.expenses import NewExpense, create_expense
from pam.money.spending import SpendingQuery, read_spending
from pam.platform.clock import utc_now
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.users.profile import Profile, read_profile
from pam.users.time_zones import parse_time_zone
from tests.conftest import CHECKOUT, Traveller

TABLES = [
    "users", "vehicles", "expenses", "budgets", "savings", "conversations", "messages", "turns", "notes", "effects",
    "trips", "favorite_spots", "public_profiles", "friendships", "direct_messages", "posts",
]  # fmt: skip


@pytest.fixture
def two(new_traveller: Callable[[], Traveller]) -> tuple[Traveller, Traveller]:
    """One who has an expense, and another."""
    one, other = new_traveller(), new_traveller()
    one.spends("45")
    return one, other


def test_the_app_s_role_owns_nothing_and_can_not_bypass_row_security(owner: psycopg.Connection) -> None:
    """No ownership, no superuser, no BYPASSRLS, no membership in another role; row security forced on every table."""
    role = owner.execute(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = 'pam_app'"
    ).fetchone()
    assert role == (False, False, False, False)
    assert owner.execute("select count(*) from pg_auth_members where member = 'pam_app'::regrole").fetchone() == (0,)
    tables = owner.execute(
        "select relname, relrowsecurity, relforcerowsecurity, relowner = 'pam_app'::regrole from pg_class"
        " where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and relname <> 'schema_versions'"
    ).fetchall()
    assert sorted(name for name, *_ in tables) == sorted(TABLES)
    assert all(flags == [True, True, False] for _, *flags in tables)


@pytest.mark.parametrize("table", TABLES)
def test_without_a_traveller_there_are_no_rows(stack: LocalStack, two: object, table: str) -> None:
    """A connection that forgot to say for whom it asks sees nothing, and can't see the ledger at all."""
    app = stack.postgres.app
    with psycopg.connect(
        host=app["host"],
        port=app["port"],
        dbname=app["dbname"],
        user=app["username"],
        password=app["password"],
    ) as connection:
        assert connection.execute(f"select count(*) from {table}").fetchone() == (0,)
        connection.execute("select set_config('app.user_id', '', true)")
        assert connection.execute(f"select count(*) from {table}").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from schema_versions")


def test_the_traveller_of_one_transaction_is_forgotten_in_the_next(
    database: Database, two: tuple[Traveller, Traveller]
) -> None:
    """The setting ends with its transaction, on the same connection."""
    with database.session(two[0].id, Deadline(5)) as connection:
        assert len(connection.execute("select from expenses").fetchall()) == 1
    with database.session(two[1].id, Deadline(5)) as connection:
        assert connection.execute("select from expenses").fetchall() == []


def test_row_security_holds_where_the_query_forgets_it(database: Database, two: tuple[Traveller, Traveller]) -> None:
    """A query that names the other traveller, or nobody, sees and changes none of their rows."""
    one, other = two
    with database.session(other.id, Deadline(5)) as connection:
        assert connection.execute("select from expenses where user_id = %s", (one.id,)).fetchall() == []
        assert connection.execute("update expenses set amount = 1 returning id").fetchall() == []
        stolen = Profile(one.id, parse_time_zone("America/Denver"), "USD", "en_US")
        assert read_spending(connection, stolen, SpendingQuery(), utc_now()).overall.count == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.session(other.id, Deadline(5)) as connection:
        create_expense(connection, stolen, NewExpense(amount="1", category="fuel"), utc_now(), None)
    with database.session(one.id, Deadline(5)) as connection:
        assert read_profile(connection, one.id).currency == "USD"


def test_through_the_api_each_sees_and_undoes_only_their_own(two: tuple[Traveller, Traveller]) -> None:
    """Reading, asking, undoing: the other's expense doesn't exist."""
    one, other = two
    undo = one.spends("10").json()["undo"]
    assert other.summary()["count"] == 0
    asked = other.http.post("/v1/ask", json={"text": "How much did I spend on gas this month?"})
    assert asked.json()["answer"]["count"] == 0
    reply = other.http.delete(undo["href"])
    assert (reply.status_code, reply.json()["code"]) == (404, "expense_not_found")
    assert one.summary()["count"] == 2


def test_a_body_or_query_that_names_another_is_refused(two: tuple[Traveller, Traveller]) -> None:
    """The user id comes from the token; anywhere else it's an unknown field, and nothing is written."""
    one, other = two
    for field in ("user_id", "userId", "sub", "id"):
        forged = {"amount": "1", "category": "fuel", field: str(one.id)}
        assert other.http.post("/v1/expenses", json=forged).json()["code"] == "invalid_request"
        assert other.http.get("/v1/spend-summary", params={field: str(one.id)}).json()["code"] == "invalid_request"
        asked = {"text": "how much did I spend on gas this month", field: str(one.id)}
        assert other.http.post("/v1/ask", json=asked).json()["code"] == "invalid_request"
    for header in ("x-user-id", "x-amzn-user", "x-forwarded-user"):
        assert other.http.get("/v1/spend-summary", headers={header: str(one.id)}).json()["count"] == 0
    assert one.summary()["count"] == 1


def test_a_token_of_another_issuer_opens_nothing(
    stack: LocalStack, two: tuple[Traveller, Traveller], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Another issuer's signature, even under our issuer's name, an expired one, or none: 401 on every route."""
    one = two[0]
    other_key = load_key(tmp_path_factory.mktemp("issuer") / "key.pem")
    forged = Issuer(stack.issuer.url, other_key, one.id).mint(one.id)
    elsewhere = Issuer("https://issuer.example", other_key, one.id).mint(one.id)
    bad = [
        forged,
        elsewhere,
        stack.token(one.id, iss="https://issuer.example"),
        stack.token(one.id, aud="another-app"),
        stack.token(one.id, exp=int(time.time()) - 3600),
        forged.rsplit(".", 1)[0] + ".",
        "null",
    ]
    for token in bad:
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=stack.url, headers=headers) as stranger:
            assert stranger.get("/v1/spend-summary").status_code == 401
            assert stranger.post("/v1/expenses", json={"amount": "1", "category": "fuel"}).status_code == 401
            assert stranger.delete(f"/v1/expenses/{uuid.uuid4()}").status_code == 401
            assert stranger.post("/v1/ask", json={"text": "add $1 for gas"}).status_code == 401
    assert one.summary()["count"] == 1


def test_a_subject_that_is_no_uuid_is_no_traveller(stack: LocalStack) -> None:
    """A good token of somebody whom we can't have rows of is refused with its own code."""
    event = json.loads((CHECKOUT / "events" / "spend_summary.json").read_text())
    event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = "service-account"
    reply = stack.functions["spend_summary"].invoke(event).json()
    assert reply["statusCode"] == 403
    assert json.loads(reply["body"])["code"] == "invalid_subject"


def test_the_cache_of_one_is_not_another_s(new_traveller: Callable[[], Traveller], database: Database) -> None:
    """The same question of two travellers has two answers, also when both come from the cache."""
    one, other = new_traveller(), new_traveller()
    one.spends("45")
    other.spends("7")
    for _ in range(2):
        assert (one.summary()["total"], other.summary()["total"]) == ("45.00", "7.00")
