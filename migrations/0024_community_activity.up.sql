-- Whether the user of the transaction belongs to those who see what a user publishes. Names are public: who has none has
-- no setting, and publishes for everybody.
create function sees_activity(owner uuid) returns boolean
    language sql stable parallel safe
    return is_in_audience(
        owner, coalesce((select who_sees_activity from public_profiles where user_id = owner), 'everybody'));

-- Few users have a setting of their own: one look into their index spares the function for the posts of the others.
create index public_profiles_with_less_activity on public_profiles (user_id) where who_sees_activity <> 'everybody';
drop policy read_by_all on posts;
create policy read_by_audience on posts for select using (
    (select current_traveller()) is not null
    and (not exists (select from public_profiles where user_id = author_id and who_sees_activity <> 'everybody')
         or sees_activity(author_id))
);

-- No index: row security lets only leakproof operators use one, and `@@` isn't.
alter table posts add column words tsvector not null generated always as (
    setweight(to_tsvector('english', title), 'A') || to_tsvector('english', content || ' ' || place)) stored;

create table comments (
    id         uuid primary key default gen_random_uuid(),
    post_id    uuid        not null references posts (id) on delete cascade,
    author_id  uuid        not null references users (id) on delete cascade,
    body       text        not null check (length(body) between 1 and 1000),
    created_at timestamptz not null
);
create index comments_of_post on comments (post_id, created_at);
create index comments_of_author on comments (author_id);

alter table comments enable row level security;
alter table comments force row level security;
-- `posts` is read as the user sees it: who doesn't see a post sees nothing of it.
create policy read_with_the_post on comments for select
    using (exists (select from posts where posts.id = post_id) and sees_activity(author_id));
create policy written_by_oneself on comments for insert
    with check (author_id = (select current_traveller()) and exists (select from posts where posts.id = post_id));
grant select, insert (post_id, author_id, body, created_at) on comments to pam_app;

-- One row for a user who likes a post, so that each counts once. Everybody who sees the post counts the same rows.
create table post_likes (
    post_id    uuid        not null references posts (id) on delete cascade,
    user_id    uuid        not null references users (id) on delete cascade,
    created_at timestamptz not null,
    primary key (post_id, user_id)
);
create index post_likes_of_user on post_likes (user_id);

alter table post_likes enable row level security;
alter table post_likes force row level security;
create policy read_with_the_post on post_likes for select
    using (user_id = (select current_traveller()) or exists (select from posts where posts.id = post_id));
create policy given_by_oneself on post_likes for insert
    with check (user_id = (select current_traveller()) and exists (select from posts where posts.id = post_id));
create policy taken_back_by_oneself on post_likes for delete using (user_id = (select current_traveller()));
grant select, delete, insert (post_id, user_id, created_at) on post_likes to pam_app;

-- An undo restores the row as it was.
grant insert (created_at) on follows to pam_app;

-- The place that a user shares: one at a time, until its time is over.
create table shared_places (
    user_id    uuid primary key references public_profiles (user_id) on delete cascade,
    place      text             not null check (length(place) between 1 and 500),
    latitude   double precision not null check (latitude between -90 and 90),
    longitude  double precision not null check (longitude between -180 and 180),
    audience   text             not null check (audience in ('everybody', 'followers', 'friends')),
    shared_at  timestamptz      not null default now(),
    expires_at timestamptz      not null,
    check (expires_at > shared_at and expires_at <= shared_at + interval '168 hours')
);
create index shared_places_by_latitude on shared_places (latitude);

alter table shared_places enable row level security;
alter table shared_places force row level security;
-- Seen by those whom both this place and the user's settings are for, by the clock of Postgres.
create policy seen_by_audience on shared_places for select using (
    user_id = (select current_traveller())
    or expires_at > now()
       and is_in_audience(user_id, audience)
       and is_in_audience(user_id, (select who_sees_place from public_profiles owner
                                     where owner.user_id = shared_places.user_id))
);
create policy shared_by_oneself on shared_places for insert with check (user_id = (select current_traveller()));
create policy changed_by_oneself on shared_places for update
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
create policy ended_by_oneself on shared_places for delete using (user_id = (select current_traveller()));
grant select, delete,
      insert (user_id, place, latitude, longitude, audience, expires_at),
      update (place, latitude, longitude, audience, shared_at, expires_at)
    on shared_places to pam_app;

create table events (
    id            uuid primary key default gen_random_uuid(),
    host_id       uuid        not null references users (id) on delete cascade,
    title         text        not null check (length(title) between 1 and 200),
    starts_at     timestamptz not null,
    place         text        not null check (length(place) between 1 and 200),  -- in the host's words
    description   text        not null default '' check (length(description) <= 2000),
    max_attendees integer     check (max_attendees between 1 and 1000),
    created_at    timestamptz not null
);
create index events_of_host on events (host_id);

alter table events enable row level security;
alter table events force row level security;
create policy read_by_audience on events for select using (sees_activity(host_id));
create policy made_by_oneself on events for insert with check (host_id = (select current_traveller()));
grant select, insert (host_id, title, starts_at, place, description, max_attendees, created_at) on events to pam_app;

-- Each attendee has a seat of the event, and no seat is taken twice, so that there are never too many.
create table event_attendees (
    event_id  uuid        not null references events (id) on delete cascade,
    user_id   uuid        not null references users (id) on delete cascade,
    seat      integer     not null check (seat >= 1),
    joined_at timestamptz not null,
    primary key (event_id, user_id),
    unique (event_id, seat)
);
create index event_attendees_of_user on event_attendees (user_id);

alter table event_attendees enable row level security;
alter table event_attendees force row level security;
create policy read_with_the_event on event_attendees for select
    using (user_id = (select current_traveller()) or exists (select from events where events.id = event_id));
create policy joined_by_oneself on event_attendees for insert with check (
    user_id = (select current_traveller())
    and exists (select from events where events.id = event_id and seat <= coalesce(max_attendees, seat)));
grant select, insert (event_id, user_id, seat, joined_at) on event_attendees to pam_app;
