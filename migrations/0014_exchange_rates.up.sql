-- The rate at which an amount in another currency counts in the user's own: units of `rate_currency` for one unit of
-- `currency`, the ECB's of the day `rate_date`. All four are null without a conversion: in the user's own currency, and
-- until a rate is known. Existing rows get theirs when they are read (decision record 0024).
alter table expenses
    add column exchange_rate numeric(18, 8) check (exchange_rate > 0),
    add column rate_currency text check (rate_currency ~ '^[A-Z]{3}$'),
    add column rate_date     date,
    add column rate_source   text,
    add constraint expenses_rate_is_complete
        check (num_nulls(exchange_rate, rate_currency, rate_date, rate_source) in (0, 4));
alter table savings
    add column exchange_rate numeric(18, 8) check (exchange_rate > 0),
    add column rate_currency text check (rate_currency ~ '^[A-Z]{3}$'),
    add column rate_date     date,
    add column rate_source   text,
    add constraint savings_rate_is_complete
        check (num_nulls(exchange_rate, rate_currency, rate_date, rate_source) in (0, 4));

-- All that a summary reads is in the index, as before.
drop index expenses_by_time;
create index expenses_by_time on expenses (user_id, spent_at)
    include (category, currency, amount, exchange_rate, rate_currency, rate_date, rate_source)
    where undone_at is null;
drop index savings_by_time;
create index savings_by_time on savings (user_id, saved_at)
    include (currency, amount, exchange_rate, rate_currency, rate_date, rate_source);

-- A rate is that of one currency on one day: an update that changes either and sets no other rate removes it.
create function remove_outdated_rate() returns trigger language plpgsql as $$
begin
    new.exchange_rate = null;
    new.rate_currency = null;
    new.rate_date = null;
    new.rate_source = null;
    return new;
end
$$;
create trigger remove_outdated_rate before update of currency, spent_at on expenses
    for each row
    when ((old.currency, old.spent_at) is distinct from (new.currency, new.spent_at)
          and (old.exchange_rate, old.rate_currency, old.rate_date)
              is not distinct from (new.exchange_rate, new.rate_currency, new.rate_date))
    execute function remove_outdated_rate();
