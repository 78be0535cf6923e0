-- loses-data: which category rows had before the change
drop policy backfilled_by_owner on costs;
alter table costs drop column category_before;
