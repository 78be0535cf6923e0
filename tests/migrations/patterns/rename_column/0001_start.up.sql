-- The table before the change, as old code uses it.
create table checklists (
    id      bigint generated always as identity primary key,
    user_id uuid   not null,
    label   text   not null default ''
);
alter table checklists enable row level security;
alter table checklists force row level security;
create policy own_rows on checklists
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
grant select, insert (user_id, label), update (label) on checklists to pam_app;
