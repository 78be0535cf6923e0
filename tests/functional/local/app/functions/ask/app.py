import json


def handler(event, context):
    question = json.loads(event["body"])
    if question["text"] == "refuse":
        body = {"code": "invalid_request", "message": "That can't be asked."}
        return {"statusCode": 400, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
    if question["text"] == "which":
        choices = [
            {"text": f"Springfield, {state}", "value": f"weather in Springfield, {state}"} for state in ("Ohio", "Utah")
        ]
        body = {"code": "ambiguous_place", "message": "Which “Springfield” do you mean?", "choices": choices}
        return {"statusCode": 422, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
    if question["text"] == "talk":
        return {"tier": 3, "intent": "chat", "slots": {}}
    return {
        "tier": 1,
        "intent": "spend_summary",
        "slots": {},
        "answer": {"zone": question["timezone"], "key": event["headers"]["idempotency-key"]},
        "text": "You spent $12.00.",
        "source": "your expenses",
        "as_of": "2026-11-22T10:00:00Z",
    }
