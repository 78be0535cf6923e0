-- The table before the change, as old code uses it.
create table stops (
    id      bigint generated always as identity primary key,
    user_id uuid   not null,
    place   text   not null
);
alter table stops enable row level security;
alter table stops force row level security;
create policy own_rows on stops
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
grant select, insert (user_id, place) on stops to pam_app;
