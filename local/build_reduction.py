"""Removes from built layers what no function reads, and makes a build reproducible and quick to start."""

import os
import pickle
import shutil
import subprocess
from pathlib import Path

from pam.money.amounts import CURRENCIES

USED_SERVICES = frozenset(
    {"apigatewaymanagementapi", "dynamodb", "lambda", "rds", "s3", "secretsmanager", "ssm", "sts"}
)
"""The services of AWS whose descriptions botocore keeps, of several hundred."""

UNUSED_LOCALE_DATA = (
    "compact_currency_formats",
    "compound_unit_patterns",
    "date_fields",
    "languages",
    "meta_zones",
    "scripts",
    "territories",
    "time_zones",
    "unit_display_names",
    "unit_patterns",
    "variants",
)
"""Parts of each of babel's locales: names of countries, languages, units and time zones."""

UNUSED_FILES = (
    "googleapiclient/discovery_cache/documents",  # descriptions of Google's other APIs
    "aws_lambda_powertools/event_handler/openapi/swagger_ui",
    "boto3/data",  # of boto3's resources; PAM uses clients
    "boto3/examples",
    "stdnum/*.dat",  # registers of bank, phone and device numbers
    "wrapt-stubs",
    "wrapt/*.c",
)
"""Files and folders of packages."""

_CURRENCY_DATA = frozenset({"currency_names", "currency_names_plural"})
"""Parts of each locale that name some hundred currencies."""

_TIME = 315_619_200
"""1980-01-02, in seconds: the modification time of every file, since it is part of a zip."""


def reduce_layer(python: Path) -> None:
    """Remove what no function reads from a layer's folder of packages."""
    for pattern in UNUSED_FILES:
        for path in python.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for folder in (python / "botocore" / "data").glob("*/"):
        if folder.name not in USED_SERVICES:
            shutil.rmtree(folder)
    for file in (python / "babel" / "locale-data").glob("*.dat"):
        data = pickle.loads(file.read_bytes())  # noqa: S301  # babel's own, of a hash-pinned wheel
        for key in UNUSED_LOCALE_DATA:
            data.pop(key, None)
        for key in _CURRENCY_DATA & data.keys():
            data[key] = {code: value for code, value in data[key].items() if code in CURRENCIES}
        file.write_bytes(pickle.dumps(data, protocol=2))


def compile_modules(folder: Path, runtime: Path, mounted: str) -> None:
    """Compile all modules of a folder for the runtime, which finds them under `mounted`.

    Bytecode that is valid by the source's hash, unchecked, is independent of the time of the build.
    """
    options = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", mounted]
    # What doesn't compile, such as templates of other Python versions, isn't imported either.
    subprocess.run([runtime, "-m", "compileall", *options, str(folder)], check=False, stdout=subprocess.DEVNULL)


def fix_times(folder: Path) -> None:
    """Give all files and folders the same time."""
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (_TIME, _TIME))
