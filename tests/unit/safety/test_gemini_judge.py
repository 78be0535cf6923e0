"""The message as data in the judge's prompt, and which replies are verdicts."""

import json

from hypothesis import given
from hypothesis import strategies as st

from pam.safety.judge import AttackCategory, UnsureReason, Verdict
from pam.sources.gemini.judge import SCHEMA, _as_data, _classification
from pam.sources.gemini.sdk import GeneratedText

VERDICTS, CATEGORIES = list(Verdict), list(AttackCategory)


@given(st.text(alphabet=st.characters(), max_size=200) | st.from_regex(r'[<>"\\/message\n\u200b]{0,40}'))
def test_message_is_one_json_string_between_its_delimiters(text: str) -> None:
    """Whatever it contains: it is read back exactly, and neither ends its delimiters nor hides a character."""
    first, data, last = _as_data(text).split("\n")
    assert (first, last) == ("<message>", "</message>")
    assert json.loads(data) == text
    assert "<" not in data
    assert ">" not in data
    assert data.isprintable()


@given(st.sampled_from(VERDICTS), st.sampled_from(CATEGORIES))
def test_complete_reply_is_its_verdict(verdict: Verdict, category: AttackCategory) -> None:
    """Except for a safe attack, which contradicts itself; `unsure` always has a reason, and nothing else has one."""
    text = json.dumps({"verdict": verdict, "category": category})
    found = _classification(GeneratedText(text, "STOP", "v"))
    if verdict is Verdict.SAFE and category is not AttackCategory.NONE:
        assert (found.verdict, found.reason) == (Verdict.UNSURE, UnsureReason.INVALID_REPLY)
    else:
        assert (found.verdict, found.category, found.model) == (verdict, category, "v")
    assert (found.reason is None) is (found.verdict is not Verdict.UNSURE)


@given(
    st.sampled_from(["", "MAX_TOKENS", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "FINISH_REASON_UNSPECIFIED", "12"])
)
def test_incomplete_reply_is_unsure_whatever_its_text(finish_reason: str) -> None:
    """A filter may have cut what would have been another verdict."""
    text = json.dumps({"verdict": "safe", "category": "none"})
    assert _classification(GeneratedText(text, finish_reason, "")).verdict is Verdict.UNSURE


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["verdict", "category", "x"]), inner),
    max_leaves=8,
)


@given(JSON.map(json.dumps) | st.text() | st.just("[" * 100_000))
def test_other_text_is_unsure(text: str) -> None:
    """Of any other JSON or none: nothing is raised, and nothing is safe."""
    found = _classification(GeneratedText(text, "STOP", ""))
    assert (found.verdict, found.reason) == (Verdict.UNSURE, UnsureReason.INVALID_REPLY)


def test_schema_has_every_verdict_and_category_and_no_free_text() -> None:
    """The model can't say anything else, and the code knows all of it."""
    properties = SCHEMA["properties"]
    assert {name: set(each["enum"]) for name, each in properties.items()} == {
        "verdict": {str(each) for each in VERDICTS},
        "category": {str(each) for each in CATEGORIES},
    }
    assert set(SCHEMA["required"]) == properties.keys()
