-- loses-data: all rigs
drop table rigs;
