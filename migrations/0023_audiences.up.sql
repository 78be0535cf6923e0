-- Who sees what of a user: their profile, their place while they share it, and their activity.
alter table public_profiles
    add column who_sees_profile  text not null default 'friends'
        check (who_sees_profile in ('everybody', 'followers', 'friends', 'nobody')),
    add column who_sees_place    text not null default 'friends'
        check (who_sees_place in ('everybody', 'followers', 'friends', 'nobody')),
    add column who_sees_activity text not null default 'everybody'
        check (who_sees_activity in ('everybody', 'followers', 'friends', 'nobody'));
grant insert (who_sees_profile, who_sees_place, who_sees_activity),
    update (who_sees_profile, who_sees_place, who_sees_activity) on public_profiles to pam_app;

create table follows (
    follower   uuid        not null references public_profiles (user_id) on delete cascade,
    followed   uuid        not null references public_profiles (user_id) on delete cascade,
    created_at timestamptz not null default now(),
    primary key (follower, followed),
    check (follower <> followed)
);
create index follows_of_followed on follows (followed);

alter table follows enable row level security;
alter table follows force row level security;
create policy seen_by_both on follows for select using ((select current_traveller()) in (follower, followed));
create policy started_by_oneself on follows for insert with check (follower = (select current_traveller()));
create policy ended_by_either on follows for delete using ((select current_traveller()) in (follower, followed));
grant select, delete, insert (follower, followed) on follows to pam_app;

-- Whether the user of the transaction belongs to an audience of the owner of a row. Friends belong to the followers.
create function is_in_audience(owner uuid, audience text) returns boolean
    language sql stable parallel safe
    return owner = (select current_traveller())
        or audience = 'everybody' and (select current_traveller()) is not null
        or audience = 'followers' and exists (
            select from follows where follower = (select current_traveller()) and followed = owner)
        or audience in ('followers', 'friends') and exists (
            select from friendships
             where accepted_at is not null
               and least(requester, addressee) = least((select current_traveller()), owner)
               and greatest(requester, addressee) = greatest((select current_traveller()), owner));
