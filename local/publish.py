"""The upload of the page to a stage: its files to S3, in an order that no open page notices, and CloudFront's copies.

A page that is open has all of its files from one version, checked by hashes (web/service_worker.js). So the files come
first and the list of their hashes last, when CloudFront has no older copy of any. What the new version lacks is deleted
at the end.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.build import build_site
from local.page_files import MANIFEST_PATH

CONFIG = "config.json"
MANIFEST = MANIFEST_PATH.lstrip("/")

ENTRY_FILES = ("index.html", CONFIG, MANIFEST, "service_worker.js")
"""What a browser reads first, in the order of upload: the page, the stage's settings, the hashes, the worker."""

NOT_CACHED = "no-store"
CACHE_CONTROL = "public, max-age=0, must-revalidate, s-maxage=300"
"""Of all other files: a browser revalidates them, and CloudFront keeps them for five minutes."""

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""By suffix. Not the mimetypes of the machine that deploys: a browser runs no module of another type."""

INVALIDATION_DELAY_S = 5
MAX_INVALIDATION_CHECKS = 120


@dataclass(frozen=True)
class Stage:
    """The outputs of a deployed stack that the page depends on."""

    name: str
    bucket: str
    distribution: str
    issuer: str
    client_id: str
    scope: str
    connect: tuple[str, ...]
    """The origins beside its own that the page sends requests to."""
    cognito_logout: str | None = None
    """Where Cognito signs out; other issuers name it in their discovery document."""

    @classmethod
    def of_outputs(cls, name: str, outputs: Mapping[str, str]) -> "Stage":
        """Make it of a stack's outputs by their names. Raises KeyError where one is missing."""
        return cls(
            name=name,
            bucket=outputs["PageBucket"],
            distribution=outputs["PageDistribution"],
            issuer=outputs["SignInIssuer"],
            client_id=outputs["SignInClientId"],
            scope=outputs["SignInScope"],
            connect=tuple(outputs["PageConnectOrigins"].split()),
            cognito_logout=outputs.get("CognitoLogoutUrl"),
        )

    def render_config(self) -> str:
        """Return config.json, from which the page knows how to sign in. The API is at the page's own origin."""
        settings: dict[str, Any] = {
            "stage": self.name,
            "issuer": self.issuer,
            "client_id": self.client_id,
            "scope": self.scope,
            "demo": False,
        }
        if self.cognito_logout:
            settings["cognito_logout"] = self.cognito_logout
        return json.dumps(settings, indent=1) + "\n"


@dataclass(frozen=True)
class Published:
    """The keys that a publication wrote and deleted, and the paths that it had CloudFront forget."""

    uploaded: tuple[str, ...]
    deleted: tuple[str, ...]
    invalidated: tuple[str, ...]


def publish(checkout: Path, site: Path, stage: Stage, session: Any) -> Published:
    """Make the page of `checkout` in the folder `site`, and upload it to a stage.

    `session` is boto3's. Files that the stage has as they are aren't uploaded. Raises boto3's ClientError and
    WaiterError; the page of before works on then, and another run completes the new one.
    """
    build_site(checkout, site, stage.connect)
    (site / CONFIG).write_text(stage.render_config(), encoding="utf-8")
    s3 = session.client("s3")
    keys = sorted(file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file())
    stored = set(_list_keys(s3, stage.bucket))
    changed = [key for key in keys if key not in stored or not _is_stored(s3, stage.bucket, key, site / key)]

    files = [key for key in changed if key not in ENTRY_FILES]
    _upload(s3, stage.bucket, site, files)
    replaced = _invalidate(session, stage.distribution, [key for key in files if key in stored])
    entries = [key for key in ENTRY_FILES if key in changed]
    _upload(s3, stage.bucket, site, entries)
    gone = sorted(stored - set(keys))
    for key in gone:
        s3.delete_object(Bucket=stage.bucket, Key=key)
    removed = _invalidate(session, stage.distribution, gone)
    return Published((*files, *entries), tuple(gone), (*replaced, *removed))


def _list_keys(s3: Any, bucket: str) -> Iterable[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from (each["Key"] for each in page.get("Contents", []))


def _is_stored(s3: Any, bucket: str, key: str, file: Path) -> bool:
    """Return whether the bucket has the file with its headers. The ETag of an object encrypted by S3 is its MD5."""
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    stored = head["ETag"].strip('"'), head.get("ContentType"), head.get("CacheControl")
    return bool(stored == (digest, *_headers(key)))


def _headers(key: str) -> tuple[str, str]:
    """Return Content-Type and Cache-Control. Raises KeyError for a kind of file that isn't known."""
    return CONTENT_TYPES[Path(key).suffix], NOT_CACHED if key in ENTRY_FILES else CACHE_CONTROL


def _upload(s3: Any, bucket: str, site: Path, keys: Iterable[str]) -> None:
    for key in keys:
        content_type, cache_control = _headers(key)
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=(site / key).read_bytes(),
            ContentType=content_type,
            CacheControl=cache_control,
        )


def _invalidate(session: Any, distribution: str, keys: Iterable[str]) -> tuple[str, ...]:
    """Have CloudFront forget its copies, wait until it has, and return their paths. Entry files have no copies."""
    paths = [f"/{key}" for key in keys if key not in ENTRY_FILES]
    if not paths:
        return ()
    cloudfront = session.client("cloudfront")
    batch = {"Paths": {"Quantity": len(paths), "Items": paths}, "CallerReference": str(uuid.uuid4())}
    made = cloudfront.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)
    cloudfront.get_waiter("invalidation_completed").wait(
        DistributionId=distribution,
        Id=made["Invalidation"]["Id"],
        WaiterConfig={"Delay": INVALIDATION_DELAY_S, "MaxAttempts": MAX_INVALIDATION_CHECKS},
    )
    return tuple(paths)
