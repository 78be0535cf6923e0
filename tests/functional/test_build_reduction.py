"""What a build removes from the layers changes no amount, date or client."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import babel
import botocore
import pytest

from local.build_reduction import USED_SERVICES, fix_times, reduce_layer
from tests.conftest import CHECKOUT

_CLIENT = re.compile(r'client(?:_at)?\(\s*"([a-z0-9-]+)"')

# Prints what PAM formats, in each locale.
PROGRAM = """
import datetime, json, sys
from babel import Locale
from babel.localedata import locale_identifiers
from pam.money.amounts import CURRENCIES
from babel import dates, numbers
day = datetime.date(2026, 3, 14)
time = datetime.datetime(2026, 3, 14, 15, 9)
found = {}
for name in sys.argv[1:] or sorted(locale_identifiers()):
    locale = Locale.parse(name)
    found[name] = [
        dates.format_date(day, width, locale) for width in ("short", "medium", "long", "full")
    ] + [
        dates.format_time(time, "short", locale=locale),
        dates.format_interval(day, day + datetime.timedelta(40), "yMMMd", locale=locale),
        dates.get_day_names("wide", locale=locale)[0],
        dates.get_month_names("abbreviated", locale=locale)[3],
        numbers.format_decimal(1234567.891, locale=locale),
        str(numbers.parse_decimal(numbers.format_decimal(1234.5, locale=locale), locale=locale)),
        locale.first_week_day,
    ] + [
        [numbers.format_currency(1234.5, code, locale=locale), numbers.get_currency_symbol(code, locale),
         numbers.get_currency_name(code, 1, locale), numbers.get_currency_name(code, 2, locale)]
        for code in sorted(CURRENCIES)
    ]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of this environment that a build reduces, reduced."""
    target = tmp_path_factory.mktemp("layer")
    for package in (babel, botocore):
        folder = Path(package.__path__[0])
        shutil.copytree(folder, target / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    reduce_layer(target)
    return target


def run(program: str, *packages: Path) -> str:
    """Run a program with packages before those of this environment; return its output."""
    path = ":".join(map(str, packages))
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_amounts_and_dates_are_written_as_before(layer: Path) -> None:
    """In all locales that the Unicode CLDR has."""
    reduced, whole = json.loads(run(PROGRAM, layer)), json.loads(run(PROGRAM))
    assert len(whole) > 1000
    assert reduced == whole
    size = sum(file.stat().st_size for file in (layer / "babel").rglob("*") if file.is_file())
    assert size < 12_000_000


def test_every_client_of_the_code_can_be_made(layer: Path) -> None:
    """The services that are kept are those that the code names, and `sts`, which boto3 may use for credentials."""
    sources = [*(CHECKOUT / "layers").rglob("*.py"), *(CHECKOUT / "functions").rglob("*.py")]
    named = {name for file in sources for name in _CLIENT.findall(file.read_text())}
    assert named | {"sts"} == USED_SERVICES
    made = "import boto3, botocore; print(botocore.__file__)\n"
    for name in sorted(USED_SERVICES):
        made += f"boto3.client({name!r}, region_name='us-east-1')\n"
    assert str(layer) in run(made, layer)
    assert (layer / "botocore/data/endpoints.json").is_file()


def test_times_of_files_are_equal(tmp_path: Path) -> None:
    """A zip of a layer has them."""
    (tmp_path / "pam").mkdir()
    (tmp_path / "pam/module.py").write_text("")
    fix_times(tmp_path)
    assert len({path.stat().st_mtime for path in [tmp_path, *tmp_path.rglob("*")]}) == 1
