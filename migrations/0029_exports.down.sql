-- loses-data: the table data_exports; the column category
drop trigger return_unpaid_stock on orders;
drop function return_unpaid_stock();
drop policy exported_by_author on comments;
drop function held_rows(text);
drop function owning_columns();
drop policy read_by_oneself on security_events;
drop table data_exports;
revoke delete on users from pam_app;
revoke delete, insert (user_id, amount, currency, kind, category, description, saved_at, created_at,
                       exchange_rate, rate_currency, rate_date, rate_source)
    on savings from pam_app;
alter table savings drop column category;
