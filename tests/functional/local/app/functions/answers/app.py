import json
import time


def handler(event, context):
    result = json.loads(event["body"])
    if isinstance(result, dict):
        time.sleep(result.pop("sleep", 0))
        if "raise" in result:
            raise ValueError(result["raise"])
    return result
