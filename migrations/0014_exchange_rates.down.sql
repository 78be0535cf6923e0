-- loses-data: the columns exchange_rate, rate_currency, rate_date, rate_source
drop trigger remove_outdated_rate on expenses;
drop function remove_outdated_rate();

drop index expenses_by_time;
create index expenses_by_time on expenses (user_id, spent_at) include (category, currency, amount)
    where undone_at is null;
drop index savings_by_time;
create index savings_by_time on savings (user_id, saved_at) include (currency, amount);

alter table expenses
    drop column exchange_rate, drop column rate_currency, drop column rate_date, drop column rate_source;
alter table savings
    drop column exchange_rate, drop column rate_currency, drop column rate_date, drop column rate_source;
