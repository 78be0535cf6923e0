create table budgets (
    user_id       uuid           not null references users (id) on delete cascade,
    category      text           not null check (category in (
        'fuel', 'groceries', 'food', 'dining', 'camping', 'maintenance', 'tolls', 'propane', 'entertainment',
        'insurance', 'laundry', 'shopping', 'medical', 'internet', 'utilities')),
    monthly_limit numeric(12, 2) not null check (monthly_limit > 0 and monthly_limit <= 100000),
    currency      text           not null check (currency ~ '^[A-Z]{3}$'),
    updated_at    timestamptz    not null default now(),
    primary key (user_id, category)
);

alter table budgets enable row level security;
alter table budgets force row level security;
create policy own_rows on budgets
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, insert, update, delete on budgets to pam_app;
