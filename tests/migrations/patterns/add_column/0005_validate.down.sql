create policy backfilled_by_owner on turns to current_user using (true) with check (true);
alter table turns
    drop constraint turns_tool_calls_known,
    add constraint turns_tool_calls_known check (tool_calls_json is not null) not valid;
