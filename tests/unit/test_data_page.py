"""docs/data.md has every table and store, and says of each what the schema does."""

import json
import re

from tests.conftest import CHECKOUT
from tests.functional.sam import RESOURCES

PAGE = (CHECKOUT / "docs" / "data.md").read_text("utf-8")
CATALOGUE: dict[str, object] = json.loads((CHECKOUT / "migrations" / "catalogue.json").read_text("utf-8"))
TABLES = {name.removeprefix("table ") for name in CATALOGUE if name.startswith("table ")}

STORES = (
    "AWS::DynamoDB::Table", "AWS::RDS::DBCluster", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SecretsManager::Secret",
    "AWS::SSM::Parameter",
)  # fmt: skip
"""Types of resources that keep data."""


def rows(section: str) -> dict[str, list[str]]:
    """The cells of a section's table, by the name in the first."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    found = [line.strip("|\n ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    assert all(len(cells) == 5 for cells in found)
    return {cells[0].strip("`"): cells for cells in found}


def deleted_with_account() -> set[str]:
    """Tables whose rows go with a row of `users`: by foreign keys that delete, directly or through others."""
    deleted = {"users"}
    keys = [
        (name.removeprefix("constraint ").partition(".")[0], found[1])
        for name, definition in CATALOGUE.items()
        if name.startswith("constraint ")
        and (found := re.search(r"FOREIGN KEY .*REFERENCES (?:public\.)?(\w+)\(.*ON DELETE CASCADE", str(definition)))
    ]
    while more := {table for table, other in keys if other in deleted} - deleted:
        deleted |= more
    return deleted


def test_every_table_is_described() -> None:
    """Those of the catalogue, and no other."""
    assert rows("Postgres").keys() == TABLES


def test_what_goes_with_an_account_does_so_by_its_foreign_keys() -> None:
    """A table whose rows the page deletes with the account has a key that does, and the reverse."""
    said = {name for name, cells in rows("Postgres").items() if re.search(r"\baccount\b", cells[4])}
    assert said == deleted_with_account()


def test_every_store_of_the_template_is_described() -> None:
    """Tables, buckets, queues, secrets, parameters and the cluster."""
    stores = {name for name, resource in RESOURCES.items() if resource["Type"] in STORES}
    assert rows("Stores of AWS").keys() >= stores
    assert rows("Stores of AWS").keys() <= RESOURCES.keys()


def test_retention_is_that_of_the_template() -> None:
    """Of exports, of dead letters and of backups."""
    stores = rows("Stores of AWS")
    (rule,) = RESOURCES["ExportBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert (rule["ExpirationInDays"], stores["ExportBucket"][2]) == (1, "a day")
    seconds = RESOURCES["ChatDeadLetterQueue"]["Properties"]["MessageRetentionPeriod"]
    assert stores["ChatDeadLetterQueue"][2] == f"{seconds // 86_400} days"
    _, prod, other = RESOURCES["Database"]["Properties"]["BackupRetentionPeriod"]["Fn::If"]
    assert f"for {prod} days in prod, {other} days elsewhere" in " ".join(PAGE.split())
