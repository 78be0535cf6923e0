"""No route or query reads or writes another user's rows."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

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
    "profile_details",
    "users", "vehicles", "expenses", "budgets", "savings", "conversations", "messages", "turns", "notes", "effects",
    "lost_turns", "trips", "trip_legs", "favorite_spots", "public_profiles", "friendships", "direct_messages",
    "posts", "exchanges", "exchange_words", "embedding_requests", "conversation_episodes", "facts", "memory_words",
    "deleted_facts", "summary_requests", "memory_selections", "memory_deletions", "screen_allowances", "fact_sources",
    "data_exports", "follows", "comments", "post_likes", "shared_places", "events", "event_attendees", "products",
    "shop_rates", "carts", "cart_lines", "orders", "order_lines", "order_events", "calendar_events", "fuel_log",
    "maintenance_records", "feedback",
]  # fmt: skip

UNREADABLE_TABLES = ["security_events", "write_audit"]
"""Records that the app's role adds to, or that a trigger does, and that it can neither read nor change."""


@pytest.fixture
def two_travellers(new_traveller: Callable[[], Traveller]) -> tuple[Traveller, Traveller]:
    """A traveller with an expense, and another one."""
    one, other = new_traveller(), new_traveller()
    one.spends("45")
    return one, other


def test_app_role_owns_no_table_and_cannot_bypass_row_security(owner: psycopg.Connection) -> None:
    """It has no privileged attribute and no membership, and every table forces row security."""
    role = owner.execute(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = 'pam_app'"
    ).fetchone()
    assert role == (False, False, False, False)
    assert owner.execute("select count(*) from pg_auth_members where member = 'pam_app'::regrole").fetchone() == (0,)
    tables = owner.execute(
        "select relname, relrowsecurity, relforcerowsecurity, relowner = 'pam_app'::regrole from pg_class"
        " where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and relname <> 'schema_versions'"
    ).fetchall()
    assert sorted(name for name, *_ in tables) == sorted(TABLES + UNREADABLE_TABLES)
    assert all(flags == [True, True, False] for _, *flags in tables)


@pytest.mark.parametrize("table", TABLES)
def test_connection_without_a_user_sees_no_rows(stack: LocalStack, two_travellers: object, table: str) -> None:
    """Without app.user_id, or with an empty one, every table is empty; the migration ledger can't be read at all."""
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


@pytest.mark.parametrize("table", UNREADABLE_TABLES)
@pytest.mark.parametrize(
    "statement", ["select from {}", "update {} set user_id = user_id", "delete from {}", "truncate {}"]
)
def test_security_records_are_append_only(
    database: Database, two_travellers: tuple[Traveller, Traveller], table: str, statement: str
) -> None:
    """The app's role can't read, change or remove them, not even those of the user of its transaction."""
    user = two_travellers[0].id
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.session(user, Deadline(5)) as connection:
        connection.execute(statement.format(table))


def test_security_event_of_another_user_cannot_be_added(
    database: Database, two_travellers: tuple[Traveller, Traveller]
) -> None:
    one, other = two_travellers
    row = (
        "insert into security_events (user_id, turn_id, occurred_at, kind, rules, outcome)"
        " values (%s, %s, now(), 'tool', '{}', 'x')"
    )
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.session(one.id, Deadline(5)) as connection:
        connection.execute(row, (other.id, uuid.uuid4()))
    with database.session(one.id, Deadline(5)) as connection:
        connection.execute(row, (one.id, uuid.uuid4()))


def test_every_write_and_undo_is_audited(
    owner: psycopg.Connection, two_travellers: tuple[Traveller, Traveller]
) -> None:
    """In the transaction of the write, by a trigger: a repeated request adds nothing."""
    one, _ = two_travellers
    undo = one.spends("10").json()["undo"]
    for _ in range(2):
        one.http.delete(undo["href"]).raise_for_status()
    rows = owner.execute("select action from write_audit where user_id = %s order by id", (one.id,)).fetchall()
    assert [action for (action,) in rows] == ["write", "write", "undo"]


def test_user_of_a_transaction_does_not_apply_to_the_next_one(
    database: Database, two_travellers: tuple[Traveller, Traveller]
) -> None:
    """The setting ends with its transaction, although the connection is reused."""
    with database.session(two_travellers[0].id, Deadline(5)) as connection:
        assert len(connection.execute("select from expenses").fetchall()) == 1
    with database.session(two_travellers[1].id, Deadline(5)) as connection:
        assert connection.execute("select from expenses").fetchall() == []


def test_query_for_another_user_sees_and_changes_no_rows(
    database: Database, two_travellers: tuple[Traveller, Traveller]
) -> None:
    """Row security applies also if the query names another user or none."""
    one, other = two_travellers
    with database.session(other.id, Deadline(5)) as connection:
        assert connection.execute("select from expenses where user_id = %s", (one.id,)).fetchall() == []
        assert connection.execute("update expenses set amount = 1 returning id").fetchall() == []
        profile_of_other = Profile(one.id, parse_time_zone("America/Denver"), "USD", "en_US")
        assert read_spending(connection, profile_of_other, SpendingQuery(), utc_now()).overall.count == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.session(other.id, Deadline(5)) as connection:
        create_expense(connection, profile_of_other, NewExpense(amount="1", category="fuel"), utc_now())
    with database.session(one.id, Deadline(5)) as connection:
        assert read_profile(connection, one.id).currency == "USD"


def test_api_reads_and_undoes_only_the_user_s_own_expenses(two_travellers: tuple[Traveller, Traveller]) -> None:
    """For reading, asking and undoing, another user's expense doesn't exist."""
    one, other = two_travellers
    undo = one.spends("10").json()["undo"]
    assert other.summary()["count"] == 0
    answer = other.http.post("/v1/ask", json={"text": "How much did I spend on gas this month?"})
    assert answer.json()["answer"]["count"] == 0
    response = other.http.delete(undo["href"])
    assert (response.status_code, response.json()["code"]) == (404, "effect_not_found")
    assert one.summary()["count"] == 2


def test_user_id_in_a_body_query_or_header_is_rejected_or_ignored(two_travellers: tuple[Traveller, Traveller]) -> None:
    """The user comes from the token: a field with an id is rejected as unknown, a header is ignored."""
    one, other = two_travellers
    for field in ("user_id", "userId", "sub", "id"):
        forged = {"amount": "1", "category": "fuel", field: str(one.id)}
        assert other.http.post("/v1/expenses", json=forged).json()["code"] == "invalid_request"
        assert other.http.get("/v1/spend-summary", params={field: str(one.id)}).json()["code"] == "invalid_request"
        question = {"text": "how much did I spend on gas this month", field: str(one.id)}
        assert other.http.post("/v1/ask", json=question).json()["code"] == "invalid_request"
    for header in ("x-user-id", "x-amzn-user", "x-forwarded-user"):
        assert other.http.get("/v1/spend-summary", headers={header: str(one.id)}).json()["count"] == 0
    assert one.summary()["count"] == 1


def test_token_that_is_forged_foreign_or_expired_is_rejected(
    stack: LocalStack, two_travellers: tuple[Traveller, Traveller], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every route answers 401 to a wrong signature, issuer or audience, an expired token, and one without signature."""
    one = two_travellers[0]
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
        with httpx.Client(base_url=stack.url, headers=headers) as client:
            assert client.get("/v1/spend-summary").status_code == 401
            assert client.post("/v1/expenses", json={"amount": "1", "category": "fuel"}).status_code == 401
            assert client.delete(f"/v1/effects/{uuid.uuid4()}").status_code == 401
            assert client.post("/v1/ask", json={"text": "add $1 for gas"}).status_code == 401
    assert one.summary()["count"] == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"token_use": "id", "client_id": None, "aud": "pam-web", "scope": None},
        {"token_use": None, "client_id": None, "aud": "pam-web", "scope": None},
        {"token_use": "id", "client_id": None, "aud": "pam-web"},
        {"token_use": "id"},
        {"scope": "email profile"},
        {"scope": ""},
    ],
)
def test_token_that_is_no_access_token_is_rejected(
    stack: LocalStack, traveller: Traveller, claims: dict[str, Any]
) -> None:
    """Every route answers 403 to an ID token, whatever scope it has, and to an access token for something else."""
    headers = {"authorization": f"Bearer {stack.token(traveller.id, **claims)}"}
    with httpx.Client(base_url=stack.url, headers=headers) as client:
        assert client.get("/v1/spend-summary").status_code == 403
        assert client.post("/v1/expenses", json={"amount": "1", "category": "fuel"}).status_code == 403
        assert client.delete(f"/v1/effects/{uuid.uuid4()}").status_code == 403
        assert client.post("/v1/ask", json={"text": "add $1 for gas"}).status_code == 403
        assert client.post("/v1/ws-ticket", json={}).status_code == 403
    assert traveller.summary()["count"] == 0


def test_token_whose_subject_is_not_a_uuid_is_rejected(stack: LocalStack) -> None:
    """A valid token of such a subject gets 403 and the error code `invalid_subject`."""
    event = json.loads((CHECKOUT / "events" / "spend_summary.json").read_text())
    event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = "service-account"
    response = stack.functions["spend_summary"].invoke(event).json()
    assert response["statusCode"] == 403
    assert json.loads(response["body"])["code"] == "invalid_subject"


def test_cached_answers_belong_to_one_user(new_traveller: Callable[[], Traveller], database: Database) -> None:
    """The same request of two users has two answers, also if both come from the cache."""
    one, other = new_traveller(), new_traveller()
    one.spends("45")
    other.spends("7")
    for _ in range(2):
        assert (one.summary()["total"], other.summary()["total"]) == ("45.00", "7.00")
