"""The parameters of a stage: described, bounded and used, and each value gives a valid stack with what it is for."""

import json
import os
import re
from functools import cache
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint

from tests.functional.expansion import FOREIGN_SECRET, conditions, expand, values_of
from tests.functional.sam import PARAMETERS, TEMPLATE, Template, dependencies, of_type, references, translate

SPECS = TEMPLATE["Parameters"]
BOUNDS = {"AllowedValues", "AllowedPattern", "MinValue"}

OWN_DATABASE = {
    "Database",
    "DatabaseAppSecretAttachment",
    "DatabaseInstance",
    "DatabaseParameters",
    "DatabaseSecurityGroup",
    "DatabaseSubnets",
}
PROXY = {
    "DatabaseConnectionProxy",
    "DatabaseConnectionProxyRole",
    "DatabaseConnectionProxySecurityGroup",
    "DatabaseConnectionProxyTargets",
    "DatabaseConnectionProxyToDatabase",
    "FunctionsToDatabaseConnectionProxy",
    "PinnedSessionsAlarm",
}
SECOND_NAT = {"NatAddressB", "NatGatewayB", "PublicSubnetB", "PublicSubnetBRoutes"}
BUDGET = {"MonthlyBudget"}


RULED = {
    ("DatabaseSecretArn", "DatabaseProxy"): [("", "false"), ("", "true"), (FOREIGN_SECRET, "false")],
    ("CognitoPool", "JwtIssuer"): [("false", "https://issuer.example"), ("true", "")],
    ("PageDomain", "PageCertificate"): list(zip(values_of("PageDomain"), values_of("PageCertificate"), strict=True)),
    ("ApiDomain", "ApiCertificate"): list(zip(values_of("ApiDomain"), values_of("ApiCertificate"), strict=True)),
    ("WebSocketDomain", "WebSocketCertificate"): list(
        zip(values_of("WebSocketDomain"), values_of("WebSocketCertificate"), strict=True)
    ),
}
"""Parameters that a rule of the template relates, with the values that it allows together."""


def stages() -> list[dict[str, Any]]:
    """Return parameters of stages among which every value of each parameter is.

    A value of one parameter meets each of another, as far as there are so many stages and the rules allow it.
    """
    ruled = {name for names in RULED for name in names}
    choices: dict[tuple[str, ...], list[tuple[Any, ...]]] = {
        (name,): [(value,) for value in values_of(name)] for name in SPECS if name not in ruled
    }
    choices |= RULED
    chosen: list[dict[str, Any]] = [{} for _ in range(max(map(len, choices.values())))]
    for shift, (names, values) in enumerate(choices.items()):
        for row, stage in enumerate(chosen):
            # Values of parameters with as many would come together always.
            stage |= zip(names, values[(row + row // len(values) * shift) % len(values)], strict=True)
    return chosen


STAGES = stages()

ALL = "PAM_CASES" in os.environ
"""Whether all stages are expanded, as in `make soak`: otherwise the first ones, which differ in what a stage has."""

MAX_STAGES = 4
EXPANDED = STAGES if ALL else STAGES[:MAX_STAGES]


@pytest.mark.parametrize("name", SPECS)
def test_parameter_is_described_bounded_and_used(name: str) -> None:
    """What it means, what it may be, and something that depends on it."""
    spec = SPECS[name]
    assert re.fullmatch(r"[A-Z].+[.`)0-9a-z]", spec["Description"]), name
    assert len(spec["Description"]) <= 4000  # CloudFormation's limit
    assert spec.keys() & BOUNDS, name
    sections = [TEMPLATE[section] for section in ("Globals", "Resources", "Conditions", "Outputs")]
    assert name in set(references(sections)), name


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if "Default" in spec])
def test_default_is_allowed(name: str) -> None:
    """CloudFormation checks defaults as it checks other values."""
    spec, default = SPECS[name], SPECS[name]["Default"]
    assert default in spec.get("AllowedValues", [default])
    assert re.fullmatch(spec.get("AllowedPattern", ".*"), str(default))
    if spec["Type"] == "Number":
        assert spec.get("MinValue", default) <= default <= spec.get("MaxValue", default)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DatabaseSecretArn", "other-postgres"),
        ("DatabaseSecretArn", "arn:aws:ssm:us-east-1:123456789012:parameter/other"),
        ("DatabaseCidr", "10.0.0.0"),
        ("DatabaseCidr", "10.0.0.0/33"),
        ("ChatTurnCapUsd", "five"),
        ("ChatTurnCapUsd", "-1"),
        ("MapboxBaseUrl", "https://api.mapbox.com/"),
        ("ClaudeBaseUrl", "api.anthropic.com"),
        ("AlarmEmail", "ops"),
        ("AlarmWebhook", "http://hooks.pam.example"),
        ("JwtScope", "openid email"),
        ("WebClientId", "pam page"),
        ("PageDomain", "https://pam.example"),
        ("PageCertificate", "arn:aws:acm:eu-west-1:123456789012:certificate/of-another-region"),
        ("HostedZone", "pam.example"),
    ],
)
def test_invalid_value_is_refused(name: str, value: str) -> None:
    """Before anything is created, and not by a function that doesn't start."""
    assert not re.fullmatch(SPECS[name]["AllowedPattern"], value)


def test_stages_have_every_value_of_each_parameter() -> None:
    """The first ones have all but further ways to shift traffic, and further numbers of days."""
    for name in SPECS:
        values = set(values_of(name))
        assert {stage[name] for stage in STAGES} == values, name
        assert {stage[name] for stage in STAGES[:MAX_STAGES]} == values or len(values) > MAX_STAGES, name
    assert {name for name in SPECS if len(values_of(name)) > MAX_STAGES} == {"TrafficShift", "LogRetentionDays"}


@pytest.mark.soak
@pytest.mark.parametrize("stage", EXPANDED, ids=lambda stage: f"{stage['Stage']}-{STAGES.index(stage)}")
def test_expanded_template_is_valid(stage: dict[str, Any]) -> None:
    """cfn-lint finds no fault, and every reference is to something that the stage has."""
    expanded = expand(**stage)
    named = {name for name in references(expanded) if not name.startswith("AWS::")}
    assert named <= expanded["Resources"].keys()
    text = json.dumps(expanded)
    assert '"Fn::If"' not in text and "AWS::NoValue" not in text
    # The value of a parameter is within an `Fn::Sub` that has no other.
    found = lint(text, config=ManualArgs(regions=["us-east-1"], ignore_checks=["W1020"]))
    assert [str(each) for each in found] == []


def test_every_condition_is_defined_and_used() -> None:
    """By a resource, an `Fn::If`, or another condition."""
    used = set(conditions(TEMPLATE))
    assert used == TEMPLATE["Conditions"].keys()


def test_related_parameters_are_those_of_the_rules() -> None:
    """A new rule takes values that it allows."""
    rules = TEMPLATE["Rules"].values()
    assert {frozenset(references(rule) & SPECS.keys()) for rule in rules} == {frozenset(names) for names in RULED}


def test_proxy_is_refused_for_another_database() -> None:
    """A rule stops the deployment: an RDS Proxy is for databases of RDS, which the secret doesn't name."""
    rule = TEMPLATE["Rules"]["ProxyOfTheCluster"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "DatabaseProxy"}, "true"]}
    assert [each["Assert"] for each in rule["Assertions"]] == [{"Fn::Equals": [{"Ref": "DatabaseSecretArn"}, ""]}]


@cache
def resources(*parameters: tuple[str, Any]) -> frozenset[str]:
    return frozenset(expand(**dict(parameters))["Resources"])


@pytest.mark.parametrize(
    ("parameters", "added", "removed"),
    [
        ({"DatabaseSecretArn": FOREIGN_SECRET}, set(), OWN_DATABASE),
        ({"DatabaseProxy": "true"}, PROXY, set()),
        ({"NatGateways": "one-per-zone"}, SECOND_NAT, set()),
        ({"NatGateways": "one"}, set(), set()),
        ({"Stage": "prod"}, SECOND_NAT, set()),
        ({"Stage": "prod", "NatGateways": "one"}, set(), set()),
        ({"Stage": "staging"}, set(), set()),
        ({"AlarmEmail": "ops@pam.example"}, BUDGET | {"AlarmEmailSubscription"}, set()),
        ({"AlarmWebhook": "https://hooks.pam.example"}, {"AlarmWebhookSubscription"}, set()),
        ({"MonthlyBudgetUsd": 50}, set(), set()),
        ({"Tracing": "Active"}, set(), set()),
    ],
    ids=lambda each: " ".join(map(str, each)) if isinstance(each, dict) else "",
)
def test_parameter_adds_and_removes_resources(parameters: dict[str, Any], added: set[str], removed: set[str]) -> None:
    """In comparison with a development stage of defaults; versions are published anew and don't count."""
    usual, found = (
        {name for name in each if not name.startswith("_") and "Version" not in name}
        for each in (resources(), resources(*parameters.items()))
    )
    assert (found - usual, usual - found) == (added, removed)


def migrate_environment(expanded: Template) -> dict[str, Any]:
    variables: dict[str, Any] = expanded["Resources"]["MigrateFunction"]["Properties"]["Environment"]["Variables"]
    return variables


def test_other_database_is_migrated_with_the_login_of_its_owner() -> None:
    """The function reads the parameter's secret, has no cluster to look for backups of, and may store the address."""
    expanded = expand(DatabaseSecretArn=FOREIGN_SECRET)
    variables = migrate_environment(expanded)
    assert (variables["DATABASE_OWNER_SECRET"], variables["DATABASE_CLUSTER"]) == (FOREIGN_SECRET, "")
    policies = expanded["Resources"]["MigrateFunctionRole"]["Properties"]["Policies"]
    statements = [policy["PolicyDocument"]["Statement"] for policy in policies]
    assert {each["Action"]: each["Resource"] for each in statements} == {
        "secretsmanager:GetSecretValue": [FOREIGN_SECRET, {"Ref": "DatabaseAppSecret"}],
        "secretsmanager:PutSecretValue": {"Ref": "DatabaseAppSecret"},
    }
    assert expanded["Resources"]["SchemaMigration"]["Properties"]["Database"] == FOREIGN_SECRET
    assert expanded["Outputs"]["DatabaseOwnerSecret"]["Value"] == FOREIGN_SECRET


@pytest.mark.parametrize("parameters", [{}, {"DatabaseSecretArn": FOREIGN_SECRET}, {"DatabaseProxy": "true"}])
def test_functions_and_rotation_wait_for_the_migration(parameters: dict[str, Any]) -> None:
    """In each mode, with what the migration itself needs."""
    expanded = expand(**parameters)
    functions = of_type(expanded, "AWS::Lambda::Function").keys() - {"MigrateFunction"}
    for name in (*functions, "DatabaseAppSecretRotation"):
        assert "SchemaMigration" in dependencies(expanded, name), name
    before = dependencies(expanded, "SchemaMigration")
    assert before >= (OWN_DATABASE & expanded["Resources"].keys()) | of_type(expanded, "AWS::EC2::Route").keys()
    assert not before & PROXY
    assert migrate_environment(expanded)["DATABASE_PROXY_HOST"] == ""


def test_functions_reach_another_database_at_its_addresses() -> None:
    """By an address and a port, and no others of that port."""
    expanded = expand(DatabaseSecretArn=FOREIGN_SECRET, DatabaseCidr="10.1.2.0/24", DatabasePort=6432)
    (rule,) = (each["Properties"] for each in of_type(expanded, "AWS::EC2::SecurityGroupEgress").values())
    assert (rule["CidrIp"], rule["FromPort"], rule["ToPort"]) == ("10.1.2.0/24", 6432, 6432)
    assert "DestinationSecurityGroupId" not in rule


def test_functions_connect_to_the_proxy_once_it_has_targets() -> None:
    """With TLS alone, by the login of the app's role, which its role may read."""
    expanded = expand(DatabaseProxy="true")
    created = expanded["Resources"]
    proxy = created["DatabaseConnectionProxy"]["Properties"]
    assert proxy["RequireTLS"] is True
    assert [(each["SecretArn"], each["IAMAuth"]) for each in proxy["Auth"]] == [
        ({"Ref": "DatabaseAppSecret"}, "DISABLED")
    ]
    (policy,) = created["DatabaseConnectionProxyRole"]["Properties"]["Policies"]
    assert [each["Resource"] for each in policy["PolicyDocument"]["Statement"]] == [{"Ref": "DatabaseAppSecret"}]
    for name in of_type(expanded, "AWS::Lambda::Function").keys() - {"MigrateFunction"}:
        host = created[name]["Properties"]["Environment"]["Variables"]["DATABASE_PROXY_HOST"]
        assert host["Fn::Select"][1][0] == {"Fn::GetAtt": ["DatabaseConnectionProxy", "Endpoint"]}
        assert dependencies(expanded, name) >= {"DatabaseConnectionProxyTargets", "DatabaseInstance"}
    targets = created["DatabaseConnectionProxyTargets"]["Properties"]
    # A function that waits longer than for a connection of its own would exceed its deadline.
    assert targets["ConnectionPoolConfigurationInfo"]["ConnectionBorrowTimeout"] == 2


def test_database_that_a_proxy_keeps_connections_to_does_not_pause() -> None:
    """It would be charged for a pause that never comes, and CloudFormation refuses nothing."""

    def capacity(**parameters: str) -> float:
        properties = expand(**parameters)["Resources"]["Database"]["Properties"]
        return float(properties["ServerlessV2ScalingConfiguration"]["MinCapacity"])

    assert (capacity(), capacity(Stage="prod"), capacity(DatabaseProxy="true")) == (0, 0.5, 0.5)


@pytest.mark.parametrize(("gateways", "number"), [("one", 1), ("one-per-zone", 2)])
def test_each_zone_has_a_route_of_its_own(gateways: str, number: int) -> None:
    """With a gateway per zone, the failure of a zone leaves the other one's way to the sources as it is."""
    expanded = expand(NatGateways=gateways)
    subnets = {
        name: each["Properties"]["AvailabilityZone"]["Fn::Select"][0]
        for name, each in of_type(expanded, "AWS::EC2::Subnet").items()
    }
    tables = {
        each["Properties"]["RouteTableId"]["Ref"]: each["Properties"]["SubnetId"]["Ref"]
        for each in of_type(expanded, "AWS::EC2::SubnetRouteTableAssociation").values()
        if each["Properties"]["SubnetId"]["Ref"] in ("SubnetA", "SubnetB")
    }
    zones = {
        subnets[tables[each["Properties"]["RouteTableId"]["Ref"]]]: subnets[
            expanded["Resources"][each["Properties"]["NatGatewayId"]["Ref"]]["Properties"]["SubnetId"]["Ref"]
        ]
        for each in of_type(expanded, "AWS::EC2::Route").values()
        if "NatGatewayId" in each["Properties"]
    }
    assert zones == ({0: 0, 1: 0} if number == 1 else {0: 0, 1: 1})
    assert len(of_type(expanded, "AWS::EC2::NatGateway")) == number
    endpoint = expanded["Resources"]["DynamoDbEndpoint"]["Properties"]
    assert {each["Ref"] for each in endpoint["RouteTableIds"]} == tables.keys()


def test_budget_tells_the_address_of_alarms() -> None:
    """At 80 % and all of it, and when all of it is forecast."""
    budget = expand(AlarmEmail="ops@pam.example", MonthlyBudgetUsd=50)["Resources"]["MonthlyBudget"]["Properties"]
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 50, "Unit": "USD"}
    notified = budget["NotificationsWithSubscribers"]
    kinds = [(each["Notification"]["NotificationType"], each["Notification"]["Threshold"]) for each in notified]
    assert kinds == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert {each["Address"] for notification in notified for each in notification["Subscribers"]} == {"ops@pam.example"}


@pytest.mark.parametrize(("name", "hourly"), [("DatabaseProxy", 0.015 * 8), ("NatGateways", 0.045 + 0.005)])
def test_description_has_the_price_of_30_days(name: str, hourly: float) -> None:
    """By the hourly prices in it: the same 720 hours as in docs/cost.md."""
    description = SPECS[name]["Description"]
    assert all(f"${each}" in description for each in {"DatabaseProxy": (0.015,), "NatGateways": (0.045, 0.05)}[name])
    assert f"${hourly * 24 * 30:.2f} in 30 days" in description


def test_translator_keeps_rules_and_parameters() -> None:
    """What CloudFormation itself checks is in the template that it gets."""
    translated = translate()
    assert translated["Rules"] == TEMPLATE["Rules"]
    assert translated["Parameters"].keys() >= PARAMETERS.keys()
