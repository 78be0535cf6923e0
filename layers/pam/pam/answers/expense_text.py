"""The sentences about a written expense: its amount and date, and the state of its budget."""

from datetime import datetime

from pam.answers.converted_sum import not_included_sentence, rate_text
from pam.money.budgets import BudgetState
from pam.money.expense_changes import ChangedExpense
from pam.money.expenses import Expense
from pam.users.formatting import format_day, format_money, format_month
from pam.users.profile import Profile


def expense_text(
    expense: Expense, budget: BudgetState | None, current_budget: BudgetState | None, profile: Profile, now: datetime
) -> str:
    """Render an added expense or refund with the `budget` of its month, and `current_budget` if of another month."""
    added = f"{'Recorded' if expense.kind == 'refund' else 'Added'} {expense_name(expense, profile, now)}."
    return _with_budget(added, expense, budget, current_budget, profile, puts_over=expense.kind == "expense")


def corrected_text(
    change: ChangedExpense,
    budget: BudgetState | None,
    current_budget: BudgetState | None,
    profile: Profile,
    now: datetime,
) -> str:
    """Render a corrected expense as it was and is, with the `budget` it counts in now, as `expense_text` does."""
    before, after = change.before, change.after
    details = before.description != after.description
    is_redated = (
        before.spent_at.astimezone(profile.zone).date() != after.spent_at.astimezone(profile.zone).date()
    )  # then both dates are named, today's, too
    names = [
        expense_name(expense, profile, now, with_details=details, with_today=is_redated) for expense in (before, after)
    ]
    if not change.is_changed:
        return f"Nothing was changed: {names[1]} is what is recorded."
    corrected = f"Changed {names[0]} to {names[1]}."
    return _with_budget(corrected, after, budget, current_budget, profile, puts_over=False)


def taken_back_text(expense: Expense, profile: Profile, now: datetime) -> str:
    """Render an undone expense or refund, such as `Your expense of $45.00 for fuel is taken back.`"""
    return f"Your {expense.kind} of {_amount_and_category(expense, profile, now)} is taken back."


def expense_name(
    expense: Expense, profile: Profile, now: datetime, *, with_details: bool = False, with_today: bool = False
) -> str:
    """Render what an expense is, such as `$45.00 for fuel on Oct 30, 2026`, or `a refund of $20.00 for propane`.

    The date of today is named only `with_today`.
    """
    name = _amount_and_category(expense, profile, now, with_details=with_details, with_today=with_today)
    return f"a refund of {name}" if expense.kind == "refund" else name


def _amount_and_category(
    expense: Expense, profile: Profile, now: datetime, *, with_details: bool = False, with_today: bool = False
) -> str:
    amount = format_money(abs(expense.amount), expense.currency, profile)
    details = f" ({expense.description or 'without details'})" if with_details else ""
    return f"{amount} for {expense.category}{details}{expense_date_text(expense, profile, now, with_today=with_today)}"


def _with_budget(
    written: str,
    expense: Expense,
    budget: BudgetState | None,
    current_budget: BudgetState | None,
    profile: Profile,
    *,
    puts_over: bool,
) -> str:
    """Add to a sentence about a write how it is converted, and its budgets; `puts_over` where it can exceed them."""
    text = f"{written}{_conversion(expense, profile)}"
    if budget is None:
        return text
    if not expense.counts_in(budget.currency):
        return f"{text} {_unchanged_budget(budget, profile)}"
    sentences = _budget_sentences(budget, current_budget, profile, puts_over=puts_over)
    return f"{' '.join([text, *sentences])}{not_included_sentence(budget.spending, profile)}"


def _conversion(expense: Expense, profile: Profile) -> str:
    """Render at which rate an expense in another currency counts, or that it doesn't count yet, after a space."""
    conversion = expense.converted_to(profile.currency)
    if conversion is not None:
        value = format_money(abs(conversion.convert(expense.amount)), conversion.currency, profile)
        return f" That is {value} at {rate_text(conversion, profile)}."
    if expense.currency == profile.currency:
        return ""
    return f" It isn't in your totals yet: PAM has no exchange rate to {profile.currency} for it now."


def _unchanged_budget(budget: BudgetState, profile: Profile) -> str:
    limit, left, over = _limit_left_and_over(budget, profile)
    month = format_month(budget.window.start, profile)
    stands = f"you are {over} over your {limit} budget" if budget.state == "over" else f"{left} of {limit} is left"
    return f"Without it, {stands} for {month}."


def _budget_sentences(
    budget: BudgetState, current_budget: BudgetState | None, profile: Profile, *, puts_over: bool
) -> list[str]:
    limit, left, over = _limit_left_and_over(budget, profile)
    exceeded = f"That puts you {over} over" if puts_over else f"You are {over} over"
    if current_budget is None or current_budget.window == budget.window:
        if budget.state == "over":
            return [f"{exceeded} your {limit} monthly budget."]
        return [f"{left} of your {limit} monthly budget is left."]
    month = format_month(budget.window.start, profile)
    if budget.state == "over":
        in_its_month = f"{exceeded} your {limit} budget for {month}."
    else:
        in_its_month = f"{left} of your {limit} budget for {month} was left."
    _, left, over = _limit_left_and_over(current_budget, profile)
    now_left = f"you are {over} over it" if current_budget.state == "over" else f"{left} of it is left"
    return [in_its_month, f"For {format_month(current_budget.window.start, profile)}, {now_left}."]


def expense_date_text(expense: Expense, profile: Profile, now: datetime, *, with_today: bool = False) -> str:
    """Render the date of an expense, such as ` on Oct 30, 2026`; empty for today, unless `with_today`."""
    day, today = (instant.astimezone(profile.zone).date() for instant in (expense.spent_at, now))
    return "" if day == today and not with_today else f" on {format_day(day, profile)}"


def _limit_left_and_over(budget: BudgetState, profile: Profile) -> tuple[str, str, str]:
    limit, left, over = (
        format_money(amount, budget.currency, profile) for amount in (budget.limit, budget.left, -budget.left)
    )
    return limit, left, over
