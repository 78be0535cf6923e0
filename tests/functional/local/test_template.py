from pathlib import Path

import pytest

from local.intrinsics import TemplateError
from local.template import Template, load

HEAD = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev}
  Zones: {Type: CommaDelimitedList, Default: "a,b"}
Conditions:
  Production: !Equals [!Ref Stage, prod]
  Small: !Not [!Condition Production]
  Neither: !And [!Condition Production, !Or [!Condition Small, !Condition Production]]
Mappings:
  Sizes: {dev: {memory: "256"}, prod: {memory: "1024"}}
Resources:
"""


def read(tmp_path: Path, resources: str, **parameters: str) -> Template:
    file = tmp_path / "template.yaml"
    file.write_text(HEAD + resources, encoding="utf-8")
    return load(file, parameters, endpoint="http://127.0.0.1:1", api_url="http://127.0.0.1:2")


def function(variables: str, extra: str = "", name: str = "Fn") -> str:
    return f"""
  {name}:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/fn
      Handler: app.handler
      Runtime: python3.13
      {extra}
      Environment: {{Variables: {{{variables}}}}}
"""


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref Stage", "dev"),
        ("!Ref AWS::Region", "us-east-1"),
        ('!Sub "${Stage}-${!Stage}-${AWS::AccountId}"', "dev-${Stage}-123456789012"),
        ('!Sub ["${where}/${Stage}", {where: !Select [1, !Ref Zones]}]', "b/dev"),
        ('!Join ["+", [!Ref Stage, 1, true]]', "dev+1+true"),
        ('!Select [0, !Split [":", "x:y"]]', "x"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", "256"),
        ("!If [Production, !GetAtt Nowhere.Arn, small]", "small"),
        ("!If [Neither, a, b]", "b"),
        ("!Ref Table", "pam-local-Table"),
        ("!GetAtt Table.Arn", "arn:aws:dynamodb:us-east-1:123456789012:table/pam-local-Table"),
        ("!Ref Queue", "http://127.0.0.1:1/123456789012/named"),
        ("!GetAtt Queue.Arn", "arn:aws:sqs:us-east-1:123456789012:named"),
        ("!Ref Secret", "arn:aws:secretsmanager:us-east-1:123456789012:secret:pam-local-Secret"),
        ("!Ref Other", "pam-local-Other"),
        ("!GetAtt Other.Arn", "arn:aws:lambda:us-east-1:123456789012:function:pam-local-Other"),
        ("!GetAtt Api.ApiEndpoint", "http://127.0.0.1:2"),
    ],
)
def test_intrinsics(tmp_path: Path, expression: str, value: str) -> None:
    """Each intrinsic function that a template may use in a variable gives what CloudFormation would give."""
    template = read(
        tmp_path,
        function(f"VALUE: {expression}")
        + function("A: b", name="Other")
        + """
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: named}}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: x}}
  Api: {Type: AWS::Serverless::HttpApi}
""",
    )
    assert template.left_out == {}
    assert template.functions["Fn"].environment == {"VALUE": value}


def test_no_value(tmp_path: Path) -> None:
    """A property that resolves to AWS::NoValue isn't there."""
    template = read(
        tmp_path,
        function(
            "A: !If [Production, x, !Ref AWS::NoValue], B: y",
            extra="ReservedConcurrentExecutions: !If [Production, 5, !Ref AWS::NoValue]",
        ),
    )
    assert template.functions["Fn"].environment == {"B": "y"}


def test_conditions(tmp_path: Path) -> None:
    """A resource is there only if its condition holds, by the parameters that the stack gives."""
    queue = "\n  Queue: {Type: AWS::SQS::Queue, Condition: Production}\n"
    assert [store.logical_id for store in read(tmp_path, queue).stores] == []
    assert [store.logical_id for store in read(tmp_path, queue, Stage="prod").stores] == ["Queue"]


def test_function(tmp_path: Path) -> None:
    """A function's settings and its folder are read from the template as SAM understands it."""
    template = read(
        tmp_path,
        function(
            "",
            extra="Timeout: 7\n      MemorySize: 512\n      ReservedConcurrentExecutions: 2\n"
            "      AutoPublishAlias: live\n      SnapStart: {ApplyOn: PublishedVersions}",
        ),
    )
    found = template.functions["Fn"]
    assert (found.timeout, found.memory, found.reserved_concurrency) == (7.0, 512, 2)
    assert (found.alias, found.snap_start) == ("live", True)
    assert found.code == tmp_path.resolve() / "functions" / "fn"


def test_route_to_an_alias(tmp_path: Path) -> None:
    """A route that leads to a function's alias leads to the function."""
    event = "Events: {Get: {Type: HttpApi, Properties: {Path: /x, Method: get}}}"
    template = read(tmp_path, function("", extra=f"AutoPublishAlias: live\n      {event}"))
    [route] = template.routes
    assert (route.key, route.function, route.authorizer) == ("GET /x", "Fn", None)


def test_unresolvable(tmp_path: Path) -> None:
    """What can't be resolved is named with its path, where a route needs it."""
    event = "Events: {Get: {Type: HttpApi, Properties: {Path: /x, Method: get}}}"
    database = "\n  Database: {Type: AWS::RDS::DBCluster, Properties: {Engine: aurora-postgresql}}\n"
    with pytest.raises(TemplateError) as caught:
        read(tmp_path, function("HOST: !GetAtt Database.Endpoint.Address", extra=event) + database)
    assert "Resources.Fn.Properties.Environment.Variables.HOST" in str(caught.value)
    assert "Endpoint.Address of Database (AWS::RDS::DBCluster)" in str(caught.value)


def test_left_out(tmp_path: Path) -> None:
    """A function that needs what isn't here, and that no route leads to, is left out with the reason."""
    template = read(tmp_path, function("HOST: !GetAtt Nowhere.Arn") + function("A: b", name="Other"))
    assert list(template.functions) == ["Other"]
    assert "'Nowhere'" in template.left_out["Fn"]


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ("\n  A: {Type: AWS::Serverless::HttpApi, Properties: {StageName: v1}}\n", "only $default"),
        ("\n  P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Nonsense x}}\n", "Nonsense"),
        ("\n  P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Gone}}\n", "'Gone'"),
        ("\n  F: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13}}\n", "[F]"),
    ],
)
def test_errors(tmp_path: Path, resources: str, message: str) -> None:
    """A template that can't be served is refused with the place of the fault."""
    with pytest.raises(TemplateError) as caught:
        read(tmp_path, resources)
    assert message in str(caught.value)


def test_missing_parameter(tmp_path: Path) -> None:
    """A parameter with neither default nor value is named."""
    file = tmp_path / "template.yaml"
    file.write_text("Parameters: {Needed: {Type: String}}\nResources: {}\n", encoding="utf-8")
    with pytest.raises(TemplateError, match="Needed"):
        load(file, {}, endpoint="", api_url="")
