drop function limit_transaction(uuid, integer);
