-- A release later.
drop policy backfilled_by_owner on checklists;
alter table checklists drop column label;
