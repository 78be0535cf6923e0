"""A saving that is recorded, with what was saved this year, and its undo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pam.answers.converted_sum import not_included_sentence
from pam.answers.user_answer import user_provenance
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.money.exchange_rates import NO_RATES, RateTable
from pam.money.new_savings import NewSaving, Saving, create_saving, delete_saving
from pam.money.savings import SavingsQuery, read_savings
from pam.users.formatting import format_money


@dataclass(frozen=True)
class RatedSaving:
    """A saving to record, with the exchange rates that were found for it before."""

    new: NewSaving
    rates: RateTable = NO_RATES


def _track(context: WriteContext, arguments: RatedSaving) -> WriteResult:
    profile = context.profile
    saving = create_saving(context.connection, profile, arguments.new, context.now, context.typed_at, arguments.rates)
    savings = read_savings(context.connection, profile, SavingsQuery(period="this_year"), context.now)
    year, provenance = savings.overall, user_provenance(savings)
    total = format_money(year.total, profile.currency, profile)
    return WriteResult(
        text=f"Recorded {_amount(context, saving)} saved on {saving.category}. This year you've saved {total}."
        + not_included_sentence(year, profile),
        data={
            "saving": {
                "id": str(saving.id),
                "amount": str(saving.amount),
                "currency": saving.currency,
                "kind": saving.kind,
                "category": saving.category,
                "description": saving.description,
                "date": saving.saved_at.astimezone(profile.zone).date().isoformat(),
            },
            "saved_this_year": {"total": str(year.total), "currency": profile.currency, "count": year.count},
        },
        source=provenance["source"],
        undo={"saving": str(saving.id), "text": _amount(context, saving)},
        simulated=provenance["simulated"],
    )


def _undo(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    delete_saving(context.connection, context.profile.id, UUID(undo["saving"]))
    return UndoResult(f"The saving of {undo['text']} is taken back.")


TRACK_SAVINGS = WriteOperation("track_savings", _track, _undo)
"""Records a saving that the user confirmed as real."""


def _amount(context: WriteContext, saving: Saving) -> str:
    return format_money(saving.amount, saving.currency, context.profile)
