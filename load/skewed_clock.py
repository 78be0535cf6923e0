"""A clock of the worker that is wrong: libfaketime gives it an offset, which can change while it runs."""

from collections.abc import Mapping
from pathlib import Path

from load.errors import LoadError

FUNCTION = "chat_worker"
"""Its clock differs from those of the gateway, Postgres and DynamoDB."""

_LIBRARY = "*/faketime/libfaketimeMT.so.1"


class SkewedClock:
    """The offset of the worker's clock, in a file that libfaketime reads at each call."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "clock_offset"
        self.set(0)

    def set(self, seconds: int) -> None:
        """Set how far the clock is ahead; a negative number of seconds is behind."""
        self._file.write_text(f"{seconds:+d}", encoding="ascii")

    @property
    def variables(self) -> Mapping[str, Mapping[str, str]]:
        """The variables of the functions, by their folders. Raises `LoadError` without the library."""
        library = next(Path("/usr/lib").glob(_LIBRARY), None)
        if library is None:
            raise LoadError("The clock is changed by libfaketime, which is missing: apt-get install faketime")
        return {
            FUNCTION: {
                "LD_PRELOAD": str(library),
                "FAKETIME_TIMESTAMP_FILE": str(self._file),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        }
