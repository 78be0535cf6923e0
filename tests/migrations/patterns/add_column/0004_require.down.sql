-- Before old code is deployed again, which doesn't write the column.
alter table turns drop constraint turns_tool_calls_known;
