"""A tool's kill switch holds for the fast answers in words that do the same, over HTTP and the WebSocket."""

import copy
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import boto3
import psycopg
import pytest

from local.stack import LocalStack
from pam.answers.ask import FAST_ANSWERS
from pam.chat.lifecycle.disabled_tools import MAX_AGE_S, DisabledTools
from pam.platform.errors import PamError
from pam.tools.catalog import TOOLS
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.frames import check_frames
from tests.functional.sam import TEMPLATE, checkout_with


@pytest.fixture(scope="module")
def switched_stack() -> Iterator[LocalStack]:
    """A local stack in which two tools are switched off."""
    template = copy.deepcopy(TEMPLATE)
    template["Resources"]["ChatDisabledTools"]["Properties"]["Value"] = "create_expense, get_weather_forecast"
    with TemporaryDirectory(prefix="pam-") as directory:
        checkout = checkout_with(template, Path(directory))
        with LocalStack(Path(directory) / "state", template=checkout / "template.yaml", claude_profile="zero") as stack:
            yield stack


def test_fast_answers_of_disabled_tools_are_refused(switched_stack: LocalStack) -> None:
    """Nothing is written; other fast answers, the form's route and its undo work."""
    with (
        psycopg.connect(switched_stack.postgres.owner, autocommit=True) as owner,
        ChatUser(switched_stack, owner) as user,
    ):
        for text in ("I spent $45.50 on gas", "What's the weather in Moab?"):
            reply = user.http.post("/v1/ask", json={"text": text}, headers={"idempotency-key": str(uuid4())})
            assert reply.status_code == 503
            assert reply.json()["code"] == "tool_disabled"
            assert "has changed nothing" in reply.json()["message"]
            last = check_frames(user.socket.ask(text))[-1]
            assert (last["type"], last["code"]) == ("error", "tool_disabled")
        assert user.rows("expenses") == []
        listed = user.http.post("/v1/ask", json={"text": "How much did I spend on gas this month?"})
        assert listed.json()["tier"] == 1
        added = user.http.post("/v1/expenses", json={"amount": "45.50", "category": "fuel"})
        assert added.status_code == 201
        assert user.http.delete(added.json()["undo"]["href"]).status_code == 200


def test_fast_answers_name_tools_of_the_catalogue() -> None:
    """A name that no tool has could never be switched off."""
    assert {each.tool for each in FAST_ANSWERS.values()} - {None} <= set(TOOLS)


def test_last_value_holds_while_the_parameter_cannot_be_read(stack: LocalStack) -> None:
    """It is read again after half a minute; an unreadable one isn't waited for at each question."""
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    ssm = boto3.client("ssm", endpoint_url=stack.aws_endpoint, region_name="us-east-1", **keys)
    parameter, now = f"/test/{uuid4()}", [1000.0]
    switch = DisabledTools(ssm, parameter, lambda: now[0])
    switch.check("create_expense")  # unreadable, and nothing was read before
    ssm.put_parameter(Name=parameter, Value="create_expense", Type="String")
    switch.check("create_expense")
    now[0] += MAX_AGE_S
    with pytest.raises(PamError, match="can't do that"):
        switch.check("create_expense")
    ssm.delete_parameter(Name=parameter)
    now[0] += MAX_AGE_S
    with pytest.raises(PamError, match="can't do that"):
        switch.check("create_expense")
    switch.check("update_expense")
    ssm.put_parameter(Name=parameter, Value="none", Type="String")
    now[0] += MAX_AGE_S
    switch.check("create_expense")
