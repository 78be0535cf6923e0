-- Conversations with Claude. A message's content is kept as `json`, which keeps its text as it was sent: a prompt
-- that is replayed must be the same to the byte, or what Claude has cached of it is lost.
create table conversations (
    id         uuid        not null,
    user_id    uuid        not null references users (id) on delete cascade,
    profile    text        not null,  -- what the prompt says of the traveller, the same all through
    tool_mode  text        not null check (tool_mode in ('all', 'deferred')),
    cut_before integer     not null default 0,  -- messages before this position are no longer sent to Claude
    created_at timestamptz not null default now(),
    primary key (user_id, id)
);

create table messages (
    user_id         uuid        not null references users (id) on delete cascade,
    conversation_id uuid        not null,
    position        integer     not null,
    turn_id         uuid        not null,  -- the message id that the client gave: all that one question brought about
    role            text        not null check (role in ('user', 'assistant', 'system')),
    content         json        not null,
    context_tokens  integer     check (context_tokens >= 0),  -- of the request that this message answers, and itself
    created_at      timestamptz not null default now(),
    primary key (user_id, conversation_id, position),
    foreign key (user_id, conversation_id) references conversations (user_id, id) on delete cascade
);

create index messages_of_turn on messages (user_id, turn_id);

-- What each question cost: one row a turn, in micro-dollars.
create table turns (
    id                 uuid        not null,
    user_id            uuid        not null references users (id) on delete cascade,
    conversation_id    uuid        not null,
    tier               smallint    not null check (tier between 1 and 3),
    model              text        not null default '',
    model_calls        integer     not null default 0,
    input_tokens       integer     not null default 0,
    cache_read_tokens  integer     not null default 0,
    cache_write_tokens integer     not null default 0,
    output_tokens      integer     not null default 0,
    cost_microdollars  bigint      not null default 0,
    ended              text        not null,  -- 'done', or the code of the error that ended it
    created_at         timestamptz not null default now(),
    primary key (user_id, id),
    foreign key (user_id, conversation_id) references conversations (user_id, id) on delete cascade
);

-- What happened in a conversation beside Claude, told to it with the next question: a fast answer, or what came of a
-- confirmation.
create table notes (
    id              uuid primary key default gen_random_uuid(),
    user_id         uuid        not null references users (id) on delete cascade,
    conversation_id uuid        not null,
    note            text        not null check (length(note) between 1 and 12000),
    created_at      timestamptz not null default now(),
    told_in         uuid,  -- the turn that told it; null: not yet
    foreign key (user_id, conversation_id) references conversations (user_id, id) on delete cascade
);

create index notes_to_tell on notes (user_id, conversation_id) where told_in is null;

do $$
declare
    name text;
begin
    foreach name in array array['conversations', 'messages', 'turns', 'notes'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy own_rows on %I using (user_id = (select current_traveller()))
                        with check (user_id = (select current_traveller()))', name);
        execute format('grant select, insert, update, delete on %I to pam_app', name);
    end loop;
end
$$;
