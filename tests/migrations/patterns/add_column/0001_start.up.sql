-- The table before the change, as old code uses it.
create table turns (
    user_id           uuid        not null,
    id                bigint generated always as identity,
    question          text        not null,
    ended             text        not null,
    cost_microdollars bigint      not null default 0,
    created_at        timestamptz not null default now(),
    primary key (user_id, id)
);
alter table turns enable row level security;
alter table turns force row level security;
create policy own_rows on turns
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
grant select, insert (user_id, question, ended), update (ended) on turns to pam_app;
