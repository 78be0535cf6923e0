"""The publication of the page: what is uploaded, in which order, with which headers, and what CloudFront forgets."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import deploy
from local.page_files import render_manifest
from local.publish import CACHE_CONTROL, CONFIG, CONTENT_TYPES, ENTRY_FILES, MANIFEST, Stage, publish
from local.security_headers import security_headers
from tests.conftest import CHECKOUT
from tests.moto_aws import aws_in_process

CONNECT = ("wss://sockets.example", "https://issuer.example")
RECORDED = ("PutObject", "DeleteObject", "CreateInvalidation")


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    """A session at moto's AWS."""

    def as_cloudfront_writes_it(parsed: dict[str, Any], **_other: Any) -> None:
        parsed["Invalidation"]["Status"] = parsed["Invalidation"]["Status"].capitalize()  # moto writes COMPLETED

    with aws_in_process() as session:
        session.events.register("after-call.cloudfront.GetInvalidation", as_cloudfront_writes_it)
        yield session


@pytest.fixture
def stage(session: boto3.Session) -> Stage:
    """A stage with an empty bucket, and a distribution of it."""
    session.client("s3").create_bucket(Bucket="page")
    origin = {
        "Id": "files",
        "DomainName": "page.s3.us-east-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    behaviour = {"TargetOriginId": "files", "ViewerProtocolPolicy": "redirect-to-https"}
    made = session.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "page",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},  # type: ignore[list-item]
            "DefaultCacheBehavior": behaviour,  # type: ignore[typeddict-item]
        }
    )
    return Stage("dev", "page", made["Distribution"]["Id"], "https://issuer.example", "pam", "openid", CONNECT)


@pytest.fixture
def calls(session: boto3.Session) -> list[tuple[str, Any]]:
    """The writes to S3 and CloudFront, in their order, each with the key or the paths."""
    made: list[tuple[str, Any]] = []

    def record(params: dict[str, Any], model: Any, **_other: Any) -> None:
        what = params.get("Key") or params.get("InvalidationBatch", {}).get("Paths", {}).get("Items")
        made.append((model.name, what))

    for name in RECORDED:
        session.events.register(f"provide-client-params.*.{name}", record)
    return made


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the page is made of."""
    copy = tmp_path / "checkout"
    shutil.copytree(CHECKOUT / "web", copy / "web")
    for part in ("docs/openapi.json", "layers/pam/pam/routing/automaton.json"):
        (copy / part).parent.mkdir(parents=True)
        shutil.copyfile(CHECKOUT / part, copy / part)
    (copy / "node_modules").symlink_to(CHECKOUT / "node_modules")
    return copy


def site(checkout: Path) -> Path:
    return checkout.parent / "site"


def keys(session: boto3.Session) -> set[str]:
    return {each["Key"] for each in session.client("s3").list_objects_v2(Bucket="page")["Contents"]}


def test_first_publication_uploads_every_file(session: boto3.Session, stage: Stage, checkout: Path) -> None:
    """Each with a type that browsers accept; what a browser reads first isn't cached, all else only for minutes."""
    done = publish(checkout, site(checkout), stage, session)
    files = {file.relative_to(site(checkout)).as_posix() for file in site(checkout).rglob("*") if file.is_file()}
    assert keys(session) == files == set(done.uploaded)
    assert {"index.html", "vendor/oauth4webapi.js", "router.json", "icons/180.png"} <= files
    assert not any(name.endswith(".d.ts") for name in files)
    assert (done.deleted, done.invalidated) == ((), ())
    s3 = session.client("s3")
    for name in files:
        head = s3.head_object(Bucket="page", Key=name)
        assert head["ContentType"] == CONTENT_TYPES[Path(name).suffix]
        assert head["CacheControl"] == ("no-store" if name in ENTRY_FILES else CACHE_CONTROL)
        assert s3.get_object(Bucket="page", Key=name)["Body"].read() == (site(checkout) / name).read_bytes()


def test_entry_files_are_uploaded_last(
    session: boto3.Session, stage: Stage, checkout: Path, calls: list[tuple[str, Any]]
) -> None:
    """Whoever gets the new list of hashes can get all files that it lists."""
    publish(checkout, site(checkout), stage, session)
    uploaded = [key for _call, key in calls]
    assert uploaded[-len(ENTRY_FILES) :] == ["index.html", CONFIG, MANIFEST, "service_worker.js"]


def test_stage_s_settings_and_headers_are_in_the_files(session: boto3.Session, stage: Stage, checkout: Path) -> None:
    """config.json says how to sign in, and the manifest's version is of this stage's headers."""
    publish(checkout, site(checkout), stage, session)
    s3 = session.client("s3")
    config = json.loads(s3.get_object(Bucket="page", Key=CONFIG)["Body"].read())
    assert config == {
        "stage": "dev", "issuer": "https://issuer.example", "client_id": "pam", "scope": "openid", "demo": False,
    }  # fmt: skip
    manifest = s3.get_object(Bucket="page", Key=MANIFEST)["Body"].read().decode()
    assert manifest == render_manifest(checkout, security_headers(CONNECT))
    assert manifest != render_manifest(checkout, security_headers([]))


def test_second_publication_does_nothing(
    session: boto3.Session, stage: Stage, checkout: Path, calls: list[tuple[str, Any]]
) -> None:
    """Nothing is uploaded, deleted or invalidated when nothing has changed."""
    publish(checkout, site(checkout), stage, session)
    calls.clear()
    done = publish(checkout, site(checkout), stage, session)
    assert (done.uploaded, done.deleted, done.invalidated) == ((), (), ())
    assert calls == []


def test_changed_version_replaces_in_an_order_that_breaks_no_page(
    session: boto3.Session, stage: Stage, checkout: Path, calls: list[tuple[str, Any]]
) -> None:
    """New and changed files, CloudFront's copies of the changed ones, the entry files, then what is gone."""
    publish(checkout, site(checkout), stage, session)
    calls.clear()
    web = checkout / "web"
    (web / "app.js").write_text((web / "app.js").read_text() + "\n// changed\n")
    (web / "added.js").write_text("export const added = 1;\n")
    (web / "backoff.js").unlink()
    (web / "index.html").write_text((web / "index.html").read_text() + "\n")
    done = publish(checkout, site(checkout), stage, session)
    assert calls == [
        ("PutObject", "added.js"),
        ("PutObject", "app.js"),
        ("CreateInvalidation", ["/app.js"]),
        ("PutObject", "index.html"),
        ("PutObject", MANIFEST),
        ("DeleteObject", "backoff.js"),
        ("CreateInvalidation", ["/backoff.js"]),
    ]
    assert done.invalidated == ("/app.js", "/backoff.js")
    assert "backoff.js" not in keys(session)


def test_wrong_headers_are_corrected(session: boto3.Session, stage: Stage, checkout: Path) -> None:
    """A file with the right content and another type is uploaded again."""
    publish(checkout, site(checkout), stage, session)
    s3 = session.client("s3")
    s3.put_object(Bucket="page", Key="app.js", Body=(site(checkout) / "app.js").read_bytes(), ContentType="text/plain")
    done = publish(checkout, site(checkout), stage, session)
    assert (done.uploaded, done.invalidated) == (("app.js",), ("/app.js",))


def test_other_issuer_changes_settings_and_version_only(session: boto3.Session, stage: Stage, checkout: Path) -> None:
    """The files stay; the manifest's version changes with the headers, so that pages are stored with the new ones."""
    publish(checkout, site(checkout), stage, session)
    other = Stage("dev", "page", stage.distribution, "https://o.example", "pam", "openid", ("https://o.example",))
    assert publish(checkout, site(checkout), other, session).uploaded == (CONFIG, MANIFEST)


def test_interrupted_publication_leaves_the_old_manifest_and_is_completed(
    session: boto3.Session, stage: Stage, checkout: Path
) -> None:
    """After a failed upload the list of hashes is that of before; another run uploads the rest."""
    publish(checkout, site(checkout), stage, session)
    s3 = session.client("s3")
    before = s3.get_object(Bucket="page", Key=MANIFEST)["Body"].read()
    for name in ("api.js", "chat.js"):
        (checkout / "web" / name).write_text(f"// {name}\n")

    def fail(params: dict[str, Any], **_other: Any) -> None:
        if params["Key"] == "chat.js":
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "Reduce your request rate."}}, "PutObject")

    session.events.register_first("provide-client-params.s3.PutObject", fail)
    with pytest.raises(ClientError):
        publish(checkout, site(checkout), stage, session)
    session.events.unregister("provide-client-params.s3.PutObject", fail)
    assert s3.get_object(Bucket="page", Key=MANIFEST)["Body"].read() == before
    assert publish(checkout, site(checkout), stage, session).uploaded == ("chat.js", MANIFEST)


def test_unknown_kind_of_file_is_refused(session: boto3.Session, stage: Stage, checkout: Path) -> None:
    """Its type would be a guess."""
    (checkout / "web" / "notes.xyz").write_text("?")
    with pytest.raises(KeyError, match="xyz"):
        publish(checkout, site(checkout), stage, session)


OUTPUTS = {
    "PageBucket": "page",
    "PageDistribution": "E1",
    "PageConnectOrigins": "wss://sockets.example https://issuer.example",
    "SignInIssuer": "https://issuer.example",
    "SignInClientId": "pam",
    "SignInScope": "openid",
    "PageDistributionUrl": "https://d1.cloudfront.net",
}


def create_stack(session: boto3.Session, name: str, outputs: dict[str, str]) -> None:
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    session.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))


def test_outputs_of_a_stack_describe_the_stage(session: boto3.Session) -> None:
    """The stage's parts come from the outputs that template.yaml has; a stack that doesn't exist has none."""
    create_stack(session, "pam-dev", OUTPUTS | {"CognitoLogoutUrl": "https://pool.example/logout"})
    stage = Stage.of_outputs("dev", deploy.read_outputs("pam-dev", session))
    assert (stage.bucket, stage.distribution, stage.connect) == ("page", "E1", CONNECT)
    assert json.loads(stage.render_config())["cognito_logout"] == "https://pool.example/logout"
    assert deploy.read_outputs("pam-none", session) == {}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("Stage=dev CognitoPool=true", ["", " WebOrigin=https://d1.cloudfront.net"]),
        ("Stage=dev CognitoPool=true PageDomain=pam.example", [" WebOrigin=https://pam.example"]),
        ("Stage=dev CognitoPool=true WebOrigin=https://pam.example", [""]),
        ("Stage=dev JwtIssuer=https://issuer.example", [""]),
    ],
)
def test_new_stage_with_a_pool_is_deployed_twice(session: boto3.Session, parameters: str, expected: list[str]) -> None:
    """The second time with the distribution's domain, which the pool's client redirects to; later once, with it."""
    given: list[str] = []

    def run_sam(values: str) -> int:
        if not given:
            create_stack(session, "pam-dev", OUTPUTS)
        given.append(values)
        return 0

    assert deploy.deploy_stack(parameters, "pam-dev", session, run_sam) == 0
    assert given == [parameters + more for more in expected]
    assert deploy.deploy_stack(parameters, "pam-dev", session, run_sam) == 0
    assert given[len(expected) :] == [parameters + expected[-1]]


def test_failed_deployment_is_not_repeated(session: boto3.Session) -> None:
    """sam's exit code is returned at once."""
    create_stack(session, "pam-dev", OUTPUTS)
    assert deploy.deploy_stack("CognitoPool=true", "pam-dev", session, lambda _values: 3) == 3
