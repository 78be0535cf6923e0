"""Which frames end the answer that a traveller of a load test waits for."""

import pytest

from load.answers import Answers

ACK = {"type": "ack", "message_id": "1", "seq": 1, "conversation_id": "c"}
DELTA = {"type": "delta", "message_id": "1", "seq": 2, "text": "A"}
DONE = {"type": "done", "message_id": "1", "seq": 3, "tier": 3}
ERROR = {"type": "error", "message_id": "1", "seq": 3, "code": "model_overloaded"}


@pytest.fixture
def answers() -> Answers:
    """Message 1, due after ten seconds, waits."""
    answers = Answers()
    answers.wait_for("1", 10.0)
    return answers


@pytest.mark.parametrize("end", [DONE, ERROR])
def test_answer_is_timed_and_ends(answers: Answers, end: dict[str, object]) -> None:
    """The first frame of each kind counts."""
    waiting = answers.waiting
    assert [answers.take(frame, at) for frame, at in ((ACK, 10.01), (DELTA, 10.5), (DELTA, 10.6))] == ["frame"] * 3
    assert answers.take(end, 11.0) == "end"
    assert waiting is not None
    assert waiting.times == pytest.approx({"ack_ms": 10.0, "first_token_ms": 500.0})
    assert (waiting.seq, waiting.last_frame_at) == (3, 11.0)
    assert answers.waiting is None
    assert answers.conversation_id == "c"


def test_end_that_is_sent_again_is_no_second_end(answers: Answers) -> None:
    """By a resume, beside the one that came by itself: the page knows it by its number."""
    answers.take(DONE, 11.0)
    assert answers.take(DONE, 11.1) == "other"


@pytest.mark.parametrize("second", [DONE | {"seq": 4}, ERROR | {"seq": 4}])
def test_second_end_is_seen_whenever_it_comes(answers: Answers, second: dict[str, object]) -> None:
    """At once, or while the next message waits, of which it is no end."""
    answers.take(DONE, 11.0)
    assert answers.take(second, 11.1) == "doubled"
    answers.wait_for("2", 12.0)
    assert answers.take(second, 12.1) == "doubled"
    assert answers.take(DELTA, 12.1) == "other"
    assert answers.waiting is not None
    assert answers.waiting.seq == 0


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        ({"type": "error", "code": "too_many_requests", "retry_after": 3}, "refusal"),
        ({"type": "error", "code": "bad_frame", "message_id": "1"}, "refusal"),
        ({"message": "Internal server error", "connectionId": "x", "requestId": "y"}, "refusal"),
        ({"type": "error", "code": "model_overloaded", "message_id": "0", "seq": 4}, "other"),
        ({"type": "error", "code": "bad_frame", "message_id": "0"}, "other"),
        ({"type": "delta", "message_id": "0", "seq": 4}, "other"),
        ({"type": "pong"}, "other"),
        ({"type": "confirmed", "message_id": "1"}, "other"),
    ],
)
def test_errors_and_frames_belong_to_the_message_that_they_name(
    answers: Answers, frame: dict[str, object], meaning: str
) -> None:
    """An error without a message, and the gateway's own, are about the last one."""
    assert answers.take(frame, 10.1) == meaning
    assert answers.waiting is not None


def test_frames_before_the_first_message_are_ignored() -> None:
    """A socket is opened before it is used."""
    assert Answers().take(DONE, 1.0) == "other"
