-- The catalogue of the shop. Only the owner of the tables writes it; the stock also changes with orders, by a trigger.
create table products (
    id          uuid primary key default gen_random_uuid(),
    name        text          not null unique check (length(name) between 1 and 120),
    description text          not null default '' check (length(description) <= 2000),  -- in the supplier's words
    category    text          not null constraint products_have_known_categories check (category in (
        'electrical', 'plumbing', 'safety', 'towing', 'kitchen', 'outdoor', 'comfort', 'maintenance')),
    price       numeric(10, 2) not null check (price > 0),
    currency    text          not null check (currency ~ '^[A-Z]{3}$'),
    stock       integer       not null check (stock >= 0),
    simulated   boolean       not null default false,  -- made up to show PAM: answers say so
    search      tsvector      not null generated always as (
        setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', description), 'B')) stored,
    unique (id, currency)
);
create index products_by_words on products using gin (search);

alter table products enable row level security;
alter table products force row level security;
create policy read_by_all on products for select using ((select current_traveller()) is not null);
create policy kept_by_owner on products to current_user using (true) with check (true);
grant select on products to pam_app;

-- What is added to the prices in a currency. Null: it isn't configured, and carts say that it isn't included.
create table shop_rates (
    currency           text primary key check (currency ~ '^[A-Z]{3}$'),
    tax_percent        numeric(5, 3)  check (tax_percent between 0 and 100),  -- of the products, without shipping
    shipping_fee       numeric(10, 2) check (shipping_fee >= 0),
    free_shipping_from numeric(10, 2) check (free_shipping_from > 0),  -- the sum of the products from which it is free
    source             text           not null check (length(source) between 1 and 100),
    simulated          boolean        not null default false
);

alter table shop_rates enable row level security;
alter table shop_rates force row level security;
create policy read_by_all on shop_rates for select using ((select current_traveller()) is not null);
create policy kept_by_owner on shop_rates to current_user using (true) with check (true);
grant select on shop_rates to pam_app;

-- A row for each user who has had something in a cart. Changes of the cart and its checkout lock it. What is in it is in
-- one currency, also where a product's is to be changed later.
create table carts (
    user_id  uuid primary key references users (id) on delete cascade,
    currency text not null,
    unique (user_id, currency)
);

alter table carts enable row level security;
alter table carts force row level security;
create policy own_row on carts
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, delete, insert (user_id, currency), update (currency) on carts to pam_app;

create table cart_lines (
    user_id    uuid        not null,
    product_id uuid        not null,
    currency   text        not null,
    quantity   integer     not null check (quantity between 1 and 99),
    added_at   timestamptz not null,
    version    uuid        not null,  -- another one with each change, so that an undo finds out about later changes
    primary key (user_id, product_id),
    foreign key (user_id, currency) references carts (user_id, currency) on delete cascade,
    foreign key (product_id, currency) references products (id, currency) on delete cascade
);
create index cart_lines_of_product on cart_lines (product_id);

alter table cart_lines enable row level security;
alter table cart_lines force row level security;
create policy own_rows on cart_lines
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
grant select, delete, insert (user_id, product_id, currency, quantity, added_at, version), update (quantity, version)
    on cart_lines to pam_app;

create table orders (
    id         uuid primary key default gen_random_uuid(),
    user_id    uuid           not null references users (id) on delete cascade,
    number     text           not null unique check (number ~ '^PAM-[0-9A-Z]{5}-[0-9A-Z]{5}$'),
    address    text           not null check (length(address) between 1 and 500),
    currency   text           not null check (currency ~ '^[A-Z]{3}$'),
    subtotal   numeric(12, 2) not null check (subtotal > 0),
    tax        numeric(12, 2) check (tax >= 0),       -- null: no rate was configured
    shipping   numeric(12, 2) check (shipping >= 0),  -- null: no rate was configured
    simulated  boolean        not null,
    created_at timestamptz    not null,
    unique (id, user_id)
);
create index orders_of_user on orders (user_id, created_at);

alter table orders enable row level security;
alter table orders force row level security;
create policy own_rows on orders
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
create policy read_by_owner on orders for select to current_user using (true);
grant select, insert (id, user_id, number, address, currency, subtotal, tax, shipping, simulated, created_at)
    on orders to pam_app;

-- Name and price as they were ordered, whatever becomes of the product.
create table order_lines (
    order_id   uuid           not null,
    user_id    uuid           not null,
    position   smallint       not null check (position > 0),
    product_id uuid           references products (id) on delete set null,
    name       text           not null,
    quantity   integer        not null check (quantity between 1 and 99),
    unit_price numeric(10, 2) not null check (unit_price > 0),
    primary key (order_id, position),
    foreign key (order_id, user_id) references orders (id, user_id) on delete cascade
);
create index order_lines_of_product on order_lines (product_id);

alter table order_lines enable row level security;
alter table order_lines force row level security;
create policy own_rows on order_lines
    using (user_id = (select current_traveller())) with check (user_id = (select current_traveller()));
create policy read_by_owner on order_lines for select to current_user using (true);
grant select, insert (order_id, user_id, position, product_id, name, quantity, unit_price) on order_lines to pam_app;

-- What happened to an order. A user's order begins as unpaid; the owner of the table adds what follows.
create table order_events (
    id          bigint generated always as identity primary key,
    order_id    uuid        not null,
    user_id     uuid        not null,
    status      text        not null check (status in ('pending_payment', 'paid', 'shipped', 'delivered', 'cancelled')),
    note        text        not null default '' check (length(note) <= 200),
    happened_at timestamptz not null,
    foreign key (order_id, user_id) references orders (id, user_id) on delete cascade
);
create index order_events_of_order on order_events (order_id, happened_at);
-- An order begins and is cancelled once, so that the stock is returned once.
create unique index order_events_once on order_events (order_id, user_id, status)
    where status in ('pending_payment', 'cancelled');

alter table order_events enable row level security;
alter table order_events force row level security;
create policy own_rows on order_events for select using (user_id = (select current_traveller()));
create policy begun_by_oneself on order_events for insert
    with check (user_id = (select current_traveller()) and status = 'pending_payment');
create policy kept_by_owner on order_events to current_user using (true) with check (true);
grant select, insert (order_id, user_id, status, happened_at) on order_events to pam_app;

-- An order takes its products out of the stock in its own transaction. The row of the product is locked until then, so
-- that concurrent orders take what is there, one after another; the check of the stock fails for what isn't.
create function reserve_stock() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    update products set stock = stock - new.quantity where id = new.product_id;
    return new;
end
$$;
create trigger reserve_stock before insert on order_lines for each row execute function reserve_stock();

create function return_stock() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    update products set stock = stock + l.quantity from order_lines l
     where l.order_id = new.order_id and products.id = l.product_id;
    return null;
end
$$;
create trigger return_stock after insert on order_events
    for each row when (new.status = 'cancelled') execute function return_stock();
