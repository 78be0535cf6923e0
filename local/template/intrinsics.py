"""CloudFormation's intrinsic functions, resolved to the names that resources have on this machine."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
STACK = "pam-local"
API_ID = "local"
WEBSOCKET_API_ID = "localsocket"

PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/0",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NotificationARNs": [],
}
NO_VALUE = object()
"""The value of `!Ref AWS::NoValue`; a key or item with it is removed."""

_NAME_PROPERTIES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
}


class TemplateError(Exception):
    """The template can't be used locally; the message contains the path of the problem in it."""


class Resolver:
    """Resolves parameters, pseudo parameters, conditions and intrinsic functions of an expanded template."""

    def __init__(
        self,
        expanded: dict[str, Any],
        parameters: Mapping[str, Any],
        *,
        endpoint: str,
        api_url: str,
        websocket_url: str,
    ) -> None:
        self._resources: dict[str, dict[str, Any]] = expanded["Resources"]
        self._conditions: dict[str, Any] = expanded.get("Conditions", {})
        self._mappings: dict[str, Any] = expanded.get("Mappings", {})
        self._endpoint = endpoint
        self._api_url = api_url
        self._websocket_url = websocket_url
        self._parameters = {
            name: value.split(",")
            if isinstance(value, str) and ("List<" in spec["Type"] or spec["Type"] == "CommaDelimitedList")
            else value
            for name, spec in expanded.get("Parameters", {}).items()
            for value in [parameters[name]]
        }

    def resources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the resources without a condition, or whose condition holds."""
        for logical_id, resource in self._resources.items():
            if "Condition" not in resource or self.condition(resource["Condition"]):
                yield logical_id, resource

    def name(self, logical_id: str) -> str:
        """Return the physical name: the one in the template, or `<stack>-<logical id>`."""
        resource = self._resources[logical_id]
        given = resource.get("Properties", {}).get(_NAME_PROPERTIES[resource["Type"]])
        if given is None:
            name = f"{STACK}-{logical_id}"
            return name.lower() if resource["Type"] == "AWS::S3::Bucket" else name  # S3 takes lower case alone
        return text(self.value(given, f"Resources.{logical_id}.Properties"))

    def alias(self, function: str) -> str | None:
        """Return the name of the alias that AutoPublishAlias made for a function."""
        for logical_id, resource in self._resources.items():
            if resource["Type"] == "AWS::Lambda::Alias":
                properties = resource["Properties"]
                if properties["FunctionName"] == {"Ref": function}:
                    return text(self.value(properties["Name"], f"Resources.{logical_id}.Properties.Name"))
        return None

    def is_websocket(self, reference: Any) -> bool:
        """Return whether `reference`, a `Ref`, names a WebSocket API."""
        return any(
            reference == {"Ref": logical_id} and resource.get("Properties", {}).get("ProtocolType") == "WEBSOCKET"
            for logical_id, resource in self._resources.items()
        )

    def local_address(self, value: str) -> str:
        """Replace the addresses of APIs on AWS in `value` by their local ones.

        A template writes such an address with the id of the API, as in
        `!Sub https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/stage`.
        """
        host = f"execute-api.{REGION}.{PSEUDO['AWS::URLSuffix']}"
        for deployed, local in (
            (f"https://{API_ID}.{host}", self._api_url),
            (f"wss://{WEBSOCKET_API_ID}.{host}", self._websocket_url),
            (f"https://{WEBSOCKET_API_ID}.{host}", self._websocket_url.replace("ws:", "http:")),
        ):
            value = value.replace(deployed, local)
        return value

    def function_of_uri(self, uri: str) -> str:
        """Return the logical id of the function in the URI of an integration or an authorizer."""
        return self.function_of(uri.rpartition("/functions/")[2].removesuffix("/invocations"))

    def function_of(self, arn: str) -> str:
        """Return the logical id of the function with this ARN, which may end in an alias or a version."""
        name = arn.split(":")[6]
        for logical_id, resource in self._resources.items():
            if resource["Type"] == "AWS::Lambda::Function" and self.name(logical_id) == name:
                return logical_id
        raise TemplateError(f"No function of the template is called {name!r}.")

    def condition(self, name: str) -> bool:
        """Evaluate the condition with this name."""
        if name not in self._conditions:
            raise TemplateError(f"Conditions.{name}: there is no such condition.")
        return bool(self.value(self._conditions[name], f"Conditions.{name}"))

    def value(self, node: Any, where: str) -> Any:
        """Resolve every intrinsic function in `node`; `where` is its path, for the error message."""
        if isinstance(node, list):
            items = [self.value(item, f"{where}[{index}]") for index, item in enumerate(node)]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(function, argument)] = node.items()
            if function == "Ref":
                return self._reference(argument, None, where)
            if function == "Condition" and isinstance(argument, str):
                return self.condition(argument)
            if function.startswith("Fn::"):
                return self._call(function, argument, where)
        resolved = {key: self.value(value, f"{where}.{key}") for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NO_VALUE}

    def _call(self, function: str, argument: Any, where: str) -> Any:
        where = f"{where}.{function}"
        if function == "Fn::If":  # only the branch that is taken has to be resolvable
            condition, then, otherwise = argument
            return self.value(then if self.condition(condition) else otherwise, where)
        if function == "Fn::Sub":
            return self._substitute(argument, where)
        if function == "Fn::GetAtt":
            resource, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
            return self._reference(resource, text(self.value(attribute, where)), where)
        argument = self.value(argument, where)
        match function:
            case "Fn::Join":
                separator, items = argument
                return separator.join(text(item) for item in items)
            case "Fn::Select":
                index, items = argument
                return items[int(index)]
            case "Fn::Split":
                separator, joined = argument
                return joined.split(separator)
            case "Fn::FindInMap":
                name, first, second = argument[:3]
                try:
                    return self._mappings[name][first][second]
                except KeyError as error:
                    raise TemplateError(f"{where}: Mappings.{name}.{first}.{second} doesn't exist.") from error
            case "Fn::Equals":
                first, second = argument
                return text(first) == text(second)
            case "Fn::Not":
                return not argument[0]
            case "Fn::And":
                return all(argument)
            case "Fn::Or":
                return any(argument)
        raise TemplateError(f"{where}: {function} isn't supported by the local stack.")

    def _substitute(self, argument: Any, where: str) -> str:
        template, variables = (argument, {}) if isinstance(argument, str) else argument

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):  # ${!Literal} stands for ${Literal}
                return f"${{{name[1:]}}}"
            if name in variables:
                return text(self.value(variables[name], where))
            resource, _, attribute = name.partition(".")
            return text(self._reference(resource, attribute or None, where))

        return re.sub(r"\$\{([^}]+)\}", replace, template)

    def _reference(self, name: str, attribute: str | None, where: str) -> Any:
        if attribute is None:
            if name == "AWS::NoValue":
                return NO_VALUE
            if name in PSEUDO:
                return PSEUDO[name]
            if name in self._parameters:
                return self._parameters[name]
        if name not in self._resources:
            raise TemplateError(f"{where}: there is no parameter or resource called {name!r}.")
        found = self._attribute(name, attribute)
        if found is None:
            kind = self._resources[name]["Type"]
            what = f"the attribute {attribute} of" if attribute else "a reference to"
            raise TemplateError(f"{where}: {what} {name} ({kind}) has no value on this machine.")
        return found

    def _attribute(self, logical_id: str, attribute: str | None) -> str | None:
        """Return the value of `Ref` (attribute None) or `Fn::GetAtt`; None for a resource that doesn't exist here."""
        resource = self._resources[logical_id]
        properties = resource.get("Properties", {})
        match resource["Type"], attribute:
            case "AWS::Lambda::Alias", None:
                name = self.value(properties["Name"], f"Resources.{logical_id}.Properties.Name")
                return f"{self._function_arn(properties)}:{name}"
            case "AWS::Lambda::Version", None:
                return f"{self._function_arn(properties)}:1"
            case "AWS::Lambda::Version", "Version":
                return "1"
            case "AWS::ApiGatewayV2::Api", None | "ApiId":
                return WEBSOCKET_API_ID if self.is_websocket({"Ref": logical_id}) else API_ID
            case "AWS::ApiGatewayV2::Api", "ApiEndpoint":
                return self._websocket_url if self.is_websocket({"Ref": logical_id}) else self._api_url
            case "AWS::ApiGatewayV2::Integration" | "AWS::ApiGatewayV2::Authorizer", None:
                return logical_id
        if resource["Type"] not in _NAME_PROPERTIES:
            return None
        name = self.name(logical_id)
        match resource["Type"], attribute:
            # A secret's ARN without its random end is accepted wherever a secret is named.
            case "AWS::SecretsManager::Secret", None | "Id":
                return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"
            case "AWS::SQS::Queue", None | "QueueUrl":
                return f"{self._endpoint}/{ACCOUNT}/{name}"
            case _, None:
                return name
            case "AWS::DynamoDB::Table", "Arn":
                return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
            case "AWS::S3::Bucket", "Arn":
                return f"arn:aws:s3:::{name}"
            case "AWS::Lambda::Function", "Arn":
                return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
            case "AWS::SQS::Queue", "Arn":
                return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
            case "AWS::SQS::Queue", "QueueName":
                return name
        return None

    def _function_arn(self, properties: dict[str, Any]) -> str:
        return text(self._reference(properties["FunctionName"]["Ref"], "Arn", "FunctionName"))


def text(value: Any) -> str:
    """Format a value as CloudFormation does within a string."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
