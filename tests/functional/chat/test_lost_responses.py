"""DynamoDB performs a write and its response is lost: the repetition by the SDK is recognised as the same write."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.chat.frames import Delta, Done, numbered
from pam.chat.gateway.tickets import TicketStore
from pam.chat.lifecycle.confirmations import Confirmations
from pam.chat.lifecycle.limits import ChatLimits, CostCaps
from pam.chat.lifecycle.queue import ConversationQueue
from pam.chat.lifecycle.turn import Turn, TurnState
from pam.chat.lifecycle.turns import RequestPending, TurnStore
from pam.platform.clock import utc_now
from pam.platform.dynamodb import DynamoTable
from pam.platform.errors import PamError
from pam.tools.engine.execution import Preview
from tests.functional.chat.fault_proxies import DynamoProxy
from tests.functional.chat.in_process_backend import dynamodb_client

CAPS = CostCaps(turn=Decimal("0.05"), user_day=Decimal("0.50"), stage_day=Decimal(1000))


@dataclass(frozen=True)
class Stores:
    """The chat's stores on a connection to DynamoDB whose responses can be dropped."""

    proxy: DynamoProxy
    table: DynamoTable
    user_id: uuid.UUID

    @property
    def turns(self) -> TurnStore:
        return TurnStore(self.table, utc_now)

    @property
    def queue(self) -> ConversationQueue:
        return ConversationQueue(self.table, utc_now)

    @property
    def limits(self) -> ChatLimits:
        return ChatLimits(self.table, CAPS, utc_now)

    def open(self) -> Turn:
        turn = self.turns.open(self.user_id, uuid.uuid4(), uuid.uuid4(), "connection", {"text": "Hello"})
        assert turn is not None
        return turn

    def start(self, turn: Turn) -> Turn:
        started = self.turns.start(turn.user_id, turn.message_id, uuid.uuid4().hex)
        assert started is not None
        return started

    def drop_next(self, operation: str) -> None:
        """Drop the response of the next request of this operation."""
        self.proxy.should_drop = lambda name, _request: name == operation

    def held(self) -> Decimal:
        """The user's reserved and settled costs of today."""
        item = self.table.get(f"spend#{self.user_id}", utc_now().date().isoformat())
        return Decimal(0) if item is None else item["held"]


@pytest.fixture
def stores(stack: LocalStack, lambda_environment: None) -> Iterator[Stores]:
    """Stores of a new user."""
    proxy = DynamoProxy(stack.aws_endpoint)
    services = Bootstrap(stack.environment_of("chat"), dynamodb=dynamodb_client(proxy))
    yield Stores(proxy, services.chat_table, uuid.uuid4())
    proxy.close()


def last_frame(turn: Turn, seq: int) -> dict[str, object]:
    return numbered(Done(text="", tier=3).body(), seq, *turn.scope)


def test_turn_is_opened_when_the_response_is_lost(stores: Stores) -> None:
    """The repetition isn't mistaken for a known message id; a second message with the same id is."""
    stores.drop_next("PutItem")
    turn = stores.open()
    assert stores.proxy.dropped_count == 1
    again = stores.turns.open(turn.user_id, turn.message_id, turn.conversation_id, "connection", turn.request)
    assert again is None


def test_turn_is_started_when_the_response_is_lost(stores: Stores) -> None:
    """The worker has the lease; another one doesn't get it."""
    turn = stores.open()
    stores.drop_next("UpdateItem")
    started = stores.start(turn)
    assert stores.proxy.dropped_count == 1
    assert started.state is TurnState.RUNNING
    assert stores.turns.start(turn.user_id, turn.message_id, "another") is None


def test_lease_is_extended_when_the_response_is_lost(stores: Stores) -> None:
    """The heartbeat returns the requests that came with it."""
    turn = stores.start(stores.open())
    assert stores.turns.request_resume(turn, "other", 0)
    stores.drop_next("UpdateItem")
    renewed = stores.turns.heartbeat(turn)
    assert stores.proxy.dropped_count == 1
    assert renewed is not None and renewed.resume is not None
    assert renewed.connection_id == "other"


def test_requested_frame_is_stored_once_when_the_response_is_lost(stores: Stores) -> None:
    """The repetition doesn't append the frame again."""
    turn = stores.start(stores.open())
    stores.drop_next("UpdateItem")
    assert stores.turns.request_frame(turn, "one", {"type": "confirmed"})
    assert stores.proxy.dropped_count == 1
    current = stores.turns.get(turn.user_id, turn.message_id)
    assert current is not None and len(current.pending_frames) == 1


@pytest.mark.parametrize("end", ["end", "end_unstarted"])
def test_turn_is_ended_when_the_response_is_lost(stores: Stores, end: str) -> None:
    """The last frames are stored, and the caller learns that it has ended the turn."""
    turn = stores.open() if end == "end_unstarted" else stores.start(stores.open())
    stores.drop_next("UpdateItem")
    ended = getattr(stores.turns, end)(turn, [last_frame(turn, 2)])
    assert stores.proxy.dropped_count == 1
    assert ended is not None
    assert [frame["type"] for frame in stores.turns.frames.after(turn)] == ["ack", "done"]


def test_lost_turn_is_ended_when_the_response_is_lost(stores: Stores) -> None:
    """The party that declared the turn lost reports it, once."""
    turn = stores.open()
    later = TurnStore(stores.table, lambda: utc_now() + timedelta(minutes=5))
    stores.drop_next("UpdateItem")
    assert later.end_lost(turn, [last_frame(turn, 2)])
    assert stores.proxy.dropped_count == 1
    assert not later.end_lost(turn, [last_frame(turn, 2)])


def test_appended_frames_have_no_gap_when_the_response_is_lost(stores: Stores) -> None:
    """Each frame of an ended turn gets the next number."""
    turn = stores.open()
    stores.turns.end_unstarted(turn, [last_frame(turn, 2)])
    stores.drop_next("PutItem")
    numbers = [stores.turns.frames.append(turn, Delta("more").body())["seq"] for _ in range(2)]
    assert stores.proxy.dropped_count == 1
    assert numbers == [3, 4]
    assert [frame["seq"] for frame in stores.turns.frames.after(turn)] == [1, 2, 3, 4]


def test_lost_turn_is_not_ended_without_a_frame_that_was_requested_meanwhile(stores: Stores) -> None:
    """The party that ends it gets the turn with the frame."""
    turn = stores.start(stores.open())
    later = TurnStore(stores.table, lambda: utc_now() + timedelta(minutes=1))
    assert stores.turns.request_frame(turn, "one", Delta("one").body())
    with pytest.raises(RequestPending) as pending:
        later.end_lost(turn, [last_frame(turn, 2)])
    assert [body["text"] for body in pending.value.turn.pending_frames] == ["one"]
    assert later.end_lost(pending.value.turn, [last_frame(turn, 2)])


@pytest.mark.parametrize("waiting", [0, 1, 2])
def test_queue_is_handed_over_when_the_response_is_lost(stores: Stores, waiting: int) -> None:
    """The turn that leaves learns which one runs next, whether or not others wait."""
    conversation, messages = uuid.uuid4(), [uuid.uuid4() for _ in range(waiting + 1)]
    for message in messages:
        stores.queue.enter(stores.user_id, conversation, message)
    stores.drop_next("UpdateItem")
    following = stores.queue.leave(stores.user_id, conversation, messages[0])
    assert stores.proxy.dropped_count == 1
    assert following == (messages[1] if waiting else None)
    assert stores.queue.members(stores.user_id, conversation)[0] == following


@pytest.mark.parametrize("ahead", [1, 3])
def test_waiting_turn_leaves_the_queue_when_the_response_is_lost(stores: Stores, ahead: int) -> None:
    """The others keep their order, and none of them is started."""
    conversation, messages = uuid.uuid4(), [uuid.uuid4() for _ in range(5)]
    for message in messages:
        stores.queue.enter(stores.user_id, conversation, message)
    stores.drop_next("UpdateItem")
    assert stores.queue.leave(stores.user_id, conversation, messages[ahead]) is None
    assert stores.proxy.dropped_count == 1
    others = [message for message in messages[1:] if message != messages[ahead]]
    assert stores.queue.members(stores.user_id, conversation) == (messages[0], others)


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_queue_is_entered_once_when_the_response_is_lost(stores: Stores, ahead: int) -> None:
    """The turn has one place in the queue."""
    conversation, message = uuid.uuid4(), uuid.uuid4()
    for _ in range(ahead):
        stores.queue.enter(stores.user_id, conversation, uuid.uuid4())
    attribute = "#waiting" if ahead else "#running"
    stores.proxy.should_drop = lambda name, request: name == "UpdateItem" and attribute in request["UpdateExpression"]
    assert stores.queue.enter(stores.user_id, conversation, message).position == ahead
    assert stores.proxy.dropped_count == 1
    assert stores.queue.enter(stores.user_id, conversation, uuid.uuid4()).position == ahead + 1


def test_confirmation_is_reported_once_when_the_response_is_lost(stores: Stores) -> None:
    """The first caller reports the outcome, a second one doesn't."""
    confirmations = Confirmations(stores.table, utc_now)
    confirmation = confirmations.create(stores.user_id, uuid.uuid4(), "create_post", "{}", Preview("Publish this", {}))
    stores.drop_next("UpdateItem")
    confirmations.decide(stores.user_id, confirmation.id, "yes", confirmation.digest)
    assert stores.proxy.dropped_count == 1
    stores.drop_next("UpdateItem")
    assert confirmations.claim_report(confirmation)
    assert stores.proxy.dropped_count == 2
    assert not confirmations.claim_report(confirmation)


def test_ticket_is_redeemed_when_the_response_is_lost(stores: Stores) -> None:
    """A valid ticket opens one connection."""
    tickets = TicketStore(stores.table, utc_now)
    ticket = tickets.issue(stores.user_id)
    stores.drop_next("UpdateItem")
    assert tickets.redeem(ticket.secret) == stores.user_id
    assert stores.proxy.dropped_count == 1
    assert tickets.redeem(ticket.secret) is None


@pytest.mark.parametrize("step", ["reserve", "settle"])
def test_cost_is_counted_once_when_the_response_is_lost(stores: Stores, step: str) -> None:
    """The day's sum is the exact cost."""
    if step == "reserve":
        stores.drop_next("UpdateItem")
    reservation = stores.limits.reserve_user(stores.user_id, uuid.uuid4())
    assert stores.held() == 50_000
    if step == "settle":
        stores.drop_next("UpdateItem")
    stores.limits.settle_user(reservation, Decimal("0.000123"))
    assert stores.proxy.dropped_count == 1
    assert stores.held() == 123


def test_question_is_counted_once_when_the_response_is_lost(stores: Stores) -> None:
    """The user has all other questions of the minute left."""
    clock = utc_now().replace(second=0)
    limits = ChatLimits(stores.table, CAPS, lambda: clock)
    for number in range(30):
        if number == 10:
            stores.drop_next("UpdateItem")
        limits.take_question(stores.user_id, uuid.uuid4())
    assert stores.proxy.dropped_count == 1
    with pytest.raises(PamError) as refusal:
        limits.take_question(stores.user_id, uuid.uuid4())
    assert refusal.value.error.code == "rate_limited"


def test_key_is_claimed_when_the_response_is_lost(stores: Stores, stack: LocalStack) -> None:
    """The work is done and recorded; a repeated request gets the recorded response."""
    services = Bootstrap(stack.environment_of("chat"), dynamodb=dynamodb_client(stores.proxy))
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 10_000)
    stores.drop_next("PutItem")
    done: list[int] = []

    def work() -> dict[str, int]:
        done.append(1)
        return {"done": len(done)}

    key = str(uuid.uuid4())
    responses = [services.idempotency.run(key, {"amount": "1"}, work, context) for _ in range(2)]  # type: ignore[arg-type]
    assert stores.proxy.dropped_count == 1
    assert responses == [{"done": 1}, {"done": 1}]


def test_response_of_done_work_is_returned_where_it_cannot_be_recorded(stores: Stores, stack: LocalStack) -> None:
    """The write is committed by then: an error would hide it. Its repetition is refused while the claim lasts."""
    services = Bootstrap(stack.environment_of("chat"), dynamodb=dynamodb_client(stores.proxy))
    context: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: 10_000)
    key, done = str(uuid.uuid4()), []

    def work() -> dict[str, int]:
        done.append(1)
        return {"done": len(done)}

    stores.proxy.should_throttle = lambda name, _request: name == "UpdateItem"
    assert services.idempotency.run(key, {"amount": "1"}, work, context) == {"done": 1}
    with pytest.raises(PamError) as refused:
        services.idempotency.run(key, {"amount": "1"}, work, context)
    assert (refused.value.error.code, done) == ("request_in_progress", [1])


def test_work_is_not_begun_where_the_key_cannot_be_claimed(stores: Stores, stack: LocalStack) -> None:
    """Then the request can be repeated."""
    services = Bootstrap(stack.environment_of("chat"), dynamodb=dynamodb_client(stores.proxy))
    context: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: 10_000)
    done: list[int] = []

    def work() -> dict[str, int]:
        done.append(1)
        return {}

    stores.proxy.should_throttle = lambda name, _request: name == "PutItem"
    with pytest.raises(PamError) as refused:
        services.idempotency.run(str(uuid.uuid4()), {}, work, context)
    assert (refused.value.error.code, done) == ("store_unavailable", [])
