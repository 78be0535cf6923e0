-- loses-data: the table trips
drop table trips;
