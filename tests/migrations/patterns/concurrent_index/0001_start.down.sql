-- loses-data: all stops
drop table stops;
