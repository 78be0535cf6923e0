import json
from pathlib import Path

import pytest

from local.template import EventInvoke, Schedule, Template, load
from local.template.intrinsics import TemplateError

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
    return load(
        file,
        parameters,
        endpoint="http://127.0.0.1:1",
        api_url="http://127.0.0.1:2",
        websocket_url="ws://127.0.0.1:3",
    )


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


def scheduled(expression: str, more: str = "") -> str:
    properties = f"{{ScheduleExpression: '{expression}', {more}}}"
    event = f"Events: {{Often: {{Type: ScheduleV2, Properties: {properties}}}}}"
    return function("", f"AutoPublishAlias: live\n      {event}")


def sockets(routes: str = "chat: {FunctionArn: !GetAtt Other.Arn}", more: str = "", name: str = "Sockets") -> str:
    return f"""
  {name}:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      StageName: live
      RouteSelectionExpression: $request.body.action
      Routes: {{{routes}}}
      {more}
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
        ('!Sub "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/x"', "http://127.0.0.1:2/x"),
        ("!GetAtt Sockets.ApiEndpoint", "ws://127.0.0.1:3"),
        ('!Sub "wss://${Sockets}.execute-api.${AWS::Region}.amazonaws.com/live"', "ws://127.0.0.1:3/live"),
        (
            '!Sub "https://${Sockets.ApiId}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live"',
            "http://127.0.0.1:3/live",
        ),
    ],
)
def test_intrinsic_function_is_resolved(tmp_path: Path, expression: str, value: str) -> None:
    """Each intrinsic function in a variable resolves to CloudFormation's value."""
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
"""
        + sockets(),
    )
    assert template.unavailable == {}
    assert template.functions["Fn"].environment == {"VALUE": value}


def test_no_value_removes_a_property(tmp_path: Path) -> None:
    """A property that resolves to AWS::NoValue is removed."""
    template = read(
        tmp_path,
        function(
            "A: !If [Production, x, !Ref AWS::NoValue], B: y",
            extra="ReservedConcurrentExecutions: !If [Production, 5, !Ref AWS::NoValue]",
        ),
    )
    assert template.functions["Fn"].environment == {"B": "y"}


def test_condition_selects_a_resource(tmp_path: Path) -> None:
    """A resource exists only if its condition holds for the stack's parameters."""
    queue = "\n  Queue: {Type: AWS::SQS::Queue, Condition: Production}\n"
    assert [store.logical_id for store in read(tmp_path, queue).stores] == []
    assert [store.logical_id for store in read(tmp_path, queue, Stage="prod").stores] == ["Queue"]


def test_function_settings_are_read(tmp_path: Path) -> None:
    """A function's settings and its folder are read from the expanded template."""
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


def test_route_to_an_alias_selects_the_function(tmp_path: Path) -> None:
    """A route to a function's alias selects the function."""
    event = "Events: {Get: {Type: HttpApi, Properties: {Path: /x, Method: get}}}"
    template = read(tmp_path, function("", extra=f"AutoPublishAlias: live\n      {event}"))
    [route] = template.routes
    assert (route.key, route.function, route.authorizer) == ("GET /x", "Fn", None)


def test_websocket_api_is_read(tmp_path: Path) -> None:
    """A WebSocket API is read with its routes, functions, timeouts, authorizer and stage."""
    template = read(
        tmp_path,
        function("", extra="AutoPublishAlias: live")
        + function("", name="Other")
        + sockets(
            "$connect: {FunctionArn: !Ref Fn.Alias}, chat: {FunctionArn: !GetAtt Other.Arn, IntegrationTimeout: 1500}",
            "Auth: {AuthType: CUSTOM, AuthArn: !Ref Fn.Alias,"
            " IdentitySource: [route.request.querystring.ticket, route.request.header.X-Own]}",
        ),
    )
    api = template.websocket
    assert api is not None
    assert (api.stage, api.selection) == ("live", ("action",))
    assert {key: (route.function, route.timeout) for key, route in api.routes.items()} == {
        "$connect": ("Fn", 29.0),
        "chat": ("Other", 1.5),
    }
    assert api.authorizer is not None
    assert api.authorizer.function == "Fn"
    assert api.authorizer.identity_sources == (("querystring", "ticket"), ("header", "X-Own"))
    assert template.routed == {"Fn", "Other"}


def test_template_without_websocket_api_is_valid(tmp_path: Path) -> None:
    """A template needs no WebSocket API."""
    assert read(tmp_path, function("")).websocket is None


def test_asynchronous_settings_are_read(tmp_path: Path) -> None:
    """Retries, maximum age and queues for failures are read for each qualifier."""
    template = read(
        tmp_path,
        function(
            "",
            extra="AutoPublishAlias: live\n      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}\n      "
            "EventInvokeConfig: {MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60,"
            " DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}}",
        )
        + function("", name="Other")
        + "\n  Dead: {Type: AWS::SQS::Queue}\n  Failed: {Type: AWS::SQS::Queue}\n",
    )
    found = template.functions["Fn"]
    assert found.dead_letters == "arn:aws:sqs:us-east-1:123456789012:pam-local-Dead"
    failed = "arn:aws:sqs:us-east-1:123456789012:pam-local-Failed"
    assert found.event_invoke == {"live": EventInvoke(retries=0, max_age=60, on_failure=failed)}
    assert (template.functions["Other"].event_invoke, template.functions["Other"].dead_letters) == ({}, None)


@pytest.mark.parametrize(
    ("extra", "more"),
    [
        ("Events: {Get: {Type: HttpApi, Properties: {Path: /x, Method: get}}}", ""),
        ("", sockets("chat: {FunctionArn: !GetAtt Fn.Arn}")),
    ],
)
def test_unresolvable_value_of_a_routed_function_is_an_error(tmp_path: Path, extra: str, more: str) -> None:
    """A value that can't be resolved is an error with its path, if a route needs the function."""
    database = "\n  Database: {Type: AWS::RDS::DBCluster, Properties: {Engine: aurora-postgresql}}\n"
    with pytest.raises(TemplateError) as caught:
        read(tmp_path, function("HOST: !GetAtt Database.Endpoint.Address", extra=extra) + database + more)
    assert "Resources.Fn.Properties.Environment.Variables.HOST" in str(caught.value)
    assert "Endpoint.Address of Database (AWS::RDS::DBCluster)" in str(caught.value)


def test_unresolvable_function_without_a_route_is_unavailable(tmp_path: Path) -> None:
    """A function that can't be resolved, and has no route, is unavailable with the reason."""
    template = read(tmp_path, function("HOST: !GetAtt Nowhere.Arn") + function("A: b", name="Other"))
    assert list(template.functions) == ["Other"]
    assert "'Nowhere'" in template.unavailable["Fn"]


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ("\n  A: {Type: AWS::Serverless::HttpApi, Properties: {StageName: v1}}\n", "only $default"),
        ("\n  P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Nonsense x}}\n", "Nonsense"),
        ("\n  P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Gone}}\n", "'Gone'"),
        ("\n  F: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13}}\n", "[F]"),
        (function("", name="Other") + sockets() + sockets(name="More"), "second WebSocket API"),
        (
            function("", name="Other") + sockets().replace("body.action", "header.action"),
            "RouteSelectionExpression: only $request.body",
        ),
        (
            function("", name="Other")
            + sockets("chat: {FunctionArn: !GetAtt Other.Arn, RouteResponseSelectionExpression: $default}"),
            "route responses aren't supported",
        ),
        (
            function("", name="Other")
            + sockets("$connect: {FunctionArn: !GetAtt Other.Arn}", "Auth: {AuthType: AWS_IAM}"),
            "only CUSTOM",
        ),
        (scheduled("cron(0 8 * * ? *)"), "only rate(...) is supported locally, not 'cron(0 8 * * ? *)'"),
        (scheduled("rate(0 minutes)"), "only rate(...)"),
        (scheduled("rate(5 seconds)"), "only rate(...)"),
        (scheduled("rate(1 minute)", "State: DISABLED"), "State of a schedule isn't supported"),
    ],
)
def test_unsupported_template_is_an_error(tmp_path: Path, resources: str, message: str) -> None:
    """A template that the stack doesn't support is an error with the path of the problem."""
    with pytest.raises(TemplateError) as caught:
        read(tmp_path, resources)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "interval_s"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(12 hours)", 43_200), ("rate(1 day)", 86_400)],
)
def test_schedule_is_read_with_its_rate(tmp_path: Path, expression: str, interval_s: float) -> None:
    """The function is the one of the alias that SAM makes the schedule's target."""
    assert read(tmp_path, scheduled(expression)).schedules == (Schedule("Fn", interval_s),)


def test_schedule_of_an_unavailable_function_is_left_out(tmp_path: Path) -> None:
    """As the function is."""
    scheduled_elsewhere = scheduled("rate(1 day)").replace("Variables: {}", "Variables: {HOST: !GetAtt Nowhere.Arn}")
    template = read(tmp_path, scheduled_elsewhere + function("A: b", name="Other"))
    assert (list(template.unavailable), template.schedules) == (["Fn"], ())


def test_schedule_is_read_with_its_event(tmp_path: Path) -> None:
    """The function gets it as JSON."""
    [schedule] = read(tmp_path, scheduled("rate(1 day)", 'Input: \'{"command": "drift"}\'')).schedules
    assert json.loads(schedule.event) == {"command": "drift"}


def test_parameter_without_a_value_is_an_error(tmp_path: Path) -> None:
    """A parameter with neither default nor value is named."""
    file = tmp_path / "template.yaml"
    file.write_text("Parameters: {Needed: {Type: String}}\nResources: {}\n", encoding="utf-8")
    with pytest.raises(TemplateError, match="Needed"):
        load(file, {}, endpoint="", api_url="")
