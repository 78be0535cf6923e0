"""What a deployment publishes: new versions of the functions whose code or configuration changed, and no others."""

import shutil
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from local import deploy
from tests.conftest import CHECKOUT
from tests.functional.sam import FUNCTIONS, LAYERS, Template, layers_of, of_type, translate


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
    return translate(yaml_parse(built.read_text()))


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
