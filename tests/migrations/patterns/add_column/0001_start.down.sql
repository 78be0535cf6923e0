-- loses-data: all turns
drop table turns;
