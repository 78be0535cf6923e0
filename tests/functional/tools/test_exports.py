"""Files that a traveller gets behind a link: the budget report, and the archive of all their data."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest

from local.stack import LocalStack
from pam.community.profiles import save_public_profile
from pam.platform.deadline import Deadline
from pam.tools.catalog.budget import track_savings
from pam.tools.catalog.exports import export_budget_report, export_data
from pam.tools.catalog.memory import forget_memory, list_memories, remember_fact
from pam.tools.catalog.money import create_expense, update_budget
from pam.tools.engine.results import result_json
from pam.users.csv_file import csv_cell
from pam.users.held_data import INDEXES, read_held_tables
from tests.functional.tools.conftest import Caller, ManualClock, error_of
from tests.words import new_word

Callers = Callable[..., Caller]


def fetch(result: Any) -> bytes:
    """Return the file behind the link of a result."""
    response = httpx.get(result.data["download"]["href"])
    assert response.status_code == 200, response.text
    return response.content


def csv_rows(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def spend(caller: Caller, **fields: Any) -> None:
    caller.call(create_expense, json.dumps({"amount": 5, "category": "fuel"} | fields))


def test_report_has_expenses_budgets_and_savings(new_caller: Callers, noon: ManualClock) -> None:
    """Of the period alone; each amount with its currency, and beside another one what it counts as."""
    caller = new_caller(noon)
    spend(caller, amount=45.5, description="Tankstelle Großglockner 🚐, „voll“")
    noon.now += timedelta(minutes=1)
    spend(caller, amount=20, refund=True, category="shopping")
    spend(caller, amount="€10", category="dining", date="2026-11-20")
    spend(caller, amount=99, date="2026-10-31")
    caller.call(update_budget, '{"amount": 300, "category": "fuel"}')
    caller.call(track_savings, '{"amount": 12, "category": "camping", "kind": "campground"}')
    result = caller.call(export_budget_report, '{"format": "csv"}')
    rows = csv_rows(fetch(result))
    assert [(row["record"], row["date"], row["category"], row["amount"], row["currency"]) for row in rows] == [
        ("expense", "2026-11-20", "dining", "10.00", "EUR"),
        ("expense", "2026-11-22", "fuel", "45.50", "USD"),
        ("refund", "2026-11-22", "shopping", "-20.00", "USD"),
        ("budget", "", "fuel", "300.00", "USD"),
        ("saving", "2026-11-22", "camping", "12.00", "USD"),
    ]
    assert rows[1]["description"] == "Tankstelle Großglockner 🚐, „voll“"
    assert rows[0]["currency_converted"] == "USD" and rows[0]["rate_source"] == "ECB (simulated)"
    assert float(rows[0]["amount_converted"]) == round(10 * float(rows[0]["exchange_rate"]), 2)
    assert (result.data["expenses"], result.data["budgets"], result.data["savings"]) == (3, 1, 1)
    assert result.data["file"] == "pam-budget-2026-11-01-to-2026-11-30.csv"
    assert result.text.startswith("The report of this month (Nov 1") and result.source == "Your expenses in PAM"
    body = json.loads(fetch(caller.call(export_budget_report, '{"format": "json", "period": "october"}')))
    assert [(row["amount"], row["currency"]) for row in body["expenses"]] == [("99.00", "USD")]
    assert (body["from"], body["to"], body["savings"]) == ("2026-10-01", "2026-11-01", [])


def test_report_of_an_empty_account_has_its_columns(caller: Caller) -> None:
    """And no row."""
    result = caller.call(export_budget_report, '{"format": "csv"}')
    assert csv_rows(fetch(result)) == [] and ": 0 expenses, 0 budgets, 0 savings" in result.text


def test_link_works_for_an_hour_and_is_not_sent_to_the_model(new_caller: Callers, noon: ManualClock) -> None:
    """Its signature expires; who has it needs no token, and without the signature nobody gets the file."""
    result = new_caller(noon).call(export_budget_report, '{"format": "csv"}')
    href = result.data["download"]["href"]
    assert parse_qs(urlsplit(href).query)["X-Amz-Expires"] == ["3600"]
    assert result.data["download"]["expires_at"] == "2026-11-22T13:00:00-07:00"
    assert "1:00" in result.text
    response = httpx.get(href)
    assert response.headers["content-disposition"].startswith("attachment; filename")
    assert "X-Amz" not in result_json(result) and "download" not in json.loads(result_json(result))["data"]
    assert httpx.get(href.partition("?")[0]).status_code >= 400


@pytest.mark.parametrize(
    "formula",
    ["=1+1", "+49 123", "-2+3", "@SUM(A1)", "\t=1", "  =cmd|' /C calc'!A0", "＝1", "|calc", "%0A", '=HYPERLINK("x")'],
)
def test_text_is_no_formula_in_a_spreadsheet(caller: Caller, formula: str) -> None:
    """An apostrophe is before it, also where spaces are; the amounts of refunds stay numbers."""
    assert csv_cell(formula) == f"'{formula}"
    spend(caller, description=formula, refund=True)
    [row] = csv_rows(fetch(caller.call(export_budget_report, '{"format": "csv"}')))
    assert row["description"][0] == "'" and row["description"].removeprefix("'") == formula.strip()
    assert row["amount"] == "-5.00"


def test_text_after_a_semicolon_is_no_formula() -> None:
    """Where a semicolon separates cells, it begins one."""
    assert csv_cell("hi;=1+cmd|' /C calc'!A0") == "hi;'=1+cmd|' /C calc'!A0"
    assert csv_cell("line\n@SUM(1)") == "line\n'@SUM(1)"
    assert csv_cell("a; b - c; 5") == "a; b - c; 5"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "true"), (-5, "-5"), ("-5.25", "-5.25"), ("- 5", "'- 5"), ({"a": "é"}, '{"a": "é"}'),
        ("line\r\nbreak", "line\r\nbreak"), ("a=b", "a=b"), ("-5.2e3+A1", "'-5.2e3+A1"),
    ],
)  # fmt: skip
def test_cell_is_the_text_of_its_value(value: Any, text: str) -> None:
    """Numbers stay numbers, and JSON stays JSON."""
    assert csv_cell(value) == text


@pytest.mark.parametrize(
    ("tool", "raw", "code"),
    [
        (export_budget_report, "{}", "invalid_request"),
        (export_budget_report, '{"format": "pdf"}', "unknown_format"),
        (export_budget_report, '{"format": "xlsx"}', "unknown_format"),
        (export_budget_report, '{"format": ["csv"]}', "unknown_format"),
        (export_budget_report, '{"format": "csv", "period": "fortnight"}', "unknown_period"),
        (export_data, '{"format": "pdf"}', "unknown_format"),
        (export_data, '{"format": 1}', "unknown_format"),
    ],
)
def test_invalid_export_is_rejected(caller: Caller, tool: Any, raw: str, code: str) -> None:
    """A PDF isn't pretended to."""
    assert error_of(lambda: caller.call(tool, raw)).error.code == code


def archive_of(result: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(fetch(result))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def save_profile(caller: Caller, name: str) -> None:
    with caller.context.dependencies.database.session(caller.id, Deadline(5)) as connection:
        connection.execute("insert into users (id) values (%s) on conflict do nothing", (caller.id,))
        save_public_profile(connection, caller.id, name)


def test_archive_has_every_row_of_the_user_and_no_other(
    new_caller: Callers, noon: ManualClock, owner: psycopg.Connection
) -> None:
    """Each table with rows is a JSON and a CSV file; also one that the app's role can't read."""
    caller, other = new_caller(noon), new_caller(noon)
    word = new_word()
    save_profile(caller, f"Mine {word}")
    save_profile(other, f"Others {word}")
    spend(caller, description=f"=mine {word}")
    spend(other, description=f"theirs {word}")
    owner.execute(
        "insert into direct_messages (sender_id, recipient_id, body) values (%s, %s, %s), (%s, %s, %s)",
        (caller.id, other.id, f"sent {word}", other.id, caller.id, f"received {word}"),
    )
    owner.execute(
        "insert into security_events (user_id, turn_id, occurred_at, kind, rules, outcome)"
        " select id, gen_random_uuid(), now(), 'message', '{}', 'allow' from unnest(%s::uuid[]) id",
        ([caller.id, other.id],),
    )
    assert "link works for an hour" in caller.preview(export_data, "{}")
    result = caller.call(export_data, "{}")
    files = archive_of(result)
    tables = {name[5:-5]: json.loads(content) for name, content in files.items() if name.startswith("json/")}
    assert tables.keys() >= {"users", "expenses", "effects", "write_audit", "security_events", "direct_messages"}
    assert {name[4:-4] for name in files if name.startswith("csv/")} == tables.keys()
    assert [row["description"] for row in tables["expenses"]] == [f"=mine {word}"]
    assert csv_rows(files["csv/expenses.csv"])[0]["description"] == f"'=mine {word}"
    assert sorted(row["body"] for row in tables["direct_messages"]) == [f"received {word}", f"sent {word}"]
    assert [row["display_name"] for row in tables["public_profiles"]] == [f"Mine {word}"]
    assert len(tables["security_events"]) == 1
    assert f"theirs {word}".encode() not in b"".join(files.values())
    assert result.data["tables"] == len(tables) and result.data["rows"] == sum(map(len, tables.values()))
    assert b"expenses: 1 row" in files["README.txt"]
    assert not any(name.startswith("json/") for name in archive_of(caller.call(export_data, '{"format": "csv"}')))


def test_new_table_is_in_the_archive_without_a_change(caller: Caller, owner: psycopg.Connection) -> None:
    """Whatever its key: a foreign key that leads to the user is enough."""
    spend(caller)
    owner.execute(
        "create table brand_new (who uuid references users (id) on delete cascade, what text);"
        "alter table brand_new enable row level security; alter table brand_new force row level security;"
        "create policy own_rows on brand_new using (who = (select current_traveller()))"
    )
    try:
        owner.execute("insert into brand_new values (%s, 'mine'), (null, 'nobody''s')", (caller.id,))
        files = archive_of(caller.call(export_data, '{"format": "json"}'))
        assert json.loads(files["json/brand_new.json"]) == [{"who": str(caller.id), "what": "mine"}]
    finally:
        owner.execute("drop table brand_new")


def test_every_table_of_users_leads_to_a_user(owner: psycopg.Connection) -> None:
    """So that an archive has it and an account's deletion reaches it; the others have nothing of a user."""
    tables = {row[0] for row in owner.execute("select tablename from pg_tables where schemaname = 'public'")}
    owned = {row[0] for row in owner.execute("select name from owning_columns()")}
    assert tables - owned == {"schema_versions", "screen_allowances", "products", "shop_rates"}
    assert owned >= set(INDEXES)


def test_archive_of_an_unknown_user_has_no_rows(new_caller: Callers) -> None:
    """Nothing is invented, and nothing but the record of the export is written."""
    caller = new_caller(ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC)))
    result = caller.call(export_data, "{}")
    assert result.data["rows"] == 0 and set(archive_of(result)) == {"README.txt"}


def test_store_that_is_down_is_answered_as_such(new_caller: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """No link is promised, and nothing is recorded."""
    monkeypatch.setenv("EXPORT_BUCKET", "no-such-bucket")
    caller = new_caller()
    for tool, raw in ((export_budget_report, '{"format": "csv"}'), (export_data, "{}")):
        assert error_of(lambda tool=tool, raw=raw: caller.call(tool, raw)).error.code == "store_unavailable"


def test_approved_archive_beyond_the_limit_is_not_made(new_caller: Callers, noon: ManualClock) -> None:
    """Where others were made since: none of its rows are read, and no file is stored."""
    caller = new_caller(noon)
    approved = caller.approve(export_data, "{}")
    for _ in range(5):
        caller.call(export_data, "{}")
    error = error_of(lambda: caller.call_approved(export_data, "{}", approved))
    assert error.error.code == "export_limit_reached"
    assert caller.context.dependencies.files().delete_all(caller.id) == 5


def test_archives_go_with_deleted_memories(stack: LocalStack, new_caller: Callers, noon: ManualClock) -> None:
    """By the tool and over HTTP, also of a single fact; reports have none of them, and stay."""
    caller = new_caller(noon)
    report = caller.call(export_budget_report, '{"format": "csv"}')
    with httpx.Client(headers={"authorization": f"Bearer {stack.token(caller.id)}"}, timeout=30) as http:
        for is_tool in (True, False):
            caller.call(remember_fact, '{"subject": "pets", "value": "two dogs"}')
            archive = caller.call(export_data, "{}")
            assert b"two dogs" in archive_of(archive)["json/facts.json"]
            if is_tool:
                topic = '{"topic": "dogs"}'
                caller.call_approved(forget_memory, topic, caller.approve(forget_memory, topic))
            else:
                [fact] = caller.call(list_memories, "{}").data["facts"]
                http.delete(f"{stack.url}/v1/memories/facts/{fact['id']}").raise_for_status()
            assert httpx.get(archive.data["download"]["href"]).status_code == 403
    assert fetch(report)


def test_archive_with_too_many_rows_is_refused(new_caller: Callers) -> None:
    """However they are spread over tables; exactly as many as fit are read."""
    caller = new_caller()
    for _ in range(3):
        spend(caller)
    database = caller.context.dependencies.database
    with database.session(caller.id, Deadline(10)) as connection:
        held = sum(len(table.rows) for table in read_held_tables(connection))
        assert sum(len(table.rows) for table in read_held_tables(connection, max_rows=held)) == held
        error = error_of(lambda: list(read_held_tables(connection, max_rows=held - 1)))
    assert error.error.code == "export_too_large"
    assert error.message == f"That is more than {held - 1} rows, which PAM can't put into one file."


def test_sixth_archive_of_a_day_is_refused(new_caller: Callers, noon: ManualClock, owner: psycopg.Connection) -> None:
    """Before the traveller is asked to confirm it; a day after the first there is another one."""
    caller = new_caller(noon)
    for _ in range(5):
        caller.call(export_data, "{}")
        noon.now += timedelta(hours=1)
    error = error_of(lambda: caller.preview(export_data, "{}"))
    assert error.error.code == "export_limit_reached" and error.retry_after == 3600
    noon.now += timedelta(hours=19, minutes=1)
    caller.call(export_data, '{"format": "json"}')
    rows = owner.execute("select formats from data_exports where user_id = %s order by created_at", (caller.id,))
    assert [formats for (formats,) in rows] == [["json", "csv"]] * 5 + [["json"]]
