-- loses-data: all readings
drop table readings;
