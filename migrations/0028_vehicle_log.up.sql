-- Measures as precise as travellers write them: an inch is 0.0254 m, and a pound 0.45359237 kg.
alter table vehicles
    alter column consumption_l_per_100km type numeric(8, 5),
    alter column tank_l                  type numeric(8, 3),
    alter column height_m                type numeric(6, 4),
    alter column length_m                type numeric(6, 4),
    alter column weight_kg               type numeric(8, 3),
    add column width_m                   numeric(6, 4) check (width_m between 1 and 4),
    add column axles                     smallint      check (axles between 1 and 12),
    add column carries_propane           boolean,
    add column towed                     text          not null default '' check (length(towed) <= 100),
    add column version                   uuid;
create unique index vehicles_by_name on vehicles (user_id, lower(name));
alter table vehicles add constraint vehicles_of_one_user unique (id, user_id);

grant insert (user_id, name, kind, make, model, model_year, fuel_type, consumption_l_per_100km, tank_l, height_m,
              length_m, width_m, weight_kg, axles, carries_propane, towed, created_at),
      update (name, kind, make, model, model_year, fuel_type, consumption_l_per_100km, tank_l, height_m, length_m,
              width_m, weight_kg, axles, carries_propane, towed, version),
      delete
    on vehicles to pam_app;

-- What was paid is in the expense, so that its corrections count here, too.
create table fuel_log (
    id          uuid primary key default gen_random_uuid(),
    user_id     uuid           not null references users (id) on delete cascade,
    vehicle_id  uuid           not null,
    filled_on   date           not null,
    odometer_km numeric(10, 3) not null check (odometer_km between 0 and 5000000),
    volume_l    numeric(9, 4)  not null check (volume_l between 0.1 and 2000),
    is_full     boolean        not null,
    expense_id  uuid           not null references expenses (id) on delete cascade,
    created_at  timestamptz    not null default now(),
    foreign key (vehicle_id, user_id) references vehicles (id, user_id) on delete cascade
);
create index fuel_log_of_vehicle on fuel_log (vehicle_id, filled_on);
create index fuel_log_of_user on fuel_log (user_id);
create index fuel_log_of_expense on fuel_log (expense_id);

create table maintenance_records (
    id              uuid primary key default gen_random_uuid(),
    user_id         uuid           not null references users (id) on delete cascade,
    vehicle_id      uuid           not null,
    service         text           not null check (length(service) between 1 and 100),
    done_on         date           not null,
    odometer_km     numeric(10, 3) check (odometer_km between 0 and 5000000),
    interval_km     numeric(10, 3) check (interval_km between 1 and 500000),
    interval_months smallint       check (interval_months between 1 and 240),
    notes           text           not null default '' check (length(notes) <= 500),
    created_at      timestamptz    not null default now(),
    foreign key (vehicle_id, user_id) references vehicles (id, user_id) on delete cascade
);
create index maintenance_records_of_vehicle on maintenance_records (vehicle_id, lower(service), done_on);
create index maintenance_records_of_user on maintenance_records (user_id);

alter table fuel_log enable row level security;
alter table fuel_log force row level security;
create policy own_rows on fuel_log
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, delete, insert (user_id, vehicle_id, filled_on, odometer_km, volume_l, is_full, expense_id, created_at)
    on fuel_log to pam_app;

alter table maintenance_records enable row level security;
alter table maintenance_records force row level security;
create policy own_rows on maintenance_records
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, delete, insert (user_id, vehicle_id, service, done_on, odometer_km, interval_km, interval_months, notes,
                              created_at)
    on maintenance_records to pam_app;
