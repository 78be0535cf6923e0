"""The response of POST /v1/ask: by the intent, an `AskAnswer` with the answer of that intent, or `LeftToChat`."""

from dataclasses import make_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_type_hints

from pydantic import Field, RootModel

from pam.answers.ask import FAST_ANSWERS, AskAnswer, FastAnswer, LeftToChat


def ask_response() -> type:
    """Return the type of the response, a union that is distinguished by `intent`."""
    answers = [_ask_answer(intent, fast_answer) for intent, fast_answer in FAST_ANSWERS.items()]
    union: Any = Union[(*answers, LeftToChat)]
    response: type = RootModel[Annotated[union, Field(discriminator="intent")]]
    return type("AskResponse", (response,), {"__doc__": "The answer to a question in words, or tier 3 alone."})


def _ask_answer(intent: str, fast_answer: FastAnswer) -> type:
    """Return `AskAnswer` for one intent, with the type that its function returns."""
    returned = get_type_hints(fast_answer.answer)["return"]
    answer_type = next(kind for kind in get_args(returned) or (returned,) if kind is not type(None))
    ask_answer = make_dataclass(
        f"Asked{answer_type.__name__}",
        [
            ("tier", get_type_hints(answer_type)["tier"]),
            ("intent", Literal[intent]),
            ("answer", answer_type),
        ],
        bases=(AskAnswer,),
        kw_only=True,
    )
    ask_answer.__doc__ = f"A question that was understood as `{intent}`, and its answer."
    return ask_answer
