"""X-Ray tracing, which the template's parameter turns on."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

EVENT = Path(__file__).parent.parent.parent / "events" / "ask.json"

# A function with one route, called with a real event.
_FUNCTION = """
import json, sys
from types import SimpleNamespace
from pam.platform.clock import utc_now
from pam.platform.dynamodb import DynamoTable
from pam.platform.http import HttpApi, HttpResponse
from pam.platform.request_limit import RequestLimit

handler = HttpApi(dict, lambda: RequestLimit(DynamoTable(None, ""), 1_000_000, utc_now))

@handler.delete("/v1/ask")
def unused(call):
    return HttpResponse({})

event = json.load(open(sys.argv[1]))
event["requestContext"]["http"]["method"] = "DELETE"
context = SimpleNamespace(
    function_name="traced", memory_limit_in_mb=512, aws_request_id="1",
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:traced",
)
print(handler(event, context)["statusCode"], "aws_xray_sdk" in sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("tracing", [True, False])
def test_segment_is_sent_only_with_tracing(tracing: bool) -> None:
    """With `TRACING` the SDK is imported and a segment sent, without it neither; the response is the same."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(10 if tracing else 0.5)
        environment = {
            "PATH": os.environ["PATH"],
            "TRACING": "true" if tracing else "false",
            "POWERTOOLS_SERVICE_NAME": "traced",
            "LAMBDA_TASK_ROOT": str(EVENT.parent),
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "_X_AMZN_TRACE_ID": "Root=1-6921d0a4-5c1f0e2d3b4a596877869504;Parent=4c1f0e2d3b4a5968;Sampled=1",
        }
        command = [sys.executable, "-c", _FUNCTION, str(EVENT)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.stderr.splitlines()[-1:] == [f"200 {tracing}"], done.stderr
        if not tracing:
            with pytest.raises(TimeoutError):
                daemon.recv(65536)
            return
        segment = json.loads(daemon.recv(65536).split(b"\n", 1)[1])
        assert segment["trace_id"] == "1-6921d0a4-5c1f0e2d3b4a596877869504"
        assert segment["annotations"]["Service"] == "traced"
        assert "metadata" not in segment  # no data of the response
