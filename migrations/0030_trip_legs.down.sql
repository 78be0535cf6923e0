-- loses-data: the table trip_legs
drop table trip_legs;
alter table trips drop constraint trips_with_user;
