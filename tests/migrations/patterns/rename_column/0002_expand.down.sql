-- loses-data: the column title, whose values are in label as well
drop policy backfilled_by_owner on checklists;
drop trigger write_both_names on checklists;
drop function write_both_names();
alter table checklists drop column title;
