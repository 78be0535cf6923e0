"""An expense that is added, and the last one that is corrected, from a sentence."""

from typing import Any

from pam.answers.ask_request import AskRequest, Slots
from pam.answers.expense_changes import Correction, ExpenseCorrected, change_expense
from pam.answers.expenses import ExpenseAdded, add_expense
from pam.money.expense_changes import ExpenseChanges
from pam.money.expenses import NewExpense
from pam.platform.errors import INVALID_DATE, PamError
from pam.users.periods import resolve_day


def add_expense_from_slots(request: AskRequest, slots: Slots) -> ExpenseAdded:
    """Record the expense of a sentence, once for the request's idempotency key. Raises `PamError`."""
    fields = _fields(request, slots) | {"typed_at": request.question.typed_at}
    return add_expense(
        request.dependencies,
        request.user_id,
        NewExpense.model_validate(fields),
        request.deadline,
        idempotency_key=request.idempotency_key,
        context=request.context,
        sentence=request.question.text,
    )


def correct_expense_from_slots(request: AskRequest, slots: Slots) -> ExpenseCorrected:
    """Correct the expense that the user has written last, once for the request's key. Raises `PamError`."""
    changes = ExpenseChanges.model_validate(_fields(request, slots))
    return change_expense(
        request.dependencies,
        request.user_id,
        Correction(None, changes, request.question.conversation_id),
        request.deadline,
        idempotency_key=request.idempotency_key,
        context=request.context,
    )


def _fields(request: AskRequest, slots: Slots) -> dict[str, Any]:
    """Return the fields of an expense that are in a sentence, and the device's time zone."""
    fields = request.in_zone(slots)
    if "amount" in slots:
        fields["amount"] = _amount(slots)
    for name in ("amount_text", "currency"):
        fields.pop(name, None)
    if "date" in slots:
        fields["date"] = _date(request, slots["date"])
    return fields


def _amount(slots: Slots) -> str:
    """Return the amount with its currency as written, to be read in the user's locale and currency."""
    return f"{slots.get('amount_text', slots['amount'])} {slots.get('currency', '')}".rstrip()


def _date(request: AskRequest, day: str) -> str:
    """Return the date of a day such as `yesterday`, where the user is. Raises `PamError` (`ambiguous_date`)."""
    date = resolve_day(day, request.typed_day)
    if date is None:
        raise PamError(INVALID_DATE, "There is no such day.", field="date")
    return date.isoformat()
