-- loses-data: the table effects
drop table effects;
