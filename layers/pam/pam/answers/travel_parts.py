"""What answers about the road are made with: the sources, and the cache that everybody shares."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict, Field
from snapshot_restore_py import register_before_snapshot

from pam.answers.parts import Parts, parts
from pam.answers.shared_cache import SharedCache
from pam.answers.sources import Sources
from pam.platform import aws
from pam.platform.clock import Clock, utc_now
from pam.platform.settings import read_environment
from pam.upstream.eia import Eia
from pam.upstream.http import Http
from pam.upstream.key import Key
from pam.upstream.mapbox import Mapbox
from pam.upstream.open_meteo import OpenMeteo
from pam.upstream.source import Source


class TravelSettings(BaseModel):
    """Where the sources are, and which secrets hold their keys."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    shared_table: str = Field(alias="SHARED_CACHE_TABLE")
    mapbox_base_url: str = Field(alias="MAPBOX_BASE_URL")
    mapbox_secret: str = Field(alias="MAPBOX_SECRET")
    open_meteo_base_url: str = Field(alias="OPEN_METEO_BASE_URL")
    eia_base_url: str = Field(alias="EIA_BASE_URL")
    eia_secret: str = Field(alias="EIA_SECRET")


@dataclass(frozen=True)
class TravelParts:
    """Put together once for each Lambda environment."""

    parts: Parts
    sources: Sources

    @classmethod
    def from_settings(cls, private: Parts, settings: TravelSettings, clock: Clock = utc_now) -> "TravelParts":
        """Makes clients and pools, opens no connection."""
        return cls(
            private,
            Sources(
                shared=SharedCache(aws.client("dynamodb", quick=True), settings.shared_table, clock),
                mapbox=Mapbox(
                    Http(Source.MAPBOX, settings.mapbox_base_url), Key(Source.MAPBOX, _secret(settings.mapbox_secret))
                ),
                open_meteo=OpenMeteo(Http(Source.OPEN_METEO, settings.open_meteo_base_url)),
                eia=Eia(Http(Source.EIA, settings.eia_base_url), Key(Source.EIA, _secret(settings.eia_secret))),
            ),
        )


def _secret(name: str) -> Callable[[], str]:
    client = aws.client("secretsmanager")
    return lambda: str(client.get_secret_value(SecretId=name)["SecretString"])


@cache
def travel_parts() -> TravelParts:
    """The parts of this environment, from its settings."""
    return TravelParts.from_settings(parts(), read_environment(TravelSettings))


register_before_snapshot(travel_parts)
