"""The stack of a stage in moto's CloudFormation: what it creates, and what it can't.

moto has a bit more than half of the stack's resources: the network, tables, functions with their versions and roles,
logs, topic and queue. It checks policies as IAM does, and resolves references. It doesn't have the cluster, the proxy,
secrets, APIs, aliases, schedules, alarms and the budget: cfn-lint alone checks these.
"""

from typing import Any

import boto3
import pytest

from tests.functional.expansion import FOREIGN_SECRET, expand
from tests.functional.moto_stack import UNCREATABLE_TYPES, created, is_known
from tests.functional.sam import FUNCTIONS, of_type

PARAMETERS: list[dict[str, Any]] = [
    {},
    {"DatabaseProxy": "true", "AlarmEmail": "ops@pam.example"},
    {"DatabaseSecretArn": FOREIGN_SECRET, "NatGateways": "one-per-zone"},
    {"Stage": "prod", "Tracing": "Active"},
]


def client(service: str) -> Any:
    return boto3.Session("test", "test", region_name="us-east-1").client(service)  # type: ignore[call-overload]


@pytest.mark.parametrize("parameters", PARAMETERS, ids=lambda each: " ".join(map(str, each.values())) or "default")
def test_every_known_resource_is_created(parameters: dict[str, Any]) -> None:
    """None is missing, and the services have them."""
    expanded = expand(**parameters)
    known = {name for name, each in expanded["Resources"].items() if is_known(each["Type"])}
    with created(expanded) as ids:
        assert ids.keys() == known
        functions = client("lambda").list_functions()["Functions"]
        assert len(functions) == len(FUNCTIONS) == len({each["FunctionName"] for each in functions})
        tables = client("dynamodb").list_tables()["TableNames"]
        assert len(tables) == len(of_type(expanded, "AWS::DynamoDB::Table"))
    assert len(known) > len(expanded["Resources"]) / 2


def test_types_that_can_not_be_created_are_in_the_template() -> None:
    """A type that has left the template leaves the list."""
    assert {each["Type"] for each in expand()["Resources"].values()} >= UNCREATABLE_TYPES


@pytest.mark.parametrize(("gateways", "number"), [("one", 1), ("one-per-zone", 2)])
def test_zones_reach_the_sources_through_their_gateways(gateways: str, number: int) -> None:
    """The routes as EC2 has them: each private subnet has a gateway, of its own zone where there are two."""
    with created(expand(NatGateways=gateways)) as ids:
        ec2 = client("ec2")
        zones = {each["SubnetId"]: each["AvailabilityZone"] for each in ec2.describe_subnets()["Subnets"]}
        found = [each for each in ec2.describe_nat_gateways()["NatGateways"] if each["State"] == "available"]
        zone_of = {each["NatGatewayId"]: zones[each["SubnetId"]] for each in found}
        assert len(zone_of) == number
        tables = {each["RouteTableId"]: each for each in ec2.describe_route_tables()["RouteTables"]}
        routes = {
            name: [route["NatGatewayId"] for route in tables[ids[table]]["Routes"] if route.get("NatGatewayId")]
            for name, table in (("SubnetA", "RouteTable"), ("SubnetB", "RouteTableB"))
        }
        assert all(len(each) == 1 for each in routes.values())
        own_zone = {name: zone_of[routes[name][0]] == zones[ids[name]] for name in routes}
        assert own_zone == {"SubnetA": True, "SubnetB": number == 2}


def test_proxy_may_reach_the_database_and_functions_may_not_read_the_owners_secret() -> None:
    """The rules and policies as EC2 and IAM have them."""
    with created(expand(DatabaseProxy="true")) as ids:
        groups = {each["GroupId"]: each for each in client("ec2").describe_security_groups()["SecurityGroups"]}
        rules = groups[ids["DatabaseSecurityGroup"]]["IpPermissions"]
        allowed = {pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]}
        assert allowed == {ids["FunctionsSecurityGroup"], ids["DatabaseConnectionProxySecurityGroup"]}
        iam = client("iam")
        readers = set()
        for name in ids:
            if not name.endswith("Role"):
                continue
            for policy in iam.list_role_policies(RoleName=ids[name])["PolicyNames"]:
                document = iam.get_role_policy(RoleName=ids[name], PolicyName=policy)["PolicyDocument"]
                readers |= {name} if "MasterUserSecret" in str(document) else set()
        assert readers == {"MigrateFunctionRole"}
