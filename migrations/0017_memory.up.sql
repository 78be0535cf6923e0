-- Long-term memory. What was said stands in `exchanges`, a row for each message (a long one has several passages), which
-- is indexed together with what came directly before it. Episodes summarise stretches of a conversation, facts are what
-- they say of the traveller. All three are searched by word and by vector, exactly: an approximate index that all users
-- share loses rows of one user (reference figures in docs/performance.md).
create extension if not exists vector;

create table exchanges (
    id                   bigint generated always as identity,
    user_id              uuid        not null references users (id) on delete cascade,
    conversation_id      uuid        not null,
    turn_id              uuid        not null,  -- the message id that the client gave: the source that answers cite
    role                 text        not null check (role in ('user', 'assistant')),
    passage              smallint    not null default 0 check (passage >= 0),
    content              text        not null check (length(content) between 1 and 8000),
    tools                text[]      not null default '{}',
    said_at              timestamptz not null default now(),
    episode_id           bigint,     -- null: not summarised yet
    words                tsvector    not null,  -- of this passage and what came directly before it
    length               integer     not null,  -- of `words`, with repetitions
    embedding            halfvec(1536),
    embedding_model      text,
    embedding_dimensions smallint,
    primary key (user_id, id),
    unique (user_id, turn_id, role, passage),
    foreign key (user_id, conversation_id) references conversations (user_id, id) on delete cascade,
    constraint exchanges_embedding_is_complete
        check (num_nulls(embedding, embedding_model, embedding_dimensions) in (0, 3))
);
create index exchanges_of_conversation on exchanges (user_id, conversation_id, id);
create index exchanges_to_summarise on exchanges (user_id, conversation_id, id) where episode_id is null;

create table conversation_episodes (
    id                   bigint generated always as identity,
    user_id              uuid        not null references users (id) on delete cascade,
    conversation_id      uuid        not null,
    first_exchange_id    bigint      not null,  -- with the last one the window that it summarises
    last_exchange_id     bigint      not null,
    episode_start_time   timestamptz not null,
    episode_end_time     timestamptz not null,
    message_count        integer     not null check (message_count > 0),
    topic                text        not null check (length(topic) between 1 and 200),
    summary              text        not null check (length(summary) between 1 and 2000),
    key_facts            jsonb       not null default '[]',
    sentiment            text        not null check (sentiment in ('positive', 'neutral', 'negative')),
    tool_calls_made      text[]      not null default '{}',
    created_at           timestamptz not null default now(),
    words                tsvector    not null,
    length               integer     not null,
    embedding            halfvec(1536),
    embedding_model      text,
    embedding_dimensions smallint,
    primary key (user_id, id),
    unique (user_id, conversation_id, first_exchange_id),
    foreign key (user_id, conversation_id) references conversations (user_id, id) on delete cascade,
    constraint conversation_episodes_embedding_is_complete
        check (num_nulls(embedding, embedding_model, embedding_dimensions) in (0, 3))
);

-- A new value of a subject ends the validity of the one before; both are kept.
create table facts (
    id                   bigint generated always as identity,
    user_id              uuid        not null references users (id) on delete cascade,
    subject              text        not null check (length(subject) between 1 and 80),
    value                text        not null check (length(value) between 1 and 400),
    standing             boolean     not null default false,  -- a preference that every prompt contains
    valid_from           timestamptz not null,
    valid_to             timestamptz check (valid_to >= valid_from),
    source_turn_ids      uuid[]      not null default '{}',
    confidence           real        not null check (confidence between 0 and 1),
    created_at           timestamptz not null default now(),
    words                tsvector    not null,
    length               integer     not null,
    embedding            halfvec(1536),
    embedding_model      text,
    embedding_dimensions smallint,
    primary key (user_id, id),
    constraint facts_embedding_is_complete
        check (num_nulls(embedding, embedding_model, embedding_dimensions) in (0, 3))
);
create unique index facts_current on facts (user_id, subject) where valid_to is null;

-- Facts that the traveller deleted, as a hash: a later summary doesn't bring them back.
create table deleted_facts (
    user_id    uuid        not null references users (id) on delete cascade,
    digest     bytea       not null check (length(digest) = 32),
    deleted_at timestamptz not null default now(),
    primary key (user_id, digest)
);

-- How often which word stands in which row, for BM25. Triggers keep it.
create table memory_words (
    user_id     uuid     not null references users (id) on delete cascade,
    word        text     not null collate "C",
    kind        "char"   not null check (kind in ('x', 'e', 'f')),  -- of exchanges, episodes and facts
    entry_id    bigint   not null,
    occurrences smallint not null check (occurrences > 0),
    primary key (user_id, word, kind, entry_id) include (occurrences)
);

create function index_memory_words() returns trigger language plpgsql as $$
begin
    if tg_op in ('UPDATE', 'DELETE') then
        delete from memory_words
         where user_id = old.user_id and kind = tg_argv[0]::"char" and entry_id = old.id
           and word = any (tsvector_to_array(old.words));
    end if;
    if tg_op in ('INSERT', 'UPDATE') then
        insert into memory_words (user_id, word, kind, entry_id, occurrences)
        select new.user_id, lexeme, tg_argv[0]::"char", new.id, coalesce(cardinality(positions), 1)
          from unnest(new.words);
    end if;
    return null;
end
$$;

-- What the scheduled functions have to do. It contains no text, only whose turn it is and when; the app's role sees its
-- own traveller's rows as everywhere, and takes due ones of all travellers by `claim_memory_jobs` alone.
create table memory_jobs (
    user_id         uuid        not null references users (id) on delete cascade,
    kind            text        not null check (kind in ('embed', 'summarise')),
    conversation_id uuid        not null default '00000000-0000-0000-0000-000000000000',  -- of `summarise`
    due_at          timestamptz not null,
    changed_at      timestamptz not null default now(),
    leased_until    timestamptz,
    lease           uuid,
    attempts        integer     not null default 0,
    quarantined_at  timestamptz,
    primary key (user_id, kind, conversation_id)
);
create index memory_jobs_due on memory_jobs (kind, due_at) where quarantined_at is null;

-- Lease due jobs, the longest due first, to one caller: others skip rows that are locked or leased.
create function claim_memory_jobs(wanted text, most integer, lease_s integer, max_attempts integer)
    returns table (user_id uuid, conversation_id uuid, lease uuid, attempts integer, changed_at timestamptz)
    language sql security definer set search_path = pg_catalog, public as $$
    with due as (
        select j.user_id, j.kind, j.conversation_id from memory_jobs j
         where j.kind = wanted and j.due_at <= now() and j.quarantined_at is null
           and (j.leased_until is null or j.leased_until < now()) and j.attempts < max_attempts
         order by j.due_at limit most for update skip locked
    )
    update memory_jobs j
       set leased_until = now() + make_interval(secs => lease_s), lease = gen_random_uuid(), attempts = j.attempts + 1
      from due
     where (j.user_id, j.kind, j.conversation_id) = (due.user_id, due.kind, due.conversation_id)
    returning j.user_id, j.conversation_id, j.lease, j.attempts, j.changed_at
$$;
revoke all on function claim_memory_jobs(text, integer, integer, integer) from public;
grant execute on function claim_memory_jobs(text, integer, integer, integer) to pam_app;

-- Set jobs aside that failed at every attempt, and return how many. The rest of the backlog goes on.
create function quarantine_memory_jobs(max_attempts integer) returns bigint
    language sql security definer set search_path = pg_catalog, public as $$
    with quarantined as (
        update memory_jobs set quarantined_at = now()
         where quarantined_at is null and attempts >= max_attempts
           and (leased_until is null or leased_until < now())
        returning 1
    )
    select count(*) from quarantined
$$;
revoke all on function quarantine_memory_jobs(integer) from public;
grant execute on function quarantine_memory_jobs(integer) to pam_app;

do $$
declare
    name text;
begin
    foreach name in array array['exchanges', 'conversation_episodes', 'facts', 'deleted_facts', 'memory_words',
                                'memory_jobs'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy own_rows on %I using (user_id = (select current_traveller()))
                        with check (user_id = (select current_traveller()))', name);
        execute format('grant select, delete on %I to pam_app', name);
    end loop;
    -- Inline, or each comparison of a user's vectors reads them from another table.
    foreach name in array array['exchanges', 'conversation_episodes', 'facts'] loop
        execute format('alter table %I alter column embedding set storage plain', name);
        execute format('create trigger index_words after insert or delete or update of words on %I
                        for each row execute function index_memory_words(%L)',
                       name, case name when 'exchanges' then 'x' when 'facts' then 'f' else 'e' end);
    end loop;
    -- The owner of `claim_memory_jobs` sees all jobs.
    execute format('create policy scheduler on memory_jobs to %I using (true) with check (true)', current_user);
end
$$;

grant insert (user_id, conversation_id, turn_id, role, passage, content, tools, said_at, words, length),
      update (episode_id, embedding, embedding_model, embedding_dimensions)
    on exchanges to pam_app;
grant insert (user_id, conversation_id, first_exchange_id, last_exchange_id, episode_start_time, episode_end_time,
              message_count, topic, summary, key_facts, sentiment, tool_calls_made, words, length, embedding,
              embedding_model, embedding_dimensions),
      update (embedding, embedding_model, embedding_dimensions)
    on conversation_episodes to pam_app;
grant insert (user_id, subject, value, standing, valid_from, source_turn_ids, confidence, words, length, embedding,
              embedding_model, embedding_dimensions),
      update (valid_to, source_turn_ids, confidence, embedding, embedding_model, embedding_dimensions)
    on facts to pam_app;
grant insert (user_id, digest) on deleted_facts to pam_app;
grant insert (user_id, word, kind, entry_id, occurrences) on memory_words to pam_app;
grant insert (user_id, kind, conversation_id, due_at, changed_at),
      update (due_at, changed_at, leased_until, lease, attempts)
    on memory_jobs to pam_app;

-- Messages are deleted with what PAM remembers of them.
grant delete on messages, notes to pam_app;
