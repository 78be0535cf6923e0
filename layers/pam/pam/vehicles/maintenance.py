"""Maintenance of a vehicle: what was done, and when it is due next by the intervals that the user recorded."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pam.platform.postgres import Connection
from pam.users.text import TextParser
from pam.users.whole_numbers import WholeNumberParser
from pam.vehicles.odometer import OdometerReading

parse_interval_months = WholeNumberParser("interval_months", 1, 240)
parse_service = TextParser("service", 100, required=True)
parse_maintenance_notes = TextParser("notes", 500)


@dataclass(frozen=True)
class MaintenanceRecord:
    """A service that was done on a day, at km, and the interval to the next in km and months, as far as stated."""

    service: str
    day: date
    odometer_km: Decimal | None
    interval_km: Decimal | None
    interval_months: int | None
    notes: str


@dataclass(frozen=True)
class DueService:
    """When a service was done last, and when it is due by its last recorded intervals: None where there is none."""

    service: str
    done_on: date
    odometer_km: Decimal | None
    interval_km: Decimal | None
    interval_months: int | None
    due_on: date | None

    @property
    def due_km(self) -> Decimal | None:
        """The odometer at which it is due; None also where that of the last time isn't recorded."""
        if self.interval_km is None or self.odometer_km is None:
            return None
        return self.odometer_km + self.interval_km

    @property
    def has_interval(self) -> bool:
        return self.interval_km is not None or self.interval_months is not None

    def is_overdue(self, today: date, odometer: OdometerReading | None) -> bool:
        """Whether its day is past, or the odometer beyond where it is due."""
        by_day = self.due_on is not None and self.due_on < today
        return by_day or (self.due_km is not None and odometer is not None and odometer.km > self.due_km)


_INSERT = """
insert into maintenance_records (user_id, vehicle_id, service, done_on, odometer_km, interval_km, interval_months,
                                 notes, created_at)
values (%(user)s, %(vehicle)s, %(service)s, %(day)s, %(odometer_km)s, %(interval_km)s, %(interval_months)s, %(notes)s,
        %(now)s)
returning id
"""

_DELETE = "delete from maintenance_records where id = %(id)s and user_id = %(user)s"

# An interval holds until another one is recorded for the service. Months end as Postgres has it: a month after
# 31 January is 28 February.
_SELECT_DUE = """
select last.service, last.done_on, last.odometer_km, distance.interval_km, months.interval_months,
       (last.done_on + make_interval(months => months.interval_months))::date as due_on
  from (select distinct on (lower(service)) service, done_on, odometer_km
          from maintenance_records
         where user_id = %(user)s and vehicle_id = %(vehicle)s
         order by lower(service), done_on desc, odometer_km desc nulls last, created_at desc) as last
  left join lateral (
       select interval_km
         from maintenance_records
        where user_id = %(user)s and vehicle_id = %(vehicle)s and lower(service) = lower(last.service)
          and interval_km is not null
        order by done_on desc, created_at desc limit 1) as distance on true
  left join lateral (
       select interval_months
         from maintenance_records
        where user_id = %(user)s and vehicle_id = %(vehicle)s and lower(service) = lower(last.service)
          and interval_months is not null
        order by done_on desc, created_at desc limit 1) as months on true
 order by due_on nulls last, lower(last.service)
"""


def create_record(
    connection: Connection, user_id: UUID, vehicle_id: UUID, record: MaintenanceRecord, now: datetime
) -> UUID:
    """Insert a record and return its id."""
    row = connection.execute(_INSERT, vars(record) | {"user": user_id, "vehicle": vehicle_id, "now": now}).fetchone()
    assert row is not None
    record_id: UUID = row["id"]
    return record_id


def delete_record(connection: Connection, user_id: UUID, record_id: UUID) -> None:
    """Delete a record; does nothing where there is none."""
    connection.execute(_DELETE, {"id": record_id, "user": user_id})


def read_schedule(connection: Connection, user_id: UUID, vehicle_id: UUID) -> list[DueService]:
    """Return each service that was ever recorded for a vehicle, the one due first at the beginning."""
    rows = connection.execute(_SELECT_DUE, {"user": user_id, "vehicle": vehicle_id}).fetchall()
    return [DueService(**row) for row in rows]
