-- Places that a traveller wants to find again.
create table favorite_spots (
    id         uuid primary key default gen_random_uuid(),
    user_id    uuid             not null references users (id) on delete cascade,
    name       text             not null check (length(name) between 1 and 100),
    place      text             not null check (length(place) between 1 and 500),  -- its full name, as it was found
    latitude   double precision not null check (latitude between -90 and 90),
    longitude  double precision not null check (longitude between -180 and 180),
    kind       text             not null check (kind in (
        'campground', 'boondocking', 'fuel', 'food', 'scenic', 'hike', 'service', 'other')),
    notes      text             not null default '' check (length(notes) <= 1000),
    rating     smallint         check (rating between 1 and 5),
    created_at timestamptz      not null
);

-- The same name at the same place is the same spot.
create unique index favorite_spots_once on favorite_spots (user_id, lower(name), lower(place));

alter table favorite_spots enable row level security;
alter table favorite_spots force row level security;
create policy own_rows on favorite_spots
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert, delete on favorite_spots to pam_app;
