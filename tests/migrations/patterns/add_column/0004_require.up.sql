-- All code writes the column now. New rows are checked from here on, without reading the old ones.
alter table turns add constraint turns_tool_calls_known check (tool_calls_json is not null) not valid;
