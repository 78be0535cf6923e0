create table savings (
    id          uuid primary key default gen_random_uuid(),
    user_id     uuid           not null references users (id) on delete cascade,
    amount      numeric(12, 2) not null check (amount > 0 and amount <= 1000000),
    currency    text           not null check (currency ~ '^[A-Z]{3}$'),
    kind        text           not null check (kind in ('gas', 'campground', 'route', 'other')),
    description text           not null default '' check (length(description) <= 500),
    saved_at    timestamptz    not null,
    created_at  timestamptz    not null default now()
);

create index savings_by_time on savings (user_id, saved_at) include (currency, amount);

alter table savings enable row level security;
alter table savings force row level security;
create policy own_rows on savings
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert, update on savings to pam_app;
