"""An expense that is added from a sentence."""

from pam.answers.ask_request import AskRequest, Slots
from pam.answers.expenses import ExpenseAdded, add_expense
from pam.money.expenses import NewExpense
from pam.platform.errors import INVALID_DATE, PamError
from pam.users.periods import resolve_day


def add_expense_from_slots(request: AskRequest, slots: Slots) -> ExpenseAdded:
    """Record the expense of a sentence, once for the request's idempotency key. Raises `PamError`."""
    fields = request.in_zone(slots) | {"amount": _amount(slots), "typed_at": request.question.typed_at}
    for name in ("amount_text", "currency"):
        fields.pop(name, None)
    if "date" in slots:
        fields["date"] = _date(request, slots["date"])
    return add_expense(
        request.dependencies,
        request.user_id,
        NewExpense.model_validate(fields),
        request.deadline,
        idempotency_key=request.idempotency_key,
        context=request.context,
        sentence=request.question.text,
    )


def _amount(slots: Slots) -> str:
    """Return the amount with its currency as written, to be read in the user's locale and currency."""
    return f"{slots.get('amount_text', slots['amount'])} {slots.get('currency', '')}".rstrip()


def _date(request: AskRequest, day: str) -> str:
    """Return the date of a day such as `yesterday`, where the user is. Raises `PamError` (`ambiguous_date`)."""
    date = resolve_day(day, request.typed_day)
    if date is None:
        raise PamError(INVALID_DATE, "There is no such day.", field="date")
    return date.isoformat()
