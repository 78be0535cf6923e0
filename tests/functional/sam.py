"""Translate template.yaml as CloudFormation does during a deployment, with the pinned aws-sam-translator."""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local.template import read_source
from tests.conftest import CHECKOUT

TEMPLATE = read_source(CHECKOUT / "template.yaml")
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
FUNCTIONS = {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::Function"}
LAYERS = [name for name, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::LayerVersion"]
PARAMETERS = {name: spec.get("Default") for name, spec in TEMPLATE["Parameters"].items()}
PARAMETERS |= {"Stage": "dev", "JwtIssuer": "https://issuer.example"}

Template = dict[str, Any]


def translate(
    template: Template = TEMPLATE,
    *,
    content: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] = PARAMETERS,
) -> Template:
    """Return the CloudFormation template. `content` names the S3 object of a function's or layer's content.

    `sam deploy` names an object by the checksum of what is in it: the same content has the same name.
    """
    packaged = copy.deepcopy(template)
    for name, resource in packaged["Resources"].items():
        properties = resource.get("Properties", {})
        for key in ("CodeUri", "ContentUri"):
            if key in properties:
                properties[key] = f"s3://bucket/{(content or {}).get(name, name)}"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    translated: Template = translator.translate(packaged, dict(parameters))
    translator.metrics.publish()  # it warns where metrics were collected and not published
    return translated


def of_type(template: Template, kind: str) -> dict[str, Template]:
    """Return the resources of one type by logical id."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def layers_of(function: Mapping[str, Any]) -> set[str]:
    """Return the layers that a function of template.yaml has: those of Globals and its own."""
    layers = [*TEMPLATE["Globals"]["Function"]["Layers"], *function.get("Layers", [])]
    return {layer["Ref"] for layer in layers}


def http_events(function: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of a function's routes of the HTTP API."""
    return [event for event in function.get("Events", {}).values() if event["Type"] == "HttpApi"]


def dependencies(template: Template, logical_id: str) -> set[str]:
    """Return everything that CloudFormation creates or updates before `logical_id`."""
    found: set[str] = set()
    pending = [logical_id]
    while pending:
        for name in references(template["Resources"][pending.pop()]):
            if name in template["Resources"] and name not in found:
                found.add(name)
                pending.append(name)
    return found


def references(node: Any) -> Iterator[str]:
    """Yield the logical ids, parameters and pseudo parameters that `Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn` name.

    A name in `Fn::Sub` that is one of its own variables isn't a reference.
    """
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "DependsOn":
                yield from [value] if isinstance(value, str) else value
            elif key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value.partition(".")[0] if isinstance(value, str) else value[0]
            elif key == "Fn::Sub":
                text, variables = (value, {}) if isinstance(value, str) else value
                names = re.findall(r"\$\{([^!}][^}]*)\}", text)
                yield from (name.partition(".")[0] for name in names if name not in variables)
                yield from references(variables)
            else:
                yield from references(value)


def checkout_with(template: Template, folder: Path) -> Path:
    """Make a checkout in `folder` that is this one with another template, for a local stack; return it."""
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in ("functions", "layers", "migrations", "web", "pyproject.toml"):
        (checkout / name).symlink_to(CHECKOUT / name)
    (checkout / "template.yaml").write_text(json.dumps(template))
    return checkout
