"""The number check on scripted answers, on results that PAM's tools returned."""

from bench.figure_check import Answer, answers, changes, marked_texts

MIN_DETECTED = 0.98
MAX_FALSE = 0.01


def planted_is_marked(answer: Answer) -> bool:
    planted = answer["planted"][0]
    return any(planted in text or text in planted for text in marked_texts(answer)[1])


def test_half_of_the_answers_have_one_wrong_figure() -> None:
    """Each of them is in its answer as it is listed."""
    wrong = [each for each in answers() if each["planted"]]
    assert (len(answers()), len(wrong)) == (200, 100)
    assert all(len(each["planted"]) == 1 and each["planted"][0] in each["answer"] for each in wrong)
    assert len({(each["question"], each["answer"]) for each in answers()}) == 200


def test_planted_figures_are_marked() -> None:
    """At least 98 %."""
    wrong = [each for each in answers() if each["planted"]]
    missed = [(each["planted"], each["answer"]) for each in wrong if not planted_is_marked(each)]
    assert len(missed) <= (1 - MIN_DETECTED) * len(wrong), missed


def test_correct_figures_are_not_marked() -> None:
    """At most 1 %, of those beside a wrong one, too."""
    checked, marked = 0, []
    for each in answers():
        count, texts = marked_texts(each)
        planted = each["planted"][0] if each["planted"] else None
        false = [text for text in texts if planted is None or not (planted in text or text in planted)]
        checked += count - bool(planted)
        marked += [(text, each["answer"]) for text in false]
    assert checked > 500
    assert len(marked) <= MAX_FALSE * checked, marked


def test_changes_write_other_values_in_the_same_way() -> None:
    """Of digits a tenth, a quarter, the first one and two exchanged; of a date the month."""
    assert [*changes("$412.36", is_date=False)] == ["$142.36", "$371.12", "$453.60", "$512.36", "$515.45"]
    assert next(iter(changes("1.204,50 €", is_date=False))).endswith(" €")
    assert [*changes("Dec 4, 2026", is_date=True)] == ["Apr 4, 2026"]
