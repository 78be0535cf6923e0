create table vehicles (
    id               uuid primary key default gen_random_uuid(),
    user_id          uuid          not null references users (id) on delete cascade,
    name             text          not null check (length(name) between 1 and 100),
    kind             text          not null check (kind in ('motorhome', 'campervan', 'trailer', 'fifth_wheel', 'truck', 'car')),
    make             text          not null default '' check (length(make) <= 100),
    model            text          not null default '' check (length(model) <= 100),
    model_year       smallint      check (model_year between 1950 and 2100),
    fuel_type        text          check (fuel_type in ('regular', 'mid', 'premium', 'diesel')),
    consumption_l_per_100km numeric(5, 2) check (consumption_l_per_100km between 1 and 100),
    tank_l           numeric(6, 1) check (tank_l between 1 and 2000),
    height_m         numeric(4, 2) check (height_m between 1 and 6),
    length_m         numeric(5, 2) check (length_m between 2 and 30),
    weight_kg        integer       check (weight_kg between 200 and 60000),
    created_at       timestamptz   not null default now()
);

create index vehicles_of_user on vehicles (user_id, created_at);

alter table vehicles enable row level security;
alter table vehicles force row level security;
create policy own_rows on vehicles
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert, update, delete on vehicles to pam_app;
