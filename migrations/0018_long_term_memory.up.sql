-- What lasts of the conversations: summaries of their episodes, and facts. Both are found by word and by vector, as the
-- messages are.
create table conversation_episodes (
    id                   bigint generated always as identity,
    user_id              uuid        not null references users (id) on delete cascade,
    conversation_id      uuid        not null,
    first_exchange_id    bigint      not null,
    last_exchange_id     bigint      not null check (last_exchange_id >= first_exchange_id),
    episode_start_time   timestamptz not null,
    episode_end_time     timestamptz not null,
    message_count        integer     not null check (message_count > 0),
    topic                text        not null check (length(topic) between 1 and 200),
    summary              text        not null check (length(summary) between 1 and 2000),
    key_facts            jsonb       not null default '[]',
    sentiment            text        not null check (sentiment in ('positive', 'neutral', 'negative')),
    tool_calls_made      text[]      not null default '{}',
    created_at           timestamptz not null default now(),
    words                tsvector    not null generated always as (to_tsvector('english', topic || ' ' || summary)) stored,
    embedding            halfvec(1536),
    embedding_model      text,
    embedding_dimensions smallint,
    embedding_refused_by text,
    primary key (user_id, id),
    unique (user_id, conversation_id, first_exchange_id),
    foreign key (user_id, conversation_id) references conversations (user_id, id) on delete cascade,
    constraint conversation_episodes_embedding_is_complete
        check (num_nulls(embedding, embedding_model, embedding_dimensions) in (0, 3))
);
alter table conversation_episodes alter column embedding set storage plain;

-- The episode that summarises a passage; null: none yet.
alter table exchanges add column episode_id bigint;
create index exchanges_to_summarise on exchanges (user_id, conversation_id, id) where episode_id is null;

-- A new value of a subject ends the validity of the one before; both are kept.
create table facts (
    id                   bigint generated always as identity,
    user_id              uuid        not null references users (id) on delete cascade,
    subject              text        not null check (length(subject) between 1 and 80),
    value                text        not null check (length(value) between 1 and 400),
    standing             boolean     not null,  -- a preference that every prompt contains
    valid_from           timestamptz not null,
    valid_to             timestamptz check (valid_to >= valid_from),
    last_said_at         timestamptz not null,
    source_turn_ids      uuid[]      not null default '{}',
    confidence           real        not null check (confidence between 0 and 1),
    recorded_by          text        not null check (recorded_by in ('summary', 'traveller')),
    created_at           timestamptz not null default now(),
    words                tsvector    not null generated always as (to_tsvector('english', subject || ' ' || value)) stored,
    embedding            halfvec(1536),
    embedding_model      text,
    embedding_dimensions smallint,
    embedding_refused_by text,
    primary key (user_id, id),
    constraint facts_embedding_is_complete
        check (num_nulls(embedding, embedding_model, embedding_dimensions) in (0, 3))
);
alter table facts alter column embedding set storage plain;
create unique index facts_current on facts (user_id, lower(subject)) where valid_to is null;
create index facts_of_subject on facts (user_id, lower(subject), valid_from);

-- How often which word stands in which fact (kind 1) and summary (kind 2), for BM25, as `exchange_words`.
create table memory_words (
    user_id     uuid     not null references users (id) on delete cascade,
    word        text     not null collate "C",
    kind        smallint not null check (kind in (1, 2)),
    entry_id    bigint   not null,
    occurrences smallint not null check (occurrences > 0),
    primary key (user_id, word, kind, entry_id) include (occurrences)
);

create function index_memory_words() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    if tg_op in ('UPDATE', 'DELETE') then
        delete from memory_words
         where user_id = old.user_id and kind = tg_argv[0]::smallint and entry_id = old.id
           and word = any (tsvector_to_array(old.words));
    end if;
    if tg_op in ('INSERT', 'UPDATE') then
        insert into memory_words (user_id, word, kind, entry_id, occurrences)
        select new.user_id, lexeme, tg_argv[0]::smallint, new.id, coalesce(cardinality(positions), 1)
          from unnest(new.words);
    end if;
    return null;
end
$$;
create trigger index_words after insert or delete or update of subject, value on facts
    for each row execute function index_memory_words(1);
create trigger index_words after insert or delete on conversation_episodes
    for each row execute function index_memory_words(2);

-- Subjects that the traveller had deleted, as a hash: what was said of them before doesn't bring them back.
create table deleted_facts (
    user_id        uuid        not null references users (id) on delete cascade,
    subject_digest bytea       not null check (length(subject_digest) = 32),
    deleted_at     timestamptz not null,
    primary key (user_id, subject_digest)
);

-- Which conversations are to be summarised, and when: as `embedding_requests`.
create table summary_requests (
    user_id         uuid        not null references users (id) on delete cascade,
    conversation_id uuid        not null,
    requested_at    timestamptz not null,
    due_at          timestamptz not null,
    leased_until    timestamptz,
    lease           uuid,
    attempts        integer     not null default 0,
    quarantined_at  timestamptz,
    primary key (user_id, conversation_id),
    foreign key (user_id, conversation_id) references conversations (user_id, id) on delete cascade
);
create index summary_requests_due on summary_requests (due_at) where quarantined_at is null;

-- Of a user one at a time: the next summary is to know the facts of the one before.
create function claim_summary_requests(most integer, duration interval, max_attempts integer)
    returns table (user_id uuid, conversation_id uuid, lease uuid, attempts integer, requested_at timestamptz)
    language sql security definer set search_path = pg_catalog, public as $$
    with due as (
        select r.user_id, r.conversation_id from summary_requests r
         where r.due_at <= now() and r.quarantined_at is null and r.attempts < max_attempts
           and (r.leased_until is null or r.leased_until < now())
           and not exists (select 1 from summary_requests other
                            where other.user_id = r.user_id and other.conversation_id <> r.conversation_id
                              and other.leased_until >= now())
         order by r.due_at limit most for update skip locked
    )
    update summary_requests r
       set leased_until = now() + duration, lease = gen_random_uuid(), attempts = r.attempts + 1
      from due where (r.user_id, r.conversation_id) = (due.user_id, due.conversation_id)
    returning r.user_id, r.conversation_id, r.lease, r.attempts, r.requested_at
$$;

create function quarantine_summary_requests(max_attempts integer) returns bigint
    language sql security definer set search_path = pg_catalog, public as $$
    with quarantined as (
        update summary_requests set quarantined_at = now()
         where quarantined_at is null and attempts >= max_attempts
           and (leased_until is null or leased_until < now())
        returning 1
    )
    select count(*) from quarantined
$$;

-- How many conversations wait for a summary that is due: by this the scheduled function is started several times.
create function count_due_summary_requests() returns bigint
    language sql stable security definer set search_path = pg_catalog, public as $$
    select count(*) from summary_requests
     where due_at <= now() and quarantined_at is null and (leased_until is null or leased_until < now())
$$;
revoke all on function claim_summary_requests(integer, interval, integer), quarantine_summary_requests(integer),
    count_due_summary_requests() from public;
grant execute on function claim_summary_requests(integer, interval, integer), quarantine_summary_requests(integer),
    count_due_summary_requests() to pam_app;

-- Conversations from before memory are false: their messages are stored in it by a scheduled run.
alter table conversations add column remembered boolean not null default false;
alter table conversations alter column remembered set default true;
create index conversations_to_remember on conversations (created_at) where not remembered;

create function conversations_to_remember(most integer) returns table (user_id uuid, conversation_id uuid)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select c.user_id, c.id from conversations c where not c.remembered order by c.created_at desc limit most
$$;
revoke all on function conversations_to_remember(integer) from public;
grant execute on function conversations_to_remember(integer) to pam_app;
grant update (remembered) on conversations to pam_app;

-- What the traveller has chosen to delete, by its ids: what is deleted is what they were shown. Without its text.
create table memory_selections (
    id            uuid        not null default gen_random_uuid(),
    user_id       uuid        not null references users (id) on delete cascade,
    created_at    timestamptz not null,
    is_everything boolean     not null,
    fact_ids      bigint[]    not null,
    episode_ids   bigint[]    not null,
    turn_ids      uuid[]      not null,
    asked_in      uuid,  -- the turn that asked for it, which is answered after the deletion
    primary key (user_id, id)
);

-- When the traveller last deleted anything: a turn that began before it stores nothing of what is deleted.
create table memory_deletions (
    user_id    uuid        primary key references users (id) on delete cascade,
    deleted_at timestamptz not null
);

-- The turn that a note is about; null in notes of earlier releases.
alter table notes add column turn_id uuid;
create index notes_of_turn on notes (user_id, turn_id) where turn_id is not null;

-- The words of a passage include those of the one before it: they change where that one is deleted.
create or replace function index_words() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    if tg_op <> 'INSERT' then
        delete from exchange_words
         where user_id = old.user_id and exchange_id = old.id and word = any (tsvector_to_array(old.words));
    end if;
    if tg_op <> 'DELETE' then
        insert into exchange_words (user_id, word, exchange_id, occurrences)
        select new.user_id, lexeme, new.id, coalesce(cardinality(positions), 1) from unnest(new.words);
    end if;
    return null;
end
$$;
create trigger reindex_words after update of words on exchanges for each row execute function index_words();

do $$
declare
    name text;
begin
    foreach name in array array['conversation_episodes', 'facts', 'memory_words', 'deleted_facts', 'summary_requests',
                                'memory_selections', 'memory_deletions'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy own_rows on %I using (user_id = (select current_traveller()))
                        with check (user_id = (select current_traveller()))', name);
        execute format('grant select on %I to pam_app', name);
    end loop;
    -- The owner of the functions sees all requests.
    execute format('create policy all_requests on summary_requests to %I using (true) with check (true)', current_user);
    execute format('create policy all_conversations on conversations for select to %I using (true)', current_user);
end
$$;

grant insert (user_id, conversation_id, first_exchange_id, last_exchange_id, episode_start_time, episode_end_time,
              message_count, topic, summary, key_facts, sentiment, tool_calls_made),
      update (embedding, embedding_model, embedding_dimensions, embedding_refused_by)
    on conversation_episodes to pam_app;
grant update (episode_id, words, length) on exchanges to pam_app;
grant insert (user_id, subject, value, standing, valid_from, valid_to, last_said_at, source_turn_ids, confidence, recorded_by),
      update (value, standing, valid_from, valid_to, last_said_at, source_turn_ids, confidence, recorded_by,
              embedding, embedding_model, embedding_dimensions, embedding_refused_by)
    on facts to pam_app;
grant insert (user_id, subject_digest, deleted_at), update (deleted_at) on deleted_facts to pam_app;
grant insert (user_id, conversation_id, requested_at, due_at),
      update (requested_at, due_at, leased_until, lease, attempts)
    on summary_requests to pam_app;

grant insert (turn_id) on notes to pam_app;
grant insert (user_id, created_at, is_everything, fact_ids, episode_ids, turn_ids, asked_in) on memory_selections to pam_app;
grant insert (user_id, deleted_at), update (deleted_at) on memory_deletions to pam_app;

-- The traveller may delete what PAM remembers, with the messages that it comes from, and what later prompts had of it.
grant delete on conversation_episodes, facts, deleted_facts, summary_requests, memory_selections to pam_app;
grant delete on exchanges, messages, notes, conversations to pam_app;
grant update (content) on messages to pam_app;
