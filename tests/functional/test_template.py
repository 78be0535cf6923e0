"""The template: valid, buildable for Lambda, and with what every function must have."""

import json
import os
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import deploy
from local.build import RUNTIME, find_runtime, size_limits, unzipped_sizes
from local.lambda_runtime.packages import SDK_LAYERS
from local.template import read_source
from tests.conftest import CHECKOUT
from tests.functional.expansion import expand
from tests.functional.sam import (
    FUNCTIONS,
    RESOURCES,
    TEMPLATE,
    dependencies,
    http_events,
    layers_of,
    of_type,
    translate,
)

MAX_MANAGED_POLICIES = 10  # of a role; IAM's default quota

ENVIRONMENT = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}
MANAGED_POLICIES = of_type(TEMPLATE, "AWS::IAM::ManagedPolicy")


def test_sam_and_cfn_lint_find_no_fault() -> None:
    """`sam validate --lint` passes."""
    command = [str(CHECKOUT / ".venv/bin/sam"), "validate", "--lint"]
    done = subprocess.run(command, cwd=CHECKOUT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(find_runtime() is None, reason=f"no {RUNTIME} on this machine to build for Lambda with")
def test_every_function_and_layer_builds_for_lambda(tmp_path: Path) -> None:
    """`make build` makes arm64 packages of the runtime's Python within Lambda's size, and a deployable template."""
    command = [sys.executable, "-m", "local.build", "--build-dir", str(tmp_path), "--no-cached"]
    done = subprocess.run(command, cwd=CHECKOUT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "PamLayer/python/pam/routing/automaton.json").is_file()
    for layer in ("HttpLayer", "ClaudeLayer", "GeminiLayer"):
        compiled = [path.name for path in (tmp_path / layer).rglob("*.cpython-*.so")]
        assert compiled
        assert all(name.endswith("cpython-313-aarch64-linux-gnu.so") for name in compiled)
        assert not (tmp_path / layer / "python/numpy").exists()
    for name in FUNCTIONS:
        assert (tmp_path / name / "app.py").is_file()
    assert (tmp_path / "GeminiLayer/python/google/generativeai/embedding.py").is_file()
    assert (tmp_path / "HttpLayer/python/psycopg/__pycache__/sql.cpython-313.pyc").is_file()
    sizes, limits = unzipped_sizes(tmp_path), size_limits(tmp_path)
    assert sizes.keys() == limits.keys() == FUNCTIONS.keys()
    assert all(0 < size <= limits[name] for name, size in sizes.items())
    assert set(limits.values()) == {60_000_000, 200_000_000}
    assert sizes["ChatWorkerFunction"] > 1.5 * sizes["AskFunction"]  # with the SDKs of both models
    built = tmp_path / "template.yaml"
    # CloudFormation knows no YAML aliases: the build must have replaced those of template.yaml.
    assert not any(isinstance(token, yaml.AliasToken) for token in yaml.scan(built.read_text()))
    deploy.add_parameters_digest(built, "Stage=dev")
    assert of_type(translate(read_source(built)), "AWS::Lambda::Version").keys()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_logs_name_description_and_code(name: str) -> None:
    """A log group of its own with a retention, a service name, a description, and a folder."""
    properties = FUNCTIONS[name]
    group = RESOURCES[properties["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["Type"] == "AWS::Logs::LogGroup"
    assert "RetentionInDays" in group["Properties"]
    assert [f["LoggingConfig"] for f in FUNCTIONS.values()].count(properties["LoggingConfig"]) == 1
    folder = Path(properties["CodeUri"]).name
    assert properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == folder
    assert properties["Description"]
    assert (CHECKOUT / properties["CodeUri"] / "app.py").is_file()


def test_functions_have_the_same_sdks_here_and_on_lambda() -> None:
    """The local stack hides packages that are in no layer of a function: it knows the layers with SDKs by name."""
    shared = {"PamLayer", "HttpLayer", "MigrationsLayer"}
    sdks = {Path(each["CodeUri"]).name: layers_of(each) - shared for each in FUNCTIONS.values()}
    assert {name: layers for name, layers in sdks.items() if layers} == {
        name: {f"{layer.title()}Layer" for layer in layers} for name, layers in SDK_LAYERS.items()
    }


def test_functions_of_template_and_checkout_are_the_same() -> None:
    """There is no function without code, and no code without a function."""
    folders = {f"functions/{path.parent.name}" for path in CHECKOUT.glob("functions/*/app.py")}
    assert folders == {properties["CodeUri"] for properties in FUNCTIONS.values()}


def test_every_function_starts_from_a_snapshot() -> None:
    """SnapStart and its alias are set once for all functions, and no function has its own setting."""
    shared = TEMPLATE["Globals"]["Function"]
    assert shared["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert shared["AutoPublishAlias"]
    assert shared["Runtime"] == RUNTIME
    assert shared["Architectures"] == ["arm64"]
    assert not any(
        {"SnapStart", "AutoPublishAlias", "Runtime"} & properties.keys() for properties in FUNCTIONS.values()
    )


def test_every_route_has_the_authorizer() -> None:
    """No function of the HTTP API is open to everyone."""
    assert RESOURCES["HttpApi"]["Properties"]["Auth"]["DefaultAuthorizer"] == "Traveller"
    for properties in FUNCTIONS.values():
        for event in http_events(properties):
            assert "Auth" not in event["Properties"]


def test_every_route_requires_a_scope() -> None:
    """ID tokens have none: the authorizer accepts access tokens only."""
    body = translate()["Resources"]["HttpApi"]["Properties"]["Body"]
    operations = [operation for path in body["paths"].values() for operation in path.values()]
    assert len(operations) == sum(len(http_events(properties)) for properties in FUNCTIONS.values())
    assert all(operation["security"] == [{"Traveller": [{"Ref": "JwtScope"}]}] for operation in operations)


def test_throttled_routes_exist() -> None:
    """Whatever writes, calls a source or opens a connection has a lower limit than the default."""
    translated = translate()["Resources"]
    http_routes = {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        for properties in FUNCTIONS.values()
        for event in http_events(properties)
    }
    own = ("spend-summary", "budget-status", "savings", "expenses", "memories", "profile", "friends")
    reads = {f"GET /v1/{name}" for name in own}
    settings = {name: api["Properties"] for name, api in RESOURCES.items() if name in ("HttpApi", "WebSocketApi")}
    assert settings["HttpApi"]["RouteSettings"].keys() == http_routes - reads
    assert settings["WebSocketApi"]["RouteSettings"].keys() >= {"$connect", "chat", "confirm"}
    assert settings["WebSocketApi"]["RouteSettings"].keys() <= settings["WebSocketApi"]["Routes"].keys()
    for name, api in settings.items():
        default = api["DefaultRouteSettings"]["ThrottlingRateLimit"]
        limits = {
            route: limit["ThrottlingRateLimit"] for route, limit in api["RouteSettings"].items() if route != "ping"
        }
        assert all(0 < limit < default for limit in limits.values())
        [stage] = [
            resource["Properties"]
            for resource in translated.values()
            if resource["Type"] == "AWS::ApiGatewayV2::Stage" and resource["Properties"]["ApiId"] == {"Ref": name}
        ]
        assert stage["RouteSettings"].keys() == api["RouteSettings"].keys()


def test_both_apis_log_every_request_without_query_and_token() -> None:
    """Each in a log group of its own; a WebSocket's ticket is in its query."""
    groups = set()
    for name in ("HttpApi", "WebSocketApi"):
        settings = RESOURCES[name]["Properties"]["AccessLogSettings"]
        groups.add(settings["DestinationArn"]["Fn::GetAtt"][0])
        assert json.loads(settings["Format"]).keys() >= {"requestId", "route", "status", "error"}
        assert not re.search(
            r"querystring|\$context\.(path|identity|authorizer\.(claims|principal))", settings["Format"]
        )
    assert len(groups) == 2
    assert all(RESOURCES[group]["Type"] == "AWS::Logs::LogGroup" for group in groups)


def test_database_is_not_public_and_groups_allow_what_is_needed() -> None:
    """Functions reach Postgres and HTTPS; database and endpoints open no connections."""
    assert RESOURCES["DatabaseInstance"]["Properties"]["PubliclyAccessible"] is False
    expanded = expand(DatabaseProxy="true")
    rules = {
        name: [
            (rule["IpProtocol"], rule.get("ToPort"), rule.get("CidrIp") or rule["DestinationSecurityGroupId"]["Ref"])
            for rule in group["Properties"]["SecurityGroupEgress"]
        ]
        for name, group in of_type(expanded, "AWS::EC2::SecurityGroup").items()
    }
    nothing = [("-1", None, "127.0.0.1/32")]
    assert rules == {
        "FunctionsSecurityGroup": [("tcp", 443, "0.0.0.0/0")],
        "DatabaseSecurityGroup": nothing,
        "DatabaseConnectionProxySecurityGroup": [("tcp", 5432, "DatabaseSecurityGroup")],
        "EndpointsSecurityGroup": nothing,
    }
    added = [egress["Properties"] for egress in of_type(expanded, "AWS::EC2::SecurityGroupEgress").values()]
    assert all(rule["GroupId"] == {"Ref": "FunctionsSecurityGroup"} for rule in added)
    assert {(rule["DestinationSecurityGroupId"]["Ref"], rule["FromPort"], rule["ToPort"]) for rule in added} == {
        ("DatabaseSecurityGroup", 5432, 5432),
        ("DatabaseConnectionProxySecurityGroup", 5432, 5432),
    }
    assert "FunctionsToDatabase" in dependencies(translate(), "SchemaMigration")


def test_every_alias_is_updated_after_the_migration() -> None:
    """A failed migration stops the deployment while all functions that serve traffic are at their old versions."""
    translated = translate()
    aliases = of_type(translated, "AWS::Lambda::Alias")
    assert len(aliases) == len(FUNCTIONS)
    not_waiting = {name for name in aliases if "SchemaMigration" not in dependencies(translated, name)}
    assert not_waiting == {"MigrateFunctionAliaslive"}
    functions = of_type(translated, "AWS::Lambda::Function").keys() - {"MigrateFunction"}
    assert all("SchemaMigration" in dependencies(translated, name) for name in functions)


def test_migration_runs_with_the_new_files_once_the_database_is_reachable() -> None:
    """It depends on the published migrate function with this release's layer, the database, its secret and routes."""
    translated = translate()
    before = dependencies(translated, "SchemaMigration")
    assert before >= {"MigrateFunctionAliaslive", "DatabaseInstance", "DatabaseAppSecretAttachment", "SecretsEndpoint"}
    # CloudFormation's answers go to S3, which is reached through the NAT gateway.
    assert before >= {"NatGateway", *of_type(translated, "AWS::EC2::Route")}
    assert before >= of_type(translated, "AWS::EC2::SubnetRouteTableAssociation").keys()


def test_migration_is_requested_for_changed_migrations_only() -> None:
    """CloudFormation updates a custom resource when its properties change: here the layer's ARN."""

    def properties(content: dict[str, str]) -> Any:
        return translate(content=content)["Resources"]["SchemaMigration"]["Properties"]

    assert properties({"MigrationsLayer": "changed"}) != properties({})
    assert properties({"PamLayer": "changed", "WeatherFunction": "changed"}) == properties({})


def test_unanswered_migration_fails_soon_after_the_functions_timeout() -> None:
    """CloudFormation waits an hour by default."""
    migrate = FUNCTIONS["MigrateFunction"]
    assert migrate["Timeout"] < RESOURCES["SchemaMigration"]["Properties"]["ServiceTimeout"] <= migrate["Timeout"] + 60
    assert migrate["EventInvokeConfig"]["MaximumRetryAttempts"] == 0


def managed_statements() -> Iterator[dict[str, Any]]:
    for policy in MANAGED_POLICIES.values():
        yield from policy["Properties"]["PolicyDocument"]["Statement"]


def inline_statements() -> Iterator[dict[str, Any]]:
    for properties in FUNCTIONS.values():
        for policy in properties["Policies"]:
            for each in policy.get("Fn::If", [None, policy])[1:]:
                if "Ref" not in each:
                    assert each.keys() == {"Statement"}, "inline policies are written as statements"
                    yield each["Statement"]


def test_no_inline_statement_is_repeated() -> None:
    """A permission that several functions have is in a managed policy."""
    inline = [json.dumps(statement, sort_keys=True) for statement in inline_statements()]
    assert len(set(inline)) == len(inline)
    assert not {json.dumps(statement, sort_keys=True) for statement in managed_statements()} & set(inline)


def test_every_managed_policy_is_shared() -> None:
    """A policy that only one function has belongs into the function; a role has no more policies than IAM allows."""
    attached = [
        policy["Ref"] for properties in FUNCTIONS.values() for policy in properties["Policies"] if "Ref" in policy
    ]
    assert set(attached) == MANAGED_POLICIES.keys()
    assert all(attached.count(name) > 1 for name in MANAGED_POLICIES)
    for role in of_type(translate(), "AWS::IAM::Role").values():
        assert len(role["Properties"].get("ManagedPolicyArns", [])) <= MAX_MANAGED_POLICIES


def test_no_permission_has_a_wildcard() -> None:
    """Each action and resource is named, except for the ids of WebSocket connections and the keys of exported files."""
    for statement in [*managed_statements(), *inline_statements()]:
        text = json.dumps([statement["Action"], statement["Resource"]])
        assert "*" not in text.replace("/POST/@connections/*", "").replace("${ExportBucket}/exports/*", "")


def test_every_permission_has_its_reason_beside_it() -> None:
    """A comment precedes each statement, in managed policies and in functions."""
    lines = (CHECKOUT / "template.yaml").read_text().splitlines()
    statement = re.compile(r" +- (Effect: Allow|Statement:.*|&\w+|\*\w+)$")
    found = [number for number, line in enumerate(lines) if statement.fullmatch(line)]
    roles = of_type(TEMPLATE, "AWS::IAM::Role").values()
    statements = [
        each
        for role in roles
        for policy in [
            *role["Properties"]["Policies"],
            {"PolicyDocument": role["Properties"]["AssumeRolePolicyDocument"]},
        ]
        for each in policy["PolicyDocument"]["Statement"]
    ]
    assert len(found) == len([*managed_statements(), *inline_statements(), *statements])
    assert [lines[number] for number in found if not lines[number - 1].lstrip().startswith("# ")] == []


def test_schedules_invoke_the_alias_and_have_no_name() -> None:
    """A version that isn't published has no snapshot. A name would be taken by the first stage of an account."""
    template = translate()
    schedules = of_type(template, "AWS::Scheduler::Schedule").values()
    aliases = of_type(template, "AWS::Lambda::Alias")
    assert len(schedules) == sum(
        event["Type"] == "ScheduleV2"
        for function in FUNCTIONS.values()
        for event in function.get("Events", {}).values()
    )
    assert all(schedule["Properties"]["Target"]["Arn"]["Ref"] in aliases for schedule in schedules)
    assert not any("Name" in schedule["Properties"] for schedule in schedules)


def test_passwords_of_the_database_are_rotated() -> None:
    """RDS rotates the owner's. The app's is rotated by a function that reaches Postgres, once the role exists."""
    assert RESOURCES["Database"]["Properties"]["ManageMasterUserPassword"] is True
    rotation = RESOURCES["DatabaseAppSecretRotation"]
    properties, function = rotation["Properties"], rotation["Properties"]["HostedRotationLambda"]
    assert properties["SecretId"] == {"Ref": "DatabaseAppSecret"}
    assert (properties["RotationRules"], properties["RotateImmediatelyOnUpdate"]) == (
        {"ScheduleExpression": "rate(30 days)"},
        False,
    )
    assert function["VpcSecurityGroupIds"] == {"Ref": "FunctionsSecurityGroup"}
    assert {"SchemaMigration", "DatabaseAppSecretAttachment"} <= dependencies(translate(), "DatabaseAppSecretRotation")
    generated = RESOURCES["DatabaseAppSecret"]["Properties"]["GenerateSecretString"]
    assert generated["ExcludePunctuation"]
    assert set(function["ExcludeCharacters"]) == set(string.punctuation)
