-- The policy first: from the moment that row security is enabled, only what a policy allows is there.
create policy own_rows on reminders
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
alter table reminders enable row level security;
alter table reminders force row level security;
