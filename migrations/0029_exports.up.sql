-- Savings that the traveller confirms: on which category, and the right to record one and to take it back.
alter table savings
    add column category text check (category in (
        'fuel', 'groceries', 'food', 'dining', 'camping', 'maintenance', 'tolls', 'propane', 'entertainment',
        'insurance', 'laundry', 'shopping', 'medical', 'internet', 'utilities'));
grant insert (user_id, amount, currency, kind, category, description, saved_at, created_at,
              exchange_rate, rate_currency, rate_date, rate_source),
      delete
    on savings to pam_app;

-- The archives of all data that a traveller was given, without their links: at most some a day.
create table data_exports (
    id         uuid primary key default gen_random_uuid(),
    user_id    uuid        not null references users (id) on delete cascade,
    formats    text[]      not null check (formats <@ '{csv,json}'),
    row_count  integer     not null check (row_count >= 0),
    size_bytes integer     not null check (size_bytes > 0),
    created_at timestamptz not null
);
create index data_exports_of_user on data_exports (user_id, created_at);

alter table data_exports enable row level security;
alter table data_exports force row level security;
create policy own_rows on data_exports
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert (user_id, formats, row_count, size_bytes, created_at) on data_exports to pam_app;

-- An account is deleted by its row of `users`: everything else of the user follows by its foreign keys.
grant delete on users to pam_app;

-- What the safety checks found of a traveller is theirs to export. The app's role still can't read it: it has no grant.
create policy read_by_oneself on security_events for select using (user_id = (select current_traveller()));

-- The columns that say whose a row is: those that lead to `users`, directly or through the primary key of another table.
create function owning_columns() returns table (name text, columns text[])
    language sql stable set search_path = pg_catalog, public as $$
    with recursive owned (oid, attnum) as (
        select 'users'::regclass::oid, a.attnum
          from pg_attribute a where a.attrelid = 'users'::regclass and a.attname = 'id'
        union
        select c.conrelid, c.conkey[at]
          from owned
          join pg_constraint c on c.contype = 'f' and c.confrelid = owned.oid
         cross join generate_subscripts(c.confkey, 1) at
         where c.confkey[at] = owned.attnum
    )
    select r.relname::text, array_agg(a.attname::text order by a.attnum)
      from owned
      join pg_class r on r.oid = owned.oid and r.relkind in ('r', 'p')
      join pg_attribute a on a.attrelid = owned.oid and a.attnum = owned.attnum
     where r.relnamespace = 'public'::regnamespace
     group by r.relname
$$;

-- The traveller's rows of one table as JSON, in an export. Also of tables that the app's role can't read otherwise; their
-- policies let the owner of this function read only what the traveller owns. Columns that are computed from others, such
-- as search vectors, and embeddings are left out.
create function held_rows(name text) returns setof json
    language plpgsql stable security definer set search_path = pg_catalog, public as $$
declare
    owning text[] := (select o.columns from owning_columns() o where o.name = held_rows.name);
    held text := (
        select string_agg(format('t.%I', a.attname), ', ' order by a.attnum)
          from pg_attribute a join pg_type t on t.oid = a.atttypid
         where a.attrelid = to_regclass(format('public.%I', held_rows.name)) and a.attnum > 0 and not a.attisdropped
           and not (t.typname in ('vector', 'halfvec', 'tsvector') or a.attgenerated <> ''));
begin
    if owning is null then
        raise exception 'no table of users'' rows: %', held_rows.name using errcode = 'undefined_table';
    end if;
    -- As json: a message may have U+0000, which jsonb rejects.
    return query execute format(
        'select to_json(r) from (select %s from public.%I t where $1 in (%s)) r', held, held_rows.name,
        (select string_agg(format('t.%I', each), ', ') from unnest(owning) each))
        using current_traveller();
end
$$;
revoke all on function held_rows(text), owning_columns() from public;
grant execute on function held_rows(text), owning_columns() to pam_app;

-- One's own comments are one's own where the post isn't shown any more: to the owner of held_rows, as above.
create policy exported_by_author on comments for select to current_user using (author_id = (select current_traveller()));

-- Orders end with an account. What wasn't paid is for sale again.
create function return_unpaid_stock() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    if not exists (select from order_events where order_id = old.id and status <> 'pending_payment') then
        update products set stock = stock + l.quantity
          from order_lines l
         where l.order_id = old.id and products.id = l.product_id;
    end if;
    return old;
end
$$;
create trigger return_unpaid_stock before delete on orders for each row execute function return_unpaid_stock();
