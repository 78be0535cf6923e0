-- Reads the table, and blocks neither reads nor writes.
alter table turns validate constraint turns_tool_calls_known;
drop policy backfilled_by_owner on turns;
