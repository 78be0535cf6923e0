"""What is left of a user after a deletion: every table of Postgres and every item of DynamoDB is read."""

import json
import uuid
from typing import Any

import boto3
import psycopg

from local.stack import LocalStack
from tests.functional.sam import TEMPLATE, of_type

MEMORY_TABLES = frozenset(
    {
        "conversations", "messages", "notes", "turns", "exchanges", "exchange_words", "embedding_requests",
        "conversation_episodes", "facts", "fact_sources", "memory_words", "deleted_facts", "summary_requests",
    }
)  # fmt: skip


def rows_with(owner: psycopg.Connection, text: str) -> set[str]:
    """Return the names of the tables, of all schemas of the application, with a row that contains a text."""
    tables = owner.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    assert {name for _, name in tables} >= MEMORY_TABLES
    return {
        name
        for schema, name in tables
        if owner.execute(
            f'select 1 from "{schema}"."{name}" t where strpos(lower(t::text), lower(%s)) > 0 limit 1', [text]
        ).fetchone()
    }


def rows_of_user(owner: psycopg.Connection, user_id: uuid.UUID) -> set[str]:
    """Return the names of the memory tables that have a row of a user."""
    return {
        name
        for name in MEMORY_TABLES
        if owner.execute(f"select 1 from {name} where user_id = %s limit 1", [user_id]).fetchone()
    }


def items_with(stack: LocalStack, text: str) -> list[str]:
    """Return the table and the key of every item of DynamoDB that contains a text."""
    client = dynamodb_client(stack)
    found = []
    for table in table_names(stack):
        for page in client.get_paginator("scan").paginate(TableName=table):
            found += [
                f"{table} {item.get('key') or item.get('user_id') or item.get('id')} {item.get('item')}"
                for item in page["Items"]
                if text.lower() in json.dumps(item, default=str).lower()
            ]
    return found


def table_names(stack: LocalStack) -> list[str]:
    """Return the names of all tables of the template, from the functions' environment."""
    names = {value for name, value in stack.environment_of("chat_worker").items() if name.endswith("_TABLE")}
    assert len(names) == len(of_type(TEMPLATE, "AWS::DynamoDB::Table"))
    return sorted(names)


def dynamodb_client(stack: LocalStack) -> Any:
    environment = stack.environment_of("weather")
    return boto3.client(
        "dynamodb",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
