import json
import os
import time

import boto3

sockets = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["MANAGEMENT"])
sqs = boto3.client("sqs")
functions = boto3.client("lambda")


def handler(event, context):
    connection = event["requestContext"]["connectionId"]
    match event["requestContext"]["eventType"]:
        case "CONNECT":
            return connect(event, connection)
        case "DISCONNECT":
            try:
                sockets.post_to_connection(ConnectionId=connection, Data=b"?")
            except sockets.exceptions.GoneException:
                event["gone"] = True
            sqs.send_message(QueueUrl=os.environ["NOTES"], MessageBody=json.dumps(event))
        case "MESSAGE":
            return message(event, connection, json.loads(event["body"]))
    return {"statusCode": 200}


def connect(event, connection):
    parameters = event["queryStringParameters"]
    if "sleep" in parameters:
        time.sleep(float(parameters["sleep"]))
    match parameters.get("connect"):
        case "raise":
            raise ValueError("no")
        case "nothing":
            return None
        case "post":
            try:
                sockets.post_to_connection(ConnectionId=connection, Data=b"too early")
            except sockets.exceptions.GoneException:
                return {"statusCode": 410}
        case "protocol":
            return {"statusCode": 200, "headers": {"sec-websocket-protocol": "second"}, "body": "not sent"}
        case str(status):
            return {"statusCode": int(status)}
    return {"statusCode": 200}


def message(event, connection, command):
    def post(text):
        sockets.post_to_connection(ConnectionId=connection, Data=text.encode())

    match command.get("do"):
        case "event":
            post(json.dumps(event))
        case "post":
            for text in command["texts"]:
                post(text)
        case "sleep":
            time.sleep(command["seconds"])
            post(f"slept {command['seconds']}")
        case "raise":
            raise ValueError("no")
        case "nothing":
            return None
        case "more":
            return {"statusCode": 200, "ConnectionId": connection}
        case "fail":
            return {"statusCode": 500, "body": "not sent"}
        case "work":
            answer = functions.invoke(
                FunctionName=os.environ["WORKER"],
                InvocationType="Event",
                Payload=json.dumps({"connection": connection} | command["event"]),
            )
            post(f"status {answer['StatusCode']}")
    return {"statusCode": 200, "body": "not sent"}
