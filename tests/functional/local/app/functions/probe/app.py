import os
import subprocess
import time
from pathlib import Path

import boto3

STARTED = time.time()


def handler(event, context):
    match event["do"]:
        case "environment":
            return dict(os.environ)
        case "context":
            return {
                "name": context.function_name,
                "version": context.function_version,
                "arn": context.invoked_function_arn,
                "memory": context.memory_limit_in_mb,
                "request_id": context.aws_request_id,
                "remaining_ms": context.get_remaining_time_in_millis(),
                "folder": str(Path.cwd()),
            }
        case "pid":
            time.sleep(event.get("seconds", 0))
            return os.getpid()
        case "raise":
            raise KeyError("no such thing")
        case "exit":
            os._exit(event["status"])
        case "kill":
            os.kill(os.getpid(), 9)
        case "print":
            print(event["text"])
        case "size":
            return len(event["text"])
        case "text":
            return "x" * event["bytes"]
        case "child":
            return subprocess.Popen(["sleep", "600"]).pid
        case "secret":
            client = boto3.client("secretsmanager")
            return client.get_secret_value(SecretId=os.environ["SECRET"])["SecretString"]
        case "queue":
            client = boto3.client("sqs")
            client.send_message(QueueUrl=os.environ["QUEUE"], MessageBody="hello")
            names = ["VisibilityTimeout", "ApproximateNumberOfMessages", "RedrivePolicy"]
            return client.get_queue_attributes(QueueUrl=os.environ["QUEUE"], AttributeNames=names)["Attributes"]
        case "setting":
            return boto3.client("ssm").get_parameter(Name=os.environ["SETTING"])["Parameter"]["Value"]
        case "table":
            client = boto3.client("dynamodb")
            client.put_item(TableName=os.environ["TABLE"], Item={"id": {"S": "1"}, "owner": {"S": "me"}})
            ttl = client.describe_time_to_live(TableName=os.environ["TABLE"])["TimeToLiveDescription"]
            found = client.query(
                TableName=os.environ["TABLE"],
                KeyConditionExpression="#o = :o",
                ExpressionAttributeNames={"#o": "owner"},
                ExpressionAttributeValues={":o": {"S": "me"}},
            )
            return {"ttl": ttl["AttributeName"], "found": found["Count"]}
    return None
