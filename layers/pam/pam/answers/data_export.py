"""Everything that PAM has about a traveller in one archive: a JSON and a CSV file of each table."""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pam.answers.answer import instant
from pam.answers.dependencies import UserDependencies
from pam.answers.downloads import Download, NewFile, download_facts, format_size, link_sentence, offer_download
from pam.ledger.operation import WriteContext, WriteOperation, WriteResult
from pam.platform.deadline import Deadline
from pam.users.csv_file import csv_bytes
from pam.users.formatting import pluralize
from pam.users.held_data import (
    ARCHIVE_PREFIX,
    INDEXES,
    HeldTable,
    check_export_limit,
    read_held_tables,
    record_export,
)
from pam.users.profile import Profile, read_profile

SOURCE = "Everything PAM has about you"

FORMATS = ("json", "csv")


@dataclass(frozen=True)
class ExportedData:
    """An archive that is stored, and how much is in it."""

    download: Download
    formats: tuple[str, ...]
    tables: int
    rows: int


def export_data(
    dependencies: UserDependencies, user_id: UUID, formats: Sequence[str], deadline: Deadline
) -> ExportedData:
    """Store an archive of all rows of a user, in these formats.

    Raises `PamError`: `export_limit_reached`, before anything is read, `export_too_large`, and what `offer_download`
    raises.
    """
    now = dependencies.clock()
    with dependencies.database.session(user_id, deadline) as connection:
        check_export_limit(connection, user_id, now)
    # Messages that wait for the database are then in it, too.
    dependencies.message_copies().save_deferred(user_id, deadline)
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id)
        tables = list(read_held_tables(connection))
    day = now.astimezone(profile.zone).date().isoformat()
    content = _archive(tables, tuple(formats), profile, now)
    download = offer_download(dependencies, profile, NewFile(f"{ARCHIVE_PREFIX}{day}.zip", content, "application/zip"))
    return ExportedData(download, tuple(formats), len(tables), sum(len(table.rows) for table in tables))


def _archive(tables: list[HeldTable], formats: tuple[str, ...], profile: Profile, now: datetime) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _readme(tables, profile, now))
        for table in tables:
            if "json" in formats:
                rows = json.dumps(table.rows, ensure_ascii=False, indent=1)
                archive.writestr(f"json/{table.name}.json", rows)
            if "csv" in formats:
                columns = list(dict.fromkeys(column for row in table.rows for column in row))
                archive.writestr(f"csv/{table.name}.csv", csv_bytes(columns, table.rows))
    return file.getvalue()


def _readme(tables: list[HeldTable], profile: Profile, now: datetime) -> str:
    lines = [
        f"All that PAM has about you, as of {instant(now.astimezone(profile.zone))}.",
        "Your sign-in is kept by your identity provider, and isn't in here. What PAM caches comes from these tables.",
        *(["You are a demo traveller: this data is made up."] if profile.simulated else []),
        "",
        *(f"{table.name}: {pluralize(len(table.rows), 'row')}" for table in tables),
        "",
        "Left out:",
        *(f"{name}: {what}" for name, what in INDEXES.items()),
        "Embeddings and search vectors: numbers that are computed from your texts",
    ]
    return "\n".join(lines) + "\n"


def _record(context: WriteContext, exported: ExportedData) -> WriteResult:
    profile, download = context.profile, exported.download
    check_export_limit(context.connection, profile.id, context.now)
    record_export(context.connection, profile.id, exported.formats, exported.rows, download.size, context.now)
    return WriteResult(
        text=f"Everything PAM has about you is in one archive: {pluralize(exported.rows, 'row')} of"
        f" {pluralize(exported.tables, 'table')}, {format_size(download.size)}. {link_sentence(download, profile)}",
        data={
            "download": download.as_json(),
            **download_facts(download, profile),
            "tables": exported.tables,
            "rows": exported.rows,
        },
        source=SOURCE,
        simulated=profile.simulated,
    )


EXPORT_DATA = WriteOperation("export_data", _record)
"""Records an export, whose archive is stored before the transaction."""
