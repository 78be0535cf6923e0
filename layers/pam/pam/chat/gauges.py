"""What no request measures: how many connections are open, and how much of the day's cost cap is used."""

from dataclasses import dataclass
from uuid import UUID

from pam.chat.gateway.connections import ConnectionRegistry
from pam.platform.cost_limits import CostLimits
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.metrics import Metric
from pam.platform.observability import logger, measure
from pam.platform.postgres import Database

_NO_USER = UUID(int=0)

# pg_stat_activity hides what other roles' sessions are from a role without pg_read_all_stats; these counts don't.
# The server's own processes aren't in them, unless they work in a database.
_COUNT_CONNECTIONS = "select sum(numbackends)::int as connections from pg_stat_database"


@dataclass(frozen=True)
class GaugeDependencies:
    """The services that gauges are read from."""

    connections: ConnectionRegistry
    limits: CostLimits
    database: Database


def measure_gauges(gauges: GaugeDependencies, deadline: Deadline) -> None:
    """Measure each gauge. One whose store is unavailable has no value then; the others are measured."""

    def read_connections() -> float:
        with gauges.database.session(_NO_USER, deadline) as connection:
            row = connection.execute(_COUNT_CONNECTIONS).fetchone()
        return int(row["connections"]) if row else 0

    for metric, read in (
        (Metric.OPEN_CONNECTIONS, gauges.connections.count),
        (Metric.STAGE_CAP_USED, gauges.limits.stage_percent),
        (Metric.DATABASE_CONNECTIONS, read_connections),
    ):
        try:
            measure(metric, read())
        except PamError:
            logger.warning("gauge not measured", metric=metric.value, exc_info=True)
