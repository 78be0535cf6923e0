-- The turns that a fact comes from, each with the instant at which it states it: all of them, so that a deletion finds
-- every message of a fact, and a value that is divided in time keeps the turns of each part.
create table fact_sources (
    user_id   uuid        not null references users (id) on delete cascade,
    fact_id   bigint      not null,
    turn_id   uuid        not null,
    stated_at timestamptz not null,
    primary key (user_id, fact_id, turn_id),
    foreign key (user_id, fact_id) references facts (user_id, id) on delete cascade
);
create index facts_of_source on fact_sources (user_id, turn_id);

alter table fact_sources enable row level security;
alter table fact_sources force row level security;
create policy own_rows on fact_sources
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert (user_id, fact_id, turn_id, stated_at), update (fact_id), delete on fact_sources to pam_app;

-- Whether the traveller has typed the value into the page: then it comes from no message alone.
alter table facts add column is_typed boolean not null default false;
grant insert (is_typed), update (is_typed) on facts to pam_app;

-- The owner of the tables reads all rows for this.
alter table facts no force row level security;
alter table fact_sources no force row level security;
alter table exchanges no force row level security;
insert into fact_sources (user_id, fact_id, turn_id, stated_at)
select f.user_id, f.id, turn,
       coalesce((select min(x.sent_at) from exchanges x where x.user_id = f.user_id and x.turn_id = turn), f.last_stated_at)
  from facts f cross join unnest(f.source_turn_ids) turn
    on conflict do nothing;
alter table facts force row level security;
alter table fact_sources force row level security;
alter table exchanges force row level security;
alter table facts drop column source_turn_ids;

-- Earlier values that come from deleted messages alone, while the values after them stay; and records of writes that
-- have a deleted text.
alter table memory_selections
    add column value_ids  bigint[] not null default '{}',
    add column effect_ids uuid[]   not null default '{}';
grant insert (value_ids, effect_ids) on memory_selections to pam_app;
