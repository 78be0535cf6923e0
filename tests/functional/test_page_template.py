"""The page and the sign-in in the template: who reads its files, its headers, its domains, and the user pool."""

import json
import re
from typing import Any

import pytest

from local.publish import Stage
from local.security_headers import security_headers
from local.template.intrinsics import Resolver
from tests.conftest import CHECKOUT
from tests.functional.sam import PARAMETERS, RESOURCES, TEMPLATE, Template, dependencies, of_type, translate

ISSUER = "https://issuer.example/tenant"
AWS = "us-east-1.amazonaws.com"
POOL = {
    "UserPool": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "us-east-1_pool"}},
    "UserPoolDomain": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "pam-dev-0"}},
}
"""Resources whose `Ref` has a value here, in place of those of Cognito."""

CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "issuer": ({}, [f"wss://localsocket.execute-api.{AWS}", "https://issuer.example"]),
    "token endpoint elsewhere": (
        {"SignInOrigin": "https://tokens.example"},
        [f"wss://localsocket.execute-api.{AWS}", "https://issuer.example", "https://tokens.example"],
    ),
    "domain of WebSockets": (
        {"WebSocketDomain": "chat.pam.example"},
        ["wss://chat.pam.example", "https://issuer.example"],
    ),
    "user pool": (
        {"JwtIssuer": "", "CognitoPool": "true"},
        [
            f"wss://localsocket.execute-api.{AWS}",
            f"https://cognito-idp.{AWS}",
            "https://pam-dev-0.auth.us-east-1.amazoncognito.com",
        ],
    ),
}
"""The other origins that the page sends requests to, by the parameters of a stage."""


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[name]["Properties"]
    return found


def resolve(node: Any, **parameters: str) -> Any:
    """Return a part of the template as it is in a stage with these parameters."""
    template = translate()
    template["Resources"] |= POOL
    values = PARAMETERS | {"JwtIssuer": ISSUER} | parameters
    addresses = {"endpoint": "http://127.0.0.1:1", "api_url": "http://127.0.0.1:2", "websocket_url": "ws://127.0.0.1:3"}
    return Resolver(template, values, **addresses).value(node, "test")


@pytest.mark.parametrize("case", CASES)
def test_headers_of_cloudfront_are_those_of_the_definition(case: str) -> None:
    """CloudFront sends what local/security_headers.py defines for the origins of the stage, and HSTS."""
    parameters, origins = CASES[case]
    policy = resolve(properties("PageHeaders")["ResponseHeadersPolicyConfig"], **parameters)
    fixed = policy["SecurityHeadersConfig"]
    sent = {item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]} | {
        "content-security-policy": fixed["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "x-frame-options": fixed["FrameOptions"]["FrameOption"],
        "x-content-type-options": "nosniff" if "ContentTypeOptions" in fixed else None,
        "referrer-policy": fixed["ReferrerPolicy"]["ReferrerPolicy"],
    }
    assert sent == security_headers(origins)
    assert fixed["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 365 * 86_400
    every = [*fixed.values(), *policy["CustomHeadersConfig"]["Items"]]
    assert all(each["Override"] for each in every)
    connect = resolve(TEMPLATE["Outputs"]["PageConnectOrigins"]["Value"], **parameters)
    assert connect.split() == origins  # of which `make deploy` makes the manifest's version


def test_every_behaviour_sends_the_headers_over_tls() -> None:
    """Nothing is served without TLS; the API's answers aren't cached, and get all of the request but its host."""
    distribution = properties("PageDistribution")["DistributionConfig"]
    files, [api] = distribution["DefaultCacheBehavior"], distribution["CacheBehaviors"]
    for behaviour in (files, api):
        assert behaviour["ResponseHeadersPolicyId"] == {"Ref": "PageHeaders"}
        assert behaviour["ViewerProtocolPolicy"] in ("redirect-to-https", "https-only")
        assert behaviour["Compress"]
    assert files["CachePolicyId"] == {"Ref": "PageCache"}
    assert properties("PageCache")["CachePolicyConfig"]["MinTTL"] == 0  # else no-store would be kept, too
    assert (api["CachePolicyId"], api["OriginRequestPolicyId"]) == (
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "b689b0a8-53d0-40ab-baf2-68738e2966ac",
    )
    assert distribution["HttpVersion"] == "http2and3"
    certificate = resolve(distribution["ViewerCertificate"], PageDomain="pam.example", PageCertificate="arn:x")
    assert certificate["MinimumProtocolVersion"] == "TLSv1.2_2021"
    origins = {origin["Id"]: origin for origin in distribution["Origins"]}
    assert origins["api"]["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"


def test_every_route_and_file_of_the_page_is_served() -> None:
    """The routes of the HTTP API are below the path that CloudFront forwards, and no file of the page is."""
    [api] = properties("PageDistribution")["DistributionConfig"]["CacheBehaviors"]
    assert api["PathPattern"] == "/v1/*"
    body = translate()["Resources"]["HttpApi"]["Properties"]["Body"]
    assert all(path.startswith("/v1/") for path in body["paths"])
    methods = {method.upper() for operations in body["paths"].values() for method in operations}
    assert methods <= set(api["AllowedMethods"])
    assert not (CHECKOUT / "web" / "v1").exists()


def test_cloudfront_alone_reads_the_files() -> None:
    """The bucket is closed to everybody else: the one permission names the distribution."""
    allowed, denied = properties("PageBucketPolicy")["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Action"] == "s3:GetObject"
    source = json.dumps(allowed["Condition"]["StringEquals"]["aws:SourceArn"])
    assert ":distribution/${PageDistribution}" in source
    assert denied["Effect"] == "Deny"
    assert all(properties("PageBucket")["PublicAccessBlockConfiguration"].values())
    control = properties("PageAccessControl")["OriginAccessControlConfig"]
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")


@pytest.mark.parametrize(
    ("parameters", "origin"),
    [
        ({"WebOrigin": "https://proxy.example", "PageDomain": "pam.example"}, "https://proxy.example"),
        ({"PageDomain": "pam.example"}, "https://pam.example"),
    ],
)
def test_websockets_are_accepted_from_the_page_s_origin(parameters: dict[str, str], origin: str) -> None:
    """The authorizer of WebSockets has the origin that is given, or else the page's own domain."""
    variables = properties("WebSocketAuthorizerFunction")["Environment"]["Variables"]
    assert resolve(variables["WEB_ORIGIN"], **parameters) == origin
    assert resolve(TEMPLATE["Outputs"]["PageUrl"]["Value"], **parameters) == origin


def test_without_a_domain_the_origin_is_the_distribution_s() -> None:
    """It is a reference: of the functions only the authorizer of WebSockets has it, so that none is circular."""
    variables = properties("WebSocketAuthorizerFunction")["Environment"]["Variables"]
    assert variables["WEB_ORIGIN"]["Fn::If"][2]["Fn::If"][2] == {"Fn::Sub": "https://${PageDistribution.DomainName}"}
    assert "WEB_ORIGIN" not in TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    users = [
        name
        for name, function in of_type(translate(), "AWS::Lambda::Function").items()
        if "WEB_ORIGIN" in function["Properties"]["Environment"]["Variables"]
    ]
    assert users == ["WebSocketAuthorizerFunction"]


def test_no_reference_is_circular() -> None:
    """CloudFormation refuses a template in which a resource depends on itself."""
    template = translate()
    assert {"HttpApi", "WebSocketApi"} <= dependencies(template, "PageDistribution")
    assert [name for name in template["Resources"] if name in dependencies(template, name)] == []


def test_no_other_page_may_use_the_http_api() -> None:
    """Without CORS a browser gives no other page an answer. The origin of WebSockets has no wildcard."""
    assert "x-amazon-apigateway-cors" not in translate()["Resources"]["HttpApi"]["Properties"]["Body"]
    pattern = TEMPLATE["Parameters"]["WebOrigin"]["AllowedPattern"]
    for right in ("https://pam.example", "http://localhost:8000", ""):
        assert re.fullmatch(pattern, right)
    for wrong in ("*", "https://*", "https://*.example", "https://a.example,*", "https://pam.example/", "null"):
        assert not re.fullmatch(pattern, wrong)


@pytest.mark.parametrize(
    ("parameters", "failed"),
    [
        ({}, []),
        ({"JwtIssuer": "", "CognitoPool": "true"}, []),
        ({"CognitoPool": "true"}, ["OneIssuer"]),
        ({"JwtIssuer": ""}, ["OneIssuer"]),
        ({"PageDomain": "pam.example"}, ["PageDomainHasCertificate"]),
        ({"PageDomain": "pam.example", "PageCertificate": "arn:x"}, []),
        ({"ApiDomain": "api.pam.example"}, ["ApiDomainHasCertificate"]),
        ({"WebSocketDomain": "chat.pam.example"}, ["WebSocketDomainHasCertificate"]),
    ],
)
def test_contradictory_parameters_are_refused(parameters: dict[str, str], failed: list[str]) -> None:
    """A stage has one issuer, and each domain has a certificate."""
    rules = {name: rule["Assertions"] for name, rule in TEMPLATE["Rules"].items()}
    broken = [name for name, [each] in rules.items() if not resolve(each["Assert"], **parameters)]
    assert broken == failed


def test_domains_are_those_of_the_apis() -> None:
    """The URLs that clients get, and the mappings, are of the same domains."""
    domains = {"ApiDomain": "api.pam.example", "WebSocketDomain": "chat.pam.example"}
    outputs = {name: output["Value"] for name, output in TEMPLATE["Outputs"].items()}
    assert resolve(outputs["HttpApiUrl"], **domains) == "https://api.pam.example"
    assert resolve(outputs["WebSocketUrl"], **domains) == "wss://chat.pam.example"
    shared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert resolve(shared["WEBSOCKET_URL"], **domains) == "wss://chat.pam.example"
    # Frames are posted with the functions' role, at API Gateway's own address.
    assert resolve(shared["WEBSOCKET_ENDPOINT"], **domains) == f"https://localsocket.execute-api.{AWS}/live"
    mapped = {each["Properties"]["ApiId"]["Ref"]: each["Properties"] for each in api_mappings().values()}
    assert mapped.keys() == {"HttpApi", "WebSocketApi"}
    assert all(each["Stage"]["Ref"] in translate()["Resources"] for each in mapped.values())
    for name in of_type(TEMPLATE, "AWS::ApiGatewayV2::DomainName"):
        [configuration] = properties(name)["DomainNameConfigurations"]
        assert configuration["SecurityPolicy"] == "TLS_1_2"


def api_mappings() -> dict[str, Template]:
    return of_type(translate(), "AWS::ApiGatewayV2::ApiMapping")


def test_user_pool_s_client_is_a_page_without_a_secret() -> None:
    """Its codes are exchanged with PKCE; its refresh tokens are replaced at each use and can be revoked."""
    client = resolve(properties("UserPoolClient"), JwtIssuer="", CognitoPool="true", PageDomain="pam.example")
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["AllowedOAuthScopes"] == ["openid"]
    assert client["CallbackURLs"] == client["LogoutURLs"] == ["https://pam.example/"]
    assert client["RefreshTokenRotation"]["Feature"] == "ENABLED"
    assert "ALLOW_REFRESH_TOKEN_AUTH" not in client["ExplicitAuthFlows"]  # it would be without rotation
    assert client["EnableTokenRevocation"]
    for given, expected in (
        ({"WebOrigin": "https://d1.cloudfront.net"}, "https://d1.cloudfront.net/"),
        ({}, "https://pam-local.invalid/"),  # of the first deployment; no browser ever gets there
    ):
        assert resolve(properties("UserPoolClient")["CallbackURLs"], **given) == [expected]


def test_tokens_of_the_pool_are_accepted() -> None:
    """Issuer and audience of the authorizer, and what the page signs in with, are those of the pool or as given."""
    jwt = properties("HttpApi")["Auth"]["Authorizers"]["Traveller"]["JwtConfiguration"]
    outputs = {name: output["Value"] for name, output in TEMPLATE["Outputs"].items()}
    pool = {"JwtIssuer": "", "CognitoPool": "true"}
    assert resolve(jwt["issuer"], **pool) == f"https://cognito-idp.{AWS}/us-east-1_pool"
    assert resolve(jwt["issuer"], **pool) == resolve(outputs["SignInIssuer"], **pool)
    assert jwt["audience"][0]["Fn::If"][:2] == ["HasCognitoPool", {"Ref": "UserPoolClient"}]
    assert outputs["SignInClientId"]["Fn::If"][:2] == ["HasCognitoPool", {"Ref": "UserPoolClient"}]
    assert (resolve(jwt["issuer"]), resolve(jwt["audience"])) == (ISSUER, ["pam-web"])
    assert resolve(outputs["SignInClientId"]) == "pam-web"
    assert resolve(outputs["SignInClientId"], WebClientId="page") == "page"


def test_outputs_describe_a_stage_to_publish_to() -> None:
    """`make deploy` reads nothing that the template doesn't have."""
    outputs = {name: name for name in TEMPLATE["Outputs"]}
    stage = Stage.of_outputs("dev", outputs)
    assert json.loads(stage.render_config()).keys() == {
        "stage", "issuer", "client_id", "scope", "demo", "cognito_logout",
    }  # fmt: skip


def test_pool_outlives_its_stack() -> None:
    """Rows of users have the pool's subjects: without it nobody would get to them again."""
    pool = RESOURCES["UserPool"]
    assert (pool["DeletionPolicy"], pool["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert resolve(pool["Properties"]["DeletionProtection"], Stage="prod") == "ACTIVE"
    assert {name for name in RESOURCES if name.startswith("UserPool")} == {
        name for name, each in RESOURCES.items() if each.get("Condition") == "HasCognitoPool"
    }
