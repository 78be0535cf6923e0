-- Trips that were planned. The days of a plan are read and written as a whole, so they are one document; what a list of
-- trips shows has columns of its own.
create table trips (
    id          uuid primary key default gen_random_uuid(),
    user_id     uuid          not null references users (id) on delete cascade,
    origin      text          not null check (length(origin) between 1 and 300),
    destination text          not null check (length(destination) between 1 and 300),
    start_date  date,  -- null: not yet known
    nights      smallint      not null check (nights >= 0),
    distance_m  double precision not null check (distance_m >= 0),
    driving_s   double precision not null check (driving_s >= 0),
    budget      numeric(12, 2) check (budget > 0 and budget <= 100000),
    currency    text          not null check (currency ~ '^[A-Z]{3}$'),  -- of the budget
    plan        jsonb         not null,  -- as the traveller was told it: days, nights, fuel, cost
    created_at  timestamptz   not null
);

create index trips_of_user on trips (user_id, created_at);

alter table trips enable row level security;
alter table trips force row level security;
create policy own_rows on trips
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert, delete on trips to pam_app;
