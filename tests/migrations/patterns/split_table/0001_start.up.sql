-- The table before the change, as old code uses it.
create table rigs (
    id      bigint generated always as identity primary key,
    user_id uuid   not null,
    name    text   not null,
    insurer text,
    policy_number text
);
alter table rigs enable row level security;
alter table rigs force row level security;
create policy own_rows on rigs
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
grant select, insert (user_id, name, insurer, policy_number), update (name, insurer, policy_number) on rigs to pam_app;
