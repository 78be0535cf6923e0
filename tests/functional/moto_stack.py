"""A stage's stack in moto's CloudFormation: as far as moto has the template's types of resources."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from moto.cloudformation.parsing import resource_class_from_type

from tests.functional.sam import Template
from tests.moto_aws import aws_in_process

STACK = "pam-dev"

UNCREATABLE_TYPES = {
    "AWS::Lambda::Permission",  # of an alias, which it doesn't have
    "AWS::RDS::DBInstance",  # of a cluster, which it doesn't have
    "AWS::SSM::Parameter",  # without a name, which CloudFormation would make
    "Custom::SchemaMigration",  # for which it would run the function in Docker
}
"""Types that moto 5.2 has, and whose resources in the template it can't create."""


def is_known(kind: str) -> bool:
    """Return whether moto creates the template's resources of a type."""
    return kind not in UNCREATABLE_TYPES and resource_class_from_type(kind) is not None


@contextmanager
def created(expanded: Template) -> Iterator[dict[str, str]]:
    """Create the stack of an expanded template in an account of its own; yield the physical ids by logical id.

    Raises botocore's `ClientError`, and what moto raises for properties that it can't create a resource with.
    """
    with aws_in_process({"lambda": {"use_docker": False}}) as session:
        s3 = session.client("s3")
        s3.create_bucket(Bucket="bucket")
        for name in expanded["Resources"]:
            s3.put_object(Bucket="bucket", Key=name, Body=_archive())
        cloudformation = session.client("cloudformation")
        cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(_known_part(expanded)))
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
        yield {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
        }


def _archive() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "")
    return archive.getvalue()


def _known_part(expanded: Template) -> Template:
    """Return the template with the types that moto knows. References to others are ARNs, which policies must have."""
    resources = {name: each for name, each in expanded["Resources"].items() if is_known(each["Type"])}
    known = {}
    for name, each in resources.items():
        before = each.get("DependsOn", [])
        listed = [before] if isinstance(before, str) else before
        known[name] = _with_placeholders(
            each | {"DependsOn": [other for other in listed if other in resources]}, resources
        )
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": known}


def _with_placeholders(node: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_with_placeholders(each, known) for each in node]
    if not isinstance(node, dict):
        return node
    if "Ref" in node and node["Ref"] not in known and not node["Ref"].startswith("AWS::"):
        return f"arn:aws:placeholder:us-east-1:123456789012:{node['Ref']}"
    if "Fn::GetAtt" in node and node["Fn::GetAtt"][0] not in known:
        return f"arn:aws:placeholder:us-east-1:123456789012:{'.'.join(node['Fn::GetAtt'])}"
    if isinstance(node.get("Fn::Sub"), str):
        text = node["Fn::Sub"]
        for part in text.split("${")[1:]:
            name = part.partition("}")[0]
            if name.partition(".")[0] not in known and not name.startswith(("AWS::", "!")):
                text = text.replace(f"${{{name}}}", name)
        return {"Fn::Sub": text}
    return {key: _with_placeholders(each, known) for key, each in node.items()}
