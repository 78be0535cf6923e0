"""CSV files that a spreadsheet opens as what they are: text stays text, and is no formula."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# Where a semicolon separates the cells of a spreadsheet's files, what follows one is a cell of its own.
_INNER_FORMULA = re.compile(r"(?<=\S)([;\r\n]\s*)(?=[=+@＝＋＠]|[-－]\S)")
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@＝＋－＠\t\r|%]")


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return a CSV file in UTF-8 with a byte order mark, without which spreadsheets take it for another encoding."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([csv_cell(row.get(column)) for column in columns] for row in rows)
    return ("\ufeff" + file.getvalue()).encode()


def csv_cell(value: Any) -> str:
    """Return a value as text. An apostrophe is put before what a spreadsheet would compute; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    is_formula = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    text = _INNER_FORMULA.sub(r"\1'", text)
    return f"'{text}" if is_formula else text
