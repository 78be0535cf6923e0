-- The messages of all conversations, for recall: a row for each passage, indexed together with the one directly before it. It is searched by word and by vector, exactly: an approximate index that all users share
-- loses rows of one user.
create extension if not exists vector;

create table exchanges (
    id                   bigint generated always as identity,
    user_id              uuid        not null references users (id) on delete cascade,
    conversation_id      uuid        not null,
    turn_id              uuid        not null,  -- the message id that the client gave
    role                 text        not null check (role in ('user', 'assistant')),
    passage              smallint    not null check (passage >= 0),
    content              text        not null check (length(content) between 1 and 8000),
    sent_at              timestamptz not null,
    words                tsvector    not null,  -- of this passage and the one directly before it
    length               integer     not null,  -- of `words`, with repetitions
    embedding            halfvec(1536),
    embedding_model      text,
    embedding_dimensions smallint,
    embedding_refused_by text,  -- a model that takes no such text: the passage is found by its words
    primary key (user_id, id),
    unique (user_id, turn_id, role, passage),
    foreign key (user_id, conversation_id) references conversations (user_id, id) on delete cascade,
    constraint exchanges_embedding_is_complete
        check (num_nulls(embedding, embedding_model, embedding_dimensions) in (0, 3))
);
-- Inline, or each comparison of a user's vectors reads them from another table.
alter table exchanges alter column embedding set storage plain;
create index exchanges_of_conversation on exchanges (user_id, conversation_id, id);

-- How often which word stands in which row, for BM25. A trigger keeps it.
create table exchange_words (
    user_id     uuid     not null references users (id) on delete cascade,
    word        text     not null collate "C",
    exchange_id bigint   not null,
    occurrences smallint not null check (occurrences > 0),
    primary key (user_id, word, exchange_id) include (occurrences)
);

create function index_words() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    if tg_op = 'DELETE' then
        delete from exchange_words
         where user_id = old.user_id and exchange_id = old.id and word = any (tsvector_to_array(old.words));
    else
        insert into exchange_words (user_id, word, exchange_id, occurrences)
        select new.user_id, lexeme, new.id, coalesce(cardinality(positions), 1) from unnest(new.words);
    end if;
    return null;
end
$$;
create trigger index_words after insert or delete on exchanges for each row execute function index_words();

-- Whose rows are to be embedded. The app's role sees its own user's row as everywhere, and takes due ones of all users
-- by `claim_embedding_requests` alone.
create table embedding_requests (
    user_id        uuid        primary key references users (id) on delete cascade,
    requested_at   timestamptz not null,
    due_at         timestamptz not null,
    leased_until   timestamptz,
    lease          uuid,
    attempts       integer     not null default 0,
    quarantined_at timestamptz
);
create index embedding_requests_due on embedding_requests (due_at) where quarantined_at is null;

-- Lease due requests, the longest due first, to one caller: others skip rows that are locked or leased.
create function claim_embedding_requests(most integer, duration interval, max_attempts integer)
    returns table (user_id uuid, lease uuid, attempts integer, requested_at timestamptz)
    language sql security definer set search_path = pg_catalog, public as $$
    with due as (
        select r.user_id from embedding_requests r
         where r.due_at <= now() and r.quarantined_at is null and r.attempts < max_attempts
           and (r.leased_until is null or r.leased_until < now())
         order by r.due_at limit most for update skip locked
    )
    update embedding_requests r
       set leased_until = now() + duration, lease = gen_random_uuid(), attempts = r.attempts + 1
      from due where r.user_id = due.user_id
    returning r.user_id, r.lease, r.attempts, r.requested_at
$$;

-- Set requests aside that ended the run at every attempt, and return how many.
create function quarantine_embedding_requests(max_attempts integer) returns bigint
    language sql security definer set search_path = pg_catalog, public as $$
    with quarantined as (
        update embedding_requests set quarantined_at = now()
         where quarantined_at is null and attempts >= max_attempts
           and (leased_until is null or leased_until < now())
        returning 1
    )
    select count(*) from quarantined
$$;
revoke all on function claim_embedding_requests(integer, interval, integer), quarantine_embedding_requests(integer)
    from public;
grant execute on function claim_embedding_requests(integer, interval, integer), quarantine_embedding_requests(integer)
    to pam_app;

do $$
declare
    name text;
begin
    foreach name in array array['exchanges', 'exchange_words', 'embedding_requests'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy own_rows on %I using (user_id = (select current_traveller()))
                        with check (user_id = (select current_traveller()))', name);
        execute format('grant select on %I to pam_app', name);
    end loop;
    -- The owner of the functions sees all requests.
    execute format('create policy all_requests on embedding_requests to %I using (true) with check (true)', current_user);
end
$$;

grant insert (user_id, conversation_id, turn_id, role, passage, content, sent_at, words, length),
      update (embedding, embedding_model, embedding_dimensions, embedding_refused_by)
    on exchanges to pam_app;
grant insert (user_id, due_at, requested_at), update (due_at, requested_at, leased_until, lease, attempts, quarantined_at), delete
    on embedding_requests to pam_app;
