"""The sentences about a written expense: its amount and date, and the state of its budget."""

from datetime import datetime, timedelta

from pam.money.budgets import BudgetState
from pam.money.expense_changes import ChangedExpense
from pam.money.expenses import Expense
from pam.users.formatting import format_dates, format_money, format_month
from pam.users.profile import Profile


def expense_text(
    expense: Expense, budget: BudgetState | None, current_budget: BudgetState | None, profile: Profile, now: datetime
) -> str:
    """Render an added expense or refund with the `budget` of its month, and `current_budget` if of another month."""
    added = f"{'Recorded' if expense.kind == 'refund' else 'Added'} {expense_name(expense, profile, now)}."
    puts_over = expense.kind == "expense"
    return " ".join([added, *_budget_sentences(budget, current_budget, profile, puts_over=puts_over)])


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
    return " ".join([corrected, *_budget_sentences(budget, current_budget, profile, puts_over=False)])


def expense_name(
    expense: Expense, profile: Profile, now: datetime, *, with_details: bool = False, with_today: bool = False
) -> str:
    """Render what an expense is, such as `$45.00 for fuel on Oct 30, 2026`, or `a refund of $20.00 for propane`.

    The date of today is named only `with_today`.
    """
    amount = format_money(abs(expense.amount), expense.currency, profile)
    what = f"a refund of {amount}" if expense.kind == "refund" else amount
    details = f" ({expense.description or 'without details'})" if with_details else ""
    return f"{what} for {expense.category}{details}{expense_date_text(expense, profile, now, with_today=with_today)}"


def _budget_sentences(
    budget: BudgetState | None, current_budget: BudgetState | None, profile: Profile, *, puts_over: bool
) -> list[str]:
    """Render the budgets after a write; `puts_over` where the write can be what exceeds them."""
    if budget is None:
        return []
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
    return "" if day == today and not with_today else f" on {format_dates(day, day + timedelta(days=1), profile)}"


def _limit_left_and_over(budget: BudgetState, profile: Profile) -> tuple[str, str, str]:
    limit, left, over = (
        format_money(amount, budget.currency, profile) for amount in (budget.limit, budget.left, -budget.left)
    )
    return limit, left, over
