-- What travellers show each other. `users` stays everybody's own: what others may see of somebody is here.
create table public_profiles (
    user_id       uuid primary key references users (id) on delete cascade,
    display_name  text not null check (length(display_name) between 1 and 100),
    who_may_write text not null default 'friends' check (who_may_write in ('everybody', 'friends', 'nobody'))
);

-- A name is one person's, so that nobody can pass for somebody else's friend.
create unique index public_profiles_by_name on public_profiles (lower(display_name));

alter table public_profiles enable row level security;
alter table public_profiles force row level security;
create policy seen_by_all on public_profiles for select using ((select current_traveller()) is not null);
create policy made_by_oneself on public_profiles for insert with check (user_id = (select current_traveller()));
create policy changed_by_oneself on public_profiles for update
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert, update (display_name, who_may_write) on public_profiles to pam_app;

-- One row for two people: asked for by one, accepted by the other.
create table friendships (
    requester   uuid        not null references public_profiles (user_id) on delete cascade,
    addressee   uuid        not null references public_profiles (user_id) on delete cascade,
    accepted_at timestamptz,
    check (requester <> addressee)
);

create unique index friendships_once on friendships (least(requester, addressee), greatest(requester, addressee));
create index friendships_of_requester on friendships (requester);
create index friendships_of_addressee on friendships (addressee);

alter table friendships enable row level security;
alter table friendships force row level security;
create policy seen_by_both on friendships for select
    using ((select current_traveller()) in (requester, addressee));
create policy asked_for_oneself on friendships for insert
    with check (requester = (select current_traveller()));
create policy accepted_by_the_other on friendships for update
    using (addressee = (select current_traveller())) with check (addressee = (select current_traveller()));
create policy ended_by_either on friendships for delete
    using ((select current_traveller()) in (requester, addressee));
-- By columns: who asks can't accept in the same breath, and who accepts can't put somebody else in the asker's place.
grant select, delete, insert (requester, addressee), update (accepted_at) on friendships to pam_app;

create table direct_messages (
    id           uuid primary key default gen_random_uuid(),
    sender_id    uuid        not null references public_profiles (user_id) on delete cascade,
    recipient_id uuid        not null references public_profiles (user_id) on delete cascade,
    body         text        not null check (length(body) between 1 and 2000),
    sent_at      timestamptz not null,
    check (sender_id <> recipient_id)
);

create index direct_messages_by_sender on direct_messages (sender_id, sent_at);
create index direct_messages_by_recipient on direct_messages (recipient_id, sent_at);

alter table direct_messages enable row level security;
alter table direct_messages force row level security;
create policy read_by_both on direct_messages for select
    using ((select current_traveller()) in (sender_id, recipient_id));
-- The recipient's wish holds here too, whatever a query forgets. Both tables are read as the sender sees them.
create policy sent_by_oneself on direct_messages for insert with check (
    sender_id = (select current_traveller())
    and exists (
        select from public_profiles recipient
         where recipient.user_id = recipient_id
           and (recipient.who_may_write = 'everybody'
                or recipient.who_may_write = 'friends' and exists (
                    select from friendships
                     where accepted_at is not null
                       and least(requester, addressee) = least(sender_id, recipient_id)
                       and greatest(requester, addressee) = greatest(sender_id, recipient_id)))
    )
);
grant select, insert on direct_messages to pam_app;

create table posts (
    id         uuid primary key default gen_random_uuid(),
    author_id  uuid        not null references users (id) on delete cascade,
    title      text        not null default '' check (length(title) <= 200),
    content    text        not null check (length(content) between 1 and 5000),
    place      text        not null default '' check (length(place) <= 200),  -- in the author's words
    tags       text[]      not null default '{}' check (cardinality(tags) <= 20),
    created_at timestamptz not null
);

create index posts_by_time on posts (created_at desc, id);
create index posts_of_author on posts (author_id, created_at desc);

alter table posts enable row level security;
alter table posts force row level security;
create policy read_by_all on posts for select using ((select current_traveller()) is not null);
create policy written_by_oneself on posts for insert with check (author_id = (select current_traveller()));
grant select, insert on posts to pam_app;
