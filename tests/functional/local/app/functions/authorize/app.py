import json


def handler(event, context):
    ticket = event["queryStringParameters"]["ticket"]
    if ticket == "unknown":
        raise Exception("Unauthorized")
    if ticket == "raise":
        raise Exception("Unauthorized, or so")
    result = {
        "principalId": "a-user",
        "context": {"ticket": ticket, "number": 7, "flag": True, "event": json.dumps(event)},
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}],
        },
    }
    match ticket:
        case "deny":
            result["policyDocument"]["Statement"].append(
                {"Action": ["execute-api:*"], "Effect": "Deny", "Resource": ["arn:aws:execute-api:*/live/$connect"]}
            )
        case "elsewhere":
            result["policyDocument"]["Statement"][0]["Resource"] += "-not"
        case "object":
            result["context"]["object"] = {}
        case "large":
            result["context"]["large"] = "x" * 9000
        case "no-policy":
            del result["policyDocument"]
    return result
