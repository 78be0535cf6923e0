-- The table before the change, as old code uses it.
create table readings (
    id          bigint  generated always as identity primary key,
    user_id     uuid    not null,
    odometer_km integer not null
);
alter table readings enable row level security;
alter table readings force row level security;
create policy own_rows on readings
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
grant select, insert (user_id, odometer_km), update (odometer_km) on readings to pam_app;
