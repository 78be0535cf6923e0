-- Travellers, and the role that the functions connect as. It owns nothing and can't bypass row security;
-- its password, if it has one, is set outside of migrations.
do $$
begin
    if not exists (select from pg_roles where rolname = 'pam_app') then
        create role pam_app login nosuperuser nocreatedb nocreaterole nobypassrls;
    end if;
end
$$;

grant usage on schema public to pam_app;

-- The traveller of this transaction; null without one, and then no row is seen or written.
create function current_traveller() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.user_id', true), '')::uuid;

create table users (
    id         uuid primary key,  -- the `sub` of the token
    name       text        not null default '' check (length(name) <= 200),
    currency   text        not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
    time_zone  text        not null default 'America/Denver' check (length(time_zone) between 1 and 64),
    locale     text        not null default 'en_US' check (locale ~ '^[a-z]{2,3}_[A-Z]{2}$'),
    units      text        not null default 'imperial' check (units in ('imperial', 'metric')),
    simulated  boolean     not null default false,  -- made up to show PAM: answers say so
    created_at timestamptz not null default now()
);

alter table users enable row level security;
alter table users force row level security;
create policy own_row on users using (id = (select current_traveller())) with check (id = (select current_traveller()));
grant select, insert, update on users to pam_app;
