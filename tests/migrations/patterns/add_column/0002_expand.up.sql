-- Nullable and without a default that must be computed: the table isn't rewritten, and old code needn't know of it.
alter table turns add column tool_calls_json jsonb;
grant insert (tool_calls_json), update (tool_calls_json) on turns to pam_app;
-- Row security is forced, so that the owner sees no row either. This is for the backfill.
create policy backfilled_by_owner on turns to current_user using (true) with check (true);
