"""Loads the demo traveller and their year into a database, once."""

from datetime import UTC, datetime

import psycopg
from psycopg.rows import dict_row

from local.demo.conversations import load_conversations
from local.demo.friends import load_friends
from local.demo.products import load_products
from local.demo.travellers import FIRST, act_as, load_travellers
from local.demo.year import BUDGETS, USER_ID, ZONE, year_of_expenses, year_of_savings


def load(owner_conninfo: str) -> int:
    """Write the traveller, their motorhome and records, friends, conversations and products in one transaction.

    Connects as the owner. Returns the number of expenses written: 0 if the traveller exists already. Friends, the other
    demo travellers, conversations and products are created in either case, if there are none.
    """
    now = datetime.now(UTC)
    with psycopg.connect(owner_conninfo, row_factory=dict_row) as connection:
        act_as(connection, USER_ID)
        made = connection.execute(
            "insert into users (id, name, currency, time_zone, locale, units, simulated)"
            " values (%s, %s, 'USD', %s, 'en_US', 'imperial', true)"
            # A user who signed in earlier has an empty row, which isn't marked as simulated yet.
            " on conflict (id) do update set name = excluded.name, time_zone = excluded.time_zone, simulated = true"
            " where not users.simulated",
            (USER_ID, FIRST.name, ZONE.key),
        )
        load_products(connection)
        load_friends(connection, USER_ID, now)
        load_travellers(connection, now)
        act_as(connection, USER_ID)
        load_conversations(connection, USER_ID, now)
        if not made.rowcount:
            return 0
        connection.execute(
            "insert into vehicles (user_id, name, kind, make, model, model_year, fuel_type,"
            " consumption_l_per_100km, tank_l, height_m, length_m, weight_kg)"
            " values (%s, 'The motorhome', 'motorhome', 'Ford', 'E-450', 2015, 'regular',"
            " 26.1, 208, 3.35, 8.8, 6350)",
            (USER_ID,),
        )
        cursor = connection.cursor()
        cursor.executemany(
            "insert into budgets (user_id, category, monthly_limit, currency) values (%s, %s, %s, 'USD')",
            [(USER_ID, category, limit) for category, limit in BUDGETS.items()],
        )
        expenses = year_of_expenses(now)
        with cursor.copy(
            "copy expenses (user_id, amount, currency, category, description, spent_at, created_at) from stdin"
        ) as copy:
            for one in expenses:
                copy.write_row(
                    (
                        USER_ID,
                        one.amount,
                        "USD",
                        one.category.value,
                        one.description,
                        one.spent_at,
                        one.spent_at,
                    )
                )
        cursor.executemany(
            "insert into savings (user_id, amount, currency, kind, description, saved_at)"
            " values (%s, %s, 'USD', %s, %s, %s)",
            [(USER_ID, *saving) for saving in year_of_savings(now)],
        )
    return len(expenses)
