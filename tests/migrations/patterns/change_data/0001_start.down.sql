-- loses-data: all costs
drop table costs;
