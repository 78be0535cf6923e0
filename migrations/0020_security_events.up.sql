-- What the safety checks found, without any text. The app's role adds rows, and can neither read nor change them.
create table security_events (
    id          bigint generated always as identity primary key,
    user_id     uuid        not null references users (id) on delete cascade,
    turn_id     uuid        not null,
    occurred_at timestamptz not null,
    kind        text        not null check (kind in ('message', 'answer', 'tool')),
    text_hash   text        check (text_hash ~ '^[0-9a-f]{64}$'),  -- null while the hashes' key can't be read
    score       real        check (score between 0 and 1),
    rules       text[]      not null,
    verdict     text,
    outcome     text        not null,
    latency_ms  integer     check (latency_ms >= 0)
);
create index security_events_by_time on security_events (occurred_at);
create index security_events_of_user on security_events (user_id, occurred_at);

alter table security_events enable row level security;
alter table security_events force row level security;
create policy own_rows on security_events for insert with check (user_id = (select current_traveller()));
grant insert (user_id, turn_id, occurred_at, kind, text_hash, score, rules, verdict, outcome, latency_ms)
    on security_events to pam_app;

-- Messages that stage 1 flags and a reviewer has found harmless: they aren't judged until the entry expires. Only the
-- owner of the table adds entries.
create table screen_allowances (
    text_hash   text        primary key check (text_hash ~ '^[0-9a-f]{64}$'),
    reason      text        not null check (length(reason) between 1 and 500),
    reviewed_by text        not null,
    reviewed_at timestamptz not null default now(),
    expires_at  timestamptz not null,
    check (expires_at <= reviewed_at + interval '1 year')
);
alter table screen_allowances enable row level security;
alter table screen_allowances force row level security;
create policy read_by_all on screen_allowances for select using ((select current_traveller()) is not null);
create policy kept_by_owner on screen_allowances to current_user using (true) with check (true);
grant select on screen_allowances to pam_app;

-- A row for each write, and for each undo of one, whoever made it: a tool, a fast answer, or a request. A trigger adds
-- it in the write's own transaction, so that no code can leave it out, and the app's role has no rights here.
create table write_audit (
    id        bigint generated always as identity primary key,
    user_id   uuid        not null references users (id) on delete cascade,
    effect_id uuid        not null,
    tool      text        not null,
    turn_id   uuid,
    call_id   text,
    action    text        not null check (action in ('write', 'undo')),
    at        timestamptz not null default now()
);
create index write_audit_of_user on write_audit (user_id, at);
alter table write_audit enable row level security;
alter table write_audit force row level security;
create policy own_rows on write_audit using (user_id = (select current_traveller()));

create function audit_write() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    insert into write_audit (user_id, effect_id, tool, turn_id, call_id, action)
    values (new.user_id, new.id, new.tool, new.turn_id, new.call_id, case tg_op when 'INSERT' then 'write' else 'undo' end);
    return null;
end
$$;
create trigger audit_write after insert on effects for each row execute function audit_write();
create trigger audit_undo after update of undone_at on effects
    for each row when (old.undone_at is null and new.undone_at is not null) execute function audit_write();
