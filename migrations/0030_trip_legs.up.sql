-- The days of driving of a trip: from where to where, how far, and how many nights follow.
alter table trips add constraint trips_with_user unique (id, user_id);

create table trip_legs (
    trip_id     uuid             not null,
    user_id     uuid             not null references users (id) on delete cascade,
    number      smallint         not null check (number >= 1),
    origin      text             not null check (length(origin) between 1 and 500),
    destination text             not null check (length(destination) between 1 and 500),
    day         date,  -- null: the trip has no date yet
    distance_m  double precision not null check (distance_m >= 0),
    driving_s   double precision not null check (driving_s >= 0),
    nights      smallint         not null check (nights >= 0),  -- 0 only at the end of the trip
    primary key (trip_id, number),
    -- A leg belongs to the user of its trip.
    foreign key (trip_id, user_id) references trips (id, user_id) on delete cascade
);
create index trip_legs_of_user on trip_legs (user_id);

alter table trip_legs enable row level security;
alter table trip_legs force row level security;
create policy own_rows on trip_legs
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert (trip_id, user_id, number, origin, destination, day, distance_m, driving_s, nights)
    on trip_legs to pam_app;
