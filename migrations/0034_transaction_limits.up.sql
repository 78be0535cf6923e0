-- Limits the transaction to the rows of a traveller, each of its statements to a time in milliseconds, and the time for
-- which it holds locks when its function has died. A function, since RDS Proxy pins a connection for settings that a
-- statement of the client makes, and not for those of a function that it calls.
create function limit_transaction(traveller uuid, time_ms integer) returns void language sql as $$
    select set_config('app.user_id', traveller::text, true),
           set_config('statement_timeout', time_ms::text, true),
           set_config('lock_timeout', '3s', true),
           set_config('idle_in_transaction_session_timeout', '10s', true),
           set_config('timezone', 'UTC', true);
$$;
