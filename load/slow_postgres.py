"""A proxy in front of the local Postgres that delays each query."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from psycopg.conninfo import conninfo_to_dict

from load.aws import local_client
from local.stack import LocalStack

_SOCKET = ".s.PGSQL.5432"


class SlowPostgres:
    """Forwards connections of a Unix socket to the server's, each message of a client after `delay_s`."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self.delay_s = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @contextmanager
    def listen(self) -> Iterator[str]:
        """Yield the directory of the socket to connect to."""
        with TemporaryDirectory(prefix="pam-") as directory:
            self._thread.start()
            start = asyncio.start_unix_server(self._forward, Path(directory) / _SOCKET)
            listener = asyncio.run_coroutine_threadsafe(start, self._loop).result()
            try:
                yield directory
            finally:
                asyncio.run_coroutine_threadsafe(self._close(listener), self._loop).result()
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
                self._loop.close()

    async def _close(self, listener: asyncio.Server) -> None:
        """End all connections while the loop still runs."""
        listener.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_unix_connection(self._server)
        except OSError:
            writer.close()
            return

        self._writers |= {writer, upstream_writer}

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, is_delayed: bool) -> None:
            try:
                while data := await source.read(65_536):
                    if is_delayed and self.delay_s:
                        await asyncio.sleep(self.delay_s)
                    target.write(data)
                    await target.drain()
            except OSError:
                pass
            finally:
                target.close()

        await asyncio.gather(pump(reader, upstream_writer, True), pump(upstream_reader, writer, False))
        self._writers -= {writer, upstream_writer}


@contextmanager
def slow_postgres(stack: LocalStack) -> Iterator[SlowPostgres]:
    """Have the functions of a stack connect through a proxy, which delays nothing yet."""
    directory = Path(str(conninfo_to_dict(stack.postgres.owner)["host"]))
    proxy = SlowPostgres(directory / _SOCKET)
    secrets = local_client(stack, "secretsmanager")
    with proxy.listen() as host:
        name = stack.environment_of("ask")["DATABASE_SECRET"]
        secrets.put_secret_value(SecretId=name, SecretString=json.dumps(stack.postgres.app | {"host": host}))
        yield proxy
