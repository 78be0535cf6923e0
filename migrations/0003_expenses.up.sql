create table expenses (
    id          uuid primary key default gen_random_uuid(),
    user_id     uuid           not null references users (id) on delete cascade,
    amount      numeric(12, 2) not null check (amount > 0 and amount <= 1000000),
    currency    text           not null check (currency ~ '^[A-Z]{3}$'),
    category    text           not null check (category in (
        'fuel', 'groceries', 'food', 'dining', 'camping', 'maintenance', 'tolls', 'propane', 'entertainment',
        'insurance', 'laundry', 'shopping', 'medical', 'internet', 'utilities')),
    description text           not null default '' check (length(description) <= 500),
    spent_at    timestamptz    not null,
    created_at  timestamptz    not null default now(),
    undone_at   timestamptz,  -- taken back: kept, so that a repeated request doesn't write it again
    request_key text           -- which request wrote it: the same request writes once
);

-- All that a summary reads is in the index, in the order in which it is asked for: a long history costs nothing.
create index expenses_by_time on expenses (user_id, spent_at) include (category, currency, amount)
    where undone_at is null;
create index expenses_by_category on expenses (user_id, category) where undone_at is null;
create unique index expenses_by_request on expenses (user_id, request_key) where request_key is not null;

alter table expenses enable row level security;
alter table expenses force row level security;
create policy own_rows on expenses
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert, update on expenses to pam_app;
