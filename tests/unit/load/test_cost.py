"""docs/cost.md: the fixed costs of a stage, counted in the template, at the prices of a month."""

from typing import Any

import pytest

from load.capacity import Prices, read_measured
from load.cost_page import PAGE, STAGES, FixedPrices, FixedResources, count_fixed, per_thousand_messages, render
from tests.functional.sam import FUNCTIONS, PARAMETERS, TEMPLATE, of_type, translate


def test_page_is_that_of_template_and_figures() -> None:
    """`make settings` writes it."""
    assert PAGE.read_text("utf-8") == render()


@pytest.mark.parametrize("stage", STAGES)
def test_fixed_resources_are_those_of_the_template(stage: str) -> None:
    """Functions with their memory, alarms and secrets as CloudFormation makes them."""
    fixed, expanded = count_fixed(stage), translate(parameters={**PARAMETERS, "Stage": stage})
    functions = of_type(expanded, "AWS::Lambda::Function")
    assert fixed.functions == {name: functions[name]["Properties"]["MemorySize"] / 1024 for name in FUNCTIONS}
    # Those with a condition are of resources that no stage of samconfig.toml has.
    alarms = [each for each in of_type(expanded, "AWS::CloudWatch::Alarm").values() if "Condition" not in each]
    metrics = [max(1, sum("MetricStat" in each for each in alarm["Properties"].get("Metrics", []))) for alarm in alarms]
    assert fixed.alarm_metrics == sum(metrics)
    assert fixed.dashboards == 1


@pytest.mark.parametrize(
    ("schedule", "awake"),
    [
        ({"ScheduleExpression": "rate(1 minute)"}, True),
        ({"ScheduleExpression": "rate(5 minutes)", "State": {"Fn::If": ["Production", "ENABLED", "DISABLED"]}}, False),
        ({"ScheduleExpression": "rate(1 day)"}, False),
    ],
)
def test_frequent_schedule_keeps_the_database_awake(schedule: dict[str, Any], awake: bool) -> None:
    """A template with one function: half a unit, or nothing where the database pauses; prod never does."""
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {"Events": {"E": {"Type": "ScheduleV2", "Properties": schedule}}},
    }
    capacity = {"MinCapacity": {"Fn::If": ["Production", 0.5, 0]}}
    cluster = {"Type": "AWS::RDS::DBCluster", "Properties": {"ServerlessV2ScalingConfiguration": capacity}}
    template = TEMPLATE | {"Resources": {"Function": function, "Database": cluster}}
    assert count_fixed("dev", template).acu == (0.5 if awake else 0)
    assert count_fixed("prod", template).acu == 0.5


def test_month_is_computed_from_the_prices() -> None:
    """An example that is calculated by hand: 720 hours."""
    fixed = FixedResources(1.0, {"A": 0.5, "B": 1.5}, 1, 2, 1, 3, 4, 1, proxies=1)
    prices = Prices(snapstart_cached_gb_s=1e-6, nat_gateway_hour=0.04, endpoint_hour=0.01, aurora_acu_hour=0.1)
    usd = fixed.usd(prices, FixedPrices(0.1, 3.0, 0.4, 0.005))
    assert list(usd.values()) == pytest.approx([5.184, 0.065 * 720, 72.0, 0.4, 3.0, 1.2, 0.015 * 8 * 720])


def test_messages_add_to_each_service_that_is_charged_by_use() -> None:
    """And to none whose cost is fixed."""
    added = per_thousand_messages(read_measured())
    assert added.keys() >= {"Claude", "Lambda", "API Gateway", "DynamoDB", "Logs"}
    assert "Network" not in added
    assert all(usd > 0 for usd in added.values())
