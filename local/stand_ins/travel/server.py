"""Runs the four stand-ins in a process of their own."""

import asyncio
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from local.stand_ins.child import Child, serve, without_collection

MAPBOX_KEY = "pk.simulated"
EIA_KEY = "simulated-eia-key"
"""Keys that the stand-ins accept."""


class TravelStandIns:
    """Stand-ins for Mapbox, Open-Meteo, EIA and the ECB, each on a port of 127.0.0.1 of its own."""

    def __init__(self, log: Path) -> None:
        self._child = Child("local.stand_ins.travel.server", log, sockets=4)
        self.mapbox_url, self.open_meteo_url, self.eia_url, self.ecb_url = self._child.urls
        self.parameters = {
            "MapboxBaseUrl": self.mapbox_url,
            "OpenMeteoBaseUrl": self.open_meteo_url,
            "EiaBaseUrl": self.eia_url,
            "EcbBaseUrl": self.ecb_url,
        }
        """The template's parameters that make the functions call the stand-ins."""

    async def start(self) -> None:
        """Start the process and wait until it serves, after it has loaded the gazetteer."""
        await self._child.start()

    async def stop(self) -> None:
        await self._child.stop()


async def _serve(descriptors: Iterable[int]) -> None:
    with without_collection():
        from local.asgi_server import AsgiServer
        from local.stand_ins.travel import ecb, eia, mapbox, open_meteo
        from local.stand_ins.travel.fault_injection import FaultInjector
        from local.stand_ins.travel.gazetteer import Gazetteer

        gazetteer = Gazetteer()
        gazetteer.search(("denver",))  # builds the indices before the first request
        gazetteer.near(39.7, -105.0, 1.0)
    apps = [
        FaultInjector(mapbox.make_app(gazetteer), mapbox.error_body),
        FaultInjector(open_meteo.make_app(gazetteer), open_meteo.error_body),
        FaultInjector(eia.make_app(), eia.error_body),
        FaultInjector(ecb.make_app(), ecb.error_body),
    ]
    sockets = (socket.socket(fileno=descriptor) for descriptor in descriptors)
    await serve(*(AsgiServer(app, listener) for app, listener in zip(apps, sockets, strict=True)))


if __name__ == "__main__":
    asyncio.run(_serve(map(int, sys.argv[1:])))
