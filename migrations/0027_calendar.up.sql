-- The user's calendar. An event with a time has the wall clock of the zone that it was entered in, and the instants that
-- it means there, which also say which of two equal times is meant when clocks go back. An all-day event has days only:
-- they are the same days wherever the user is.
create table calendar_events (
    id           uuid primary key default gen_random_uuid(),
    user_id      uuid        not null references users (id) on delete cascade,
    title        text        not null check (length(title) between 1 and 100),
    place        text        not null default '' check (length(place) <= 100),  -- in the user's words
    notes        text        not null default '' check (length(notes) <= 500),
    first_day    date,
    last_day     date,
    starts_local timestamp,
    ends_local   timestamp,
    time_zone    text        check (length(time_zone) between 1 and 64),
    starts_at    timestamptz,
    ends_at      timestamptz,
    created_at   timestamptz not null,
    deleted_at   timestamptz,  -- kept for the undo of the deletion
    version      uuid        not null,  -- another one with each change, so that an undo finds out about later changes
    check (last_day >= first_day),
    check (ends_at > starts_at),
    constraint calendar_events_have_days_or_times check (
        num_nulls(first_day, last_day) = 0 and num_nonnulls(starts_local, ends_local, time_zone, starts_at, ends_at) = 0
        or num_nonnulls(first_day, last_day) = 0 and num_nulls(starts_local, time_zone, starts_at) = 0
            and num_nulls(ends_local, ends_at) in (0, 2))
);
create index calendar_events_by_time on calendar_events (user_id, starts_at) where deleted_at is null;
create index calendar_events_by_day on calendar_events (user_id, first_day) where deleted_at is null;

alter table calendar_events enable row level security;
alter table calendar_events force row level security;
create policy own_rows on calendar_events
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, delete, insert (id, user_id, title, place, notes, first_day, last_day, starts_local, ends_local, time_zone, starts_at,
                      ends_at, created_at, version),
    update (title, place, notes, first_day, last_day, starts_local, ends_local, time_zone, starts_at, ends_at, deleted_at,
            version)
    on calendar_events to pam_app;
