-- What travellers say of an answer: one verdict for each, which they may change. It goes with its turn.
create table feedback (
    user_id    uuid        not null references users (id) on delete cascade,
    turn_id    uuid        not null,
    tier       smallint    not null check (tier between 1 and 3),
    verdict    text        not null check (verdict in ('fine', 'slow', 'wrong', 'forgot')),
    created_at timestamptz not null,
    primary key (user_id, turn_id),
    foreign key (user_id, turn_id) references turns (user_id, id) on delete cascade
);
create index feedback_by_time on feedback (created_at);

alter table feedback enable row level security;
alter table feedback force row level security;
create policy own_rows on feedback
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert (user_id, turn_id, tier, verdict, created_at), update (verdict, created_at) on feedback to pam_app;

-- Operators read what was judged, the usage, and the texts of what was wrong: the owner of the tables, not the app's role.
create policy read_by_owner on feedback for select to current_user using (true);
create policy read_by_owner on turns for select to current_user using (true);
create policy read_by_owner on exchanges for select to current_user using (true);
