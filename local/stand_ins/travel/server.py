"""Runs the three stand-ins in a process of their own, so that their CPU time isn't counted as a handler's."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

from local import processes
from local.sockets import listen

MAPBOX_KEY = "pk.simulated"
EIA_KEY = "simulated-eia-key"
"""Keys that the stand-ins accept."""


class TravelStandIns:
    """Stand-ins for Mapbox, Open-Meteo and EIA, each on a port of 127.0.0.1 of its own."""

    def __init__(self, log: Path) -> None:
        """Bind the sockets: connections wait until `start` has finished."""
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._sockets = [listen() for _ in range(3)]
        self.mapbox_url, self.open_meteo_url, self.eia_url = (
            f"http://127.0.0.1:{each.getsockname()[1]}" for each in self._sockets
        )
        self.parameters = {
            "MapboxBaseUrl": self.mapbox_url,
            "OpenMeteoBaseUrl": self.open_meteo_url,
            "EiaBaseUrl": self.eia_url,
        }
        """The template's parameters that make the functions call the stand-ins."""

    async def start(self) -> None:
        """Start the process and wait until it serves, after it has loaded the gazetteer."""
        descriptors = [each.fileno() for each in self._sockets]
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *processes.bind_to_parent(
                    [sys.executable, "-m", "local.stand_ins.travel.server", *map(str, descriptors)]
                ),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=descriptors,
                start_new_session=True,
            )
        for each in self._sockets:
            each.close()
        assert self._process.stdout is not None
        if await self._process.stdout.readline() != _READY:
            raise RuntimeError(f"the stand-ins for the travel sources don't start: see {self._log}")

    async def stop(self) -> None:
        for each in self._sockets:
            each.close()
        if self._process is not None:
            await processes.stop(self._process, signal.SIGKILL)


_READY = b"ready\n"


async def _serve(descriptors: list[int]) -> None:
    """Serve on inherited sockets until standard input is closed."""
    import uvicorn

    from local.stand_ins.travel import eia, mapbox, open_meteo
    from local.stand_ins.travel.fault_injection import FaultInjector
    from local.stand_ins.travel.gazetteer import Gazetteer

    gazetteer = Gazetteer()
    gazetteer.search(("denver",))  # builds the indices before the first request
    gazetteer.near(39.7, -105.0, 1.0)
    apps = [
        FaultInjector(mapbox.make_app(gazetteer), mapbox.error_body),
        FaultInjector(open_meteo.make_app(gazetteer), open_meteo.error_body),
        FaultInjector(eia.make_app(), eia.error_body),
    ]
    servers = [
        uvicorn.Server(
            uvicorn.Config(app, http="h11", ws="none", lifespan="off", log_level="critical", server_header=False)
        )
        for app in apps
    ]
    serving = [
        asyncio.create_task(server.serve(sockets=[socket.socket(fileno=descriptor)]))
        for server, descriptor in zip(servers, descriptors, strict=True)
    ]
    while not all(server.started for server in servers):
        await asyncio.sleep(0.005)
    sys.stdout.buffer.write(_READY)
    sys.stdout.buffer.flush()
    await asyncio.to_thread(sys.stdin.read)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*serving)


if __name__ == "__main__":
    asyncio.run(_serve([int(argument) for argument in sys.argv[1:]]))
