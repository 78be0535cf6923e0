"""The sentence about an added expense: its amount and date, and the state of its budget."""

from datetime import datetime, timedelta

from pam.answers.converted_sum import not_included_sentence, rate_text
from pam.money.budgets import BudgetState
from pam.money.expenses import Expense
from pam.users.formatting import format_dates, format_money, format_month
from pam.users.profile import Profile


def expense_text(
    expense: Expense, budget: BudgetState | None, current_budget: BudgetState | None, profile: Profile, now: datetime
) -> str:
    """Render an added expense with the `budget` of its month, and `current_budget` if that is of another month."""
    amount = format_money(expense.amount, expense.currency, profile)
    day = expense_date_text(expense, profile, now)
    added = f"Added {amount} for {expense.category}{day}.{_conversion(expense, profile)}"
    if budget is None:
        return added
    if not expense.counts_in(budget.currency):
        return f"{added} {_unchanged_budget(budget, profile)}"
    return f"{_budget_text(added, budget, current_budget, profile)}{not_included_sentence(budget.spending, profile)}"


def _conversion(expense: Expense, profile: Profile) -> str:
    """Render at which rate an expense in another currency counts, or that it doesn't count yet, after a space."""
    conversion = expense.converted_to(profile.currency)
    if conversion is not None:
        value = format_money(conversion.convert(expense.amount), conversion.currency, profile)
        return f" That is {value} at {rate_text(conversion, profile)}."
    if expense.currency == profile.currency:
        return ""
    return f" It isn't in your totals yet: PAM has no exchange rate to {profile.currency} for it now."


def _unchanged_budget(budget: BudgetState, profile: Profile) -> str:
    limit, left, over = _limit_left_and_over(budget, profile)
    month = format_month(budget.window.start, profile)
    stands = f"you are {over} over your {limit} budget" if budget.state == "over" else f"{left} of {limit} is left"
    return f"Without it, {stands} for {month}."


def _budget_text(added: str, budget: BudgetState, current_budget: BudgetState | None, profile: Profile) -> str:
    limit, left, over = _limit_left_and_over(budget, profile)
    if current_budget is None or current_budget.window == budget.window:
        if budget.state == "over":
            return f"{added} That puts you {over} over your {limit} monthly budget."
        return f"{added} {left} of your {limit} monthly budget is left."
    month = format_month(budget.window.start, profile)
    if budget.state == "over":
        in_its_month = f"That puts you {over} over your {limit} budget for {month}."
    else:
        in_its_month = f"{left} of your {limit} budget for {month} was left."
    _, left, over = _limit_left_and_over(current_budget, profile)
    now_left = f"you are {over} over it" if current_budget.state == "over" else f"{left} of it is left"
    return f"{added} {in_its_month} For {format_month(current_budget.window.start, profile)}, {now_left}."


def expense_date_text(expense: Expense, profile: Profile, now: datetime) -> str:
    """Render the date of an expense, such as ` on Oct 30, 2026`; empty for today."""
    day, today = (instant.astimezone(profile.zone).date() for instant in (expense.spent_at, now))
    return "" if day == today else f" on {format_dates(day, day + timedelta(days=1), profile)}"


def _limit_left_and_over(budget: BudgetState, profile: Profile) -> tuple[str, str, str]:
    limit, left, over = (
        format_money(amount, budget.currency, profile) for amount in (budget.limit, budget.left, -budget.left)
    )
    return limit, left, over
