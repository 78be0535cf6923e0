-- Roll back the code only, and keep the column: the next release finds its values. This is for a change that is given up.
-- loses-data: the tool calls that new code wrote
drop policy backfilled_by_owner on turns;
alter table turns drop column tool_calls_json;
