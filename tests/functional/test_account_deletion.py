"""An account that is deleted leaves no row, no item and no file."""

import json
import uuid
from typing import Any

import boto3
import psycopg
import pytest

from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.platform.postgres import Database
from tests.conftest import Traveller
from tests.functional.memory.traces import MEMORY_TABLES, dynamodb_client
from tests.security.cross_user.resident import Resident, summarise

CONFIRMED = {"confirm": "delete-my-account"}

WITH_ROWS = MEMORY_TABLES | {
    "users", "data_exports", "expenses", "budgets", "savings", "vehicles", "effects", "write_audit", "lost_turns",
    "trips", "favorite_spots", "public_profiles", "friendships", "follows", "direct_messages", "posts",
    "security_events",
}  # fmt: skip
"""Tables with rows of a resident. That a row of any other one goes, too, is in the catalogue."""


def file_keys(stack: LocalStack, user_id: uuid.UUID) -> list[str]:
    """Return the keys of all files in the bucket that name the user."""
    environment = stack.environment_of("account")
    s3: Any = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    found = s3.list_objects_v2(Bucket=environment["EXPORT_BUCKET"]).get("Contents", ())
    return [each["Key"] for each in found if str(user_id) in each["Key"]]


def stored(user: Resident) -> dict[str, list[str]]:
    """Return every row and item that names the user, but tickets, which nothing leads to: they expire in a minute."""
    found = user.stored()
    found["DynamoDB"] = [item for item in found["DynamoDB"] if '"ticket#' not in item]
    return found


@pytest.mark.usefixtures("lambda_environment")
def test_nothing_of_a_deleted_account_is_left(stack: LocalStack, owner: psycopg.Connection, database: Database) -> None:
    """Of another user everything stays. It may be repeated."""
    with Resident(stack, owner, database) as user, Resident(stack, owner, database) as other:
        summarise(stack, owner, [user, other])
        for each in (user, other):
            fill_others(owner, each)
            Bootstrap().files.put(each.id, "report.csv", b"x", "text/csv")
        before = stored(user)
        assert {name for name in WITH_ROWS if not before[name]} == set() and before["DynamoDB"]
        assert len(file_keys(stack, user.id)) == len(file_keys(stack, other.id)) == 2
        others = stored(other)

        answer = user.http.delete("/v1/account", params=CONFIRMED)

        assert answer.status_code == 200, answer.text
        assert (answer.json()["deleted"], answer.json()["files"]) == (True, 2)
        assert {name: rows for name, rows in stored(user).items() if rows} == {}
        assert file_keys(stack, user.id) == [] and len(file_keys(stack, other.id)) == 2
        assert stored(other) == others
        # Neither the text of the answers that idempotency keys had, nor anything else.
        leftovers = [item for item in all_items(stack) if user.secret.lower() in item.lower()]
        assert leftovers == []
        again = user.http.delete("/v1/account", params=CONFIRMED)
        assert again.status_code == 200 and again.json()["files"] == 0
        assert {name: rows for name, rows in stored(user).items() if rows} == {}
        # They begin anew.
        assert user.http.get("/v1/expenses").json()["expenses"] == []
        reply = user.http.post("/v1/expenses", json={"amount": "5", "category": "fuel"})
        assert reply.status_code == 201 and user.count_expenses() == 1


def fill_others(owner: psycopg.Connection, user: Resident) -> None:
    """Insert what no request of a resident writes."""
    owner.execute("insert into vehicles (user_id, name, kind) values (%s, 'Bus', 'motorhome')", (user.id,))
    owner.execute(
        "insert into savings (user_id, amount, currency, kind, saved_at) values (%s, 5, 'USD', 'gas', now())",
        (user.id,),
    )
    owner.execute(
        "insert into data_exports (user_id, formats, row_count, size_bytes, created_at)"
        " values (%s, '{csv}', 1, 1, now())",
        (user.id,),
    )
    owner.execute("insert into follows (follower, followed) values (%s, %s)", (user.friend, user.id))


def all_items(stack: LocalStack) -> list[str]:
    """Return every item of DynamoDB as JSON text."""
    client = dynamodb_client(stack)
    names = {value for name, value in stack.environment_of("account").items() if name.endswith("_TABLE")}
    pages = (page for name in names for page in client.get_paginator("scan").paginate(TableName=name))
    return [json.dumps(item, default=str, ensure_ascii=False) for page in pages for item in page["Items"]]


@pytest.mark.parametrize(
    "query",
    ["", "confirm=", "confirm=yes", "confirm=DELETE-MY-ACCOUNT", "confirm=delete-my-account&confirm=x", "sure=1"],
)
def test_unconfirmed_deletion_is_rejected(traveller: Traveller, query: str) -> None:
    """Nothing is deleted."""
    traveller.spends("5")
    reply = traveller.http.delete(f"/v1/account?{query}")
    expected = "invalid_request" if "&" in query else "account_not_confirmed"
    assert (reply.status_code, reply.json()["code"]) == (422, expected)
    assert traveller.summary()["total"] == "5.00"


def test_unknown_user_can_delete_the_account(traveller: Traveller, owner: psycopg.Connection) -> None:
    """There is nothing, and nothing is left."""
    assert traveller.http.delete("/v1/account", params=CONFIRMED).status_code == 200
    assert owner.execute("select count(*) from users where id = %s", (traveller.id,)).fetchone() == (0,)


@pytest.mark.usefixtures("lambda_environment")
def test_deletion_during_a_turn_is_rejected(traveller: Traveller) -> None:
    """Which would write after it; once its lease is over, nobody does."""
    traveller.spends("5")
    bootstrap = Bootstrap()
    turn = bootstrap.turns.open(traveller.id, uuid.uuid4(), uuid.uuid4(), "connection", {})
    assert turn is not None
    reply = traveller.http.delete("/v1/account", params=CONFIRMED)
    assert (reply.status_code, reply.json()["code"]) == (409, "turn_running")
    assert traveller.summary()["total"] == "5.00"
    bootstrap.chat_table.update(
        (f"turn#{traveller.id}", f"{turn.message_id}#state"), "set #lease_expires_at = :past", {"past": 0}
    )
    assert traveller.http.delete("/v1/account", params=CONFIRMED).status_code == 200


def test_every_row_that_refers_to_a_user_goes_with_the_user(owner: psycopg.Connection) -> None:
    """By foreign keys: each that leads to a table of users deletes its rows, or clears the reference."""
    kept = owner.execute(
        "select conrelid::regclass::text, conname from pg_constraint"
        " where contype = 'f' and confrelid in (select to_regclass(name) from owning_columns())"
        "   and confdeltype not in ('c', 'n')"
    ).fetchall()
    assert kept == []
    named = owner.execute(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'public' and (column_name like '%user_id' or column_name in ('author_id', 'owner_id'))"
    ).fetchall()
    owning = dict(owner.execute("select name, columns from owning_columns()").fetchall())
    assert len(named) > 20 and [(name, column) for name, column in named if column not in owning.get(name, ())] == []


def test_deletion_of_many_rows_is_done_at_once(traveller: Traveller, owner: psycopg.Connection) -> None:
    """The cascade is within the time of a statement."""
    owner.execute("insert into users (id) values (%s)", (traveller.id,))
    owner.execute(
        "insert into expenses (user_id, amount, currency, category, spent_at)"
        " select %s, 5, 'USD', 'fuel', now() - i * interval '1 hour' from generate_series(1, 20000) i",
        (traveller.id,),
    )
    assert traveller.http.delete("/v1/account", params=CONFIRMED).status_code == 200
    assert owner.execute("select count(*) from expenses where user_id = %s", (traveller.id,)).fetchone() == (0,)
