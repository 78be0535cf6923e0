"""Corrects and deletes what PAM remembers, once for each Idempotency-Key. Tier 2."""

from pam.answers.memories import FactChanges, change_fact
from pam.answers.memory_deletion import (
    DeletionRequest,
    NewSelection,
    delete_episode,
    delete_fact,
    delete_message,
    delete_selection,
    select_memories,
)
from pam.environment import request_limit, user_dependencies
from pam.memory.selection import memory_not_found, parse_number
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=2)


@handler.patch("/v1/memories/facts/{number}", FactChanges)
def patch_fact(call: HttpRequest, changes: FactChanges) -> HttpResponse:
    """The fact as it is now, and the way to undo it."""
    answer = change_fact(
        user_dependencies(),
        call.user_id,
        parse_number(call.path["number"]),
        changes,
        call.deadline,
        idempotency_key=call.idempotency_key,
        context=call.context,
    )
    return HttpResponse(answer.as_json())


@handler.delete("/v1/memories/facts/{number}")
def remove_fact(call: HttpRequest) -> HttpResponse:
    """How much was deleted: the fact with its earlier values, and the messages that they come from."""
    return HttpResponse(delete_fact(user_dependencies(), _deletion(call), parse_number(call.path["number"])).as_json())


@handler.delete("/v1/memories/episodes/{number}")
def remove_episode(call: HttpRequest) -> HttpResponse:
    """How much was deleted: the summary, its messages, and the facts that come from them alone."""
    return HttpResponse(
        delete_episode(user_dependencies(), _deletion(call), parse_number(call.path["number"])).as_json()
    )


@handler.delete("/v1/memories/messages/{uuid}")
def remove_message(call: HttpRequest) -> HttpResponse:
    """How much was deleted: the message with its answer, and the facts that come from it alone."""
    turn_id = call.path_uuid("uuid", missing=memory_not_found())
    return HttpResponse(delete_message(user_dependencies(), _deletion(call), turn_id).as_json())


@handler.post("/v1/memories/selections", NewSelection, status=201)
def post_selection(call: HttpRequest, new: NewSelection) -> HttpResponse:
    """What a deletion would delete, with examples; nothing is deleted yet."""
    return HttpResponse(select_memories(user_dependencies(), call.user_id, new, call.deadline).as_json())


@handler.delete("/v1/memories/selections/{uuid}")
def remove_selection(call: HttpRequest) -> HttpResponse:
    """How much was deleted: exactly what was selected."""
    selection_id = call.path_uuid("uuid", missing=memory_not_found())
    return HttpResponse(delete_selection(user_dependencies(), _deletion(call), selection_id).as_json())


def _deletion(call: HttpRequest) -> DeletionRequest:
    return DeletionRequest(call.user_id, call.idempotency_key, call.deadline, call.context)
