"""What a deployment publishes: new versions of the functions whose code or configuration changed, and no others."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from local import deploy
from local.template import read_source
from local.template.intrinsics import Resolver
from monitoring.alarms import ALARMS
from tests.conftest import CHECKOUT
from tests.functional.sam import FUNCTIONS, LAYERS, PARAMETERS, RESOURCES, Template, layers_of, of_type, translate


def published(template: Template) -> dict[str, str]:
    """The logical id of each function's version: CloudFormation publishes a version exactly if the id is new."""
    versions = of_type(template, "AWS::Lambda::Version")
    return {version["Properties"]["FunctionName"]["Ref"]: name for name, version in versions.items()}


def newly_published(before: Template, after: Template) -> set[str]:
    old, new = published(before), published(after)
    assert old.keys() == new.keys() == FUNCTIONS.keys()
    return {function for function in new if new[function] != old[function]}


def test_unchanged_content_publishes_no_version() -> None:
    """A deployment of the same content leaves every version as it is."""
    assert newly_published(translate(), translate()) == set()


@pytest.mark.parametrize("layer", LAYERS)
def test_changed_layer_publishes_exactly_the_functions_that_use_it(layer: str) -> None:
    """The package and the HTTP layer are used by all functions, the others by those that need them."""
    users = {name for name, function in FUNCTIONS.items() if layer in layers_of(function)}
    assert newly_published(translate(), translate(content={layer: "changed"})) == users
    few = {
        "ClaudeLayer": {"ChatWorkerFunction", "SummariseEpisodesFunction"},
        "GeminiLayer": {"ChatWorkerFunction", "EmbedMemoriesFunction"},
        "MigrationsLayer": {"MigrateFunction"},
    }
    assert users == few.get(layer, FUNCTIONS.keys())


@pytest.mark.parametrize("layer", LAYERS)
def test_published_function_has_the_changed_layer(layer: str) -> None:
    """A layer's logical id changes with its content, so that Lambda finds a changed function to publish.

    Lambda refuses to publish a function that is as it was when its last version was published.
    """
    before, after = translate(), translate(content={layer: "changed"})
    replaced = of_type(before, "AWS::Lambda::LayerVersion").keys() - of_type(after, "AWS::Lambda::LayerVersion").keys()
    assert len(replaced) == 1
    for name in newly_published(before, after):
        old, new = (template["Resources"][name]["Properties"]["Layers"] for template in (before, after))
        assert [layer["Ref"] for layer in old if layer not in new] == list(replaced)


def test_changed_function_folder_publishes_that_function() -> None:
    """Functions are independent of each other's handlers."""
    assert newly_published(translate(), translate(content={"WeatherFunction": "changed"})) == {"WeatherFunction"}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A built template; `sam build` changes nothing in it but where code and layers are."""
    return Path(shutil.copy(CHECKOUT / "template.yaml", tmp_path))


def deployed(built: Path, parameters: str) -> Template:
    deploy.add_parameters_digest(built, parameters)
    return translate(read_source(built))


def test_changed_parameter_publishes_every_function(built: Path) -> None:
    """A stage's new cap or log level reaches the versions that serve traffic."""
    before, after = deployed(built, "Stage=dev LogLevel=DEBUG"), deployed(built, "Stage=dev LogLevel=INFO")
    assert newly_published(before, after) == FUNCTIONS.keys()


def test_same_parameters_publish_no_version(built: Path) -> None:
    """The digest depends on the values alone."""
    assert newly_published(deployed(built, "Stage=dev"), deployed(built, "Stage=dev")) == set()


def test_every_stage_has_parameters() -> None:
    """Each section of samconfig.toml deploys the stage that it is named after."""
    stages = deploy.read_stages(CHECKOUT / "samconfig.toml")
    assert stages.keys() == {"dev", "staging", "prod"}
    assert all(f"Stage={stage}" in parameters.split() for stage, parameters in stages.items())


GRADUAL = "Canary10Percent10Minutes"
SHIFTED = FUNCTIONS.keys() - {"MigrateFunction"}
"""The functions whose traffic is shifted: the migration of a release must not be that of the one before it."""


def deployment_groups(way: str) -> dict[str, Any]:
    """The properties of each function's CodeDeploy group, resolved with this value of `TrafficShift`.

    They are found as CloudFormation finds them: by the update policy of the alias.
    """
    parameters = {**PARAMETERS, "TrafficShift": way}
    expanded = translate(parameters=parameters)
    resolver = Resolver(expanded, parameters, endpoint="", api_url="", websocket_url="")
    groups = {}
    for alias in of_type(expanded, "AWS::Lambda::Alias").values():
        if policy := alias.get("UpdatePolicy"):
            assert alias["Properties"]["Name"] == "live"
            group = expanded["Resources"][policy["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"]]
            function = alias["Properties"]["FunctionName"]["Ref"]
            groups[function] = {
                name: resolver.value(group["Properties"][name], function)
                for name in ("AutoRollbackConfiguration", "DeploymentConfigName", "DeploymentStyle")
            } | {"Alarms": _chosen(group["Properties"]["AlarmConfiguration"], resolver)}
    return groups


def _chosen(alarms: dict[str, Any], resolver: Resolver) -> set[str]:
    """The logical ids of the alarms of a group's `Fn::If`; a group without alarms has an empty configuration."""
    condition, yes, no = alarms["Fn::If"]
    chosen = yes if resolver.condition(condition) else no
    assert chosen == {} or chosen["Enabled"] is True
    return {alarm["Name"]["Ref"] for alarm in chosen.get("Alarms", ())}


def test_traffic_of_every_function_but_migrate_is_shifted() -> None:
    """Each alias has a group with a gradual way, which moves traffic between two versions."""
    groups = deployment_groups(GRADUAL)
    assert groups.keys() == SHIFTED
    for group in groups.values():
        assert group["DeploymentConfigName"] == f"CodeDeployDefault.Lambda{GRADUAL}"
        assert group["DeploymentStyle"] == {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"}


def test_alarm_of_a_bad_release_returns_the_traffic() -> None:
    """CodeDeploy stops on each of the alarms that show one, and moves the alias back to the version before."""
    expected = {"HighLatencyAlarm", "HighErrorRateAlarm", "InternalErrorsAlarm", "ChatDeadLetterAlarm"}
    assert expected <= {alarm.name for alarm in ALARMS}
    for function, group in deployment_groups(GRADUAL).items():
        assert group["Alarms"] == expected, function
        rollback = group["AutoRollbackConfiguration"]
        assert rollback["Enabled"] is True
        assert {"DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_FAILURE"} <= set(rollback["Events"])


def test_alarms_fire_within_the_first_step_of_prod() -> None:
    """The slowest of them needs less time than a tenth of the traffic is shifted for."""
    stages = deploy.read_stages(CHECKOUT / "samconfig.toml")
    given = dict(pair.split("=") for pair in stages["prod"].split())
    step_s = 60 * int(given["TrafficShift"].removeprefix("Canary10Percent").removesuffix("Minutes"))
    (watched, *others) = [group["Alarms"] for group in deployment_groups(given["TrafficShift"]).values()]
    assert all(each == watched for each in others)
    # CloudWatch has a period's values about two minutes after it.
    assert max(alarm.periods * alarm.period_s + 120 for alarm in ALARMS if alarm.name in watched) < step_s


def test_all_at_once_is_deployed_while_alarms_have_fired() -> None:
    """The default: CodeDeploy refuses to begin while a group's alarm is in ALARM, so the groups have none."""
    assert PARAMETERS["TrafficShift"] == "AllAtOnce"
    groups = deployment_groups("AllAtOnce")
    assert groups.keys() == SHIFTED
    assert all(group["Alarms"] == set() for group in groups.values())
    assert {group["DeploymentConfigName"] for group in groups.values()} == {"CodeDeployDefault.LambdaAllAtOnce"}


def contents(checkout: Path) -> dict[str, str]:
    """The checksum of each function's and layer's folder, by which `sam deploy` names its S3 object."""
    checksums = {}
    for name, resource in RESOURCES.items():
        properties = resource.get("Properties", {})
        if folder := properties.get("CodeUri", properties.get("ContentUri")):
            files = sorted(path for path in (checkout / folder).rglob("*") if path.is_file())
            digest = hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in files))
            checksums[name] = digest.hexdigest()
    return checksums


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is deployed."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in ("functions", "layers", "migrations"):
        shutil.copytree(CHECKOUT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return copy


ALL = FUNCTIONS.keys()


@pytest.mark.parametrize(
    ("file", "published"),
    [
        ("layers/pam/pam/money/spending.py", ALL),
        ("layers/http/requirements.txt", ALL),
        ("layers/claude/requirements.txt", {"ChatWorkerFunction", "SummariseEpisodesFunction"}),
        ("layers/gemini/requirements.txt", {"ChatWorkerFunction", "EmbedMemoriesFunction"}),
        ("migrations/schema.sql", {"MigrateFunction"}),
        ("functions/weather/app.py", {"WeatherFunction"}),
        ("functions/chat_worker/app.py", {"ChatWorkerFunction"}),
        ("functions/migrate/app.py", {"MigrateFunction"}),
    ],
)
def test_changed_line_publishes_exactly_the_functions_that_have_it(
    checkout: Path, file: str, published: set[str]
) -> None:
    """A line of the package, of one layer or of one function; only those functions' traffic is shifted."""
    before = translate(content=contents(checkout))
    changed = checkout / file
    original = changed.read_text("utf-8")
    changed.write_text(original + "# A line more.\n", encoding="utf-8")
    try:
        after = translate(content=contents(checkout))
    finally:
        changed.write_text(original, encoding="utf-8")
    assert newly_published(before, after) == published
