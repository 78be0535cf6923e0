import os
import random
import sys
import time

from snapshot_restore_py import register_after_restore, register_before_snapshot

RAN = []
register_before_snapshot(RAN.append, "before snapshot")
register_after_restore(RAN.append, "after restore")

IMPORTED_BY = os.getpid()
print("imported")


def handler(event, context):
    if "kill" in event:
        os.kill(event["kill"], 9)
    if "seconds" in event:
        time.sleep(event["seconds"])
    if "exit" in event:
        os._exit(event["exit"])
    return {
        "ran": RAN,
        "pid": os.getpid(),
        "parent": os.getppid(),
        "imported_by": IMPORTED_BY,
        "random": random.random(),
        "main": sys.argv[0],
        "environment": dict(os.environ),
    }
