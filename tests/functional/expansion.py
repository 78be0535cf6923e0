"""template.yaml as CloudFormation creates a stage of it: translated, with values of parameters, without `Fn::If`."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from local.template.intrinsics import NO_VALUE, Resolver
from tests.functional.sam import PARAMETERS, TEMPLATE, Template, translate

FOREIGN_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:other-postgres-AbCdEf"

_CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/6e5e8c0c-8c3f-4c8b-9a0a-3f1d2b4c5d6e"

VALID_VALUES: dict[str, list[Any]] = {
    "JwtIssuer": ["https://issuer.example", ""],
    "WebOrigin": ["", "https://pam.example"],
    "WebClientId": ["", "pam-page"],
    "SignInOrigin": ["", "https://tokens.issuer.example"],
    "PageDomain": ["", "pam.example"],
    "PageCertificate": ["", _CERTIFICATE],
    "ApiDomain": ["", "api.pam.example"],
    "ApiCertificate": ["", _CERTIFICATE],
    "WebSocketDomain": ["", "ws.pam.example"],
    "WebSocketCertificate": ["", _CERTIFICATE],
    "HostedZone": ["", "Z0123456789ABCDEFGHIJ"],
    "DatabaseSecretArn": ["", FOREIGN_SECRET],
    "DatabasePort": [5432, 6432],
    "DatabaseCidr": ["0.0.0.0/0", "10.1.2.0/24"],
    "AlarmEmail": ["", "ops@pam.example"],
    "AlarmWebhook": ["", "https://hooks.pam.example/pam"],
}
"""Values of parameters with a pattern or a range, by whether what they describe is there or not."""


def values_of(name: str) -> list[Any]:
    """Return each value that a parameter allows, or some valid ones where these can't be listed."""
    spec = TEMPLATE["Parameters"][name]
    limits = [spec[limit] for limit in ("MinValue", "MaxValue") if limit in spec]
    found = spec.get("AllowedValues") or VALID_VALUES.get(name) or [PARAMETERS[name], *limits]
    return list(dict.fromkeys(found))


def expand(**parameters: Any) -> Template:
    """Return the template of a stage with these parameters, and the defaults of the others.

    References to parameters are replaced by values, and what a condition excludes is left out; references to resources
    are as they were.
    """
    # JSON, so that the cached template isn't changed.
    return dict(json.loads(_expand(json.dumps(PARAMETERS | parameters, sort_keys=True))))


@cache
def _expand(parameters: str) -> str:
    values = json.loads(parameters)
    translated = translate(parameters=values)
    resolver = Resolver(translated, values, endpoint="", api_url="", websocket_url="")
    names = {name: resolver.condition(name) for name in translated["Conditions"]}
    sections = {
        name: {
            key: _resolve(each, names, values)
            for key, each in section.items()
            if "Condition" not in each or names[each["Condition"]]
        }
        for name, section in translated.items()
        if name in ("Resources", "Outputs")
    }
    return json.dumps(
        {"AWSTemplateFormatVersion": "2010-09-09", "Transform": "AWS::SecretsManager-2024-09-16"} | sections
    )


def _resolve(node: Any, conditions: Mapping[str, bool], values: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        items = [_resolve(each, conditions, values) for each in node]
        return [each for each in items if each is not NO_VALUE]
    if not isinstance(node, dict):
        return node
    if node == {"Ref": "AWS::NoValue"}:
        return NO_VALUE
    if "Ref" in node and node["Ref"] in values:
        return values[node["Ref"]]
    if "Fn::If" in node:
        condition, then, otherwise = node["Fn::If"]
        return _resolve(then if conditions[condition] else otherwise, conditions, values)
    resolved = {
        key: _resolve(each, conditions, values)
        for key, each in node.items()
        if not (key == "Condition" and isinstance(each, str))
    }
    if isinstance(node.get("Fn::Sub"), str):
        resolved["Fn::Sub"] = re.sub(
            r"\$\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), resolved["Fn::Sub"]
        )
    return {key: each for key, each in resolved.items() if each is not NO_VALUE}


def conditions(node: Any) -> Iterator[str]:
    """Yield the names of the conditions that `Condition` and `Fn::If` name."""
    if isinstance(node, list):
        for item in node:
            yield from conditions(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Condition" and isinstance(value, str):
                yield value
            elif key == "Fn::If":
                yield value[0]
            yield from conditions(value)
