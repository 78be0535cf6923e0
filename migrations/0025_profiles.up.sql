-- What users show of themselves to the audience of their profile, beside the name, which everybody sees. A user who
-- shows nothing has no row.
create table profile_details (
    user_id   uuid primary key references users (id) on delete cascade,
    bio       text     not null default '' check (length(bio) <= 500),
    rig_type  text     not null default '' check (length(rig_type) <= 100),  -- in the user's words
    rig_year  smallint check (rig_year between 1900 and 2100),
    home_base text     not null default '' check (length(home_base) <= 200)
);

alter table profile_details enable row level security;
alter table profile_details force row level security;
create policy seen_by_its_audience on profile_details for select using (
    user_id = (select current_traveller())
    or exists (select from public_profiles profile
                where profile.user_id = profile_details.user_id
                  and is_in_audience(profile.user_id, profile.who_sees_profile)));
create policy written_by_oneself on profile_details for insert with check (user_id = (select current_traveller()));
create policy changed_by_oneself on profile_details for update
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
create policy deleted_by_oneself on profile_details for delete using (user_id = (select current_traveller()));
grant select, delete, insert (user_id, bio, rig_type, rig_year, home_base), update (bio, rig_type, rig_year, home_base)
    on profile_details to pam_app;

-- A new name has the defaults; who sees what is changed afterwards.
revoke insert (who_sees_profile, who_sees_place, who_sees_activity) on public_profiles from pam_app;

-- A first name can be undone.
create policy deleted_by_oneself on public_profiles for delete using (user_id = (select current_traveller()));
grant delete on public_profiles to pam_app;

-- A request can be declined or withdrawn, and a friendship ended.
alter table friendships add column requested_at timestamptz not null default now();
create policy ended_by_either on friendships for delete using ((select current_traveller()) in (requester, addressee));
grant delete on friendships to pam_app;

alter table users
    add column notifications boolean not null default true,
    add column theme text not null default 'system' check (theme in ('system', 'light', 'dark'));
-- To lock a row, some column must be writable: these are.
revoke update (id) on users from pam_app;
grant update (currency, time_zone, locale, units, notifications, theme) on users to pam_app;
