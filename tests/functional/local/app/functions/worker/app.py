import json
import os
import time

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    time.sleep(event.get("seconds", 0))
    note = {"event": event, "request_id": context.aws_request_id, "arn": context.invoked_function_arn}
    sqs.send_message(QueueUrl=os.environ["NOTES"], MessageBody=json.dumps(note))
    if event.get("fail"):
        raise RuntimeError("The work can't be done.")
    return {"done": event["work"]}
