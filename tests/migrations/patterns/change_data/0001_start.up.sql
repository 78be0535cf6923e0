-- The table before the change, as old code uses it.
create table costs (
    id       bigint generated always as identity primary key,
    user_id  uuid   not null,
    category text   not null
);
alter table costs enable row level security;
alter table costs force row level security;
create policy own_rows on costs
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
grant select, insert (user_id, category), update (category) on costs to pam_app;
