-- no-transaction
drop index concurrently if exists stops_by_place;
