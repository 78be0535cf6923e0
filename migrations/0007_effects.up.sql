-- What tools wrote: each once for its key, with what was told of it and what undoes it.
create table effects (
    id        uuid primary key default gen_random_uuid(),
    user_id   uuid        not null references users (id) on delete cascade,
    key       text        not null check (length(key) between 1 and 200),
    tool      text        not null check (length(tool) <= 64),
    told      jsonb       not null default '{}',  -- {text, data, source}, told again if the same call comes again
    undo      jsonb,                              -- what its undoing needs to know; null: it can't be undone
    done_at   timestamptz not null,
    undone_at timestamptz,
    unique (user_id, key)
);

alter table effects enable row level security;
alter table effects force row level security;
create policy own_rows on effects
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert, update on effects to pam_app;
