-- no-transaction
create index concurrently if not exists stops_by_place on stops (user_id, lower(place));
