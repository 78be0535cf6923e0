-- Which turn and which of its tool calls a write belongs to: a turn that is declared lost reports its writes.
alter table effects add column turn_id uuid, add column call_id text check (length(call_id) <= 200);

create index effects_of_turn on effects (user_id, turn_id) where turn_id is not null;

-- Turns whose worker was declared lost. It may still run, and must not write any more.
create table lost_turns (
    user_id     uuid        not null references users (id) on delete cascade,
    turn_id     uuid        not null,
    declared_at timestamptz not null default now(),
    primary key (user_id, turn_id)
);

alter table lost_turns enable row level security;
alter table lost_turns force row level security;
create policy own_rows on lost_turns
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert on lost_turns to pam_app;
