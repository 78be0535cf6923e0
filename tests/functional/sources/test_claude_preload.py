"""What the client of Claude does before a snapshot, so that the first turn of an environment doesn't wait for it."""

import subprocess
import sys

import pytest

from pam.sources.api_key import ApiKey
from pam.sources.claude.client import ClaudeClient
from pam.sources.source import Source
from tests.conftest import CHECKOUT
from tests.functional.sources.tcp_server import serving
from tests.functional.sources.test_claude import WHOLE

SCRIPT = """
import sys, threading, pydantic
from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.claude.client import ClaudeClient
from pam.sources.source import Source

built = []
build = pydantic.TypeAdapter.__init__
def count(adapter, *arguments, **options):
    built.append(arguments)
    build(adapter, *arguments, **options)
pydantic.TypeAdapter.__init__ = count

client = ClaudeClient(sys.argv[1], ApiKey(Source.CLAUDE, lambda: '{"key": "sk-ant-test"}'))
client.preload()
# The first connection of a process to a name loads these, whoever opens it.
IDNA = {"encodings.idna", "stringprep"}
before, modules = len(built), set(sys.modules)
request = {"model": "claude-haiku-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello?"}]}
*_, reply = client.stream(request, (), Deadline(20), threading.Event())
print(reply.stop_reason, before > 0, len(built) - before, sorted(set(sys.modules) - modules - IDNA))
"""


def test_preload_reads_no_key_and_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot would contain both."""

    def secret() -> str:
        raise AssertionError("the key is read")

    def connect(*_arguments: object) -> None:
        raise AssertionError("a connection is opened")

    monkeypatch.setattr("socket.socket.connect", connect)
    ClaudeClient("http://127.0.0.1:9", ApiKey(Source.CLAUDE, secret)).preload()


def test_first_request_after_preload_imports_and_builds_nothing() -> None:
    """The SDK's models of events are built by then."""
    with serving(lambda connection: connection.sendall(WHOLE)) as server:
        command = [sys.executable, "-c", SCRIPT, f"http://{server.address}"]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("end_turn True 0 []\n", "")
